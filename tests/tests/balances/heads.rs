//! What an answer hands out in its headers is paid for, also where `HEAD` asks for it.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ETAG, LOCATION, REFRESH, SET_COOKIE},
    route, web,
};
use l402_actix::{Balance, L402Config, MemoryStore, RequirePayment, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api, TestStore};
use reqwest::Method;

use super::eventually;

/// What is sold: a link for whoever asks, signed anew for each.
fn link(request: &HttpRequest) -> HttpResponse {
    let signed = "https://bucket.example/film.mp4?signature=7";
    match request.query_string() {
        "sent" => HttpResponse::Found().insert_header((LOCATION, signed)).finish(),
        "made" => HttpResponse::Created().insert_header((LOCATION, signed)).finish(),
        "refreshed" => HttpResponse::Ok().insert_header((REFRESH, format!("0; {signed}"))).finish(),
        "cookie" => HttpResponse::Ok().insert_header((SET_COOKIE, "signed=7")).finish(),
        "unchanged" => HttpResponse::NotModified().insert_header((SET_COOKIE, "signed=7")).finish(),
        "bare" => HttpResponse::Ok().insert_header((ETAG, "\"7\"")).body("the film"),
        "bare_unchanged" => HttpResponse::NotModified().insert_header((ETAG, "\"7\"")).finish(),
        "absent" => HttpResponse::NotFound().finish(),
        "choices" => HttpResponse::MultipleChoices().finish(),
        _ => HttpResponse::ImATeapot().finish(),
    }
}

const HANDS_OUT: [&str; 5] = ["sent", "made", "refreshed", "cookie", "unchanged"];

#[route("/uses", method = "GET", method = "HEAD")]
#[l402(price_sats = 100, uses = 3)]
async fn uses(request: HttpRequest) -> HttpResponse {
    link(&request)
}

/// It never draws.
#[route("/units", method = "GET", method = "HEAD")]
#[l402(price_sats = 100, units = 30, hold = 10)]
async fn units(request: HttpRequest, _balance: Balance) -> HttpResponse {
    link(&request)
}

async fn proxied(request: HttpRequest) -> HttpResponse {
    link(&request)
}

struct Shop {
    api: Api,
    sandbox: Sandbox,
}

impl Shop {
    async fn open() -> Self {
        let sandbox = Sandbox::start().await;
        let store = TestStore::around(MemoryStore::new());
        let config: L402Config = l402_tests::config(sandbox.client()).balances(store);
        let api = Api::serve(move |app| {
            let proxy =
                web::scope("/proxy").wrap(RequirePayment::sats(100).resource("all").uses(3));
            app.app_data(config.clone())
                .service((uses, units))
                .service(proxy.default_service(web::to(proxied)));
        })
        .await;
        Self { api, sandbox }
    }

    async fn head(&self, path: &str, credential: &str) -> Answer {
        // One that follows no redirect.
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let client = client.no_proxy().build().unwrap();
        let url = format!("http://{}{path}", self.api.address());
        Answer::to(client.request(Method::HEAD, url).header("authorization", credential)).await
    }

    /// What is left, in uses or in tens of units.
    async fn left(&self, path: &str, credential: &str) -> String {
        let head = self.head(&format!("{path}?bare"), credential).await;
        head.header("ratelimit").rsplit('=').next().unwrap().to_owned()
    }
}

#[actix_web::test]
async fn an_answer_to_head_that_hands_out_a_link_or_a_cookie_costs_what_one_to_get_does() {
    let shop = Shop::open().await;
    for (path, left) in [("/uses", "2"), ("/units", "20"), ("/proxy/film", "2")] {
        for hands_out in HANDS_OUT {
            let credential = shop.api.buy(&format!("{path}?bare"), &shop.sandbox).await;
            shop.head(&format!("{path}?{hands_out}"), &credential).await;
            eventually(&format!("{left} after {path}?{hands_out}"), async || {
                shop.left(path, &credential).await == left
            })
            .await;
        }
    }
}

#[actix_web::test]
async fn one_use_is_one_link_whichever_method_asks_for_it() {
    let shop = Shop::open().await;
    let credential = shop.api.buy("/uses?sent", &shop.sandbox).await;
    let mut links = 0;
    for _ in 0..8 {
        links += shop.head("/uses?sent", &credential).await.all("location").len();
    }
    assert_eq!(links, 3, "of three uses");
}

#[actix_web::test]
async fn an_answer_to_head_is_free_where_get_would_be_answered_with_a_body_or_not_modified() {
    let shop = Shop::open().await;
    for path in ["/uses", "/proxy/film"] {
        let credential = shop.api.buy(&format!("{path}?bare"), &shop.sandbox).await;
        for bare in ["bare", "bare_unchanged", "bare"] {
            shop.head(&format!("{path}?{bare}"), &credential).await;
        }
        assert_eq!(shop.left(path, &credential).await, "3", "{path}");
        // These say all that an answer to `GET` says.
        for (spent, left) in [("absent", "2"), ("choices", "1")] {
            shop.head(&format!("{path}?{spent}"), &credential).await;
            eventually(&format!("{left} after {path}?{spent}"), async || {
                shop.left(path, &credential).await == left
            })
            .await;
        }
    }
}
