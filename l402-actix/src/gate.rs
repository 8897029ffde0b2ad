//! The one payment decision: has this request paid?

use std::{
    borrow::Cow,
    cell::OnceCell,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{HttpMessage as _, HttpRequest, http::Method};
use l402_server::{Verification, VerifyRequest};

use crate::{
    L402Config, OnInvalidToken, Payment, VerifyCache,
    broker::{Broker, Purpose},
    error::Refusal,
    key::{Key, Terms},
    observe::{Watch, Why},
    offer::Offer,
    presented::Presented,
    pricing::{self, Sats},
    refused::{self, Refused},
    resource,
    scope::Passed,
    spent::{Claimed, Mark, Reservation},
    verdict::{Answer, missing_fact},
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
    pub(crate) payment: Arc<Payment>,
    pub(crate) proof: Proof,
}

impl Paid {
    /// What it is marked by when it is spent, if that is known.
    pub(crate) fn mark(&self) -> Option<Mark> {
        // What the preimage hashes to is the payment hash, and that is proven. What the broker
        // states may be read out of a token, to which its holder can append.
        let proven = match &self.proof {
            Proof::Token { token, .. } => token.payment_hash(),
            Proof::Mpp { payment_hash } => *payment_hash,
        };
        let stated = || self.payment.payment_hash.as_deref().and_then(Mark::from_hex);
        proven.map(Mark::new).or_else(stated)
    }
}

/// What a payment is known by.
#[derive(Clone)]
pub(crate) enum Proof {
    /// A token. Its holder can append caveats, so what the broker has read out of it is believed as
    /// far as the broker was asked for it.
    Token { token: VerifyRequest, may_be_cached: bool },
    /// What the broker has on its books, or what it was asked for and said yes to.
    Mpp { payment_hash: Option<[u8; 32]> },
}

/// Lets a request in that has paid, or that is free, which is a `None`. Everything else is an
/// `Err`, and no `Err` reaches the handler.
///
/// `config` is the one in sight of the request, or `None` where there is none to be told.
pub(crate) async fn admit(
    request: &HttpRequest,
    config: Option<&L402Config>,
    offer: &Offer<'_>,
    watch: &Watch,
) -> Result<Option<Admission>, Refusal> {
    let Some(visit) = Visit::of(request, config, offer, watch).await? else { return Ok(None) };
    visit.admit().await.map(Some)
}

/// As [`admit`], for a scope: what the gates in it have to know.
pub(crate) async fn admit_scope(
    request: &HttpRequest,
    offer: &Offer<'_>,
    watch: &Watch,
) -> Result<Option<Passed>, Refusal> {
    let Some(visit) = Visit::of(request, None, offer, watch).await? else { return Ok(None) };
    let paid = visit.admit().await?.paid;
    Ok(Some(visit.passed(paid)))
}

/// A decision that has not been made yet.
type Deciding<'v> = Pin<Box<dyn Future<Output = Result<Admission, Refusal>> + 'v>>;

/// One request and what it has to pay for.
pub(crate) struct Visit<'a> {
    pub(crate) request: &'a HttpRequest,
    pub(crate) config: &'a L402Config,
    pub(crate) offer: &'a Offer<'a>,
    pub(crate) sats: Sats,
    pub(crate) resource: Cow<'a, str>,
    /// What was paid at the scope around, if that charges.
    pub(crate) around: Option<Rc<Passed>>,
    pub(crate) broker: Broker<'a>,
    /// Not set where nobody has to be waited for.
    waits_since: OnceCell<Instant>,
    limit: Duration,
}

impl<'a> Visit<'a> {
    /// `None` if the request is free.
    async fn of(
        request: &'a HttpRequest,
        config: Option<&'a L402Config>,
        offer: &'a Offer<'a>,
        watch: &'a Watch,
    ) -> Result<Option<Self>, Refusal> {
        if request.method() == Method::OPTIONS {
            return Err(Refusal::Preflight);
        }
        let config = config.map_or_else(|| L402Config::in_sight_of(request), Ok)?;
        let Some(sats) = pricing::price(request, config, offer).await? else {
            watch.free();
            return Ok(None);
        };
        let around = request.extensions().get::<Rc<Passed>>().cloned();
        let resource = resource::resource(request, config, offer, around.as_deref())?;
        let broker = Broker::new(request, config, watch);
        // However many calls it takes, and at however many gates, the client waits for one deadline.
        let limit = around.as_ref().map_or(config.client.timeout(), |passed| passed.time_left);
        let waits_since = OnceCell::new();
        let visit =
            Self { request, config, offer, sats, resource, around, broker, waits_since, limit };
        watch.price(visit.price_sats());
        Ok(Some(visit))
    }

    /// At once if a verdict stands, else in time or not at all.
    async fn admit(&self) -> Result<Admission, Refusal> {
        let presented = match self.presented() {
            Presented::Verified(paid) => {
                self.broker.spared(&paid);
                return Ok(Admission { paid, reservation: None });
            }
            presented => presented,
        };
        self.waits_since.get_or_init(Instant::now);
        let decision = tokio::time::timeout(self.limit, self.decide(presented)).await;
        match decision.unwrap_or(Err(Refusal::Deadline)) {
            Ok(admission) => {
                self.broker.watch.paid(&admission.paid);
                Ok(admission)
            }
            Err(Refusal::InvalidToken(verdict)) => Err(match &self.config.on_invalid_token {
                OnInvalidToken::Custom(custom) => {
                    self.broker.watch.because(Why::InvalidToken);
                    let answer = Box::pin(custom.answer(self.request, verdict)).await;
                    Refusal::ByMerchant(Box::new(answer))
                }
                _ => Refusal::InvalidToken(verdict),
            }),
            decision => decision,
        }
    }

    pub(crate) fn time_left(&self) -> Duration {
        let waited = self.waits_since.get().map_or(Duration::ZERO, Instant::elapsed);
        self.limit.saturating_sub(waited)
    }

    /// Each way has room of its own. A future with room for all of them would be copied as a whole
    /// up to Actix's own, and the allocator has no quick place for one of more than 1 KiB.
    fn decide<'v>(&'v self, presented: Presented<'v>) -> Deciding<'v> {
        match presented {
            Presented::Around(passed) => Box::pin(self.decide_after(passed)),
            Presented::Nothing => Box::pin(async { Err(self.challenge().await) }),
            Presented::Verified(paid) => Box::pin(self.admission(paid)),
            Presented::Token(token, name) => Box::pin(self.decide_on_token(token, name)),
            Presented::Mpp(payment) => Box::pin(self.decide_on_mpp(payment)),
        }
    }

    /// `name` is that of the question whether the token covers this visit's terms.
    pub(crate) async fn decide_on_token(
        &self,
        token: VerifyRequest,
        name: Key,
    ) -> Result<Admission, Refusal> {
        let judged = if let Some(refused) = self.broker.recall(&name) {
            Err(refused)
        } else {
            let judged = Box::pin(self.judge(name, &token)).await?;
            if let Err(refused) = &judged {
                self.broker.remember(&name, refused);
            }
            judged
        };
        let payment = match judged {
            Ok(payment) => payment,
            Err(refused) => return Err(Box::pin(self.refuse_again(refused)).await),
        };
        self.broker.settled(&token);
        let payment = self.compare(payment).await?;
        self.admission(self.paid_by(token, payment)).await
    }

    /// The refusal of a credential that the broker has said no to, now or a moment ago.
    async fn refuse_again(&self, refused: Refused) -> Refusal {
        self.broker.end_reuse(|| self.sale());
        match refused {
            Refused::ForSomethingElse => self.challenge_anew(Why::NotCovered).await,
            Refused::NotGenuine(verdict) => self.refuse(verdict).await,
            Refused::Malformed(err) => Refusal::Verify(err),
        }
    }

    /// The refusal of a credential that is not genuine.
    pub(crate) async fn refuse(&self, verdict: Verification) -> Refusal {
        match self.config.on_invalid_token {
            OnInvalidToken::Rechallenge => self.challenge_anew(Why::InvalidToken).await,
            _ => Refusal::InvalidToken(verdict),
        }
    }

    /// The broker's yes, or its no and what that means.
    async fn judge(
        &self,
        name: Key,
        token: &VerifyRequest,
    ) -> Result<Result<Arc<Payment>, Refused>, Refusal> {
        // What is sent is checked by the broker against every caveat, which is what binds the
        // token: its holder can append caveats, and a broker may read out the last one.
        let question = self.terms().put_to(token);
        let purpose = Purpose::Admission { payer: self.terms().asker(token) };
        let verdict = match self.broker.verify(name, &question, purpose, self.cache()).await {
            Err(Refusal::Verify(err)) if refused::is_malformed(&err) => {
                return Ok(Err(Refused::Malformed(err)));
            }
            answer => match answer? {
                Answer::Yes(payment) => return Ok(Ok(payment)),
                Answer::Incomplete(verdict) => return Err(missing_fact(&verdict)),
                Answer::No(verdict) => verdict,
            },
        };
        // Where nothing was sent, the answer would be the same.
        let diagnoses = self.config.on_invalid_token.diagnoses() && question != *token;
        if diagnoses && Box::pin(self.is_for_something_else(token)).await? {
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
    pub(crate) fn cache(&self) -> Option<VerifyCache> {
        self.config.verify_cache.filter(|_| !self.offer.single_use)
    }

    /// What was sent is compared again: a broker that ignores it must not open the route.
    pub(crate) async fn compare(&self, payment: Arc<Payment>) -> Result<Arc<Payment>, Refusal> {
        if self.is_covered_by(&payment) {
            Ok(payment)
        } else {
            Err(self.challenge_anew(Why::NotCovered).await)
        }
    }

    pub(crate) async fn admission(&self, paid: Paid) -> Result<Admission, Refusal> {
        if !self.offer.single_use {
            return Ok(Admission { paid, reservation: None });
        }
        // A payment that cannot be named could be used any number of times.
        let mark = paid.mark().ok_or(Refusal::MissingFact("paymentHash"))?;
        let reservation = Some(Box::pin(self.reserve(mark)).await?);
        Ok(Admission { paid, reservation })
    }

    /// Holds a token that is good for one use. Two requests with the same one may both have been
    /// verified; here only one of them goes on.
    pub(crate) async fn reserve(&self, mark: Mark) -> Result<Reservation, Refusal> {
        let store = self.config.spent_tokens_store();
        match Reservation::make(store, mark, self.config.spent_for).await {
            Ok(Claimed::Reserved(reservation)) => Ok(reservation),
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
        match self.broker.verify(name, token, Purpose::Diagnosis, self.cache()).await? {
            Answer::Yes(payment) => Ok(!self.is_covered_by(&payment)),
            Answer::Incomplete(verdict) => Err(missing_fact(&verdict)),
            Answer::No(_) => Ok(false),
        }
    }

    pub(crate) fn is_covered_by(&self, payment: &Payment) -> bool {
        (!self.config.enforce_resource || payment.resource == self.resource)
            && (!self.config.enforce_amount || payment.amount_sats >= self.sats.accept)
    }
}
