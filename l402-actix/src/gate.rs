//! The one payment decision: has this request paid?

use std::borrow::Cow;

use actix_web::{HttpMessage as _, HttpRequest, http::Method};
use l402_server::{Verification, VerifyRequest};

use crate::{
    __private::Offer,
    L402Config, OnInvalidToken, Payment, VerifyCache,
    broker::{Asker, Broker, Purpose},
    credential::{self, Credential},
    error::Refusal,
    key::{Key, Terms},
    pricing::{self, Sats},
    refused::{self, Refused},
    resource,
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
    /// What the request costs, at the dearest gate that has let it in.
    pub(crate) price_sats: u64,
    /// Whether the verdict may be one that stood in a cache.
    pub(crate) may_be_cached: bool,
}

/// Lets a request in that has paid, or that is free, which is a `None`. Everything else is an
/// `Err`, and no `Err` reaches the handler.
pub(crate) async fn admit(
    request: &HttpRequest,
    offer: &Offer<'_>,
) -> Result<Option<Admission>, Refusal> {
    if request.method() == Method::OPTIONS {
        return Err(Refusal::Preflight);
    }
    let config = L402Config::in_sight_of(request)?;
    let Some(sats) = pricing::price(request, config, offer).await? else { return Ok(None) };
    let around = request.extensions().get::<Passed>().cloned();
    let resource = resource::resource(request, config, offer, around.as_ref())?;

    let broker = Broker::new(request, config);
    let visit = Visit { request, config, offer, sats, resource, broker };
    // However many calls it takes, the client waits for one deadline.
    let around = around.map(|passed| passed.paid);
    let decision = tokio::time::timeout(config.client.timeout(), visit.decide(around));
    match decision.await.unwrap_or(Err(Refusal::Deadline)) {
        Ok(admission) => Ok(Some(admission)),
        Err(Refusal::InvalidToken(verdict)) => Err(match &config.on_invalid_token {
            OnInvalidToken::Custom(custom) => {
                Refusal::ByMerchant(Box::new(custom.answer(request, verdict).await))
            }
            _ => Refusal::InvalidToken(verdict),
        }),
        Err(refusal) => Err(refusal),
    }
}

/// A payment that the middleware around a gate has verified for this very request.
#[derive(Clone)]
pub(crate) struct Passed {
    pub(crate) paid: Paid,
    /// The resource that the middleware states, if it states one.
    pub(crate) resource: Option<Cow<'static, str>>,
}

/// One request and what it has to pay for.
pub(crate) struct Visit<'a> {
    pub(crate) request: &'a HttpRequest,
    pub(crate) config: &'a L402Config,
    pub(crate) offer: &'a Offer<'a>,
    pub(crate) sats: Sats,
    pub(crate) resource: Cow<'a, str>,
    pub(crate) broker: Broker<'a>,
}

impl Visit<'_> {
    async fn decide(&self, around: Option<Paid>) -> Result<Admission, Refusal> {
        let paid = match around {
            // One use is sold on a verdict of this moment only.
            Some(paid) if self.offer.single_use && paid.may_be_cached => {
                let around = self.decide_after(paid).await?;
                let paid = self.decide_on_credential().await?;
                Paid { price_sats: around.price_sats, ..paid }
            }
            Some(paid) => self.decide_after(paid).await?,
            None => self.decide_on_credential().await?,
        };
        let reservation =
            if self.offer.single_use { Some(self.reserve(&paid).await?) } else { None };
        Ok(Admission { paid, reservation })
    }

    async fn decide_on_credential(&self) -> Result<Paid, Refusal> {
        let own_header = self.config.credential_header.as_ref();
        match credential::find(self.request.headers(), own_header, self.config.mpp) {
            None => Err(self.challenge(Asker::Newcomer).await),
            Some(Credential::Token(token)) => self.decide_on_token(token).await,
            Some(Credential::Mpp(payment)) => self.decide_on_mpp(payment).await,
        }
    }

    async fn decide_on_token(&self, token: VerifyRequest) -> Result<Paid, Refusal> {
        self.broker.presented(&token);
        let terms = self.terms();
        // What is sent is checked by the broker against every caveat, which is what binds the
        // token: its holder can append caveats, and a broker may read out the last one.
        let question = terms.put_to(&token);
        let name = terms.of_question(&question);
        let refused = match self.broker.recall(&name) {
            Some(refused) => refused,
            None => match self.judge(name, &question, &token).await? {
                Ok(verdict) => return self.compare(&token, Payment::from_facts(verdict)?).await,
                Err(refused) => {
                    self.broker.remember(&name, &refused);
                    refused
                }
            },
        };
        self.broker.end_reuse(|| self.sale());
        Err(match refused {
            Refused::ForSomethingElse => self.challenge(Asker::Refused).await,
            Refused::NotGenuine(verdict) => self.refuse(verdict).await,
            Refused::Malformed(err) => Refusal::Verify(err),
        })
    }

    /// The refusal of a credential that is not genuine.
    async fn refuse(&self, verdict: Verification) -> Refusal {
        match self.config.on_invalid_token {
            OnInvalidToken::Rechallenge => self.challenge(Asker::Refused).await,
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
    async fn decide_on_mpp(&self, payment: VerifyRequest) -> Result<Paid, Refusal> {
        self.broker.presented(&payment);
        let question = payment.resource(self.resource.as_ref()).amount_sats(self.sats.accept);
        let name = self.terms().of_question(&question);
        let mut verdict = self.broker.verify(name, &question, Purpose::OnlyOnce, None).await?;
        if verdict.valid {
            // Valid without facts means: valid for what was sent.
            verdict.resource.get_or_insert_with(|| self.resource.to_string());
            verdict.amount_sats.get_or_insert(self.sats.accept);
            return self.compare(&question, Payment::from_facts(verdict)?).await;
        }
        self.broker.end_reuse(|| self.sale());
        Err(self.refuse(verdict).await)
    }

    /// What was sent is compared again: a broker that ignores it must not open the route.
    async fn compare(&self, asked: &VerifyRequest, payment: Payment) -> Result<Paid, Refusal> {
        if !self.is_covered_by(&payment) {
            return Err(self.challenge(Asker::Refused).await);
        }
        let stated = payment.payment_hash.as_deref().and_then(Mark::from_hex);
        // What the preimage hashes to is the payment hash.
        let mark = stated.or_else(|| asked.payment_hash().map(Mark::new));
        let may_be_cached = asked.macaroon().is_some() && self.cache().is_some();
        Ok(Paid { payment, mark, price_sats: self.sats.price, may_be_cached })
    }

    /// Takes the payment that was verified around this gate, if it covers this one too. The broker
    /// is not asked again: it would answer the same.
    async fn decide_after(&self, paid: Paid) -> Result<Paid, Refusal> {
        let payment = &paid.payment;
        if self.is_covered_by(payment) {
            let price_sats = paid.price_sats.max(self.sats.price);
            return Ok(Paid { price_sats, ..paid });
        }
        // A request carries one token, and a token has one resource. What is bought here could
        // never pass the scope, so nobody is asked to buy it.
        if self.config.enforce_resource && payment.resource != self.resource {
            return Err(Refusal::Misconfigured(
                "a gate under `RequirePayment` with another resource than its scope's; leave it \
                 out here, or state the same on both",
            ));
        }
        tracing::warn!(
            scope_sats = payment.amount_sats,
            handler_sats = self.sats.price,
            "a handler costs more than was paid for the scope around it; price the scope at or \
             above its handlers"
        );
        Err(self.challenge(Asker::Refused).await)
    }

    /// Holds a token that is good for one use. Two requests with the same one may both have been
    /// verified; here only one of them goes on.
    async fn reserve(&self, paid: &Paid) -> Result<Reservation, Refusal> {
        // A payment that cannot be named could be used any number of times.
        let mark = paid.mark.ok_or(Refusal::MissingFact("paymentHash"))?;
        let store = self.config.spent_tokens_store();
        match Reservation::make(store, mark, self.config.spent_for).await {
            Ok(Claimed::Reserved(reservation)) => Ok(reservation),
            Ok(Claimed::Busy) => Err(Refusal::InUse),
            Ok(Claimed::Spent) => Err(self.challenge_after_use(paid).await),
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

    fn is_covered_by(&self, payment: &Payment) -> bool {
        (!self.config.enforce_resource || payment.resource == self.resource)
            && (!self.config.enforce_amount || payment.amount_sats >= self.sats.accept)
    }
}
