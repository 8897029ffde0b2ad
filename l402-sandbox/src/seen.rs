//! What the sandbox has seen: a request, and where it went.

use serde_json::Value;

/// Where a request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// `POST /api/l402/challenges`.
    Mint,
    /// `POST /api/l402/challenges/verify`.
    Verify,
    /// `GET /api/l402/challenges`.
    Challenges,
    /// `GET /api/merchant/me`.
    Merchant,
    /// The LND REST routes.
    Wallet,
    /// Anything else.
    Other,
}

/// A request as it came in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SeenRequest {
    /// Where it went.
    pub endpoint: Endpoint,
    /// The method, in capitals.
    pub method: String,
    /// The path, without its query.
    pub path: String,
    /// The query, as it was sent; empty if there was none.
    pub query: String,
    /// The headers, with their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; `null` if it was no JSON.
    pub body: Value,
}

impl SeenRequest {
    /// The first value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
