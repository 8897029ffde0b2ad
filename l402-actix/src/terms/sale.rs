//! What a request that has not paid is offered.

use std::borrow::Cow;

use l402_server::ChallengeRequest;

/// What is sold.
pub(crate) struct Sale<'a> {
    pub(crate) resource: &'a str,
    pub(crate) price_sats: u64,
    pub(crate) description: Option<Cow<'a, str>>,
    pub(crate) idempotency_key: Option<String>,
    /// Whether a payment in the `Payment` scheme would be taken, at each gate of the request.
    pub(crate) mpp: bool,
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
