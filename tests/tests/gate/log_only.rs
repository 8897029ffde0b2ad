//! An app that has only `log`: no subscriber of `tracing` is ever set in its process.

use std::sync::Mutex;

use actix_web::{Responder, get};
use l402_actix::l402;
use l402_sandbox::{Fault, Sandbox};
use l402_tests::{Api, config, process::is_alone};
use log::{LevelFilter, Log, Metadata, Record};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Lines;

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.target().starts_with("l402_") {
            let line = format!("{} {}", record.level(), record.args());
            LINES.lock().unwrap().push(line);
        }
    }

    fn flush(&self) {}
}

fn lines() -> Vec<String> {
    std::mem::take(&mut LINES.lock().unwrap())
}

#[get("/logged/{city}")]
#[l402(price_sats = 100)]
async fn route() -> impl Responder {
    "logged"
}

#[actix_web::test]
async fn the_log_has_the_failures_at_info_and_how_each_request_went_at_debug() {
    if !is_alone("log_only::the_log_has_the_failures_at_info_and_how_each_request_went_at_debug") {
        return;
    }
    log::set_logger(&Lines).unwrap();
    log::set_max_level(LevelFilter::Info);
    let sandbox = Sandbox::start().await;
    let config = config(sandbox.client());
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).service(route);
    })
    .await;
    let credential = api.buy("/logged/rome", &sandbox).await;
    assert_eq!(api.ask_with("/logged/rome", &credential).await.status, 200);
    assert_eq!(lines(), [""; 0], "a healthy server is quiet at info");

    sandbox.fault(Fault::status(401));
    assert_eq!(api.ask("/logged/rome").await.status, 502);
    let [line] = &lines()[..] else { panic!("one line for one failure") };
    assert!(line.starts_with("ERROR the broker refused the API key"), "{line}");
    assert!(line.contains("kind=\"key_refused\""), "{line}");

    log::set_max_level(LevelFilter::Debug);
    assert_eq!(api.ask_with("/logged/rome", &credential).await.status, 200);
    let lines = lines();
    let [begun, went] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(begun, "DEBUG l402; route=\"/logged/{city}\"");
    assert!(went.starts_with("DEBUG l402; price_sats=100 outcome=\"paid\" broker_ms="), "{went}");
}
