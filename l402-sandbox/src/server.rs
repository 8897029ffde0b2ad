//! The HTTP server: one connection at a time is parsed, routed, and answered, rightly or wrongly.

use std::{
    convert::Infallible,
    future::{Future, pending},
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::{
    Method, Response,
    body::{Body, Frame, Incoming},
    header::{HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    time::{Instant, Sleep},
};

use crate::{
    broker,
    faults::Kind,
    reply::{Reply, Request},
    state::{Shared, lock},
    types::Endpoint,
    wallet,
};

/// More than any request here needs.
const MAX_REQUEST_BYTES: usize = 1024 * 1024;

const OVERSIZE_BYTES: usize = 256 * 1024 * 1024;
const OVERSIZE_PIECE: &[u8] = &[b' '; 64 * 1024];

/// An error drops what has not been written yet, and half an answer shall arrive.
const BROKEN_AFTER: Duration = Duration::from_millis(20);

/// Takes connections until the future is dropped.
pub(crate) async fn accept(listener: TcpListener, state: Shared) -> Infallible {
    loop {
        // An error here is one connection's, or a lack of file handles that passes.
        match listener.accept().await {
            Ok((stream, peer)) => {
                tokio::spawn(talk(stream, peer, Arc::clone(&state)));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn talk(stream: TcpStream, peer: SocketAddr, state: Shared) {
    let _ = stream.set_nodelay(true);
    let reset = Notify::new();
    let service = service_fn(|request| answer(request, peer, &state, &reset));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = &mut connection => {}
        () = reset.notified() => {
            // Closing without lingering sends RST and not FIN.
            let stream = connection.into_parts().io.into_inner();
            let _ = stream.set_zero_linger();
        }
    }
}

async fn answer(
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
    state: &Shared,
    reset: &Notify,
) -> io::Result<Response<Answer>> {
    let request = read(request, peer).await?;
    let fault = lock(state).see(request.seen());
    match fault {
        None => Ok(whole(route(state, &request))),
        Some(Kind::Answer { status, headers, body }) => Ok(whole(Reply { status, headers, body })),
        Some(Kind::Hang) => pending().await,
        Some(Kind::Reset) => {
            reset.notify_one();
            pending().await
        }
        Some(Kind::Drip(interval)) => {
            let next = Box::pin(tokio::time::sleep(Duration::ZERO));
            Ok(Response::new(Answer::Drip { interval, next }))
        }
        Some(Kind::Oversize) => Ok(Response::new(Answer::Oversize { left: OVERSIZE_BYTES })),
        Some(Kind::Delay(delay)) => {
            tokio::time::sleep(delay).await;
            Ok(whole(route(state, &request)))
        }
        Some(Kind::Edit(edit)) => {
            let mut reply = route(state, &request);
            let mut body: Value = serde_json::from_str(&reply.body).unwrap_or_default();
            edit(&mut body);
            reply.body = body.to_string();
            Ok(whole(reply))
        }
        Some(Kind::Truncated) => {
            let mut response = whole(route(state, &request));
            if let Answer::Whole(body) = response.body_mut() {
                let length = HeaderValue::from(body.len());
                let half = body.split_to(body.len() / 2);
                let end = Box::pin(tokio::time::sleep(BROKEN_AFTER));
                *response.body_mut() = Answer::Broken { half, end };
                response.headers_mut().insert(hyper::header::CONTENT_LENGTH, length);
            }
            Ok(response)
        }
    }
}

async fn read(request: hyper::Request<Incoming>, peer: SocketAddr) -> io::Result<Request> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_REQUEST_BYTES).collect().await.map_err(io::Error::other)?;
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let path = head.uri.path().to_owned();
    Ok(Request { method: head.method, path, headers, body: body.to_bytes(), peer })
}

fn route(state: &Shared, request: &Request) -> Reply {
    let mut state = lock(state);
    let answer = match (request.method == Method::POST, request.path.as_str()) {
        (true, "/api/l402/challenges") => broker::mint(&mut state, request),
        (true, "/api/l402/challenges/verify") => broker::verify(&mut state, request),
        (true, "/v2/router/send") => Ok(wallet::router_send(&mut state, request)),
        (true, "/v1/channels/transactions") => {
            Ok(wallet::channels_transactions(&mut state, request))
        }
        _ if request.endpoint() == Endpoint::Other => Err(Reply::refusal(404, "no such endpoint")),
        _ => Err(Reply::refusal(405, "the method must be POST").header("Allow", "POST")),
    };
    answer.unwrap_or_else(|refusal| refusal)
}

fn whole(reply: Reply) -> Response<Answer> {
    let mut response = Response::new(Answer::Whole(reply.body.into()));
    *response.status_mut() = reply.status.try_into().unwrap_or_default();
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// The bodies that can be sent: a sound one, and those that are not.
enum Answer {
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

    fn size_hint(&self) -> hyper::body::SizeHint {
        match self {
            Self::Whole(body) => hyper::body::SizeHint::with_exact(body.len() as u64),
            _ => hyper::body::SizeHint::default(),
        }
    }
}
