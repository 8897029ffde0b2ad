//! The one payment decision: has this request paid?

use std::borrow::Cow;

use actix_web::{HttpMessage as _, HttpRequest, http::Method};
use l402_server::{ChallengeRequest, Verification, VerifyRequest};

use crate::{
    __private::Offer,
    L402Config, OnInvalidToken, Payment,
    credential::{self, Credential},
    error::Refusal,
    idempotency,
    pricing::{self, Sats},
    resource,
};

/// Lets a request in that has paid, or that is free, which is a `None`. Everything else is an
/// `Err`, and no `Err` reaches the handler.
pub(crate) async fn admit(
    request: &HttpRequest,
    offer: &Offer<'_>,
) -> Result<Option<Payment>, Refusal> {
    if request.method() == Method::OPTIONS {
        return Err(Refusal::Preflight);
    }
    let config = L402Config::in_sight_of(request)?;
    let Some(sats) = pricing::price(request, config, offer).await? else { return Ok(None) };
    let around = request.extensions().get::<Passed>().cloned();
    let resource = resource::resource(request, config, offer, around.as_ref())?;

    let visit = Visit { request, config, offer, sats, resource };
    if let Some(Passed { payment, .. }) = around {
        return visit.decide_after(payment).await;
    }
    // However many calls it takes, the client waits for one deadline.
    let decision = tokio::time::timeout(config.client.timeout(), visit.decide());
    match decision.await.unwrap_or(Err(Refusal::Deadline)) {
        Ok(payment) => Ok(Some(payment)),
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
    pub(crate) payment: Payment,
    /// The resource that the middleware states, if it states one.
    pub(crate) resource: Option<Cow<'static, str>>,
}

/// One request and what it has to pay for.
struct Visit<'a> {
    request: &'a HttpRequest,
    config: &'a L402Config,
    offer: &'a Offer<'a>,
    sats: Sats,
    resource: Cow<'a, str>,
}

impl Visit<'_> {
    async fn decide(&self) -> Result<Payment, Refusal> {
        let own_header = self.config.credential_header.as_ref();
        match credential::find(self.request.headers(), own_header, self.config.mpp) {
            None => Err(self.challenge().await),
            Some(Credential::Token(token)) => self.decide_on_token(token).await,
            Some(Credential::Mpp(payment)) => self.decide_on_mpp(payment).await,
        }
    }

    async fn decide_on_token(&self, token: VerifyRequest) -> Result<Payment, Refusal> {
        // What is sent is checked by the broker against every caveat, which is what binds the
        // token: its holder can append caveats, and a broker may read out the last one.
        let mut question = token.clone();
        if self.config.enforce_resource {
            question = question.resource(self.resource.as_ref());
        }
        if self.config.enforce_amount {
            question = question.amount_sats(self.sats.accept);
        }
        let verdict = self.ask(&question).await?;
        if verdict.valid {
            return self.compare(Payment::from_facts(verdict)?).await;
        }
        match self.config.on_invalid_token {
            OnInvalidToken::Unauthorized => {}
            OnInvalidToken::Rechallenge => return Err(self.challenge().await),
            // Where nothing was sent, the answer would be the same.
            OnInvalidToken::Diagnose | OnInvalidToken::Custom(_) => {
                if question != token && self.is_for_something_else(&token).await? {
                    return Err(self.challenge().await);
                }
            }
        }
        Err(Refusal::InvalidToken(verdict))
    }

    /// A payment in the `Payment` scheme. The broker takes it once, so it is asked once: not for
    /// a diagnosis, and not again if the answer was lost.
    async fn decide_on_mpp(&self, payment: VerifyRequest) -> Result<Payment, Refusal> {
        let question = payment.resource(self.resource.as_ref()).amount_sats(self.sats.accept);
        let mut verdict = self.ask(&question).await?;
        if verdict.valid {
            // Valid without facts means: valid for what was sent.
            verdict.resource.get_or_insert_with(|| self.resource.to_string());
            verdict.amount_sats.get_or_insert(self.sats.accept);
            return self.compare(Payment::from_facts(verdict)?).await;
        }
        if let OnInvalidToken::Rechallenge = self.config.on_invalid_token {
            return Err(self.challenge().await);
        }
        Err(Refusal::InvalidToken(verdict))
    }

    async fn ask(&self, question: &VerifyRequest) -> Result<Verification, Refusal> {
        self.config.client.verify_token(question).await.map_err(Refusal::Verify)
    }

    /// What was sent is compared again: a broker that ignores it must not open the route.
    async fn compare(&self, payment: Payment) -> Result<Payment, Refusal> {
        if self.is_covered_by(&payment) { Ok(payment) } else { Err(self.challenge().await) }
    }

    /// Takes the payment that was verified around this gate, if it covers this one too. The broker
    /// is not asked again: it would answer the same.
    async fn decide_after(&self, payment: Payment) -> Result<Option<Payment>, Refusal> {
        if self.is_covered_by(&payment) {
            return Ok(Some(payment));
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
        let challenge = tokio::time::timeout(self.config.client.timeout(), self.challenge());
        Err(challenge.await.unwrap_or(Refusal::Deadline))
    }

    /// Whether a refused credential is genuine and only not for this request. The answer picks
    /// the refusal and never opens the route.
    ///
    /// Not so for a token that covers the request by its own account: a broker that refuses what
    /// was just paid for would refuse the next one too, and a 402 would be paid without end.
    async fn is_for_something_else(&self, token: &VerifyRequest) -> Result<bool, Refusal> {
        let verdict = self.ask(token).await?;
        Ok(verdict.valid && !self.is_covered_by(&Payment::from_facts(verdict)?))
    }

    fn is_covered_by(&self, payment: &Payment) -> bool {
        (!self.config.enforce_resource || payment.resource == self.resource)
            && (!self.config.enforce_amount || payment.amount_sats >= self.sats.accept)
    }

    /// A fresh challenge, or why there is none: a failure here must not look like a price.
    async fn challenge(&self) -> Refusal {
        #[cfg(feature = "discovery")]
        if let Some(refusal) = crate::discovery::refuse_unlisted(self.request) {
            return refusal;
        }
        let mut ask = ChallengeRequest::new(self.resource.as_ref(), self.sats.price);
        if let Some(description) = self.description() {
            ask = ask.description(description);
        }
        if let Some(key) = idempotency::key(self.request, self.config, &self.resource, self.sats) {
            ask = ask.idempotency_key(key);
        }
        match self.config.client.create_challenge(&ask).await {
            Ok(mut challenge) => {
                challenge.mpp_challenge.take_if(|_| !self.config.mpp);
                Refusal::PaymentRequired(Box::new(challenge))
            }
            Err(err) => Refusal::Mint(err),
        }
    }

    /// The attribute's description, else what the config's function says.
    fn description(&self) -> Option<Cow<'_, str>> {
        let stated = self.offer.description.map(Cow::Borrowed);
        stated.or_else(|| {
            let description_with = self.config.description_with.as_ref()?;
            (description_with.0)(self.request).map(Cow::Owned)
        })
    }
}
