//! A request that was read, and the reply to it: what the server hands over, and what it is handed
//! back.

use std::net::SocketAddr;

use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};

use crate::seen::{Endpoint, SeenRequest};

/// One request, read to its end.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) peer: SocketAddr,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        match self.path.as_str() {
            "/api/l402/challenges" => Endpoint::Mint,
            "/api/l402/challenges/verify" => Endpoint::Verify,
            "/v2/router/send" | "/v1/channels/transactions" => Endpoint::Wallet,
            _ => Endpoint::Other,
        }
    }

    pub(crate) fn seen(&self) -> SeenRequest {
        SeenRequest {
            endpoint: self.endpoint(),
            method: self.method.to_string(),
            path: self.path.clone(),
            headers: self.headers.clone(),
            body: serde_json::from_slice(&self.body).unwrap_or_default(),
        }
    }
}

/// One answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn text(status: u16, body: String) -> Self {
        Self { status, headers: Vec::new(), body }.header("Content-Type", "application/json")
    }

    #[expect(clippy::needless_pass_by_value, reason = "reads as `json!` at the callers")]
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self::text(status, body.to_string())
    }

    /// The broker's form of an error.
    pub(crate) fn refusal(status: u16, error: &str) -> Self {
        Self::json(status, json!({ "error": error }))
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}
