//! A body that is read twice: what the first reader takes is kept for the second.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::{
    dev::Payload,
    error::PayloadError,
    web::{Bytes, BytesMut},
};
use futures_core::Stream;

/// A body on tape; `None` where there is no body.
pub(crate) struct Tape(Option<Rc<RefCell<Recording>>>);

impl Tape {
    /// Puts a body on tape, and hands out what reads it for the first time.
    pub(crate) fn record(source: Payload) -> (Self, Payload) {
        match source {
            Payload::None => (Self(None), Payload::None),
            source => {
                let recording = Recording { source, seen: Some(BytesMut::new()), end: None };
                let tape = Rc::new(RefCell::new(recording));
                let payload = streamed(Recorder(Rc::clone(&tape)));
                (Self(Some(tape)), payload)
            }
        }
    }

    /// The body from its first byte, to be read for good.
    pub(crate) fn replay(self) -> Payload {
        match self.0 {
            None => Payload::None,
            Some(tape) => {
                let seen = tape.borrow_mut().seen.take().unwrap_or_default();
                streamed(Replay { seen: seen.freeze(), rest: Recorder(tape) })
            }
        }
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
    /// `None` once it is replayed: what is read then is read for good.
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

    use super::*;

    struct Chunks(VecDeque<Result<Bytes, PayloadError>>);

    impl Stream for Chunks {
        type Item = Result<Bytes, PayloadError>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(self.0.pop_front())
        }
    }

    async fn next(payload: &mut Payload) -> Option<Result<Bytes, PayloadError>> {
        poll_fn(|context| Pin::new(&mut *payload).poll_next(context)).await
    }

    #[actix_web::test]
    async fn nothing_is_kept_of_what_is_read_after_the_first_reading() {
        let chunks = ["a", "b", "c"].map(|chunk| Ok(Bytes::from(chunk)));
        let (tape, mut first) = Tape::record(streamed(Chunks(chunks.into())));
        next(&mut first).await.expect("a first chunk").expect("a chunk");
        let recording = Rc::clone(tape.0.as_ref().expect("a body on tape"));
        assert_eq!(recording.borrow().seen.as_deref(), Some(&b"a"[..]));

        let mut payload = tape.replay();
        let mut read = Vec::new();
        while let Some(chunk) = next(&mut payload).await {
            read.push(chunk.expect("a chunk"));
            assert_eq!(recording.borrow().seen, None, "{read:?}");
        }
        assert_eq!(read, ["a", "b", "c"]);
    }
}
