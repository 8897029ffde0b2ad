//! The checks of actix-web-grants: whoever has no right to call a handler hears no price, wherever
//! the check is written.

use std::collections::HashSet;

use actix_web::{
    Error, HttpResponse,
    dev::ServiceRequest,
    get, post,
    web::{self, Data},
};
use actix_web_grants::{GrantsMiddleware, protect};
use l402_actix::{L402Config, Payment, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api, Calls};

const ROLE: &str = "x-role";

/// The right to do this is asked for in a header.
async fn granted(request: &ServiceRequest) -> Result<HashSet<String>, Error> {
    let role = request.headers().get(ROLE);
    Ok(role.and_then(|role| role.to_str().ok()).map(str::to_owned).into_iter().collect())
}

fn denied() -> HttpResponse {
    HttpResponse::Forbidden().body("for editors only")
}

#[get("/between/{city}")]
#[l402(price_sats = 1)]
#[protect("EDITOR")]
async fn between(city: web::Path<String>, paid: Payment, calls: Data<Calls>) -> String {
    calls.count();
    format!("{city} {}", paid.amount_sats)
}

#[l402(price_sats = 1)]
#[get("/last")]
#[actix_web_grants::protect(any("EDITOR", "OWNER"), error = "denied")]
async fn last(calls: Data<Calls>) -> &'static str {
    calls.count();
    "last"
}

#[l402(price_sats = 1, extract_first)]
#[protect("EDITOR")]
#[post("/first")]
async fn first(body: web::Json<u8>, calls: Data<Calls>) -> Result<String, Error> {
    calls.count();
    Ok(body.to_string())
}

#[l402(price_sats = 1)]
#[protect("EDITOR")]
#[cfg_attr(all(), protect("EDITOR"))]
async fn plain(calls: Data<Calls>) -> &'static str {
    calls.count();
    "plain"
}

#[l402(price_sats = 1)]
mod priced {
    use super::{Calls, Data, get, l402, protect};

    #[protect("EDITOR")]
    #[get("/module/above")]
    pub(super) async fn above(calls: Data<Calls>) -> &'static str {
        calls.count();
        "above"
    }

    #[get("/module/own")]
    #[protect("EDITOR")]
    #[l402(price_sats = 2)]
    pub(super) async fn own(calls: Data<Calls>) -> &'static str {
        calls.count();
        "own"
    }
}

async fn open() -> (Api, Sandbox, Calls) {
    let sandbox = Sandbox::start().await;
    let (config, calls) = (L402Config::new(sandbox.client()), Calls::default());
    let seen = calls.clone();
    let api = Api::serve(move |app| {
        let paid = web::scope("")
            .wrap(GrantsMiddleware::with_extractor(granted))
            .service((between, last, first, priced::above, priced::own))
            .route("/plain", web::get().to(plain));
        app.app_data(config.clone()).app_data(Data::new(calls.clone())).service(paid);
    })
    .await;
    (api, sandbox, seen)
}

fn ask(api: &Api, path: &str, role: &str) -> reqwest::RequestBuilder {
    let request = match path {
        "/first" => api
            .request(reqwest::Method::POST, path)
            .header("content-type", "application/json")
            .body("7"),
        path => api.request(reqwest::Method::GET, path),
    };
    request.header(ROLE, role)
}

#[actix_web::test]
async fn strangers_are_turned_away_before_they_hear_a_price_and_payers_are_served() {
    let (api, sandbox, calls) = open().await;
    for (path, body) in [
        ("/between/Rome", "Rome 1"),
        ("/last", "last"),
        ("/first", "7"),
        ("/plain", "plain"),
        ("/module/above", "above"),
        ("/module/own", "own"),
    ] {
        let before = (sandbox.requests().len(), calls.so_far());
        let stranger = Answer::to(ask(&api, path, "READER")).await;
        let text = if path == "/last" { "for editors only" } else { "" };
        assert_eq!((stranger.status, stranger.body.as_str()), (403, text), "{path}");
        assert!(!stranger.headers.contains_key("www-authenticate"), "{path}");
        assert_eq!((sandbox.requests().len(), calls.so_far()), before, "{path}");

        let unpaid = Answer::to(ask(&api, path, "EDITOR")).await;
        assert_eq!((unpaid.status, calls.so_far()), (402, before.1), "{path}");
        let credential = l402_tests::pay(&sandbox, &unpaid.headers);
        let paid = ask(&api, path, "EDITOR").header("authorization", &credential);
        let paid = Answer::to(paid).await;
        assert_eq!((paid.status, paid.body.as_str()), (200, body), "{path}");

        // A payment gives no right.
        let stranger = ask(&api, path, "READER").header("authorization", &credential);
        assert_eq!(Answer::to(stranger).await.status, 403, "{path}");
    }
}
