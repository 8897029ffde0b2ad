//! `extract_first`: the handler's extractors on trial, before money is asked for.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::{
    Error, FromRequest, HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::Method,
    web::{Bytes, BytesMut},
};
use futures_core::Stream;

use crate::{L402Config, NoPayment, credential, offer::Offer};

/// Whether the extractors have to run before the gate decides.
///
/// A credential and stated terms are all that the gate needs, and what it refuses is then not read.
/// A computed price or resource may depend on what the extractors have left in the request's
/// extensions, and has to come out as it did when the token was sold.
pub(crate) fn is_needed(request: &HttpRequest, offer: &Offer<'_>) -> bool {
    // Without a config the gate refuses whatever the body says.
    let Ok(config) = L402Config::in_sight_of(request) else { return false };
    let own_header = config.credential_header.as_ref();
    let is_computed = config.price_with.is_some()
        || offer.price_with.is_some()
        || offer.resource_with.is_some()
        || (offer.resource.is_none() && config.resource_with.is_some());
    // A payment without a macaroon is used up by its verification: a body that the extractors refuse
    // must not cost it. Looked for with MPP off, so that only tokens count.
    let is_paid = || credential::find(request.headers(), own_header, false).is_some();
    request.method() != Method::OPTIONS && (is_computed || !is_paid())
}

/// A request whose extractors are tried, one by one and in their order.
pub struct Trial {
    request: HttpRequest,
    payload: Payload,
    tape: Option<Rc<RefCell<Recording>>>,
}

impl Trial {
    pub(crate) fn of(request: HttpRequest, payload: Payload) -> Self {
        match payload {
            Payload::None => Self { request, payload, tape: None },
            source => {
                let recording = Recording { source, seen: Some(BytesMut::new()), end: None };
                let tape = Rc::new(RefCell::new(recording));
                let payload = streamed(Recorder(Rc::clone(&tape)));
                Self { request, payload, tape: Some(tape) }
            }
        }
    }

    /// Tries an argument. What it makes is dropped: the handler's own is extracted once the
    /// request is let in.
    ///
    /// That there is no `Payment` yet is no fault of the request's, wherever inside of the argument
    /// it is asked for. An invented one would do harm there: an extractor may book what it is given.
    pub async fn argument<T: FromRequest>(&mut self) -> Result<(), Error> {
        match T::from_request(&self.request, &mut self.payload).await {
            Ok(_) => Ok(()),
            Err(err) => {
                let err: Error = err.into();
                if err.as_error::<NoPayment>().is_some() { Ok(()) } else { Err(err) }
            }
        }
    }

    /// The body from its first byte, for the extractors that count.
    pub(crate) fn into_payload(self) -> Payload {
        match self.tape {
            None => self.payload,
            Some(tape) => {
                let seen = tape.borrow_mut().seen.take().unwrap_or_default();
                streamed(Replay { seen: seen.freeze(), rest: Recorder(tape) })
            }
        }
    }
}

impl std::fmt::Debug for Trial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trial").finish_non_exhaustive()
    }
}

fn streamed(body: impl Stream<Item = Result<Bytes, PayloadError>> + 'static) -> Payload {
    Payload::Stream { payload: Box::pin(body) }
}

/// A body and what has been read of it. It holds as much as the extractors read, which is within
/// their own limits: in one piece, since a body of single bytes would weigh forty times as much in
/// the pieces that it came in.
struct Recording {
    source: Payload,
    /// `None` once the trial is over: what is read then is read for good.
    seen: Option<BytesMut>,
    end: Option<End>,
}

#[derive(Clone, Copy)]
enum End {
    Whole,
    Broken,
}

/// The body, as it is read for the first time.
struct Recorder(Rc<RefCell<Recording>>);

impl Stream for Recorder {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let recording = &mut *self.0.borrow_mut();
        match recording.end {
            Some(End::Whole) => return Poll::Ready(None),
            // An error comes once from the connection. Without it the second reader would take
            // the part that arrived for the whole.
            Some(End::Broken) => return Poll::Ready(Some(Err(PayloadError::Incomplete(None)))),
            None => {}
        }
        let item = std::task::ready!(Pin::new(&mut recording.source).poll_next(context));
        match &item {
            Some(Ok(chunk)) => {
                if let Some(seen) = &mut recording.seen {
                    seen.extend_from_slice(chunk);
                }
            }
            Some(Err(_)) => recording.end = Some(End::Broken),
            None => recording.end = Some(End::Whole),
        }
        Poll::Ready(item)
    }
}

/// What was read of the body, then the rest of it.
struct Replay {
    seen: Bytes,
    rest: Recorder,
}

impl Stream for Replay {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.seen.is_empty() {
            return Pin::new(&mut self.rest).poll_next(context);
        }
        Poll::Ready(Some(Ok(std::mem::take(&mut self.seen))))
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, future::poll_fn};

    use actix_web::{test::TestRequest, web::Bytes};

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
        let mut trial = Trial::of(request.clone(), streamed(Chunks(chunks)));
        trial.argument::<T>().await?;
        String::from_request(&request, &mut trial.into_payload()).await
    }

    #[actix_web::test]
    async fn what_was_read_on_trial_is_read_again_and_then_the_rest() {
        let chunks = || ["a", "b", "c"].map(Ok);
        assert_eq!(read_after::<String>(chunks()).await.expect("a body"), "abc");
        assert_eq!(read_after::<HttpRequest>(chunks()).await.expect("a body"), "abc");
    }

    /// An extractor that reads one chunk and leaves the rest.
    struct First;

    impl FromRequest for First {
        type Error = Error;
        type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

        fn from_request(_: &HttpRequest, payload: &mut Payload) -> Self::Future {
            let mut payload = payload.take();
            Box::pin(async move {
                poll_fn(|context| Pin::new(&mut payload).poll_next(context)).await;
                Ok(Self)
            })
        }
    }

    #[actix_web::test]
    async fn nothing_is_kept_of_what_is_read_after_the_trial() {
        let chunks = ["a", "b", "c"].map(|chunk| Ok(Bytes::from(chunk)));
        let request = TestRequest::default().to_http_request();
        let mut trial = Trial::of(request, streamed(Chunks(chunks.into())));
        trial.argument::<First>().await.expect("a first chunk");
        let tape = Rc::clone(trial.tape.as_ref().expect("a body on tape"));
        assert_eq!(tape.borrow().seen.as_deref(), Some(&b"a"[..]));

        let mut payload = trial.into_payload();
        let mut read = Vec::new();
        while let Some(chunk) = poll_fn(|context| Pin::new(&mut payload).poll_next(context)).await {
            read.push(chunk.expect("a chunk"));
            assert_eq!(tape.borrow().seen, None, "{read:?}");
        }
        assert_eq!(read, ["a", "b", "c"]);
    }

    #[actix_web::test]
    async fn a_body_that_broke_on_trial_is_not_taken_for_whole() {
        let broken = [Ok("a"), Err(PayloadError::Incomplete(None))];
        assert!(read_after::<Option<String>>(broken).await.is_err());
    }
}
