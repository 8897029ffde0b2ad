//! The broker as the gate asks it: as seldom as possible, and within the budget.

use std::{cell::OnceCell, sync::Arc, time::Instant};

use actix_web::HttpRequest;
use l402_server::{Challenge, L402Client, VerifyRequest};

use crate::{
    BrokerBudget, L402Config, Payment, VerifyCache,
    account::Account,
    error::Refusal,
    gate::Paid,
    identity::Client,
    key::{Key, Payer, Terms, key},
    memory::CAPACITY,
    observe::{self, Cache, Endpoint, Limiter, Wait, Watch},
    refused::Refused,
    reuse::Minted,
    sale::Sale,
    verdict::{Answer, Verdict},
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

/// Who is asked to pay.
#[derive(Clone, Copy)]
pub(crate) enum Asker {
    /// A client that has presented nothing.
    Newcomer,
    /// One whose credential did not do. Its next payment must not run into an old challenge.
    Refused,
}

/// The broker on behalf of one request.
pub(crate) struct Broker<'a> {
    request: &'a HttpRequest,
    config: &'a L402Config,
    account: &'a Account,
    pub(crate) watch: &'a Watch,
    client: OnceCell<Option<Client>>,
}

impl<'a> Broker<'a> {
    pub(crate) fn new(request: &'a HttpRequest, config: &'a L402Config, watch: &'a Watch) -> Self {
        Self { request, config, account: &config.account, watch, client: OnceCell::new() }
    }

    /// What the broker has just said to this question, if it was a no.
    pub(crate) fn recall(&self, question: &Key) -> Option<Refused> {
        let diagnosed = self.config.on_invalid_token.diagnoses();
        let refused = self.account.refused.recall(question, diagnosed)?;
        observe::hit(Cache::Refusal);
        Some(refused)
    }

    pub(crate) fn remember(&self, question: &Key, refused: &Refused) {
        let diagnosed = self.config.on_invalid_token.diagnoses();
        self.account.refused.remember(question, diagnosed, refused.clone());
    }

    /// The payment that a verdict in the cache stands for, unless the broker has said no since.
    ///
    /// Not noted in the budget: the call that brought the verdict has been, and it lasts for minutes
    /// at the most.
    pub(crate) fn standing(&self, question: &Key, cache: VerifyCache) -> Option<Arc<Payment>> {
        let diagnosed = self.config.on_invalid_token.diagnoses();
        match self.account.refused.recall(question, diagnosed) {
            Some(_) => None,
            None => self.account.verdicts.standing(question, cache),
        }
    }

    /// Takes note of a request that is let in by a verdict that stands.
    pub(crate) fn spared(&self, paid: &Paid) {
        self.watch.wait().over(Cache::Verdict, &Ok(()));
        self.watch.paid(paid);
    }

    /// Has a token verified, or takes a verdict that stands in `cache`.
    pub(crate) async fn verify(
        &self,
        name: Key,
        question: &VerifyRequest,
        purpose: Purpose,
        cache: Option<VerifyCache>,
    ) -> Result<Answer, Refusal> {
        self.identify();
        let wait = self.watch.wait();
        let verdict = if let Some(cache) = cache {
            let call = || {
                self.allow_verify(purpose)?;
                let (client, question) = (self.config.client.clone(), question.clone());
                wait.asks();
                Ok(async move { ask(&client, &question).await })
            };
            Box::pin(self.account.verdicts.verdict(name, cache, call)).await?
        } else {
            self.allow_verify(purpose)?;
            wait.asks();
            ask(&self.config.client, question).await
        };
        wait.over(Cache::Verdict, &verdict);
        self.learn(purpose, &verdict);
        verdict.map_err(Refusal::Verify)
    }

    /// Has an MPP payment verified, for which [`allow_verify`](Self::allow_verify) has been asked.
    pub(crate) async fn verify_once(
        &self,
        question: &VerifyRequest,
        purpose: Purpose,
    ) -> Result<Answer, Refusal> {
        let _wait = self.watch.wait();
        let verdict = ask(&self.config.client, question).await;
        self.learn(purpose, &verdict);
        verdict.map_err(Refusal::Verify)
    }

    /// A verification for somebody known is not held up.
    pub(crate) fn allow_verify(&self, purpose: Purpose) -> Result<(), Refusal> {
        let (budget, calls) = (&self.account.budget, self.config.broker_budget);
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
        allowed.map_err(|retry_after| Refusal::OverBudget { retry_after })
    }

    fn learn(&self, purpose: Purpose, verdict: &Verdict) {
        if self.config.broker_budget == BrokerBudget::unlimited() {
            return;
        }
        let budget = &self.account.budget;
        match (verdict, purpose) {
            (Ok(answer), Purpose::Admission { payer }) if answer.is_yes() => budget.accepted(payer),
            (Ok(_), Purpose::Admission { payer }) => budget.refused(payer),
            // An MPP payment is used up by either answer.
            (Ok(_), Purpose::OnlyOnce { payer }) => budget.forget(payer),
            (Ok(_), Purpose::Diagnosis) => {}
            (Err(err), _) => budget.heed(err, self.config.broker_budget),
        }
    }

    /// The challenge for a sale. `terms` are what its payer's token will be verified for, at each
    /// gate.
    ///
    /// With `Asker::Newcomer` it may be the one that the client holds.
    pub(crate) async fn mint(
        &self,
        sale: &Sale<'_>,
        asker: Asker,
        terms: &[Terms<'_>],
    ) -> Result<Challenge, Refusal> {
        self.identify();
        let wait = self.watch.wait();
        let minted = match (self.holder(sale), asker) {
            (Some(holder), Asker::Newcomer) => {
                self.account.held.challenge(holder, || self.mint_call(sale, &wait)).await?
            }
            _ => self.mint_call(sale, &wait)?.await,
        };
        wait.over(Cache::Challenge, &minted);
        let budget = &self.account.budget;
        match minted {
            Ok(challenge) => {
                if self.config.broker_budget != BrokerBudget::unlimited() {
                    for terms in terms {
                        let by_token = terms.payer(&challenge, Some(&challenge.macaroon));
                        let by_mpp = terms.payer(&challenge, None).filter(|_| self.config.mpp);
                        for payer in [by_token, by_mpp].into_iter().flatten() {
                            budget.await_payer(payer);
                        }
                    }
                }
                Ok(challenge)
            }
            Err(err) => {
                budget.heed(&err, self.config.broker_budget);
                Err(Refusal::Mint(err))
            }
        }
    }

    fn mint_call(
        &self,
        sale: &Sale<'_>,
        wait: &Wait<'_>,
    ) -> Result<impl Future<Output = Minted> + Send + use<>, Refusal> {
        self.allow_client()?;
        let allowed = self.account.budget.mint(self.config.broker_budget);
        allowed.map_err(|retry_after| Refusal::OverBudget { retry_after })?;
        let (client, account) = (self.config.client.clone(), Arc::clone(&self.config.account));
        wait.asks();
        let key = sale.idempotency_key.as_deref().filter(|key| !account.is_used_up(key));
        let (ask, anew) = match key {
            Some(key) => (sale.request(), Some((key.to_owned(), sale.request_without_key()))),
            None => (sale.request_without_key(), None),
        };
        Ok(async move {
            let minted =
                observe::timed(Endpoint::Challenges, client.create_challenge(&ask)).await?;
            // The merchant's key brings back its invoice until that expires, paid or not.
            match anew {
                Some((key, ask)) if account.is_settled(&minted) => {
                    account.use_up(&key, &minted);
                    // Once for each payment, so it is counted and not held up.
                    account.budget.note_mint();
                    let call = client.create_challenge(&ask);
                    Ok(observe::timed(Endpoint::Challenges, call).await?)
                }
                _ => Ok(minted),
            }
        })
    }

    /// Takes note of an accepted payment, where a key of the merchant's could bring back its
    /// invoice: nobody can pay it again.
    pub(crate) fn settled(&self, credential: &VerifyRequest) {
        if self.config.idempotency_key_with.is_some()
            && let Some(hash) = credential.payment_hash()
        {
            self.account.settled.put(hash, (), CAPACITY);
        }
    }

    /// Takes note of somebody who has paid and will ask.
    pub(crate) fn await_payer(&self, payer: Payer) {
        self.account.budget.await_payer(payer);
    }

    /// Takes note of a credential, before it is verified: its invoice is paid and must not be
    /// handed out again. Another config of the account may be the one that holds it.
    pub(crate) fn presented(&self, credential: &VerifyRequest) {
        if self.account.held.is_used()
            && let Some(hash) = credential.payment_hash()
        {
            self.account.held.paid(&hash);
        }
    }

    /// Lets the client have a new challenge the next time: what it holds has not served it.
    pub(crate) fn end_reuse<'s>(&self, sale: impl FnOnce() -> Sale<'s>) {
        if self.reuses()
            && let Some(holder) = self.holder(&sale())
        {
            self.account.held.forget(&holder);
        }
    }

    fn reuses(&self) -> bool {
        self.config.client_identity.as_ref().is_some_and(|identity| identity.reuse_challenges)
    }

    /// Who would hold the challenge for this sale, where challenges are reused.
    fn holder(&self, sale: &Sale<'_>) -> Option<Key> {
        if !self.reuses() {
            return None;
        }
        let client = self.client()?.one();
        Some(key(&[
            Some(&client),
            Some(sale.resource.as_bytes()),
            Some(&sale.price_sats.to_be_bytes()),
            sale.description.as_deref().map(str::as_bytes),
            sale.idempotency_key.as_deref().map(str::as_bytes),
        ]))
    }

    /// Who asks, by the merchant's function where there is one, which is called at most once.
    fn client(&self) -> Option<&Client> {
        let identity = self.config.client_identity.as_ref()?;
        self.client.get_or_init(|| identity.of(self.request)).as_ref()
    }

    /// Has it said before a call is shared, which starts under a lock of the whole process: there
    /// a slow function would hold up everybody, and one that asks this API something itself for
    /// ever.
    fn identify(&self) {
        if self.config.client_identity.as_ref().is_some_and(|by| by.calls_per_minute.is_some()) {
            self.client();
        }
    }

    /// Takes a call out of the client's own limit, where there is one.
    fn allow_client(&self) -> Result<(), Refusal> {
        let Some(identity) = &self.config.client_identity else { return Ok(()) };
        let Some(limit) = identity.calls_per_minute else { return Ok(()) };
        let Some(client) = self.client() else { return Ok(()) };
        let taken = self
            .account
            .clients
            .with(client.with_neighbours(), |calls| calls.take(limit, Instant::now()));
        taken.map_err(|retry_after| {
            observe::limited(Limiter::Client);
            Refusal::ClientOverLimit { retry_after }
        })
    }
}

async fn ask(client: &L402Client, question: &VerifyRequest) -> Verdict {
    let call = client.verify_token(question);
    observe::timed(Endpoint::Verify, call).await.map(Answer::from).map_err(Arc::new)
}
