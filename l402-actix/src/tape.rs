//! A body that is read more than once: what one reader takes is kept for the next.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use actix_web::{
    dev::Payload,
    error::PayloadError,
    web::{Bytes, BytesMut},
};
use futures_core::Stream;

/// How much of a body is held, unless a config says otherwise: what Actix's own extractor of JSON
/// takes.
pub(crate) const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// A body of small pieces is held in pieces of this size, since each one weighs some eighty bytes
/// by itself.
const PIECE_BYTES: usize = 64 * 1024;

/// The body of a request, which others may read before the handler does.
pub(crate) enum Body {
    /// Only the handler reads it.
    Unread(Payload),
    /// Each reader reads it from its first byte. It is in memory once, as far as it has been read.
    Taped(Rc<Recording>),
}

pub(crate) struct Recording {
    source: RefCell<Payload>,
    pieces: RefCell<Vec<Bytes>>,
    /// What was read last, not yet a piece.
    latest: RefCell<BytesMut>,
    limit: usize,
    held: Cell<usize>,
    end: Cell<Option<End>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    Broken,
    /// It is longer than what is held.
    TooLong,
}

impl Body {
    /// Lets others read it too, of which at most `limit` bytes are held.
    pub(crate) fn record(&mut self, limit: usize) {
        if let Self::Unread(payload) = self
            && !matches!(payload, Payload::None)
        {
            *self = Self::Taped(Rc::new(Recording {
                source: RefCell::new(payload.take()),
                pieces: RefCell::default(),
                latest: RefCell::default(),
                limit,
                held: Cell::new(0),
                end: Cell::new(None),
            }));
        }
    }

    /// The body from its first byte, for one reader of several. There is nothing to read unless it
    /// is recorded.
    pub(crate) fn reader(&self) -> Payload {
        match self {
            Self::Unread(_) => Payload::None,
            Self::Taped(tape) => streamed(Reader::of(tape)),
        }
    }

    /// The body from its first byte, for the last reader: nothing more is held, and what was held is
    /// let go as it is read.
    pub(crate) fn take(&mut self) -> Payload {
        match std::mem::replace(self, Self::Unread(Payload::None)) {
            Self::Unread(payload) => payload,
            Self::Taped(tape) => {
                tape.close_piece();
                let mut pieces = tape.pieces.take();
                pieces.reverse();
                streamed(LastReader { pieces, tape })
            }
        }
    }

    /// Whether a reader wanted more than is held.
    pub(crate) fn is_too_long(&self) -> bool {
        matches!(self, Self::Taped(tape) if tape.end.get() == Some(End::TooLong))
    }
}

fn streamed(body: impl Stream<Item = Result<Bytes, PayloadError>> + 'static) -> Payload {
    Payload::Stream { payload: Box::pin(body) }
}

impl Recording {
    fn close_piece(&self) {
        let mut latest = self.latest.borrow_mut();
        if !latest.is_empty() {
            self.pieces.borrow_mut().push(latest.split().freeze());
        }
    }

    /// What the connection has next.
    fn poll_source(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        match self.end.get() {
            Some(End::Whole) => return Poll::Ready(None),
            // An error comes once from the connection. Without it the next reader would take the
            // part that arrived for the whole.
            Some(End::Broken) => return Poll::Ready(Some(Err(PayloadError::Incomplete(None)))),
            Some(End::TooLong) => return Poll::Ready(Some(Err(PayloadError::Overflow))),
            None => {}
        }
        let item = ready!(Pin::new(&mut *self.source.borrow_mut()).poll_next(context));
        match &item {
            Some(Ok(_)) => {}
            Some(Err(_)) => self.end.set(Some(End::Broken)),
            None => self.end.set(Some(End::Whole)),
        }
        Poll::Ready(item)
    }

    fn record(&self, chunk: &Bytes) -> Result<(), PayloadError> {
        let held = self.held.get().saturating_add(chunk.len());
        if held > self.limit {
            self.end.set(Some(End::TooLong));
            return Err(PayloadError::Overflow);
        }
        self.held.set(held);
        self.latest.borrow_mut().extend_from_slice(chunk);
        if self.latest.borrow().len() >= PIECE_BYTES {
            self.close_piece();
        }
        Ok(())
    }
}

/// Reads what is on tape, then goes on with the recording.
struct Reader {
    tape: Rc<Recording>,
    next_piece: usize,
    /// Whether it has read all that was held.
    is_recording: bool,
}

impl Reader {
    fn of(tape: &Rc<Recording>) -> Self {
        tape.close_piece();
        Self { tape: Rc::clone(tape), next_piece: 0, is_recording: false }
    }
}

impl Stream for Reader {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.is_recording {
            let piece = self.tape.pieces.borrow().get(self.next_piece).cloned();
            if let Some(piece) = piece {
                self.next_piece += 1;
                return Poll::Ready(Some(Ok(piece)));
            }
            self.is_recording = true;
        }
        let item = ready!(self.tape.poll_source(context));
        Poll::Ready(item.map(|chunk| {
            let chunk = chunk?;
            self.tape.record(&chunk)?;
            Ok(chunk)
        }))
    }
}

/// Reads what is on tape, then the rest of the body.
struct LastReader {
    /// The first one last.
    pieces: Vec<Bytes>,
    tape: Rc<Recording>,
}

impl Stream for LastReader {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.pieces.pop() {
            Some(piece) => Poll::Ready(Some(Ok(piece))),
            None => self.tape.poll_source(context),
        }
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

    fn body_of<const N: usize>(chunks: [&'static str; N], limit: usize) -> Body {
        let chunks = chunks.map(|chunk| Ok(Bytes::from(chunk)));
        let mut body = Body::Unread(streamed(Chunks(chunks.into())));
        body.record(limit);
        body
    }

    async fn next(payload: &mut Payload) -> Option<Result<Bytes, PayloadError>> {
        poll_fn(|context| Pin::new(&mut *payload).poll_next(context)).await
    }

    async fn all(mut payload: Payload) -> Result<String, PayloadError> {
        let mut read = String::new();
        while let Some(chunk) = next(&mut payload).await {
            read.push_str(std::str::from_utf8(&chunk?).expect("UTF-8"));
        }
        Ok(read)
    }

    #[actix_web::test]
    async fn each_reader_reads_from_the_first_byte() {
        let mut body = body_of(["a", "b", "c"], 3);
        let mut part = body.reader();
        next(&mut part).await.expect("a first chunk").expect("a chunk");
        drop(part);
        assert_eq!(all(body.reader()).await.expect("a body"), "abc");
        assert_eq!(all(body.reader()).await.expect("a body"), "abc");
        assert_eq!(all(body.take()).await.expect("a body"), "abc");
    }

    #[actix_web::test]
    async fn small_pieces_are_held_as_one() {
        let body = body_of(["a"; 1000], 1000);
        all(body.reader()).await.expect("a body");
        let mut again = body.reader();
        let piece = next(&mut again).await.expect("a piece").expect("a piece");
        assert_eq!(piece.len(), 1000);
    }

    #[actix_web::test]
    async fn the_last_reader_holds_nothing_of_what_it_reads_for_the_first_time() {
        let mut body = body_of(["a", "b", "c"], 1);
        next(&mut body.reader()).await.expect("a first chunk").expect("a chunk");
        let Body::Taped(recording) = &body else { panic!("not recorded") };
        let recording = Rc::clone(recording);
        assert_eq!(all(body.take()).await.expect("a body"), "abc");
        assert_eq!(recording.held.get(), 1);
        assert!(recording.pieces.borrow().is_empty() && recording.latest.borrow().is_empty());
    }

    #[actix_web::test]
    async fn a_body_that_is_too_long_is_so_for_each_reader() {
        let body = body_of(["aa", "bb"], 3);
        assert!(!body.is_too_long());
        for _ in 0..2 {
            assert!(matches!(all(body.reader()).await, Err(PayloadError::Overflow)));
        }
        assert!(body.is_too_long());
    }
}
