//! One request as it is written, by a client that puts nothing right, and what is heard.

use std::{str::FromStr as _, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Response, Uri,
    body::Incoming,
    client::conn::http1,
    header::{CONTENT_TYPE, HOST, WWW_AUTHENTICATE},
};
use hyper_util::rt::TokioIo;
use lightning_invoice::Bolt11Invoice;
use reqwest::Url;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

use super::request::Request;
use crate::wallet;

/// How long an answer may take to begin.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much of a body is read, and for how long: enough to tell two pages apart. A stream has no end.
const BODY: (usize, Duration) = (64 * 1024, Duration::from_secs(2));

/// The API that is asked.
pub(super) struct Server {
    address: String,
    /// What stands before each path.
    base: String,
}

/// What came back.
pub(super) struct Heard {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    challenges: Vec<String>,
}

impl Server {
    pub(super) fn at(url: &str) -> Result<Self, String> {
        let read = Url::parse(url).ok().filter(|url| url.scheme() == "http");
        let address = read
            .as_ref()
            .and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
        let (Some(read), Some(address)) = (read, address) else {
            return Err(format!("`{url}` is no URL of a server; write `http://127.0.0.1:8080`"));
        };
        Ok(Self { address, base: read.path().trim_end_matches('/').to_owned() })
    }

    /// Follows no redirect, and goes by no proxy.
    pub(super) async fn ask(&self, request: &Request) -> Result<Heard, String> {
        let exchange = timeout(PATIENCE, self.exchange(request)).await;
        exchange.unwrap_or_else(|_| Err(format!("no answer from {} in time", self.address)))
    }

    async fn exchange(&self, request: &Request) -> Result<Heard, String> {
        let method = Method::from_str(&request.method)
            .map_err(|_| format!("`{}` is no method", request.method))?;
        let target = format!("{}{}", self.base, request.target);
        let target = Uri::builder().path_and_query(target.as_str()).build();
        let target = target.map_err(|_| format!("`{}` is no path", request.target))?;
        let body = request.body.clone().unwrap_or_default();
        let mut asked =
            hyper::Request::builder().method(method).uri(target).header(HOST, &self.address);
        if !body.is_empty() {
            asked = asked.header(CONTENT_TYPE, "application/json");
        }
        let asked = asked.body(Full::new(Bytes::from(body))).map_err(|err| err.to_string())?;
        let stream = TcpStream::connect(&self.address).await;
        let stream = stream.map_err(|err| format!("nobody answers at {}: {err}", self.address))?;
        let broken = |err: hyper::Error| format!("no answer from {}: {err}", self.address);
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let connection = tokio::spawn(connection);
        let heard = sender.send_request(asked).await.map_err(broken);
        let heard = match heard {
            Ok(response) => Ok(Heard::of(response).await),
            Err(err) => Err(err),
        };
        connection.abort();
        heard
    }
}

impl Heard {
    async fn of(response: Response<Incoming>) -> Self {
        let lines = response.headers().get_all(WWW_AUTHENTICATE).iter();
        let challenges = lines.filter_map(|line| Some(line.to_str().ok()?.to_owned())).collect();
        let status = response.status().as_u16();
        let (mut body, mut incoming) = (Vec::new(), response.into_body());
        let (most, patience) = BODY;
        let reading = async {
            while let Some(Ok(frame)) = incoming.frame().await {
                body.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
                if body.len() > most {
                    break;
                }
            }
        };
        let _ = timeout(patience, reading).await;
        Self { status, body, challenges }
    }

    /// What the invoice asks for.
    pub(super) fn price(&self) -> Option<u64> {
        let (_, invoice) = self.challenges.iter().find_map(|line| wallet::challenge(line))?;
        let stated = Bolt11Invoice::from_str(invoice).ok();
        let stated = stated.and_then(|invoice| invoice.amount_milli_satoshis());
        stated.map(|msats| msats.div_ceil(1000)).or(self.json()["l402"]["amount_sats"].as_u64())
    }

    pub(super) fn resource(&self) -> Option<String> {
        self.json()["l402"]["resource"].as_str().map(str::to_owned)
    }

    pub(super) fn message(&self) -> Option<String> {
        self.json()["message"].as_str().map(str::to_owned)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}
