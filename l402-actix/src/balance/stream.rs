//! The body of an answer that draws as it goes.

use std::{
    error::Error,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    web::Bytes,
};

use super::{
    hold::Hold,
    portion::Shared,
    store::StoreError,
};

type Writing = Pin<Box<dyn Future<Output = Result<(), StoreError>>>>;

/// Sends a piece only when the draws before it are written down, and settles at the end.
///
/// Dropped before the end, its client has gone: settled at what was drawn.
pub(crate) struct Metered {
    body: BoxBody,
    hold: Option<Hold>,
    /// Whether an answer that never drew has forgotten it.
    answer_is_good: bool,
    /// The piece that waits for what is being written; `None` at the end.
    piece: Option<Bytes>,
    writing: Option<Writing>,
}

impl Metered {
    pub(crate) fn new(body: BoxBody, hold: Hold, answer_is_good: bool) -> Self {
        Self { body, hold: Some(hold), answer_is_good, piece: None, writing: None }
    }

    fn begin_writing(&mut self, shared: &Arc<Shared>) {
        let shared = Arc::clone(shared);
        self.writing = Some(Box::pin(async move { shared.write().await }));
    }

    /// The piece that was waited for, or the end.
    fn written(&mut self) -> Option<Result<Bytes, Box<dyn Error>>> {
        if let Some(piece) = self.piece.take() {
            return Some(Ok(piece));
        }
        if let Some(hold) = self.hold.take() {
            hold.settle();
        }
        None
    }
}

impl MessageBody for Metered {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = &mut *self;
        loop {
            if let Some(writing) = &mut this.writing {
                let result = ready!(writing.as_mut().poll(context));
                this.writing = None;
                if let Err(err) = result {
                    if let Some(hold) = this.hold.take() {
                        let mark = hold.shared().mark();
                        tracing::error!(%mark, "a stream was cut off, since what it costs could not be written down: {err}");
                        hold.shared().keep_what_is_written();
                        hold.settle();
                    }
                    return Poll::Ready(Some(Err(err.into())));
                }
                return Poll::Ready(this.written());
            }
            let Some(hold) = &this.hold else { return Poll::Ready(None) };
            let shared = Arc::clone(hold.shared());
            match ready!(Pin::new(&mut this.body).poll_next(context)) {
                Some(Ok(piece)) => this.piece = Some(piece),
                Some(Err(err)) => {
                    // Settled as it is dropped.
                    this.hold = None;
                    return Poll::Ready(Some(Err(err)));
                }
                None => hold.stream_ended(this.answer_is_good),
            }
            if shared.is_written() {
                return Poll::Ready(this.written());
            }
            this.begin_writing(&shared);
        }
    }
}
