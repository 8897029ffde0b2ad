//! The hosted broker, asked as seldom as possible and within its limits.
//!
//! In: the question whether a token covers its terms, or a sale to be minted, and who asks.
//! Out: the broker's answer, or a challenge that can be sent; else a `BrokerRefusal`.
//! Never: what a route answers, and what becomes of a payment that has been verified.

mod account;
mod budget;
mod checked;
mod flight;
mod held;
mod identity;
mod mint;
mod proxies;
mod refusal;
mod refused;
mod settings;
mod verdicts;

use std::{cell::OnceCell, sync::Arc, time::Instant};

use actix_web::HttpRequest;
use l402_server::{L402Client, VerifyRequest};

pub use budget::BrokerBudget;
pub(crate) use checked::CheckedChallenge;
use identity::Client;
pub use identity::{ClientIdentity, InvalidNetwork};
pub(crate) use mint::Asker;
pub(crate) use refusal::{BrokerRefusal, is_malformed};
pub(crate) use refused::Refused;
pub(crate) use settings::Settings;
use verdicts::Verdict;
pub use verdicts::VerifyCache;
pub(crate) use verdicts::{Answer, missing_fact};

use crate::{
    key::Key,
    memory::CAPACITY,
    observe::{self, Cache, Endpoint, Limiter, Watch},
    payment::Payment,
    terms::Payer,
};

/// Why a credential is verified, and for whom, which decides whether the call may be held up.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// To let the request in.
    Admission { payer: Payer },
    /// The same, with a payment that the broker takes once.
    OnlyOnce { payer: Payer },
    /// To choose the refusal of somebody who has been refused, and counts as a stranger for that.
    Diagnosis,
}

/// The broker on behalf of one request.
pub(crate) struct Broker<'a> {
    request: &'a HttpRequest,
    settings: &'a Settings,
    watch: &'a Watch,
    client: OnceCell<Option<Client>>,
}

impl<'a> Broker<'a> {
    pub(crate) fn new(request: &'a HttpRequest, settings: &'a Settings, watch: &'a Watch) -> Self {
        Self { request, settings, watch, client: OnceCell::new() }
    }

    /// What the broker has just said to this question, if it was a no.
    pub(crate) fn recall(&self, question: &Key, diagnosed: bool) -> Option<Refused> {
        let refused = self.settings.account.refused.recall(question, diagnosed)?;
        observe::hit(Cache::Refusal);
        Some(refused)
    }

    pub(crate) fn remember(&self, question: &Key, diagnosed: bool, refused: &Refused) {
        self.settings.account.refused.remember(question, diagnosed, refused.clone());
    }

    /// The payment that a verdict in the cache stands for, unless the broker has said no since.
    ///
    /// Not noted in the budget: the call that brought the verdict has been, and it lasts for minutes
    /// at the most.
    pub(crate) fn standing(
        &self,
        question: &Key,
        diagnosed: bool,
        cache: VerifyCache,
    ) -> Option<Arc<Payment>> {
        match self.settings.account.refused.recall(question, diagnosed) {
            Some(_) => None,
            None => self.settings.account.verdicts.standing(question, cache),
        }
    }

    /// Takes note of a request that is let in by a verdict that stands.
    pub(crate) fn spared(&self) {
        self.watch.wait().over(Cache::Verdict, &Ok::<_, BrokerRefusal>(()));
    }

    /// Has a token verified, or takes a verdict that stands in `cache`.
    pub(crate) async fn verify(
        &self,
        name: Key,
        question: &VerifyRequest,
        purpose: Purpose,
        cache: Option<VerifyCache>,
    ) -> Result<Answer, BrokerRefusal> {
        self.identify();
        let wait = self.watch.wait();
        let verdict = if let Some(cache) = cache {
            let call = || {
                self.allow_verify(purpose)?;
                let (client, question) = (self.settings.client.clone(), question.clone());
                wait.asks();
                Ok(async move { ask(&client, &question).await })
            };
            Box::pin(self.settings.account.verdicts.verdict(name, cache, call)).await?
        } else {
            self.allow_verify(purpose)?;
            wait.asks();
            ask(&self.settings.client, question).await
        };
        wait.over(Cache::Verdict, &verdict);
        self.learn(purpose, &verdict);
        verdict.map_err(BrokerRefusal::Verify)
    }

    /// Has an MPP payment verified, for which [`allow_verify`](Self::allow_verify) has been asked.
    pub(crate) async fn verify_once(
        &self,
        question: &VerifyRequest,
        purpose: Purpose,
    ) -> Result<Answer, BrokerRefusal> {
        let _wait = self.watch.wait();
        let verdict = ask(&self.settings.client, question).await;
        self.learn(purpose, &verdict);
        verdict.map_err(BrokerRefusal::Verify)
    }

    /// A verification for somebody known is not held up.
    pub(crate) fn allow_verify(&self, purpose: Purpose) -> Result<(), BrokerRefusal> {
        let (budget, calls) = (&self.settings.account.budget, self.settings.budget);
        let allowed = match purpose {
            Purpose::Admission { payer } | Purpose::OnlyOnce { payer } if budget.knows(payer) => {
                budget.known(calls);
                return Ok(());
            }
            Purpose::Admission { .. } | Purpose::OnlyOnce { .. } => {
                self.allow_client()?;
                budget.stranger(calls)
            }
            Purpose::Diagnosis => {
                self.allow_client()?;
                budget.diagnose(calls)
            }
        };
        allowed.map_err(|retry_after| BrokerRefusal::OverBudget { retry_after })
    }

    fn learn(&self, purpose: Purpose, verdict: &Verdict) {
        if self.settings.budget == BrokerBudget::unlimited() {
            return;
        }
        let budget = &self.settings.account.budget;
        match (verdict, purpose) {
            (Ok(answer), Purpose::Admission { payer }) if answer.is_yes() => budget.accepted(payer),
            (Ok(_), Purpose::Admission { payer }) => budget.refused(payer),
            // An MPP payment is used up by either answer.
            (Ok(_), Purpose::OnlyOnce { payer }) => budget.forget(payer),
            (Ok(_), Purpose::Diagnosis) => {}
            (Err(err), _) => budget.heed(err, self.settings.budget),
        }
    }

    /// Takes note of an accepted payment whose invoice a key of the merchant's could bring back:
    /// nobody can pay it again.
    pub(crate) fn settled(&self, credential: &VerifyRequest) {
        if let Some(hash) = credential.payment_hash() {
            self.settings.account.settled.put(hash, (), CAPACITY);
        }
    }

    /// Takes note of somebody who has paid and will ask.
    pub(crate) fn await_payer(&self, payer: Payer) {
        self.settings.account.budget.await_payer(payer);
    }

    /// Takes note of a credential, before it is verified: its invoice is paid and must not be
    /// handed out again. Another config of the account may be the one that holds it.
    pub(crate) fn presented(&self, credential: &VerifyRequest) {
        if self.settings.account.held.is_used()
            && let Some(hash) = credential.payment_hash()
        {
            self.settings.account.held.paid(&hash);
        }
    }

    /// Who asks, by the merchant's function where there is one, which is called at most once.
    fn client(&self) -> Option<&Client> {
        let identity = self.settings.client_identity.as_ref()?;
        self.client.get_or_init(|| identity.of(self.request)).as_ref()
    }

    /// Has it said before a call is shared, which starts under a lock of the whole process: there
    /// a slow function would hold up everybody, and one that asks this API something itself for
    /// ever.
    fn identify(&self) {
        if self.settings.client_identity.as_ref().is_some_and(|by| by.calls_per_minute.is_some()) {
            self.client();
        }
    }

    /// Takes a call out of the client's own limit, where there is one.
    fn allow_client(&self) -> Result<(), BrokerRefusal> {
        let Some(identity) = &self.settings.client_identity else { return Ok(()) };
        let Some(limit) = identity.calls_per_minute else { return Ok(()) };
        let Some(client) = self.client() else { return Ok(()) };
        let taken = self
            .settings
            .account
            .clients
            .with(client.with_neighbours(), |calls| calls.take(limit, Instant::now()));
        taken.map_err(|retry_after| {
            observe::limited(Limiter::Client);
            BrokerRefusal::ClientOverLimit { retry_after }
        })
    }
}

async fn ask(client: &L402Client, question: &VerifyRequest) -> Verdict {
    let call = client.verify_token(question);
    observe::timed(Endpoint::Verify, call).await.map(Answer::from).map_err(Arc::new)
}
