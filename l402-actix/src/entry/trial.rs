//! `extract_first`: the handler's extractors on trial, before money is asked for.

use actix_web::{Error, FromRequest, HttpRequest, dev::Payload, http::Method};

use super::{balance::NoBalance, payment::NoPayment};
use crate::{config::L402Config, gate::credential, tape::Tape, terms::Offer};

/// Whether the extractors have to run before the gate decides.
///
/// A credential and stated terms are all that the gate needs, and what it refuses is then not read.
/// A computed price or resource may depend on what the extractors have left in the request's
/// extensions, and has to come out as it did when the token was sold.
pub(crate) fn is_needed(request: &HttpRequest, offer: &Offer<'_>) -> bool {
    // Without a config the gate refuses whatever the body says.
    let Ok(config) = L402Config::in_sight_of(request) else { return false };
    let own_header = config.answer.credential_header.as_ref();
    // A payment without a macaroon is used up by its verification: a body that the extractors refuse
    // must not cost it. Looked for with MPP off, so that only tokens count.
    let is_paid = || credential::find(request.headers(), own_header, false).is_some();
    request.method() != Method::OPTIONS && (config.terms.compute(offer) || !is_paid())
}

/// A request whose extractors are tried, one by one and in their order.
pub struct Trial {
    request: HttpRequest,
    payload: Payload,
    tape: Tape,
}

impl Trial {
    pub(super) fn of(request: HttpRequest, payload: Payload) -> Self {
        let (tape, payload) = Tape::record(payload);
        Self { request, payload, tape }
    }

    /// Tries an argument. What it makes is dropped: the handler's own is extracted once the
    /// request is let in.
    ///
    /// That there is no `Payment` or `Balance` yet is no fault of the request's, wherever inside of the argument
    /// it is asked for. An invented one would do harm there: an extractor may book what it is given.
    pub async fn argument<T: FromRequest>(&mut self) -> Result<(), Error> {
        match T::from_request(&self.request, &mut self.payload).await {
            Ok(_) => Ok(()),
            Err(err) => {
                let err: Error = err.into();
                let is_early = err.as_error::<NoPayment>().is_some()
                    || err.as_error::<NoBalance>().is_some();
                if is_early { Ok(()) } else { Err(err) }
            }
        }
    }

    /// The body from its first byte, for the extractors that count.
    pub(super) fn into_payload(self) -> Payload {
        self.tape.replay()
    }
}

impl std::fmt::Debug for Trial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trial").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        pin::Pin,
        task::{Context, Poll},
    };

    use actix_web::{error::PayloadError, test::TestRequest, web::Bytes};
    use futures_core::Stream;

    use super::*;

    struct Chunks(VecDeque<Result<Bytes, PayloadError>>);

    impl Stream for Chunks {
        type Item = Result<Bytes, PayloadError>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(self.0.pop_front())
        }
    }

    /// Tries an extractor on the chunks, then extracts in earnest.
    async fn read_after<T: FromRequest>(
        chunks: impl IntoIterator<Item = Result<&'static str, PayloadError>>,
    ) -> Result<String, Error> {
        let chunks = chunks.into_iter().map(|chunk| chunk.map(Bytes::from)).collect();
        let request = TestRequest::default().to_http_request();
        let mut trial =
            Trial::of(request.clone(), Payload::Stream { payload: Box::pin(Chunks(chunks)) });
        trial.argument::<T>().await?;
        String::from_request(&request, &mut trial.into_payload()).await
    }

    #[actix_web::test]
    async fn what_was_read_on_trial_is_read_again_and_then_the_rest() {
        let chunks = || ["a", "b", "c"].map(Ok);
        assert_eq!(read_after::<String>(chunks()).await.expect("a body"), "abc");
        assert_eq!(read_after::<HttpRequest>(chunks()).await.expect("a body"), "abc");
    }

    #[actix_web::test]
    async fn a_body_that_broke_on_trial_is_not_taken_for_whole() {
        let broken = [Ok("a"), Err(PayloadError::Incomplete(None))];
        assert!(read_after::<Option<String>>(broken).await.is_err());
    }
}
