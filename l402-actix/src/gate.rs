//! The one payment decision: has this request paid?

use actix_web::{HttpRequest, http::Method};
use l402_server::ChallengeRequest;

use crate::{__private::Offer, L402Config, Payment, credential, error::Refusal, pricing, resource};

/// What a request costs and what its token is bound to.
struct Terms<'a> {
    price_sats: u64,
    resource: &'a str,
    description: Option<&'static str>,
}

/// Lets a request in that has paid. Everything else is an `Err`, and no `Err` reaches the handler.
pub(crate) async fn admit(request: &HttpRequest, offer: &Offer) -> Result<Payment, Refusal> {
    if request.method() == Method::OPTIONS {
        return Err(Refusal::Preflight);
    }
    let config = L402Config::in_sight_of(request)?;
    let terms = Terms {
        price_sats: pricing::price_sats(config, offer)?,
        resource: resource::resource(request, offer)?,
        description: offer.description,
    };
    // However many calls it takes, the client waits for one deadline.
    tokio::time::timeout(config.client.timeout(), decide(request, config, &terms))
        .await
        .unwrap_or(Err(Refusal::Deadline))
}

async fn decide(
    request: &HttpRequest,
    config: &L402Config,
    terms: &Terms<'_>,
) -> Result<Payment, Refusal> {
    let Some(credential) = credential::find(request.headers()) else {
        return Err(challenge(config, terms).await);
    };

    // What is sent is checked by the broker against every caveat, which is what binds the token:
    // its holder can append caveats, and a broker may read out the last one.
    let mut question = credential.clone();
    if config.enforce_resource {
        question = question.resource(terms.resource);
    }
    if config.enforce_amount {
        question = question.amount_sats(terms.price_sats);
    }
    let verdict = config.client.verify_token(&question).await.map_err(Refusal::Verify)?;
    if verdict.valid {
        // Compared again: a broker that ignores what was sent must not open the route.
        let payment = Payment::from_facts(verdict)?;
        return if terms.are_met_by(&payment, config) {
            Ok(payment)
        } else {
            Err(challenge(config, terms).await)
        };
    }

    let refused = Refusal::InvalidToken { reason: verdict.error };
    if question == credential {
        return Err(refused);
    }
    // Refused, but is it genuine and only not for this request? Clients that cache a token for
    // several routes heal by a 402 and stay locked out by a 401. The answer picks the refusal and
    // never opens the route.
    let genuine = config.client.verify_token(&credential).await.map_err(Refusal::Verify)?;
    if genuine.valid && !terms.are_met_by(&Payment::from_facts(genuine)?, config) {
        return Err(challenge(config, terms).await);
    }
    // Also where the token covers the request by its own account: a broker that refuses what was
    // just paid for would refuse the next one too, and a 402 would be paid without end.
    Err(refused)
}

impl Terms<'_> {
    fn are_met_by(&self, payment: &Payment, config: &L402Config) -> bool {
        (!config.enforce_resource || payment.resource == self.resource)
            && (!config.enforce_amount || payment.amount_sats >= self.price_sats)
    }
}

/// A fresh challenge, or why there is none: a failure here must not look like a price.
async fn challenge(config: &L402Config, terms: &Terms<'_>) -> Refusal {
    let mut request = ChallengeRequest::new(terms.resource, terms.price_sats);
    if let Some(description) = terms.description {
        request = request.description(description);
    }
    match config.client.create_challenge(&request).await {
        Ok(challenge) => Refusal::PaymentRequired(Box::new(challenge)),
        Err(err) => Refusal::Mint(err),
    }
}
