//! The one payment decision: has this request paid?

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use actix_web::{HttpMessage as _, HttpRequest, http::Method};
use l402_server::{Verification, VerifyRequest};

use crate::{
    __private::Offer,
    L402Config, OnInvalidToken, Payment, VerifyCache,
    broker::{Broker, Purpose},
    credential::{self, Credential},
    error::Refusal,
    key::{Key, Terms},
    observe::{Watch, Why},
    pricing::{self, Sats},
    refused::{self, Refused},
    resource,
    scope::Passed,
    spent::{Claimed, Mark, Reservation},
};

/// What a request has come in with.
pub(crate) struct Admission {
    pub(crate) paid: Paid,
    /// The hold on a token that is good for one use.
    pub(crate) reservation: Option<Reservation>,
}

/// A payment that has been verified for this very request.
#[derive(Clone)]
pub(crate) struct Paid {
    pub(crate) payment: Payment,
    /// What it is marked by when it is spent, if that is known.
    pub(crate) mark: Option<Mark>,
    pub(crate) proof: Proof,
}

/// What a payment is known by.
#[derive(Clone)]
pub(crate) enum Proof {
    /// A token. Its holder can append caveats, so what the broker has read out of it is believed as
    /// far as the broker was asked for it.
    Token { token: VerifyRequest, may_be_cached: bool },
    /// What the broker has on its books, or what it was asked for and said yes to.
    Mpp,
}

/// Lets a request in that has paid, or that is free, which is a `None`. Everything else is an
/// `Err`, and no `Err` reaches the handler.
pub(crate) async fn admit(
    request: &HttpRequest,
    offer: &Offer<'_>,
    watch: &Watch,
) -> Result<Option<Admission>, Refusal> {
    match Visit::of(request, offer, watch).await? {
        None => Ok(None),
        Some(visit) => Ok(Some(visit.admit().await?)),
    }
}

/// As [`admit`], for a scope: what the gates in it have to know.
pub(crate) async fn admit_scope(
    request: &HttpRequest,
    offer: &Offer<'_>,
    watch: &Watch,
) -> Result<Option<Passed>, Refusal> {
    match Visit::of(request, offer, watch).await? {
        None => Ok(None),
        Some(visit) => {
            let paid = visit.admit().await?.paid;
            Ok(Some(visit.passed(paid)))
        }
    }
}

/// One request and what it has to pay for.
pub(crate) struct Visit<'a> {
    pub(crate) request: &'a HttpRequest,
    pub(crate) config: &'a L402Config,
    pub(crate) offer: &'a Offer<'a>,
    pub(crate) sats: Sats,
    pub(crate) resource: Cow<'a, str>,
    /// What was paid at the scope around, if that charges.
    pub(crate) around: Option<Passed>,
    pub(crate) broker: Broker<'a>,
    started: Instant,
    limit: Duration,
}

impl<'a> Visit<'a> {
    /// `None` if the request is free.
    async fn of(
        request: &'a HttpRequest,
        offer: &'a Offer<'a>,
        watch: &'a Watch,
    ) -> Result<Option<Self>, Refusal> {
        if request.method() == Method::OPTIONS {
            return Err(Refusal::Preflight);
        }
        let config = L402Config::in_sight_of(request)?;
        let Some(sats) = pricing::price(request, config, offer).await? else {
            watch.free();
            return Ok(None);
        };
        let around = request.extensions().get::<Passed>().cloned();
        let resource = resource::resource(request, config, offer, around.as_ref())?;
        let broker = Broker::new(request, config, watch);
        // However many calls it takes, and at however many gates, the client waits for one deadline.
        let limit = around.as_ref().map_or(config.client.timeout(), |passed| passed.time_left);
        let started = Instant::now();
        let visit = Self { request, config, offer, sats, resource, around, broker, started, limit };
        watch.price(visit.price_sats());
        Ok(Some(visit))
    }

    /// In time or not at all.
    async fn admit(&self) -> Result<Admission, Refusal> {
        let decision = tokio::time::timeout(self.limit, self.decide()).await;
        match decision.unwrap_or(Err(Refusal::Deadline)) {
            Ok(admission) => {
                self.broker.watch.paid(&admission.paid);
                Ok(admission)
            }
            Err(Refusal::InvalidToken(verdict)) => Err(match &self.config.on_invalid_token {
                OnInvalidToken::Custom(custom) => {
                    self.broker.watch.because(Why::InvalidToken);
                    Refusal::ByMerchant(Box::new(custom.answer(self.request, verdict).await))
                }
                _ => Refusal::InvalidToken(verdict),
            }),
            decision => decision,
        }
    }

    pub(crate) fn time_left(&self) -> Duration {
        self.limit.saturating_sub(self.started.elapsed())
    }

    async fn decide(&self) -> Result<Admission, Refusal> {
        if let Some(passed) = &self.around {
            return self.decide_after(passed).await;
        }
        let own_header = self.config.credential_header.as_ref();
        match credential::find(self.request.headers(), own_header, self.config.mpp) {
            None => Err(self.challenge().await),
            Some(Credential::Token(token)) => self.decide_on_token(token).await,
            Some(Credential::Mpp(payment)) => self.decide_on_mpp(payment).await,
        }
    }

    pub(crate) async fn decide_on_token(&self, token: VerifyRequest) -> Result<Admission, Refusal> {
        self.broker.presented(&token);
        let terms = self.terms();
        // What is sent is checked by the broker against every caveat, which is what binds the
        // token: its holder can append caveats, and a broker may read out the last one.
        let question = terms.put_to(&token);
        let name = terms.of_question(&question);
        let refused = match self.broker.recall(&name) {
            Some(refused) => refused,
            None => match self.judge(name, &question, &token).await? {
                Ok(verdict) => {
                    self.broker.settled(&token);
                    let payment = self.compare(verdict).await?;
                    let mark = mark(&payment, &token);
                    let may_be_cached = self.cache().is_some();
                    let proof = Proof::Token { token, may_be_cached };
                    return self.admission(Paid { payment, mark, proof }).await;
                }
                Err(refused) => {
                    self.broker.remember(&name, &refused);
                    refused
                }
            },
        };
        self.broker.end_reuse(|| self.sale());
        Err(match refused {
            Refused::ForSomethingElse => self.challenge_anew(Why::NotCovered).await,
            Refused::NotGenuine(verdict) => self.refuse(verdict).await,
            Refused::Malformed(err) => Refusal::Verify(err),
        })
    }

    /// The refusal of a credential that is not genuine.
    async fn refuse(&self, verdict: Verification) -> Refusal {
        match self.config.on_invalid_token {
            OnInvalidToken::Rechallenge => self.challenge_anew(Why::InvalidToken).await,
            _ => Refusal::InvalidToken(verdict),
        }
    }

    /// The broker's yes, or its no and what that means.
    async fn judge(
        &self,
        name: Key,
        question: &VerifyRequest,
        token: &VerifyRequest,
    ) -> Result<Result<Verification, Refused>, Refusal> {
        let purpose = Purpose::Admission;
        let verdict = match self.broker.verify(name, question, purpose, self.cache()).await {
            Err(Refusal::Verify(err)) if refused::is_malformed(&err) => {
                return Ok(Err(Refused::Malformed(err)));
            }
            verdict => verdict?,
        };
        if verdict.valid {
            return Ok(Ok(verdict));
        }
        // Where nothing was sent, the answer would be the same.
        let diagnoses = self.config.on_invalid_token.diagnoses() && question != token;
        if diagnoses && self.is_for_something_else(token).await? {
            return Ok(Err(Refused::ForSomethingElse));
        }
        Ok(Err(Refused::NotGenuine(verdict)))
    }

    /// What a token has to cover.
    pub(crate) fn terms(&self) -> Terms<'_> {
        Terms {
            account: &self.config.account.id,
            resource: self.config.enforce_resource.then_some(self.resource.as_ref()),
            amount_sats: self.config.enforce_amount.then_some(self.sats.accept),
        }
    }

    /// The cache whose verdicts may stand in for a call on this route. None may where a token is
    /// good for one use: what is sold once is sold on a verdict of that moment.
    fn cache(&self) -> Option<VerifyCache> {
        self.config.verify_cache.filter(|_| !self.offer.single_use)
    }

    /// A payment in the `Payment` scheme. The broker takes it once, so it is asked once: not for
    /// a diagnosis, and not again if the answer was lost.
    async fn decide_on_mpp(&self, payment: VerifyRequest) -> Result<Admission, Refusal> {
        self.broker.presented(&payment);
        let question = payment.resource(self.resource.as_ref()).amount_sats(self.sats.accept);
        let name = self.terms().of_question(&question);
        // In this order: garbage comes no further than the budget, and a store that is away must
        // not cost a payment, so that it is held before it is used up.
        self.broker.allow_verify(&name, Purpose::OnlyOnce)?;
        let held = match question.payment_hash() {
            Some(hash) => self.reserve(Some(Mark::new(hash))).await?,
            None => None,
        };
        let mut verdict = self.broker.verify_once(name, &question).await?;
        if !verdict.valid {
            self.broker.end_reuse(|| self.sale());
            return Err(self.refuse(verdict).await);
        }
        self.broker.settled(&question);
        // Valid without facts means: valid for what was sent.
        verdict.resource.get_or_insert_with(|| self.resource.to_string());
        verdict.amount_sats.get_or_insert(self.sats.accept);
        let payment = self.compare(verdict).await?;
        let mark = mark(&payment, &question);
        let paid = Paid { payment, mark, proof: Proof::Mpp };
        match held {
            Some(reservation) => Ok(Admission { paid, reservation: Some(reservation) }),
            None => self.admission(paid).await,
        }
    }

    /// What was sent is compared again: a broker that ignores it must not open the route.
    async fn compare(&self, verdict: Verification) -> Result<Payment, Refusal> {
        let payment = Payment::from_facts(verdict)?;
        if self.is_covered_by(&payment) {
            Ok(payment)
        } else {
            Err(self.challenge_anew(Why::NotCovered).await)
        }
    }

    pub(crate) async fn admission(&self, paid: Paid) -> Result<Admission, Refusal> {
        let reservation = self.reserve(paid.mark).await?;
        Ok(Admission { paid, reservation })
    }

    /// Holds a token that is good for one use. Two requests with the same one may both have been
    /// verified; here only one of them goes on.
    async fn reserve(&self, mark: Option<Mark>) -> Result<Option<Reservation>, Refusal> {
        if !self.offer.single_use {
            return Ok(None);
        }
        // A payment that cannot be named could be used any number of times.
        let mark = mark.ok_or(Refusal::MissingFact("paymentHash"))?;
        let store = self.config.spent_tokens_store();
        match Reservation::make(store, mark, self.config.spent_for).await {
            Ok(Claimed::Reserved(reservation)) => Ok(Some(reservation)),
            Ok(Claimed::Busy) => Err(Refusal::InUse),
            Ok(Claimed::Spent) => Err(self.challenge_anew(Why::Spent).await),
            Err(err) => Err(Refusal::SpentTokens(err)),
        }
    }

    /// Whether a refused credential is genuine and only not for this request. The answer picks
    /// the refusal and never opens the route.
    ///
    /// Not so for a token that covers the request by its own account: a broker that refuses what
    /// was just paid for would refuse the next one too, and a 402 would be paid without end.
    async fn is_for_something_else(&self, token: &VerifyRequest) -> Result<bool, Refusal> {
        let name = Terms { resource: None, amount_sats: None, ..self.terms() }.of_question(token);
        let verdict = self.broker.verify(name, token, Purpose::Diagnosis, self.cache()).await?;
        Ok(verdict.valid && !self.is_covered_by(&Payment::from_facts(verdict)?))
    }

    pub(crate) fn is_covered_by(&self, payment: &Payment) -> bool {
        (!self.config.enforce_resource || payment.resource == self.resource)
            && (!self.config.enforce_amount || payment.amount_sats >= self.sats.accept)
    }
}

/// What a payment is marked by when it is spent, if that is known.
fn mark(payment: &Payment, credential: &VerifyRequest) -> Option<Mark> {
    // What the preimage hashes to is the payment hash, and that is proven. What the broker states
    // may be read out of a token, to which its holder can append.
    let proven = credential.payment_hash().map(Mark::new);
    proven.or_else(|| payment.payment_hash.as_deref().and_then(Mark::from_hex))
}
