//! What a browser needs before a page of another origin can pay: `actix-cors` outside of the gate.

use actix_cors::Cors;
use actix_web::{
    Responder, get,
    http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, WWW_AUTHENTICATE},
    web,
};
use l402_actix::{L402Config, RequirePayment, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api, pay};
use reqwest::{Method, RequestBuilder};

const SHOP: &str = "https://shop.example";

#[get("/weather")]
#[l402(price_sats = 100)]
async fn weather() -> impl Responder {
    "sunny"
}

#[get("/page")]
async fn page() -> impl Responder {
    "page"
}

#[l402(price_sats = 1)]
async fn any() -> impl Responder {
    "any"
}

/// `/gated` and `/scope` as the README sets them up, `/bare` without CORS.
async fn open() -> (Api, Sandbox) {
    let sandbox = Sandbox::start().await;
    let own = HeaderName::from_static("x-l402");
    let config = L402Config::new(sandbox.client()).credential_header(own.clone());
    let api = Api::serve(move |app| {
        let cors = || {
            Cors::default()
                .allowed_origin(SHOP)
                .allowed_methods(["GET", "POST"])
                .expose_headers([WWW_AUTHENTICATE])
                .allowed_headers([AUTHORIZATION, CONTENT_TYPE, own.clone()])
        };
        let paid = |path: &str| web::scope(path).wrap(RequirePayment::sats(10)).service(page);
        app.app_data(config.clone())
            .service(web::scope("/gated").wrap(cors()).service(weather))
            .service(web::scope("/scope").wrap(cors()).service(paid("")))
            .service(
                web::scope("/bare")
                    .service(weather)
                    .service(paid("/paid"))
                    .route("/any", web::to(any)),
            );
    })
    .await;
    (api, sandbox)
}

fn preflight(api: &Api, path: &str, header: &str) -> RequestBuilder {
    api.request(Method::OPTIONS, path)
        .header("Origin", SHOP)
        .header("Access-Control-Request-Method", "GET")
        .header("Access-Control-Request-Headers", header)
}

#[actix_web::test]
async fn a_page_may_read_the_challenge_and_present_the_payment() {
    let (api, sandbox) = open().await;
    for path in ["/gated/weather", "/scope/page"] {
        let unpaid = Answer::to(api.get(path).header("Origin", SHOP)).await;
        assert_eq!(unpaid.status, 402, "{path}");
        assert_eq!(unpaid.header("access-control-allow-origin"), SHOP, "{path}");
        let exposed = unpaid.header("access-control-expose-headers");
        assert!(exposed.eq_ignore_ascii_case("www-authenticate"), "{path}: {exposed}");
        assert!(unpaid.header("cache-control").contains("no-store"));

        let calls = sandbox.requests().len();
        for header in ["authorization", "x-l402"] {
            let allowed = Answer::to(preflight(&api, path, header)).await;
            assert_eq!(allowed.status, 200, "{path}");
            let headers = allowed.header("access-control-allow-headers").to_ascii_lowercase();
            assert!(headers.contains(header), "{path}: {headers}");
        }
        assert_eq!(sandbox.requests().len(), calls, "a preflight costs no call");

        let credential = pay(&sandbox, &unpaid.headers);
        let paid = api.get(path).header("Origin", SHOP).header("Authorization", credential);
        let served = Answer::to(paid).await;
        assert_eq!(served.status, 200, "{path}");
        assert_eq!(served.header("access-control-allow-origin"), SHOP, "{path}");
        let vary = served.all("vary").join(", ").to_ascii_lowercase();
        assert!(vary.contains("origin") && vary.contains("authorization"), "{vary}");
    }
}

/// A `#[get]` route knows no `OPTIONS`, with a price or without.
#[actix_web::test]
async fn without_cors_a_preflight_allows_nothing_whoever_answers_it() {
    let (api, sandbox) = open().await;
    for (path, status) in [("/bare/weather", 404), ("/bare/paid/page", 204), ("/bare/any", 204)] {
        let answer = Answer::to(preflight(&api, path, "authorization")).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, ""), "{path}");
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
    }
    assert!(sandbox.requests().is_empty());
}
