//! The hosted broker, asked as seldom as possible and within its limits.
//!
//! In: the question whether a token covers its terms, or a sale to be minted, and who asks.
//! Out: the broker's answer, or a challenge that can be sent; else a `BrokerRefusal`.
//! Never: what a route answers, and what becomes of a payment that has been verified.

mod account;
mod budget;
mod checked;
#[cfg(feature = "redis")]
mod elsewhere;
#[cfg(not(feature = "redis"))]
#[path = "alone.rs"]
mod elsewhere;
mod flight;
mod held;
mod identity;
mod mint;
mod minute;
mod once;
mod payer;
#[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "nobody is asked"))]
mod places;
mod proxies;
mod refusal;
mod refused;
mod sales;
#[cfg(feature = "redis")]
mod scripts;
#[cfg(feature = "redis")]
mod sealed;
mod settings;
mod verdicts;
#[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "nobody is asked"))]
mod word;

use std::{
    cell::{Cell, OnceCell},
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::HttpRequest;
use l402_server::VerifyRequest;

pub use budget::BrokerBudget;
use budget::{Asker, Call, Permit};
pub(crate) use checked::CheckedChallenge;
use identity::Client;
pub use identity::{ClientIdentity, InvalidNetwork};
pub(crate) use mint::Buyer;
use places::{Share, SharedPlace};
pub(crate) use refusal::{BrokerRefusal, is_malformed};
pub(crate) use refused::Refused;
pub(crate) use sales::{Known, Sold};
pub(crate) use settings::{Line, Settings};
use verdicts::Verdict;
pub use verdicts::VerifyCache;
pub(crate) use verdicts::{Answer, missing_fact};
use word::{Asked, Word};

use crate::{
    key::Key,
    observe::{self, Cache, Endpoint, Watch},
    payment::Payment,
    terms::Question,
};

/// Why a credential is verified, which decides whether the call may be held up.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Purpose {
    /// To let the request in.
    Admission,
    /// The same, with a payment that the broker takes once.
    OnlyOnce,
    /// To choose the refusal of somebody who has been refused.
    Diagnosis,
}

impl From<Purpose> for Call {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Diagnosis => Self::Diagnose,
            Purpose::Admission | Purpose::OnlyOnce => Self::Verify,
        }
    }
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

    /// What the broker has said to this question, if it was a no.
    pub(crate) fn recall(&self, question: &Question) -> Option<Refused> {
        self.settings.line.account.refused.recall(question)
    }

    /// Takes note of a request that is answered by a refusal that stands.
    pub(crate) fn recalled() {
        observe::hit(Cache::Refusal);
    }

    pub(crate) fn remember(&self, question: &Question, refused: Refused) {
        let account = &self.settings.line.account;
        account.refused.remember(question, refused);
        account.verdicts.refused(question);
    }

    /// Keeps no verdict on this question: it contradicts itself.
    pub(crate) fn distrust(&self, question: &Question) {
        self.settings.line.account.verdicts.refused(question);
    }

    /// The payment that a verdict in the cache stands for, which costs no call.
    pub(crate) fn standing(&self, question: &Question, cache: VerifyCache) -> Option<Arc<Payment>> {
        self.settings.line.account.verdicts.standing(question, cache)
    }

    /// The amount that was read out with a yes to less than this question asks for, if it would do.
    pub(crate) fn read_out(&self, question: &Question, cache: VerifyCache) -> Option<u64> {
        self.settings.line.account.verdicts.read_out(question, cache)
    }

    /// Takes note of a request that is let in by a verdict that stands.
    pub(crate) fn spared(&self) {
        self.watch.wait().over(Cache::Verdict, &Ok::<_, BrokerRefusal>(()));
    }

    /// Has a credential verified, or takes a verdict that stands in `cache`. Whether this very request
    /// has had it asked is said beside the answer.
    pub(crate) async fn verify(
        &self,
        name: Question,
        question: &VerifyRequest,
        purpose: Purpose,
        cache: Option<VerifyCache>,
    ) -> Result<(Answer, bool), BrokerRefusal> {
        self.identify();
        let (wait, asked) = (self.watch.wait(), Cell::new(false));
        let verdict = if let Some(cache) = cache {
            let verdicts = &self.settings.line.account.verdicts;
            let word = if verdicts.is_at_hand(&name, cache) {
                Word::default()
            } else {
                self.hear_of_payer(&name, purpose).await
            };
            let call = || {
                let permit = self.permit(&name, purpose, word.take_place())?;
                wait.asks();
                asked.set(true);
                let (line, question) = (self.settings.line.clone(), question.clone());
                let within = line.client.timeout();
                Ok(async move { ask(&line, permit, name.payment_hash, &question, within).await })
            };
            let verdict = Box::pin(verdicts.verdict(name, cache, call)).await;
            self.has_heard(&word);
            verdict?
        } else {
            let permit = self.allow_verify(&name, purpose).await?;
            wait.asks();
            asked.set(true);
            let line = &self.settings.line;
            ask(line, permit, name.payment_hash, question, line.client.timeout()).await
        };
        wait.over(Cache::Verdict, &verdict);
        verdict.map(|answer| (answer, asked.get())).map_err(BrokerRefusal::Verify)
    }

    /// Whoever has paid goes first, whichever process has heard of it.
    async fn allow_verify(
        &self,
        name: &Question,
        purpose: Purpose,
    ) -> Result<Permit, BrokerRefusal> {
        let word = self.hear_of_payer(name, purpose).await;
        self.permit(name, purpose, word.take_place())
    }

    fn permit(
        &self,
        name: &Question,
        purpose: Purpose,
        place: Option<SharedPlace>,
    ) -> Result<Permit, BrokerRefusal> {
        if let Some(payment_hash) = &name.payment_hash {
            self.settings.line.account.sales.shown(payment_hash);
        }
        self.allow(purpose.into(), name.payment_hash, place)
    }

    /// What other processes know of somebody who has not been accepted here, in one round trip.
    async fn hear_of_payer(&self, name: &Question, purpose: Purpose) -> Word {
        let account = &self.settings.line.account;
        let Some(elsewhere) = account.elsewhere() else { return Word::default() };
        let payer = name.payment_hash;
        if payer.is_some_and(|payer| account.sales.known(&payer).accepted) {
            return Word::default();
        }
        // Who is known here as a payer takes no stranger's place.
        let is_known = payer.is_some_and(|payer| account.budget.knows(&payer));
        let place = if is_known { None } else { self.places_for(purpose.into()) };
        if payer.is_none() && place.is_none() {
            return Word::default();
        }
        let word = elsewhere.ask(Asked { payer, place, ..Asked::default() }).await;
        if let (Some(payer), Some(known)) = (payer, word.known) {
            account.sales.learned(payer, known);
            account.budget.has_paid(payer);
        }
        word
    }

    fn places_for(&self, call: Call) -> Option<Share> {
        let client = self.client().map(Client::with_neighbours);
        self.settings.line.account.budget.places_for(self.settings.budget, call, client)
    }

    /// Gives back a place that was had for a call that turned out not to be needed.
    fn has_heard(&self, word: &Word) {
        if let Some(place) = word.take_place() {
            self.settings.line.account.budget.give_back(place);
        }
    }

    fn allow(
        &self,
        call: Call,
        payer: Option<Key>,
        place: Option<SharedPlace>,
    ) -> Result<Permit, BrokerRefusal> {
        let (budget, calls) = (&self.settings.line.account.budget, self.settings.budget);
        let client = self.client().map(Client::with_neighbours);
        let allowed = budget.allow(calls, call, Asker { client, payer }, place);
        let permit = allowed.map_err(|denied| BrokerRefusal::denied(denied, call))?;
        // After the budget, so that what that refuses costs nothing of it.
        self.allow_client()?;
        Ok(permit)
    }

    /// What is known here of the payment behind a question.
    pub(crate) fn known(&self, question: &Question) -> Known {
        self.settings.line.known(question)
    }

    /// What was known before a question was asked, with what other processes have said of it since: with
    /// shared state they are asked along with the broker.
    pub(crate) fn known_with(&self, before: Known, question: &Question) -> Known {
        let now = self.known(question);
        if before.sold.is_none() && now.sold.is_some() { now } else { before }
    }

    /// Takes note of the payment behind a credential, before that is verified: its invoice must not be
    /// handed out again. Another config of the account may be the one that holds it.
    pub(crate) fn presented(&self, payment_hash: Option<&Key>) {
        let account = &self.settings.line.account;
        if account.held.is_used()
            && let Some(hash) = payment_hash
            && let Some(holder) = account.held.paid(hash)
            && let Some(elsewhere) = account.elsewhere()
        {
            elsewhere.release(&holder);
        }
    }

    /// Who asks: by the merchant's setting, which is asked at most once, else by the address of the
    /// connection.
    fn client(&self) -> Option<&Client> {
        let of = || match &self.settings.client_identity {
            Some(identity) => identity.of(self.request),
            None => Client::peer(self.request),
        };
        self.client.get_or_init(of).as_ref()
    }

    /// Has it said before a call is shared, which starts under a lock of the whole process: there
    /// a slow function would hold up everybody, and one that asks this API something itself for
    /// ever.
    fn identify(&self) {
        self.client();
    }

    /// Takes a call out of the client's own limit, where there is one.
    fn allow_client(&self) -> Result<(), BrokerRefusal> {
        let Some(identity) = &self.settings.client_identity else { return Ok(()) };
        let Some(limit) = identity.calls_per_minute else { return Ok(()) };
        let Some(client) = self.client() else { return Ok(()) };
        let clients = &self.settings.line.account.clients;
        let taken = clients.with(client.with_neighbours(), |own| own.take(limit, Instant::now()));
        taken.map_err(|retry_after| BrokerRefusal::ClientOverLimit { retry_after })
    }
}

/// One call, which may outlive the request that has caused it. `payer` is who a yes makes known.
async fn ask(
    line: &Line,
    mut permit: Permit,
    payer: Option<Key>,
    question: &VerifyRequest,
    within: Duration,
) -> Verdict {
    // It is never closed; if it were, nothing would be bounded and all be served.
    let _place = line.places.acquire().await;
    permit.sent();
    let call = line.client.verify_token_within(question, within);
    let verdict = observe::timed(Endpoint::Verify, call).await;
    let said = line.client.rate_limit();
    match verdict {
        Ok(verdict) => {
            let answer = Answer::from(verdict);
            permit.answered(said, answer.is_yes(), payer);
            Ok(answer)
        }
        Err(err) => {
            permit.failed(said, &err);
            Err(Arc::new(err))
        }
    }
}
