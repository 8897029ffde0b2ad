//! Price and resource functions take extractors, so they see what the handler is served with.

use actix_web::{
    Error, HttpRequest, Responder, delete, error, get, post, route,
    web::{self, Bytes, Json, Path, Query},
};
use l402_actix::{L402Config, Payment, Price, RequirePayment, ResourceBy, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api, Calls, pay};
use reqwest::{Method, header::AUTHORIZATION};
use serde::Deserialize;

#[derive(Deserialize)]
struct Prompt {
    text: String,
}

#[derive(Deserialize)]
struct Ask {
    model: String,
}

async fn by_length(prompt: Json<Prompt>) -> Result<Price, Error> {
    Ok(Price::sats(prompt.text.len() as u64))
}

async fn by_text(prompt: Json<Prompt>) -> Result<String, Error> {
    Ok(format!("text {}", prompt.text))
}

async fn by_model(ask: Query<Ask>) -> Result<Option<Price>, Error> {
    Ok((ask.model == "premium").then_some(Price::sats(500)))
}

async fn by_language(lang: Path<String>, request: HttpRequest) -> Result<Price, Error> {
    match lang.as_str() {
        "c++" => Ok(Price::sats(500)),
        "none" => Err(error::ErrorNotFound(format!("{} is not for sale", request.path()))),
        _ => Ok(Price::sats(5)),
    }
}

/// Asks with a body, with a credential if there is one.
async fn post_text(api: &Api, path: &str, text: &str, credential: Option<&str>) -> Answer {
    let body = serde_json::json!({ "text": text }).to_string();
    let mut request =
        api.request(Method::POST, path).header("Content-Type", "application/json").body(body);
    if let Some(credential) = credential {
        request = request.header(AUTHORIZATION, credential);
    }
    Answer::to(request).await
}

fn sats(answer: &Answer) -> u64 {
    assert_eq!(answer.status, 402, "{}", answer.body);
    answer.json()["l402"]["amount_sats"].as_u64().expect("an amount")
}

#[post("/translate")]
#[l402(price_with = by_length, resource_with = by_text)]
async fn translate(prompt: Json<Prompt>, payment: Payment, calls: web::Data<Calls>) -> String {
    calls.count();
    format!("{} for {}", prompt.text, payment.amount_sats)
}

/// The body has four readers here: the trial, both functions, and the handler.
#[post("/translate-after")]
#[l402(price_with = by_length, resource_with = by_text, extract_first)]
async fn translate_after(prompt: Json<Prompt>, payment: Payment) -> String {
    format!("{} for {}", prompt.text, payment.amount_sats)
}

#[get("/ask")]
#[l402(price_sats = 100)]
async fn asked(ask: Query<Ask>) -> String {
    ask.model.clone()
}

#[get("/lang/{lang}")]
#[l402(price_with = by_language)]
async fn language(lang: Path<String>) -> String {
    lang.into_inner()
}

async fn free_text(prompt: Json<Prompt>) -> String {
    prompt.text.clone()
}

struct Shop {
    api: Api,
    sandbox: Sandbox,
    calls: Calls,
}

async fn open(settings: impl Fn(L402Config) -> L402Config) -> Shop {
    let sandbox = Sandbox::start().await;
    let config = settings(L402Config::new(sandbox.client()));
    let calls = Calls::default();
    let counter = calls.clone();
    let api = Api::serve(move |app| {
        let wrapped = web::resource("/wrapped")
            .wrap(RequirePayment::price_with(by_length).resource_with(by_text))
            .route(web::post().to(free_text));
        let path_in_resource = web::resource("/wrapped-lang/{lang}")
            .wrap(RequirePayment::price_with(by_language))
            .to(|| async { "paid" });
        let path_in_scope = web::scope("/scoped-lang")
            .wrap(RequirePayment::price_with(by_language))
            .route("/{lang}", web::get().to(|| async { "paid" }));
        app.app_data(config.clone())
            .app_data(web::Data::new(counter.clone()))
            .service((translate, translate_after, asked, language))
            .service((wrapped, path_in_resource, path_in_scope));
    })
    .await;
    Shop { api, sandbox, calls }
}

#[actix_web::test]
async fn a_price_by_the_body_is_asked_and_the_handler_reads_the_body_again() {
    let Shop { api, sandbox, calls } = open(|config| config).await;
    for path in ["/translate", "/translate-after", "/wrapped"] {
        let unpaid = post_text(&api, path, "hello", None).await;
        assert_eq!(sats(&unpaid), 5, "{path}");
        let credential = pay(&sandbox, &unpaid.headers);
        let paid = post_text(&api, path, "hello", Some(&credential)).await;
        assert_eq!(paid.status, 200, "{path}: {}", paid.body);
        assert!(paid.body.starts_with("hello"), "{path}: {}", paid.body);
    }
    assert_eq!(calls.so_far(), 1);
}

#[actix_web::test]
async fn a_payment_for_one_text_opens_no_other() {
    let Shop { api, sandbox, calls } = open(|config| config).await;
    for path in ["/translate", "/translate-after", "/wrapped"] {
        let unpaid = post_text(&api, path, "hello", None).await;
        let credential = pay(&sandbox, &unpaid.headers);
        let other = post_text(&api, path, "world", Some(&credential)).await;
        assert_eq!(sats(&other), 5, "{path}");
    }
    assert_eq!(calls.so_far(), 0);
}

#[actix_web::test]
async fn what_a_function_cannot_extract_is_refused_before_money_is_asked_for() {
    let Shop { api, sandbox, .. } = open(|config| config).await;
    for path in ["/translate", "/translate-after", "/wrapped"] {
        let request = api
            .request(Method::POST, path)
            .header("Content-Type", "application/json")
            .body("{\"no\": 1}");
        assert_eq!(Answer::to(request).await.status, 400, "{path}");
    }
    let gone = api.ask("/lang/none").await;
    assert_eq!((gone.status, gone.body.as_str()), (404, "/lang/none is not for sale"));
    assert!(sandbox.requests().is_empty(), "nobody was asked for money");
}

#[actix_web::test]
async fn another_spelling_of_the_same_request_costs_the_same() {
    let Shop { api, sandbox: _sandbox, .. } = open(|config| config.price_with(by_model)).await;
    for query in ["model=premium", "model=%70remium", "model=premium&", "&model=premium"] {
        assert_eq!(sats(&api.ask(&format!("/ask?{query}")).await), 500, "{query}");
    }
    assert_eq!(sats(&api.ask("/ask?model=other").await), 100);
    let Shop { api, sandbox: _sandbox, .. } = open(|config| config).await;
    for spelling in ["c++", "c%2B%2B", "c%2b+", "%63++"] {
        let answer = api.ask(&format!("/lang/{spelling}")).await;
        assert_eq!((spelling, sats(&answer)), (spelling, 500));
        assert_eq!(sats(&api.ask(&format!("/wrapped-lang/{spelling}")).await), 500, "{spelling}");
    }
}

#[actix_web::test]
async fn a_path_that_is_not_matched_yet_is_the_merchants_mistake() {
    let Shop { api, sandbox, .. } = open(|config| config).await;
    assert_eq!(api.ask("/scoped-lang/c++").await.status, 500);
    assert!(sandbox.requests().is_empty());
}

async fn by_tenant(tenant: Path<u32>) -> Result<Price, Error> {
    Ok(Price::sats(u64::from(*tenant)))
}

async fn by_tenant_and_note(ids: Path<(u32, u32)>) -> Result<Price, Error> {
    Ok(Price::sats(u64::from(ids.0 + ids.1)))
}

#[derive(Deserialize)]
struct Note {
    tenant: u32,
    id: u32,
}

async fn by_names(note: Path<Note>) -> Result<Price, Error> {
    Ok(Price::sats(u64::from(note.tenant + note.id)))
}

#[actix_web::test]
async fn a_path_around_a_scope_that_cannot_be_read_is_the_clients_mistake_and_a_missing_one_is_not()
{
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client());
    let api = Api::serve(move |app| {
        let notes = |scope: &str, gate| web::scope(scope).wrap(gate).service(read);
        app.app_data(config.clone())
            .service(notes("/two/{tenant}", RequirePayment::price_with(by_tenant_and_note)))
            .service(notes("/names/{tenant}", RequirePayment::price_with(by_names)))
            .service(notes("/{tenant}", RequirePayment::price_with(by_tenant)));
    })
    .await;
    assert_eq!(sats(&api.ask("/7/notes/1").await), 7);
    for path in ["/abc/notes/1", "/-1/notes/1", "/abc/nothing", "/99999999999/notes/1"] {
        let answer = api.ask(path).await;
        assert_eq!(answer.status, 404, "as Actix answers it: {path}: {}", answer.body);
    }
    for path in ["/two/7/notes/1", "/two/abc/notes/1", "/names/7/notes/1"] {
        assert_eq!(api.ask(path).await.status, 500, "the scope has not matched the id: {path}");
    }
    assert_eq!(sandbox.requests().len(), 1, "nobody else was asked for money");
}

async fn by_size(body: Bytes) -> Result<Price, Error> {
    Ok(Price::sats(body.len() as u64))
}

/// Reads as much as it gets, and does not care.
async fn by_whatever(body: Option<Bytes>) -> Result<Price, Error> {
    Ok(Price::sats(body.map_or(1, |body| body.len() as u64)))
}

#[post("/size")]
#[l402(price_with = by_size)]
async fn size(body: Bytes) -> impl Responder {
    body.len().to_string()
}

#[post("/whatever")]
#[l402(price_with = by_whatever)]
async fn whatever(body: Bytes) -> impl Responder {
    body.len().to_string()
}

#[post("/tried")]
#[l402(price_sats = 1, extract_first)]
async fn tried(body: Bytes) -> impl Responder {
    body.len().to_string()
}

#[post("/stated")]
#[l402(price_sats = 1)]
async fn stated(body: Bytes) -> impl Responder {
    body.len().to_string()
}

#[actix_web::test]
async fn a_body_beyond_the_limit_is_refused_before_money_is_asked_for() {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client()).body_limit(1000);
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).service((size, whatever, tried, stated));
    })
    .await;
    let post = |path: &str, bytes: usize| {
        Answer::to(api.request(Method::POST, path).body("x".repeat(bytes)))
    };
    for path in ["/size", "/whatever", "/tried"] {
        let answer = post(path, 1001).await;
        assert_eq!(answer.status, 413, "{path}: {}", answer.body);
        assert!(sandbox.requests().is_empty(), "{path}");
    }
    for path in ["/size", "/whatever", "/tried", "/stated"] {
        assert_eq!(post(path, 1000).await.status, 402, "{path}");
    }
    // What nobody reads before the handler is the handler's to limit.
    let credential = pay(&sandbox, &post("/stated", 5000).await.headers);
    let request = api.request(Method::POST, "/stated").body("x".repeat(5000));
    let paid = Answer::to(request.header(AUTHORIZATION, credential)).await;
    assert_eq!((paid.status, paid.body.as_str()), (200, "5000"));
}

#[route("/notes/{id}", method = "GET", method = "HEAD")]
#[l402(price_sats = 10)]
async fn read(id: Path<u32>) -> String {
    format!("note {id}")
}

#[delete("/notes/{id}")]
#[l402(price_sats = 10)]
async fn remove(id: Path<u32>) -> String {
    format!("{id} is gone")
}

async fn notes(by: ResourceBy) -> (Api, Sandbox) {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client()).resource_by(by);
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).service(web::scope("/v1").service((read, remove)));
    })
    .await;
    (api, sandbox)
}

#[actix_web::test]
async fn a_resource_by_method_and_pattern_opens_what_it_says() {
    for (by, resource, other_note, removal) in [
        (ResourceBy::Path, "/v1/notes/7", 402, 200),
        (ResourceBy::Pattern, "/v1/notes/{id}", 200, 200),
        (ResourceBy::MethodAndPath, "GET /v1/notes/7", 402, 402),
        (ResourceBy::MethodAndPattern, "GET /v1/notes/{id}", 200, 402),
    ] {
        let (api, sandbox) = notes(by).await;
        let credential = api.buy("/v1/notes/7", &sandbox).await;
        assert_eq!(sandbox.requests()[0].body["resource"], resource);
        let with = |method: Method, path: &str| {
            Answer::to(api.request(method, path).header(AUTHORIZATION, credential.clone()))
        };
        assert_eq!(with(Method::GET, "/v1/notes/7").await.status, 200, "{by:?}");
        assert_eq!(with(Method::HEAD, "/v1/notes/7").await.status, 200, "{by:?}");
        assert_eq!(with(Method::GET, "/v1/notes/8").await.status, other_note, "{by:?}");
        assert_eq!(with(Method::DELETE, "/v1/notes/7").await.status, removal, "{by:?}");
    }
}

#[actix_web::test]
async fn a_resource_that_no_header_carries_is_refused() {
    let shouting = |config: L402Config| config.resource_with(|_: &HttpRequest| "a\nb".to_owned());
    let Shop { api, sandbox, .. } = open(shouting).await;
    assert_eq!(api.ask("/ask?model=a").await.status, 400);
    assert!(sandbox.requests().is_empty());
}
