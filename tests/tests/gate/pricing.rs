//! Prices that are computed: what wins, what is free, and what is a mistake.

use actix_web::{
    Error, HttpMessage as _, HttpRequest, HttpResponse, Responder, error, get,
    http::StatusCode,
    web::{self, Data},
};
use l402_actix::{L402Config, Payment, Price, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Api, pay};

/// A price list in app data.
struct Prices {
    weather: u64,
}

/// The price that the path names: app data, path and query are in reach.
async fn by_request(request: HttpRequest) -> Result<Price, Error> {
    let prices = request.app_data::<Data<Prices>>().ok_or_else(|| error::ErrorNotFound("none"))?;
    match request.match_info().get("what") {
        Some("weather") => Ok(Price::sats(prices.weather)),
        Some("floating") => {
            let now = if request.query_string() == "risen" { 120 } else { 100 };
            Ok(Price::sats(now).accept(100))
        }
        Some("free") => Ok(Price::FREE),
        Some("zero") => Ok(Price::sats(0)),
        Some("nothing-accepted") => Ok(Price::sats(5).accept(0)),
        Some("gone") => Err(error::ErrorGone("sold out")),
        Some("login") => Err(challenging(StatusCode::UNAUTHORIZED)),
        Some("elsewhere") => Err(challenging(StatusCode::PAYMENT_REQUIRED)),
        _ => Err(error::ErrorNotFound("no such thing")),
    }
}

/// An error with a challenge of each kind on it.
fn challenging(status: StatusCode) -> Error {
    let response = HttpResponse::build(status)
        .append_header(("WWW-Authenticate", "Bearer realm=\"shop\""))
        .append_header(("WWW-Authenticate", "L402 macaroon=\"m\", invoice=\"i\""))
        .append_header(("WWW-Authenticate", "lsat macaroon=\"m\", invoice=\"i\""))
        .append_header(("WWW-Authenticate", "Payment id=\"1\""))
        .body("the merchant's own");
    error::InternalError::from_response("", response).into()
}

#[get("/by-request/{what}")]
#[l402(price_with = by_request)]
async fn computed(payment: Option<Payment>) -> impl Responder {
    payment.map_or_else(|| "free".to_owned(), |payment| payment.amount_sats.to_string())
}

#[get("/needs-payment/{what}")]
#[l402(price_with = by_request)]
async fn needs_payment(payment: Payment) -> impl Responder {
    payment.amount_sats.to_string()
}

#[get("/stated")]
#[l402(price_sats = 7)]
async fn stated() -> impl Responder {
    "stated"
}

#[get("/bare")]
#[l402]
async fn bare() -> impl Responder {
    "bare"
}

async fn shop(settings: impl Fn(L402Config) -> L402Config) -> (Api, Sandbox) {
    let sandbox = Sandbox::start().await;
    let config = settings(L402Config::new(sandbox.client()).default_price_sats(3));
    let api = Api::serve(move |app| {
        app.app_data(config.clone())
            .app_data(Data::new(Prices { weather: 42 }))
            .service(computed)
            .service(needs_payment)
            .service(stated)
            .service(bare);
    })
    .await;
    (api, sandbox)
}

async fn price(api: &Api, path: &str) -> u64 {
    let answer = api.ask(path).await;
    assert_eq!(answer.status, 402, "{path}: {}", answer.body);
    answer.json()["l402"]["amount_sats"].as_u64().unwrap()
}

#[actix_web::test]
async fn a_price_is_computed_from_the_request_and_what_it_reaches() {
    let (api, sandbox) = shop(|config| config).await;
    assert_eq!(price(&api, "/by-request/weather").await, 42);
    let credential = api.buy("/by-request/weather", &sandbox).await;
    assert_eq!(api.ask_with("/by-request/weather", &credential).await.body, "42");
}

#[actix_web::test]
async fn a_token_that_was_bought_before_the_price_rose_is_good_where_that_is_accepted() {
    let (api, sandbox) = shop(|config| config).await;
    let credential = api.buy("/by-request/floating", &sandbox).await;
    let answer = api.ask_with("/by-request/floating?risen", &credential).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "100"));
    assert_eq!(price(&api, "/by-request/floating?risen").await, 120);
}

#[actix_web::test]
async fn free_asks_no_broker_and_spends_nothing_and_is_private_all_the_same() {
    let (api, sandbox) = shop(|config| config).await;
    for answer in
        [api.ask("/by-request/free").await, api.ask_with("/by-request/free", "L402 AgEL:00").await]
    {
        assert_eq!((answer.status, answer.body.as_str()), (200, "free"));
        assert_eq!(answer.header("cache-control"), "private");
        assert_eq!(answer.header("vary"), "Authorization");
    }
    assert_eq!(api.ask("/needs-payment/free").await.status, 500, "there is no payment to extract");
    assert!(sandbox.requests().is_empty());
}

#[actix_web::test]
async fn a_computed_zero_is_a_mistake_and_never_free() {
    let (api, sandbox) = shop(|config| config).await;
    for path in ["/by-request/zero", "/by-request/nothing-accepted"] {
        for answer in [api.ask(path).await, api.ask_with(path, "L402 AgEL:00").await] {
            assert_eq!(answer.status, 500, "{path}");
            assert!(!answer.body.contains("free"), "{}", answer.body);
        }
    }
    assert!(sandbox.requests().is_empty());
}

#[actix_web::test]
async fn an_error_of_the_price_is_answered_as_it_is_without_payment_challenges() {
    let (api, sandbox) = shop(|config| config).await;
    let answer = api.ask("/by-request/gone").await;
    assert_eq!((answer.status, answer.body.as_str()), (410, "sold out"));

    let answer = api.ask("/by-request/login").await;
    assert_eq!((answer.status, answer.body.as_str()), (401, "the merchant's own"));
    assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"shop\"");

    let answer = api.ask("/by-request/elsewhere").await;
    assert_eq!(answer.status, 402);
    assert_eq!(answer.all("www-authenticate").len(), 4, "a 402 may say whom to pay");
    assert!(sandbox.requests().is_empty());
}

#[actix_web::test]
async fn the_configs_function_wins_where_it_has_an_opinion_then_the_attribute_then_the_default() {
    async fn opinion(request: HttpRequest) -> Result<Option<Price>, Error> {
        Ok(match request.query_string() {
            "half" => Some(Price::sats(50)),
            "gift" => Some(Price::FREE),
            "zero" => Some(Price::sats(0)),
            _ => None,
        })
    }
    let (api, sandbox) = shop(|config| config.price_with(opinion)).await;
    for (path, sats) in [("/stated", 7), ("/bare", 3), ("/by-request/weather", 42)] {
        assert_eq!(price(&api, path).await, sats, "{path}");
        assert_eq!(price(&api, &format!("{path}?half")).await, 50, "{path}");
        assert_eq!(api.ask(&format!("{path}?gift")).await.status, 200, "{path}");
        assert_eq!(api.ask(&format!("{path}?zero")).await.status, 500, "{path}");
    }
    let cheap = pay(&sandbox, &api.ask("/bare").await.headers);
    assert_eq!(api.ask_with("/bare?half", &cheap).await.status, 402, "3 sats are not 50");
}

/// A price function may look at what a middleware has left in the request.
#[actix_web::test]
async fn extensions_are_in_reach_of_a_price() {
    use actix_web::dev::Service as _;

    async fn by_plan(request: HttpRequest) -> Result<Option<Price>, Error> {
        let plan = request.extensions().get::<&str>().copied();
        Ok((plan == Some("gold")).then_some(Price::sats(1)))
    }
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client()).price_with(by_plan);
    let api = Api::serve(move |app| {
        let gold = web::scope("/gold")
            .wrap_fn(|request, next| {
                request.extensions_mut().insert("gold");
                next.call(request)
            })
            .service(stated);
        app.app_data(config.clone()).service(gold).service(stated);
    })
    .await;
    assert_eq!(price(&api, "/gold/stated").await, 1);
    assert_eq!(price(&api, "/stated").await, 7);
}
