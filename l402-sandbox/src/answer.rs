//! The bodies that can be sent: a sound one, and those that are not.

use std::{
    future::Future as _,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::{
    Response,
    body::{Body, Frame, SizeHint},
    header::{CONTENT_LENGTH, HeaderName, HeaderValue},
};
use tokio::time::{Instant, Sleep};

use crate::reply::Reply;

const OVERSIZE_BYTES: usize = 256 * 1024 * 1024;
const OVERSIZE_PIECE: &[u8] = &[b' '; 64 * 1024];

/// An error drops what has not been written yet, and half an answer shall arrive.
const BROKEN_AFTER: Duration = Duration::from_millis(20);

pub(crate) enum Answer {
    Whole(Bytes),
    /// Some of what the head has promised, then an error, which closes the connection.
    Broken {
        half: Bytes,
        end: Pin<Box<Sleep>>,
    },
    /// A byte in each interval, for ever.
    Drip {
        interval: Duration,
        next: Pin<Box<Sleep>>,
    },
    /// Many bytes, from one piece of memory.
    Oversize {
        left: usize,
    },
}

impl Answer {
    pub(crate) fn whole(reply: Reply) -> Response<Self> {
        let mut response = Response::new(Self::Whole(reply.body.into()));
        *response.status_mut() = reply.status.try_into().unwrap_or_default();
        for (name, value) in reply.headers {
            if let (Ok(name), Ok(value)) =
                (name.parse::<HeaderName>(), HeaderValue::try_from(value))
            {
                response.headers_mut().append(name, value);
            }
        }
        response
    }

    /// The reply's head, with the length of all of it, and half of its body.
    pub(crate) fn truncated(reply: Reply) -> Response<Self> {
        let mut response = Self::whole(reply);
        if let Self::Whole(body) = response.body_mut() {
            let length = HeaderValue::from(body.len());
            let half = body.split_to(body.len() / 2);
            let end = Box::pin(tokio::time::sleep(BROKEN_AFTER));
            *response.body_mut() = Self::Broken { half, end };
            response.headers_mut().insert(CONTENT_LENGTH, length);
        }
        response
    }

    pub(crate) fn drip(interval: Duration) -> Response<Self> {
        let next = Box::pin(tokio::time::sleep(Duration::ZERO));
        Response::new(Self::Drip { interval, next })
    }

    pub(crate) fn oversize() -> Response<Self> {
        Response::new(Self::Oversize { left: OVERSIZE_BYTES })
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let piece = match self.get_mut() {
            Self::Whole(body) if body.is_empty() => return Poll::Ready(None),
            Self::Whole(body) => std::mem::take(body),
            Self::Broken { half, end } if half.is_empty() => {
                ready!(end.as_mut().poll(context));
                return Poll::Ready(Some(Err(io::Error::other("a fault was asked for"))));
            }
            Self::Broken { half, .. } => std::mem::take(half),
            Self::Drip { interval, next } => {
                ready!(next.as_mut().poll(context));
                next.as_mut().reset(Instant::now() + *interval);
                Bytes::from_static(b" ")
            }
            Self::Oversize { left: 0 } => return Poll::Ready(None),
            Self::Oversize { left } => {
                *left = left.saturating_sub(OVERSIZE_PIECE.len());
                Bytes::from_static(OVERSIZE_PIECE)
            }
        };
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(body) if body.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => SizeHint::with_exact(body.len() as u64),
            _ => SizeHint::default(),
        }
    }
}
