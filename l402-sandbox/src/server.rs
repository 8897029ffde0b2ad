//! The HTTP server: one connection at a time is parsed, routed, and answered, rightly or wrongly.

use std::{convert::Infallible, future::pending, io, net::SocketAddr, sync::Arc, time::Duration};

use http_body_util::{BodyExt as _, Limited};
use hyper::{Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use crate::{
    answer::Answer,
    broker,
    faults::Kind,
    reply::{Reply, Request},
    seen::Endpoint,
    state::{Shared, lock},
    wallet,
};

/// More than any request here needs.
const MAX_REQUEST_BYTES: usize = 1024 * 1024;

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
        None => Ok(Answer::whole(route(state, &request))),
        Some(Kind::Answer { status, headers, body }) => {
            Ok(Answer::whole(Reply { status, headers, body }))
        }
        Some(Kind::Problem(problem)) => {
            let answer = broker::wrongly(&mut lock(state), &request, problem);
            Ok(Answer::whole(answer.unwrap_or_else(|refusal| refusal)))
        }
        Some(Kind::Hang) => pending().await,
        Some(Kind::Reset) => {
            reset.notify_one();
            pending().await
        }
        Some(Kind::Drip(interval)) => Ok(Answer::drip(interval)),
        Some(Kind::Oversize) => Ok(Answer::oversize()),
        Some(Kind::Delay(delay)) => {
            tokio::time::sleep(delay).await;
            Ok(Answer::whole(route(state, &request)))
        }
        Some(Kind::Late(late)) => {
            let reply = route(state, &request);
            tokio::time::sleep(late).await;
            Ok(Answer::whole(reply))
        }
        Some(Kind::Edit(edit)) => {
            let mut reply = route(state, &request);
            let mut body: Value = serde_json::from_str(&reply.body).unwrap_or_default();
            edit(&mut body);
            reply.body = body.to_string();
            Ok(Answer::whole(reply))
        }
        Some(Kind::Truncated) => Ok(Answer::truncated(route(state, &request))),
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
    let query = head.uri.query().unwrap_or_default().to_owned();
    Ok(Request { method: head.method, path, query, headers, body: body.to_bytes(), peer })
}

fn route(state: &Shared, request: &Request) -> Reply {
    let mut state = lock(state);
    let answer = match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/api/l402/challenges") => broker::mint(&mut state, request),
        ("GET", "/api/l402/challenges") => broker::challenges(&mut state, request),
        ("POST", "/api/l402/challenges/verify") => broker::verify(&mut state, request),
        ("GET", "/api/merchant/me") => broker::merchant(&mut state, request, None),
        ("POST", "/v2/router/send") => Ok(wallet::router_send(&mut state, request)),
        ("POST", "/v1/channels/transactions") => {
            Ok(wallet::channels_transactions(&mut state, request))
        }
        (_, path) => Err(unroutable(path, request.endpoint())),
    };
    answer.unwrap_or_else(|refusal| refusal)
}

fn unroutable(path: &str, endpoint: Endpoint) -> Reply {
    let allowed = match endpoint {
        Endpoint::Other => {
            return Reply::problem(404, None, "Not Found", &format!("There is no {path}."));
        }
        Endpoint::Mint => "GET, POST",
        Endpoint::Merchant => "GET",
        _ => "POST",
    };
    let detail = format!("The method must be one of {allowed}.");
    Reply::problem(405, None, "Method Not Allowed", &detail).header("Allow", allowed)
}
