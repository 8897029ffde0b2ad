//! The message that a client posts, and the tool that it calls.

use std::{future::Future, pin::Pin};

use actix_web::{Error, FromRequest, HttpRequest, dev::Payload, error::ErrorBadRequest, web};
use serde_json::Value;

/// A JSON-RPC message.
pub struct Call(pub Value);

impl Call {
    /// The tool that it calls, if it calls one.
    pub fn tool(&self) -> Option<&str> {
        let is_call = self.0["method"] == "tools/call";
        is_call.then(|| self.0["params"]["name"].as_str().unwrap_or("?"))
    }
}

impl FromRequest for Call {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, body: &mut Payload) -> Self::Future {
        let message = web::Json::<Value>::from_request(request, body);
        Box::pin(async move {
            let message = message.await?.into_inner();
            // A batch names no tool of its own, so it would be free.
            if !message.is_object() {
                return Err(ErrorBadRequest("one message at a time"));
            }
            Ok(Self(message))
        })
    }
}
