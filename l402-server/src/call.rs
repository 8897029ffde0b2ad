//! The one way a call goes out and comes back.

use std::time::Duration;

use reqwest::{
    Method, Request, Url,
    header::{HeaderName, HeaderValue},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{L402Error, MAX_REPLY_BYTES, reply, secrets::Secrets, settings::Settings};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("x-idempotency-key");

/// What is set aside for the body of a call: a macaroon with a few caveats, the preimage and the
/// names around them.
const USUAL_REQUEST_BYTES: usize = 1024;

/// What differs between the endpoints, besides the body.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a Url,
    pub(crate) secrets: Secrets<'a>,
    pub(crate) idempotency_key: Option<HeaderValue>,
    pub(crate) may_be_repeated: bool,
    pub(crate) max_reply_bytes: usize,
    /// Instead of the client's timeout.
    pub(crate) timeout: Option<Duration>,
}

impl<'a> Call<'a> {
    /// Counts in the account's minute.
    pub(crate) fn post(url: &'a Url, secrets: Secrets<'a>) -> Self {
        Self {
            method: Method::POST,
            url,
            secrets,
            idempotency_key: None,
            may_be_repeated: true,
            max_reply_bytes: MAX_REPLY_BYTES,
            timeout: None,
        }
    }

    /// Counts in a limit of its own.
    pub(crate) fn get(url: &'a Url, secrets: Secrets<'a>) -> Self {
        Self { method: Method::GET, ..Self::post(url, secrets) }
    }

    /// The URL, as an error may name it.
    pub(crate) fn tried(&self) -> String {
        self.secrets.url(self.url.as_str())
    }
}

impl Settings {
    /// One call from the first byte out to the last byte in, within the timeout.
    pub(crate) async fn exchange<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        body: Option<&impl Serialize>,
    ) -> Result<T, L402Error> {
        // On the heap: each future around it would otherwise have its size and be moved with it, up
        // to Actix's own, which took more time than this one allocation.
        let exchange = Box::pin(async {
            let http = self.http.client();
            let mut sent = http.execute(self.request(call, body)?).await;
            // A connection that could not be made, or that broke before the head of a reply.
            // What ran into a timeout may have been served and is not asked again.
            if let Err(err) = &sent
                && call.may_be_repeated
                && err.is_request()
                && !err.is_timeout()
            {
                sent = http.execute(self.request(call, body)?).await;
            }
            let response = sent?;
            // Off the head, so that a body that breaks takes nothing from it. What a GET's reply
            // says is about another limit.
            if call.method == Method::POST {
                self.rate_limit.note(response.headers());
            }
            reply::accept(response, &call.secrets, call.max_reply_bytes).await
        });
        let late = L402Error::Timeout { url: None };
        let timeout = call.timeout.unwrap_or(self.timeout);
        let ended = tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(late));
        ended.map_err(|err| err.tried(&call.tried()))
    }

    /// Built anew for a retry, so that a call that needs none keeps no second copy of its body.
    fn request(
        &self,
        call: &Call<'_>,
        body: Option<&impl Serialize>,
    ) -> Result<Request, L402Error> {
        let mut request = Request::new(call.method.clone(), call.url.clone());
        *request.headers_mut() = self.headers.clone();
        if let Some(key) = &call.idempotency_key {
            request.headers_mut().insert(IDEMPOTENCY_KEY, key.clone());
        }
        if let Some(body) = body {
            let mut json = Vec::with_capacity(USUAL_REQUEST_BYTES);
            serde_json::to_writer(&mut json, body)
                .map_err(|_| L402Error::invalid_request("the request cannot be written as JSON"))?;
            *request.body_mut() = Some(json.into());
        }
        Ok(request)
    }
}
