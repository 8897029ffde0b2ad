//! Drives every path with secrets that can be told from anything else, and looks for them in all
//! that comes out: log lines at the finest level, `Debug`, error texts, panic messages, answers.

use std::{
    error::Error,
    fmt::Debug,
    io, panic,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{HttpRequest, HttpResponse, Responder, get, http::header::HeaderName, web};
use l402_actix::{
    L402Client, L402Error, OnInvalidToken, Payment, Price, RequirePayment, l402,
    l402_server::{Challenge, ChallengeRequest, Verification, VerifyRequest},
};
use l402_sandbox::{Fault, Sandbox};
use l402_tests::{Api, config, process::is_alone};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

const KEY: &str = "sekretkey7f3a9c";
const MACAROON: &str = "c2VrcmV0bWFjYXJvb24xMjM0NTY3ODkwc2VrcmV0bWFjYXJvb24x";
const PREIMAGE: &str = "5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2";

/// All that was written, by whomever.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn note(&self, what: &str, shown: impl Debug) {
        let line = format!("{what}: {shown:?}\n");
        self.0.lock().unwrap().extend_from_slice(line.as_bytes());
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[get("/weather")]
#[l402(price_sats = 100)]
async fn weather(payment: Payment) -> impl Responder {
    payment.resource
}

#[get("/sibling")]
#[l402(price_sats = 250)]
async fn sibling() -> impl Responder {
    "sibling"
}

#[get("/panics")]
#[l402(price_sats = 5)]
async fn panics() -> &'static str {
    panic!("a handler's own panic")
}

#[get("/page")]
async fn page() -> impl Responder {
    "page"
}

async fn refuse(_: HttpRequest, verdict: Verification) -> HttpResponse {
    HttpResponse::Unauthorized().body(format!("{verdict:?}"))
}

fn forged() -> Vec<String> {
    vec![
        format!("L402 {MACAROON}:{PREIMAGE}"),
        format!("lsat   {MACAROON}:{PREIMAGE}"),
        format!("L402 {MACAROON}{PREIMAGE}"),
        format!("L402 {MACAROON}:{PREIMAGE}\u{e9}"),
        format!("L402 {MACAROON}:{PREIMAGE}{PREIMAGE}"),
        format!("Payment {MACAROON}"),
        format!("Bearer {MACAROON}"),
        format!("L402 {}:{PREIMAGE}", MACAROON.repeat(300)),
    ]
}

/// The broker's faults, each with all the secrets in its own words.
fn faults() -> Vec<Fault> {
    let words = format!("{KEY} {MACAROON} {PREIMAGE} \"{MACAROON}:{PREIMAGE}\"\r\n");
    let said = json!({ "error": words, "message": words, "current_plan": words });
    let mut faults: Vec<Fault> = [400, 401, 402, 403, 404, 429, 500, 503]
        .map(|status| Fault::status(status).header("X-Echo", KEY).body(said.to_string()))
        .to_vec();
    faults.extend([
        Fault::status(500).body(words.clone()),
        Fault::status(200).body(words.clone()),
        Fault::json(json!({ "valid": false, "error": words })),
        Fault::json(json!({ "valid": words, "invoice": 5, "macaroon": [words] })),
        Fault::json(json!({ "valid": true, "resource": words, "amountSats": words })),
        Fault::redirect(format!("http://{KEY}.test/{MACAROON}?{PREIMAGE}")),
        Fault::reset(),
        Fault::truncated(),
        Fault::hang(),
        Fault::edit(|reply| reply["macaroon"] = json!(format!("{MACAROON}\"\r\n"))),
        Fault::edit(|reply| reply["invoice"] = json!(format!("{PREIMAGE}\"\r\n"))),
    ]);
    faults
}

async fn shop(sandbox: &Sandbox, on_invalid_token: OnInvalidToken) -> Api {
    let client = L402Client::builder(KEY)
        .base_url(sandbox.url())
        .timeout(Duration::from_millis(1500))
        .build()
        .unwrap();
    let config = config(client)
        .mpp(true)
        .credential_header(HeaderName::from_static("x-credential"))
        .on_invalid_token(on_invalid_token);
    Api::serve(move |app| {
        let both = web::scope("/both")
            .app_data(config.clone())
            .app_data(web::Data::new(config.clone()))
            .service(weather);
        let scope = web::scope("/scope").wrap(RequirePayment::sats(5)).service(page);
        app.service(web::scope("/none").service(weather)).service(both).service(
            web::scope("")
                .app_data(config.clone())
                .service(weather)
                .service(sibling)
                .service(panics)
                .service(scope),
        );
    })
    .await
}

fn debug_of_all_public_types(written: &Written, sandbox: &Sandbox, credential: &str) {
    let verify = VerifyRequest::from_credential(credential).unwrap();
    written.note("verify request", verify.resource("/weather").amount_sats(1));
    written.note("verify request", VerifyRequest::new(MACAROON, PREIMAGE));
    written.note("verify request", VerifyRequest::preimage_only(PREIMAGE));
    let minted = json!({
        "invoice": "lnbcrt1", "macaroon": MACAROON, "paymentHash": "ab", "expiresAt": "2030",
        "resource": "/a", "priceSats": 1, "mppChallenge": format!("Payment id=\"{PREIMAGE}\""),
    });
    written.note("challenge", serde_json::from_value::<Challenge>(minted).unwrap());
    let builder = || L402Client::builder(KEY).base_url(format!("http://u:{KEY}@localhost"));
    written.note("builder", builder());
    written.note("refused settings", builder().build());
    for key in [format!("${{{KEY}}}"), format!("{KEY}\r\n{KEY}"), format!("{KEY}\u{e9}\0")] {
        let built = L402Client::new(key).map_err(|err| format!("{err} {err:?}"));
        written.note("refused key", built);
    }
    let client = L402Client::builder(KEY).base_url(sandbox.url()).build().unwrap();
    written.note("config", config(client.clone()).on_invalid_token(OnInvalidToken::custom(refuse)));
    written.note("client", client);
    written.note("challenge request", ChallengeRequest::new("/a", 1).description("d"));
    written.note("payment", Payment::for_tests("/a", 1));
    written.note("price and middleware", (Price::sats(1), RequirePayment::sats(1)));
    written.note("sandbox", sandbox);
    written.note("sandbox builder", Sandbox::builder().api_key(KEY));
    for malformed in forged() {
        for read in [VerifyRequest::from_credential, VerifyRequest::from_mpp_credential] {
            written.note("credential", read(&malformed).map_err(|err| format!("{err} {err:?}")));
        }
    }
}

async fn errors_of_each_call(written: &Written, sandbox: &Sandbox) {
    let client = L402Client::builder(KEY)
        .base_url(sandbox.url())
        .timeout(Duration::from_millis(500))
        .build()
        .unwrap();
    for fault in faults() {
        sandbox.fault(fault.times(3));
        let mint = client.create_challenge(&ChallengeRequest::new("/a", 1)).await.err();
        let verdict = client.verify_token(&VerifyRequest::new(MACAROON, PREIMAGE)).await;
        let check = client.check().await.err();
        sandbox.clear_faults();
        written.note("verdict", verdict.as_ref().ok().map(|verdict| &verdict.error));
        for err in [mint, verdict.err(), check].into_iter().flatten() {
            written.note("error", shown_with_its_sources(&err));
        }
    }
}

fn shown_with_its_sources(err: &L402Error) -> String {
    let mut shown = format!("{err} {err:?}");
    let mut source = err.source();
    while let Some(err) = source {
        shown = format!("{shown} {err} {err:?}");
        source = err.source();
    }
    shown
}

#[actix_web::test]
async fn no_log_no_debug_no_error_no_panic_and_no_refusal_shows_a_key_a_macaroon_or_a_preimage() {
    if !is_alone(
        "secrets::no_log_no_debug_no_error_no_panic_and_no_refusal_shows_a_key_a_macaroon_or_a_preimage",
    ) {
        return;
    }
    let written = Written::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(written.clone())
        .init();
    let panicked = written.clone();
    panic::set_hook(Box::new(move |panic| panicked.note("panic", panic.to_string())));

    let sandbox = Sandbox::builder().api_key(KEY).start().await.unwrap();
    let mut bought = Vec::new();
    for on_invalid_token in [
        OnInvalidToken::Diagnose,
        OnInvalidToken::Unauthorized,
        OnInvalidToken::Rechallenge,
        OnInvalidToken::custom(refuse),
    ] {
        let api = shop(&sandbox, on_invalid_token).await;
        for path in ["/weather", "/panics", "/scope/page"] {
            let credential = api.buy(path, &sandbox).await;
            // A panic ends the connection, so there may be no answer.
            let paid = api.get(path).header("Authorization", &credential).send().await;
            assert_eq!(paid.is_ok_and(|paid| paid.status() == 200), path != "/panics");
            let answer = api.ask_with("/sibling", &credential).await;
            assert!(matches!(answer.status, 401 | 402));
            bought.push(credential);
        }
        let paths = ["/weather", "/scope/page", "/none/weather", "/both/weather"];
        for credential in forged() {
            for path in paths {
                let answer = api.ask_with(path, &credential).await;
                if answer.status != 402 {
                    written.note("answer", (&answer.headers, &answer.body));
                }
                let own = api.get(path).header("X-Credential", &credential).send().await;
                assert!(own.unwrap().status() != 200);
            }
        }
        for fault in faults() {
            sandbox.fault(fault.always());
            let credential = forged().swap_remove(0);
            for answer in [api.ask("/weather").await, api.ask_with("/weather", &credential).await] {
                if answer.status != 402 {
                    written.note("answer", (answer.status, &answer.headers, &answer.body));
                }
            }
            sandbox.clear_faults();
        }
    }
    errors_of_each_call(&written, &sandbox).await;
    debug_of_all_public_types(&written, &sandbox, &bought[0]);
    let _ = panic::take_hook();

    let text = written.text().to_lowercase();
    // All of it was listened to: our lines, those of the crates below, a panic, an answer.
    for heard in
        ["l402_actix", "reqwest", "actix", "a handler's own panic", "answer: ", "[redacted]"]
    {
        assert!(text.contains(heard), "{heard} was not heard");
    }
    let mut secrets = vec![KEY.to_owned(), MACAROON.to_owned(), PREIMAGE.to_owned()];
    for credential in &bought {
        secrets.extend(credential.split([' ', ':']).skip(1).map(str::to_owned));
    }
    for secret in secrets {
        let found = text.find(&secret.to_lowercase());
        let around = found.map(|at| &text[at.saturating_sub(300)..(at + 100).min(text.len())]);
        assert_eq!(around, None, "{secret} was shown");
    }
}
