//! `extract_first`: who would be refused as malformed is not asked for money.

use actix_web::{
    Error, FromRequest, HttpMessage as _, HttpRequest, dev::Payload as Body, error, post, web,
};
use l402_actix::{L402Config, Payment, Price, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api, Calls};
use reqwest::{Method, header::AUTHORIZATION};
use serde::Deserialize;

use crate::mpp::pay_by_mpp;

#[derive(Deserialize)]
struct Prompt {
    text: String,
}

#[post("/first")]
#[l402(price_sats = 100, extract_first)]
async fn first(payment: Payment, prompt: web::Json<Prompt>, calls: web::Data<Calls>) -> String {
    calls.count();
    format!("{} for {}", prompt.text, payment.amount_sats)
}

#[post("/later")]
#[l402(price_sats = 100)]
async fn later(prompt: web::Json<Prompt>) -> String {
    prompt.text.clone()
}

/// A body that leaves its price behind.
struct Priced(String);

#[derive(Clone, Copy)]
struct Letters(u64);

impl FromRequest for Priced {
    type Error = Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, body: &mut Body) -> Self::Future {
        let text = String::from_request(request, body);
        let request = request.clone();
        Box::pin(async move {
            let text = text.await?;
            request.extensions_mut().insert(Letters(text.len() as u64));
            Ok(Self(text))
        })
    }
}

async fn by_letters(request: HttpRequest) -> Result<Price, Error> {
    let length = request.extensions().get::<Letters>().copied();
    let Letters(length) = length.ok_or_else(|| error::ErrorImATeapot("not extracted"))?;
    Ok(if length == 4 { Price::FREE } else { Price::sats(length) })
}

/// One payment is for one text.
fn by_text(request: &HttpRequest) -> String {
    request.extensions().get::<Letters>().map_or_else(
        || request.path().to_owned(),
        |Letters(length)| format!("a text of {length} letters"),
    )
}

#[post("/text")]
#[l402(price_sats = 5, resource_with = by_text, extract_first)]
async fn by_the_text(body: Priced) -> String {
    body.0
}

#[post("/configured-text")]
#[l402(price_sats = 5, extract_first)]
async fn configured_text(body: Priced) -> String {
    body.0
}

#[post("/letters")]
#[l402(price_with = by_letters, extract_first, resource = "letters")]
async fn letters(body: Priced, payment: Option<Payment>, calls: web::Data<Calls>) -> String {
    calls.count();
    format!("{} {:?}", body.0.len(), payment.map(|payment| payment.amount_sats))
}

/// An extractor that looks for a payment by itself.
struct Customer;

impl FromRequest for Customer {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, body: &mut Body) -> Self::Future {
        let payment = Payment::from_request(request, body).into_inner();
        std::future::ready(payment.map(|_| Self).map_err(Into::into))
    }
}

#[post("/customer")]
#[l402(price_sats = 7, extract_first)]
async fn customer(_customer: Customer, prompt: web::Json<Prompt>) -> String {
    prompt.text.clone()
}

struct Desk {
    api: Api,
    sandbox: Sandbox,
    calls: Calls,
}

impl Desk {
    async fn open() -> Self {
        Self::with(|config| config).await
    }

    async fn with(settings: impl Fn(L402Config) -> L402Config) -> Self {
        let sandbox = Sandbox::start().await;
        let config = settings(L402Config::new(sandbox.client()));
        let calls = Calls::default();
        let counter = calls.clone();
        let api = Api::serve(move |app| {
            app.app_data(config.clone()).app_data(web::Data::new(counter.clone())).service((
                first,
                later,
                letters,
                by_the_text,
                configured_text,
                customer,
            ));
        })
        .await;
        Self { api, sandbox, calls }
    }

    async fn post(&self, path: &str, body: &str, credential: Option<&str>) -> Answer {
        let mut request = self.api.request(Method::POST, path).body(body.to_owned());
        if !["/letters", "/text", "/configured-text"].contains(&path) {
            request = request.header("Content-Type", "application/json");
        }
        if let Some(credential) = credential {
            request = request.header(AUTHORIZATION, credential);
        }
        Answer::to(request).await
    }

    async fn buy(&self, path: &str, body: &str) -> String {
        let answer = self.post(path, body, None).await;
        assert_eq!(answer.status, 402, "{}", answer.body);
        l402_tests::pay(&self.sandbox, &answer.headers)
    }
}

#[actix_web::test]
async fn a_malformed_request_is_refused_before_it_is_asked_for_money() {
    let desk = Desk::open().await;
    let answer = desk.post("/first", "{", None).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert!(answer.all("www-authenticate").is_empty());
    assert_eq!(desk.sandbox.mints(), 0);
    // Without the key the money is asked for first.
    assert_eq!(desk.post("/later", "{", None).await.status, 402);
    assert_eq!(desk.calls.so_far(), 0);
}

#[actix_web::test]
async fn a_well_formed_request_pays_and_its_handler_gets_the_body_and_the_payment() {
    let desk = Desk::open().await;
    let body = r#"{"text":"hello"}"#;
    let credential = desk.buy("/first", body).await;
    assert_eq!(desk.calls.so_far(), 0);
    let answer = desk.post("/first", body, Some(&credential)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "hello for 100"));
}

#[actix_web::test]
async fn a_refused_credential_is_refused_before_its_body_is_looked_at() {
    let desk = Desk::open().await;
    let answer = desk.post("/first", "{", Some("L402 AA:00")).await;
    assert_eq!(answer.status, 401, "{}", answer.body);
}

/// What the extractors leave is there when the token is sold, so it has to be there when it is
/// verified: else who has paid would be asked to pay for something else.
#[actix_web::test]
async fn a_resource_that_depends_on_the_body_is_the_same_before_and_after_the_payment() {
    for (path, configured) in [("/text", false), ("/configured-text", true)] {
        let desk =
            Desk::with(|config| if configured { config.resource_with(by_text) } else { config })
                .await;
        let credential = desk.buy(path, "hello").await;
        let answer = desk.post(path, "hello", Some(&credential)).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "hello"), "{path}");
        assert_eq!(desk.post(path, "hi", Some(&credential)).await.status, 402, "{path}");
        assert_eq!(desk.sandbox.payments(), 1);
    }
}

#[actix_web::test]
async fn a_malformed_paid_request_keeps_its_token() {
    let desk = Desk::open().await;
    let body = r#"{"text":"hello"}"#;
    let credential = desk.buy("/first", body).await;
    assert_eq!(desk.post("/first", "{", Some(&credential)).await.status, 400);
    assert_eq!(desk.post("/first", body, Some(&credential)).await.status, 200);
    assert_eq!(desk.sandbox.payments(), 1);
}

/// The broker takes a payment without a macaroon once, so the body is looked at before that.
#[actix_web::test]
async fn a_malformed_request_paid_by_mpp_keeps_its_payment() {
    let desk = Desk::with(|config| config.mpp(true)).await;
    let body = r#"{"text":"hello"}"#;
    let challenge = desk.post("/first", body, None).await;
    let payment = pay_by_mpp(&desk.sandbox, &challenge);
    let refused = desk.post("/first", "{", Some(&payment)).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert_eq!((desk.sandbox.verifies(), desk.calls.so_far()), (0, 0));
    let answer = desk.post("/first", body, Some(&payment)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "hello for 100"));
    assert_eq!(desk.sandbox.payments(), 1);
    assert_eq!(desk.post("/first", body, Some(&payment)).await.status, 402, "good for one answer");
    assert_eq!(desk.calls.so_far(), 1);
}

#[actix_web::test]
async fn a_price_may_depend_on_the_body_at_the_mint_and_at_the_verification() {
    let desk = Desk::open().await;
    let ten = "0123456789";
    let answer = desk.post("/letters", ten, None).await;
    assert_eq!(answer.json()["l402"]["amount_sats"], 10);
    let credential = l402_tests::pay(&desk.sandbox, &answer.headers);

    let answer = desk.post("/letters", &ten.repeat(2), Some(&credential)).await;
    assert_eq!(answer.status, 402, "paid for ten letters and sent twenty");
    assert_eq!(desk.calls.so_far(), 0);
    let answer = desk.post("/letters", ten, Some(&credential)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "10 Some(10)"));
    assert_eq!(desk.post("/letters", "four", None).await.body, "4 None");
}

#[actix_web::test]
async fn a_body_of_many_chunks_reaches_the_handler_whole() {
    let desk = Desk::open().await;
    let long = "x".repeat(200_000);
    let credential = desk.buy("/letters", &long).await;
    let answer = desk.post("/letters", &long, Some(&credential)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "200000 Some(200000)"));
}

#[actix_web::test]
async fn an_empty_body_is_priced_as_one_and_a_computed_zero_is_not_free() {
    let desk = Desk::open().await;
    let answer = desk.post("/letters", "", None).await;
    assert_eq!(answer.status, 500, "{}", answer.body);
    assert_eq!(desk.calls.so_far(), 0);
}

#[actix_web::test]
async fn an_extractor_that_wants_the_payment_for_itself_is_not_in_the_way() {
    let desk = Desk::open().await;
    assert_eq!(desk.post("/customer", "{", None).await.status, 400);
    let body = r#"{"text":"hello"}"#;
    let credential = desk.buy("/customer", body).await;
    assert_eq!(desk.post("/customer", body, Some(&credential)).await.body, "hello");
}

#[actix_web::test]
async fn options_tries_no_extractor() {
    let desk = Desk::open().await;
    let service = web::resource("/any").route(web::route().to(any));
    let config = L402Config::new(desk.sandbox.client());
    let app = actix_web::App::new().app_data(config).service(service);
    let app = actix_web::test::init_service(app).await;
    let request = actix_web::test::TestRequest::with_uri("/any")
        .method(actix_web::http::Method::OPTIONS)
        .to_request();
    assert_eq!(actix_web::test::call_service(&app, request).await.status(), 204);
}

#[l402(price_sats = 1, extract_first)]
async fn any(_: Untouchable) -> &'static str {
    "any"
}

struct Untouchable;

impl FromRequest for Untouchable {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(_: &HttpRequest, _: &mut Body) -> Self::Future {
        panic!("extracted");
    }
}
