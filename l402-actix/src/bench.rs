//! Doors for `benches/`, to what no public function runs by itself. Nothing here opens a route.

use actix_web::{
    HttpResponse,
    http::header::{HeaderMap, HeaderName},
};
use l402_server::Challenge;

use crate::{challenge, credential, observe::Watch};

/// Whether the headers hold a credential; all of the work of finding it is done.
#[must_use]
pub fn has_credential(headers: &HeaderMap, own: Option<&HeaderName>) -> bool {
    credential::find(headers, own, false).is_some()
}

/// The 402 for a challenge.
#[must_use]
pub fn payment_required(challenge: &Challenge) -> HttpResponse {
    challenge::payment_required(challenge)
        .unwrap_or_else(|refusal| refusal.into_response(&Watch::unwatched()))
}
