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
    app.service(story).service(advance).service(away).service(back);
}

/// What has happened since this was last asked.
#[post("/story")]
async fn story(control: Data<Control>) -> impl Responder {
    Json(control.story.take())
}

/// Lets tokens and invoices age.
#[post("/advance/{seconds}")]
async fn advance(control: Data<Control>, seconds: Path<u64>) -> impl Responder {
    control.sandbox.advance(Duration::from_secs(*seconds));
    HttpResponse::NoContent()
}

/// The broker resets connections: to `verify`, or to `mint` too.
#[post("/away/{endpoint}")]
async fn away(control: Data<Control>, endpoint: Path<String>) -> impl Responder {
    let endpoint = match endpoint.as_str() {
        "verify" => Endpoint::Verify,
        "mint" => Endpoint::Mint,
        _ => return HttpResponse::NotFound(),
    };
    control.sandbox.fault(Fault::reset().on(endpoint).always());
    HttpResponse::NoContent()
}

/// The broker is well again.
#[post("/back")]
async fn back(control: Data<Control>) -> impl Responder {
    control.sandbox.clear_faults();
    HttpResponse::NoContent()
}
