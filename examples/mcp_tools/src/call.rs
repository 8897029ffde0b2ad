//! The message that a client posts, and the tool that it calls.

use std::{future::Future, pin::Pin};

use actix_web::{
    Error, FromRequest, HttpMessage as _, HttpRequest, dev::Payload, error::ErrorBadRequest, web,
};
use serde_json::Value;

/// A JSON-RPC message. What it calls is left in the request's extensions, for the price.
pub struct Call(pub Value);

#[derive(Clone)]
struct Tool(Option<String>);

impl FromRequest for Call {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, body: &mut Payload) -> Self::Future {
        let (request, message) = (request.clone(), web::Json::<Value>::from_request(request, body));
        Box::pin(async move {
            let message = message.await?.into_inner();
            // A batch names no tool of its own, so it would be free.
            if !message.is_object() {
                return Err(ErrorBadRequest("one message at a time"));
            }
            let is_call = message["method"] == "tools/call";
            let tool =
                is_call.then(|| message["params"]["name"].as_str().unwrap_or("?").to_owned());
            request.extensions_mut().insert(Tool(tool));
            Ok(Self(message))
        })
    }
}

/// The tool that the request calls, if it calls one.
pub fn tool(request: &HttpRequest) -> Option<String> {
    request.extensions().get::<Tool>().and_then(|tool| tool.0.clone())
}
