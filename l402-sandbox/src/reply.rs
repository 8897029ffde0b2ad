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
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) peer: SocketAddr,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A parameter of the query, which holds nothing here that would have to be decoded.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        match self.path.as_str() {
            "/api/l402/challenges" if self.method == Method::GET => Endpoint::Challenges,
            "/api/l402/challenges" => Endpoint::Mint,
            "/api/merchant/me" => Endpoint::Merchant,
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
            query: self.query.clone(),
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
        Self::typed(status, "application/json", body)
    }

    pub(crate) fn typed(status: u16, kind: &str, body: String) -> Self {
        Self { status, headers: Vec::new(), body }.header("Content-Type", kind)
    }

    #[expect(clippy::needless_pass_by_value, reason = "reads as `json!` at the callers")]
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self::text(status, body.to_string())
    }

    /// The broker's form of a refusal: an RFC 9457 problem, beside the members of its older form.
    pub(crate) fn problem(status: u16, slug: Option<&str>, title: &str, detail: &str) -> Self {
        let kind = slug.map_or_else(
            || "about:blank".to_owned(),
            |slug| format!("https://lightningenable.com/problems/{slug}"),
        );
        let body = json!({
            "type": kind,
            "title": title,
            "status": status,
            "detail": detail,
            "error": slug.unwrap_or(title),
            "message": detail,
        });
        Self::typed(status, "application/problem+json", body.to_string())
    }

    /// A field that is wrong, as ASP.NET says it.
    pub(crate) fn invalid(field: &str, text: &str) -> Self {
        let body = json!({
            "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
            "title": "One or more validation errors occurred.",
            "status": 400,
            "errors": { field: [text] },
        });
        Self::typed(400, "application/problem+json", body.to_string())
    }

    /// The same, with a member more in its body.
    pub(crate) fn member(mut self, name: &str, value: &str) -> Self {
        let mut body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body[name] = value.into();
        self.body = body.to_string();
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}
