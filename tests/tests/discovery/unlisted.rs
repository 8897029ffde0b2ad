//! A gate that is not on the list.

use std::{
    io,
    sync::{Arc, Mutex, Once},
};

use actix_web::{
    Responder, get,
    web::{self, ServiceConfig},
};
use l402_actix::{L402Config, L402Manifest, RequirePayment, l402};
use l402_sandbox::Sandbox;
use l402_tests::Api;

#[l402(price_sats = 5)]
#[get("/listed")]
async fn listed() -> impl Responder {
    "listed"
}

#[get("/unlisted/{id}")]
#[l402(price_sats = 6)]
async fn unlisted(id: web::Path<u32>) -> impl Responder {
    format!("unlisted {id}")
}

/// The log of the whole process, which the workers write too.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn of_this_process() -> Self {
        static LOG: Mutex<Option<Log>> = Mutex::new(None);
        static START: Once = Once::new();
        let log = LOG.lock().unwrap().get_or_insert_with(Self::default).clone();
        START.call_once(|| {
            let writer = log.clone();
            let make_writer = move || writer.clone();
            tracing_subscriber::fmt().with_ansi(false).with_writer(make_writer).init();
        });
        log
    }

    fn lines_with(&self, text: &str) -> usize {
        let bytes = self.0.lock().unwrap();
        String::from_utf8_lossy(&bytes).lines().filter(|line| line.contains(text)).count()
    }
}

async fn open(sandbox: &Sandbox, prefix: &'static str, strict: bool) -> Api {
    let config = L402Config::new(sandbox.client());
    Api::serve(move |app: &mut ServiceConfig| {
        app.app_data(config.clone());
        app.service(
            web::scope(prefix)
                .service(unlisted)
                .service(web::scope("/files").wrap(RequirePayment::sats(3)).service(listed)),
        );
        L402Manifest::new("API", &config).strict(strict).register(app, |paid| {
            paid.service(listed);
        });
    })
    .await
}

#[actix_web::test]
async fn under_a_strict_manifest_an_unlisted_gate_asks_nobody_for_money() {
    let sandbox = Sandbox::start().await;
    let api = open(&sandbox, "/strict", true).await;
    for path in ["/strict/unlisted/1", "/strict/files/listed"] {
        let answer = api.ask(path).await;
        assert_eq!(answer.status, 500, "{path}");
        assert!(answer.all("www-authenticate").is_empty(), "{path}");
        assert!(!answer.body.contains("manifest"), "opaque: {}", answer.body);
    }
    assert!(sandbox.requests().is_empty(), "nothing was minted");
    assert_eq!(api.ask("/listed").await.status, 402);
}

#[actix_web::test]
async fn a_token_for_an_unlisted_route_is_good_even_under_a_strict_manifest() {
    let sandbox = Sandbox::start().await;
    let lenient = open(&sandbox, "/same", false).await;
    let credential = lenient.buy("/same/unlisted/1", &sandbox).await;
    let strict = open(&sandbox, "/same", true).await;
    let answer = strict.ask_with("/same/unlisted/1", &credential).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "unlisted 1"));
}

#[actix_web::test]
async fn an_unlisted_gate_is_an_error_in_the_log_once_for_each_route() {
    let log = Log::of_this_process();
    let sandbox = Sandbox::start().await;
    let api = open(&sandbox, "/logged", false).await;
    for path in ["/logged/unlisted/1", "/logged/unlisted/2", "/logged/unlisted/1"] {
        assert_eq!(api.ask(path).await.status, 402, "sold nevertheless");
    }
    assert_eq!(api.ask("/logged/files/listed").await.status, 402);
    assert_eq!(api.ask("/listed").await.status, 402);
    assert_eq!(log.lines_with("/logged/unlisted/{id}"), 1);
    assert_eq!(log.lines_with("/logged/files/listed"), 1);
    let line = "a paid route is missing from the manifest";
    assert!(log.lines_with(line) >= 2);
    assert_eq!(log.lines_with("pattern=\"/listed\""), 0);
}
