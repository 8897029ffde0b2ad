//! The suite's own port: what has happened, and what shall go wrong.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{
    HttpResponse, Responder,
    dev::ServiceRequest,
    http::{Method, header::AUTHORIZATION},
    post,
    web::{Data, Json, Path, ServiceConfig},
};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use serde_json::json;

/// What the API answered and what was paid, in the order in which it happened.
#[derive(Default)]
pub(crate) struct Story(Mutex<Vec<String>>);

impl Story {
    pub(crate) fn tell(&self, event: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    fn take(&self) -> Vec<String> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(crate) struct Control {
    pub(crate) sandbox: Sandbox,
    pub(crate) story: Arc<Story>,
    /// The payment hashes that the gate has told of.
    pub(crate) booked: Arc<Story>,
}

/// How a request counts in the story: `OPTIONS ` for a preflight, the schemes of its credentials,
/// or nothing.
pub(crate) fn asked(request: &ServiceRequest) -> String {
    if request.method() == Method::OPTIONS {
        return "OPTIONS ".to_owned();
    }
    let schemes: Vec<&str> = request
        .headers()
        .get_all(AUTHORIZATION)
        .filter_map(|line| line.to_str().ok()?.split(' ').next())
        .collect();
    if schemes.is_empty() { String::new() } else { format!("{} ", schemes.join("+")) }
}

pub(crate) fn routes(app: &mut ServiceConfig) {
    app.service(story).service(booked).service(advance).service(verify).service(mint).service(back);
}

/// What has happened since this was last asked.
#[post("/story")]
async fn story(control: Data<Control>) -> impl Responder {
    Json(control.story.take())
}

/// The payment hashes of what has been paid for since this was last asked.
#[post("/booked")]
async fn booked(control: Data<Control>) -> impl Responder {
    Json(control.booked.take())
}

/// Lets tokens and invoices age.
#[post("/advance/{seconds}")]
async fn advance(control: Data<Control>, seconds: Path<u64>) -> impl Responder {
    control.sandbox.advance(Duration::from_secs(*seconds));
    HttpResponse::NoContent()
}

/// What the broker answers to verifications from now on: an HTTP status, a fault by its name, or a
/// verdict that it should not give.
#[post("/verify/{answer}")]
async fn verify(control: Data<Control>, answer: Path<String>) -> impl Responder {
    let fault = match answer.as_str() {
        "no" => Fault::edit(|reply| reply["valid"] = false.into()),
        "less" => Fault::edit(|reply| reply["amountSats"] = 1.into()),
        "elsewhere" => Fault::edit(|reply| reply["resource"] = "/elsewhere".into()),
        "bare" => Fault::edit(|reply| *reply = json!({ "valid": true })),
        other => match (other.parse(), Fault::named(other)) {
            (Ok(status), _) => Fault::status(status),
            (_, Ok(fault)) => fault,
            _ => return HttpResponse::NotFound(),
        },
    };
    control.sandbox.fault(fault.on(Endpoint::Verify).always());
    HttpResponse::NoContent()
}

/// The broker resets connections to mint.
#[post("/mint/reset")]
async fn mint(control: Data<Control>) -> impl Responder {
    control.sandbox.fault(Fault::reset().on(Endpoint::Mint).always());
    HttpResponse::NoContent()
}

/// The broker is well again.
#[post("/back")]
async fn back(control: Data<Control>) -> impl Responder {
    control.sandbox.clear_faults();
    HttpResponse::NoContent()
}
