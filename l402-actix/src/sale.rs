//! What a request that has not paid is offered.

use std::borrow::Cow;

use l402_server::ChallengeRequest;

use crate::{
    broker::Asker, error::Refusal, form::Form, gate::Visit, idempotency, key::Terms, observe::Why,
    scope::Passed,
};

/// What is sold.
pub(crate) struct Sale<'a> {
    pub(crate) resource: &'a str,
    pub(crate) price_sats: u64,
    pub(crate) description: Option<Cow<'a, str>>,
    pub(crate) idempotency_key: Option<String>,
}

impl Sale<'_> {
    pub(crate) fn request(&self) -> ChallengeRequest {
        let request = self.request_without_key();
        match &self.idempotency_key {
            Some(key) => request.idempotency_key(key),
            None => request,
        }
    }

    pub(crate) fn request_without_key(&self) -> ChallengeRequest {
        let request = ChallengeRequest::new(self.resource, self.price_sats);
        match &self.description {
            Some(description) => request.description(description.as_ref()),
            None => request,
        }
    }
}

impl Visit<'_> {
    /// A challenge for somebody who has presented nothing, or why there is none: a failure here
    /// must not look like a price.
    pub(crate) async fn challenge(&self) -> Refusal {
        self.broker.watch.because(Why::NoCredential);
        self.sell(&self.sale(), Asker::Newcomer).await
    }

    /// A challenge for somebody whose credential does not do, or no longer: a new one, without the
    /// merchant's idempotency key, either of which could return the invoice that is paid already.
    pub(crate) async fn challenge_anew(&self, why: Why) -> Refusal {
        self.broker.watch.because(why);
        self.broker.end_reuse(|| self.sale());
        let sale = Sale { idempotency_key: None, ..self.sale() };
        self.sell(&sale, Asker::Refused).await
    }

    async fn sell(&self, sale: &Sale<'_>, asker: Asker) -> Refusal {
        #[cfg(feature = "discovery")]
        if let Some(refusal) = crate::discovery::refuse_unlisted(self.request) {
            return refusal;
        }
        match Box::pin(self.broker.mint(sale, asker, &self.payer_terms())).await {
            Ok(mut challenge) => {
                challenge.mpp_challenge.take_if(|_| !self.takes_mpp());
                let form = Form::of(self.request, self.config, sale.description.as_deref());
                Refusal::PaymentRequired(Box::new(challenge), form)
            }
            Err(refusal) => refusal,
        }
    }

    /// Whether a payment in the `Payment` scheme would be taken, at each gate of the request.
    pub(crate) fn takes_mpp(&self) -> bool {
        self.config.mpp && self.around.as_ref().is_none_or(|passed| passed.mpp)
    }

    /// What its payer's token will be verified for: at the gate around first, if there is one.
    fn payer_terms(&self) -> Vec<Terms<'_>> {
        let around = self.around.as_deref().map(Passed::terms);
        around.into_iter().chain([self.terms()]).collect()
    }

    /// What the request costs, at the dearest of its gates: what is bought here has to pass them
    /// all.
    pub(crate) fn price_sats(&self) -> u64 {
        self.around.as_ref().map_or(0, |passed| passed.price_sats).max(self.sats.price)
    }

    pub(crate) fn sale(&self) -> Sale<'_> {
        Sale {
            resource: &self.resource,
            price_sats: self.price_sats(),
            description: self.description(),
            idempotency_key: idempotency::key(self.request, self.config, &self.resource, self.sats),
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
