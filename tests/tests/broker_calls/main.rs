//! How many calls of the broker a request costs, counted by the broker itself.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod budget;
mod cache;
mod cache_races;
mod false_counts;
mod identity;
mod refused;
mod reuse;
mod reuse_ends;
mod workers;

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use actix_web::{Error, HttpRequest, Responder, get, rt, web};
use l402_actix::{L402Config, OnInvalidToken, Price, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api};

#[get("/weather")]
#[l402(price_sats = 100)]
async fn weather() -> impl Responder {
    "sunny"
}

#[get("/dear")]
#[l402(price_sats = 500)]
async fn dear() -> impl Responder {
    "dear"
}

#[get("/described")]
#[l402(price_sats = 100, resource = "/weather", description = "The weather")]
async fn described() -> impl Responder {
    "described"
}

#[get("/any/{what}")]
#[l402(price_sats = 1)]
async fn any(what: web::Path<String>) -> impl Responder {
    what.into_inner()
}

/// A price that a test can change while the API runs.
#[derive(Clone, Default)]
struct Tag(Arc<AtomicU64>);

async fn by_tag(request: HttpRequest) -> Result<Price, Error> {
    let tag = request.app_data::<web::Data<Tag>>().unwrap();
    Ok(Price::sats(tag.0.load(Ordering::SeqCst)))
}

#[get("/floating")]
#[l402(price_with = by_tag)]
async fn floating() -> impl Responder {
    "floating"
}

async fn by_tag_with_slack(request: HttpRequest) -> Result<Price, Error> {
    let sats = request.app_data::<web::Data<Tag>>().unwrap().0.load(Ordering::SeqCst);
    Ok(Price::sats(sats).accept(sats - sats / 10))
}

#[get("/floating-with-slack")]
#[l402(price_with = by_tag_with_slack)]
async fn floating_with_slack() -> impl Responder {
    "floating with slack"
}

#[get("/once/{what}")]
#[l402(price_sats = 100, single_use)]
async fn once(what: web::Path<String>) -> impl Responder {
    what.into_inner()
}

/// An API with the routes above and its broker.
struct Shop {
    api: Api,
    sandbox: Sandbox,
    tag: Tag,
}

impl Shop {
    async fn with(settings: impl Fn(L402Config) -> L402Config) -> Self {
        Self::on(Sandbox::start().await, settings).await
    }

    async fn on(sandbox: Sandbox, settings: impl Fn(L402Config) -> L402Config) -> Self {
        let config = settings(L402Config::new(sandbox.client()));
        let tag = Tag::default();
        let shown = tag.clone();
        let api = Api::serve(move |app| {
            app.app_data(config.clone())
                .app_data(web::Data::new(shown.clone()))
                .configure(routes)
                .service(
                    web::scope("/strict")
                        .app_data(config.clone().on_invalid_token(OnInvalidToken::Unauthorized))
                        .app_data(web::Data::new(shown.clone()))
                        .service(floating),
                );
        })
        .await;
        Self { api, sandbox, tag }
    }

    async fn buy(&self, path: &str) -> String {
        self.api.buy(path, &self.sandbox).await
    }

    fn price(&self, sats: u64) {
        self.tag.0.store(sats, Ordering::SeqCst);
    }
}

fn routes(app: &mut web::ServiceConfig) {
    app.service(weather)
        .service(dear)
        .service(described)
        .service(any)
        .service(floating)
        .service(floating_with_slack)
        .service(once);
}

/// Presents garbage from other clients again and again, until the account has no call for strangers.
async fn flood(shop: &Shop) {
    for number in 0..400 {
        let client = u8::try_from(20 + number % 200).unwrap();
        let request = shop.api.get_from(client, "/weather");
        let answer = Answer::to(request.header("Authorization", garbage(number))).await;
        if answer.status == 503 {
            return;
        }
        assert!(matches!(answer.status, 401 | 429), "{}", answer.status);
    }
    panic!("the budget never ends");
}

/// A credential that nobody has bought.
fn garbage(number: usize) -> String {
    format!("L402 AgEL:{number:064x}")
}

/// All at the same time; in order.
async fn together<F>(futures: impl IntoIterator<Item = F>) -> Vec<Answer>
where
    F: Future<Output = Answer> + 'static,
{
    let tasks: Vec<_> = futures.into_iter().map(rt::spawn).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

/// So many requests at the same time.
async fn crowd(api: &Api, path: &str, credential: Option<&str>, count: usize) -> Vec<Answer> {
    let requests = (0..count).map(|_| match credential {
        Some(credential) => api.get(path).header("Authorization", credential),
        None => api.get(path),
    });
    together(requests.map(Answer::to).collect::<Vec<_>>()).await
}

fn payment_hash(challenge: &Answer) -> String {
    assert_eq!(challenge.status, 402, "{}", challenge.body);
    challenge.json()["l402"]["payment_hash"].as_str().unwrap().to_owned()
}

/// The `Retry-After` in seconds, which no minute's budget makes longer than a minute.
fn retry_after(answer: &Answer) -> u64 {
    let seconds = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    seconds
}
