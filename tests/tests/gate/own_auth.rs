//! The merchant's own authentication stays where it is.

use actix_identity::{Identity, IdentityExt as _, IdentityMiddleware};
use actix_session::{SessionMiddleware, storage::CookieSessionStore};
use actix_web::{
    Error, HttpMessage as _, HttpRequest, HttpResponse, Responder,
    body::MessageBody,
    cookie::Key,
    dev::{ServiceRequest, ServiceResponse},
    error, get,
    http::header::HeaderName,
    middleware::{Next, from_fn},
    web::{self, Data},
};
use actix_web_httpauth::{extractors::bearer::BearerAuth, middleware::HttpAuthentication};
use l402_actix::{L402Config, Payment, RequirePayment, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api, Calls};

use super::Shop;

/// Asks with several `Authorization` lines, in this order.
async fn ask_with_lines(api: &Api, path: &str, lines: &[&str]) -> Answer {
    let request =
        lines.iter().fold(api.get(path), |request, line| request.header("Authorization", *line));
    Answer::to(request).await
}

#[actix_web::test]
async fn a_bearer_token_may_stand_beside_the_credential_in_either_order_in_two_lines_or_one() {
    let shop = Shop::open().await;
    let credential = shop.buy("/weather").await;
    let joined = [format!("Bearer mine, {credential}"), format!("{credential}, Bearer mine")];
    for lines in [
        &["Bearer mine", &*credential][..],
        &[&credential, "Bearer mine"],
        &[&joined[0]],
        &[&joined[1]],
        &["Basic bTpw", &joined[0]],
    ] {
        let answer = ask_with_lines(&shop.api, "/weather", lines).await;
        assert_eq!(answer.status, 200, "{lines:?}");
    }
    let unpaid = ask_with_lines(&shop.api, "/weather", &["Bearer mine", "Basic bTpw"]).await;
    assert_eq!(unpaid.status, 402);
}

#[actix_web::test]
async fn a_header_of_the_merchants_choice_carries_the_credential_too() {
    let own = HeaderName::from_static("x-l402");
    let settings = move |config: L402Config| config.credential_header(own.clone());
    let shop = Shop::with(Sandbox::start().await, settings).await;
    let credential = shop.buy("/weather").await;
    for authorization in [None, Some("Bearer mine"), Some("L402 malformed")] {
        let mut request = shop.api.get("/weather").header("X-L402", &credential);
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        let answer = Answer::to(request).await;
        assert_eq!(answer.status, 200, "{authorization:?}");
        assert_eq!(answer.header("vary"), "Authorization, x-l402");
    }
    let both = shop.api.get("/weather").header("X-L402", &credential);
    let both = Answer::to(both.header("Authorization", "L402 forged:00")).await;
    assert_eq!(both.status, 200, "the header that is named for it is looked at first");
    let forged = shop.api.get("/weather").header("X-L402", "L402 forged:00");
    let forged = Answer::to(forged.header("Authorization", &credential)).await;
    assert_eq!(forged.status, 401);
    assert_eq!(shop.api.ask("/weather").await.header("vary"), "Authorization, x-l402");
}

#[actix_web::test]
async fn no_other_header_is_looked_at_unless_it_was_chosen() {
    let shop = Shop::open().await;
    let credential = shop.buy("/weather").await;
    let answer = Answer::to(shop.api.get("/weather").header("X-L402", &credential)).await;
    assert_eq!(answer.status, 402);
}

async fn is_alice(
    request: ServiceRequest,
    bearer: BearerAuth,
) -> Result<ServiceRequest, (Error, ServiceRequest)> {
    if bearer.token() == "alice" {
        return Ok(request);
    }
    Err((error::ErrorForbidden("nobody we know"), request))
}

#[get("/report")]
#[l402(price_sats = 10)]
async fn report(calls: Data<Calls>, bearer: BearerAuth, payment: Payment) -> String {
    calls.count();
    format!("{} paid {}", bearer.token(), payment.amount_sats)
}

/// An API behind `actix-web-httpauth`, which turns callers away before the gate is reached.
async fn behind_bearer() -> (Api, Sandbox, Calls) {
    let sandbox = Sandbox::start().await;
    let own = HeaderName::from_static("x-l402");
    let config = L402Config::new(sandbox.client()).credential_header(own);
    let calls = Calls::default();
    let counter = calls.clone();
    let api = Api::serve(move |app| {
        let scope = web::scope("").wrap(HttpAuthentication::bearer(is_alice)).service(report);
        app.app_data(config.clone()).app_data(Data::new(counter.clone())).service(scope);
    })
    .await;
    (api, sandbox, calls)
}

#[actix_web::test]
async fn a_caller_whom_the_merchant_does_not_know_is_never_asked_to_pay() {
    let (api, sandbox, calls) = behind_bearer().await;
    let nobody = api.ask("/report").await;
    assert_eq!(nobody.status, 401);
    assert_eq!(nobody.header("www-authenticate"), "Bearer");
    assert_eq!(api.ask_with("/report", "Bearer mallory").await.status, 403);
    assert!(sandbox.requests().is_empty());
    assert_eq!(calls.so_far(), 0);
}

#[actix_web::test]
async fn bearer_auth_and_a_payment_open_a_route_together() {
    let (api, sandbox, calls) = behind_bearer().await;
    let unpaid = api.ask_with("/report", "Bearer alice").await;
    assert_eq!(unpaid.status, 402);
    let credential = l402_tests::pay(&sandbox, &unpaid.headers);
    let answer = ask_with_lines(&api, "/report", &["Bearer alice", &credential]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "alice paid 10"));

    let own = api.get("/report").header("X-L402", &credential);
    let answer = Answer::to(own.header("Authorization", "Bearer alice")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "alice paid 10"));
    assert_eq!(calls.so_far(), 2);
}

/// What the guide warns of: that crate reads the first line, and all of it after `Bearer`.
#[actix_web::test]
async fn where_bearer_auth_does_not_see_its_token_it_refuses_and_the_payment_stays_good() {
    let (api, sandbox, calls) = behind_bearer().await;
    let unpaid = api.ask_with("/report", "Bearer alice").await;
    let credential = l402_tests::pay(&sandbox, &unpaid.headers);
    let joined = format!("Bearer alice, {credential}");
    for (lines, status) in [(&[&*credential, "Bearer alice"][..], 401), (&[&joined], 403)] {
        let answer = ask_with_lines(&api, "/report", lines).await;
        assert_eq!(answer.status, status, "{lines:?}");
    }
    assert_eq!((sandbox.verifies(), calls.so_far()), (0, 0));
    let answer = ask_with_lines(&api, "/report", &["Bearer alice", &credential]).await;
    assert_eq!(answer.status, 200);
}

#[get("/login")]
async fn login(request: HttpRequest) -> Result<impl Responder, Error> {
    Identity::login(&request.extensions(), "alice".to_owned())
        .map_err(error::ErrorInternalServerError)?;
    Ok(HttpResponse::Ok())
}

#[get("/diary")]
#[l402(price_sats = 10)]
async fn diary(calls: Data<Calls>, user: Identity, payment: Payment) -> Result<String, Error> {
    calls.count();
    let user = user.id().map_err(error::ErrorInternalServerError)?;
    Ok(format!("{user} paid {}", payment.amount_sats))
}

/// Lets only callers through who have logged in.
async fn members_only(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if request.get_identity().is_err() {
        return Err(error::ErrorUnauthorized("log in first"));
    }
    next.call(request).await
}

/// An API whose members are known by a cookie: `/open` leaves it to the handler to ask for one,
/// `/closed` turns strangers away before the gate.
async fn behind_cookies() -> (Api, Sandbox, Calls) {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client());
    let (calls, key) = (Calls::default(), Key::generate());
    let counter = calls.clone();
    let api = Api::serve(move |app| {
        let session = SessionMiddleware::builder(CookieSessionStore::default(), key.clone())
            .cookie_secure(false)
            .build();
        let site = web::scope("")
            .wrap(IdentityMiddleware::default())
            .wrap(session)
            .service(login)
            .service(web::scope("/open").service(diary))
            .service(web::scope("/closed").wrap(from_fn(members_only)).service(diary));
        app.app_data(config.clone()).app_data(Data::new(counter.clone())).service(site);
    })
    .await;
    (api, sandbox, calls)
}

async fn log_in(api: &Api) -> String {
    let answer = api.ask("/login").await;
    assert_eq!(answer.status, 200);
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

#[actix_web::test]
async fn an_identity_cookie_and_a_payment_open_a_route_together() {
    let (api, sandbox, calls) = behind_cookies().await;
    let cookie = log_in(&api).await;
    for path in ["/open/diary", "/closed/diary"] {
        let unpaid = Answer::to(api.get(path).header("Cookie", &cookie)).await;
        assert_eq!(unpaid.status, 402, "{path}");
        let credential = l402_tests::pay(&sandbox, &unpaid.headers);
        let paid = api.get(path).header("Cookie", &cookie).header("Authorization", &credential);
        let answer = Answer::to(paid).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "alice paid 10"), "{path}");
    }
    assert_eq!(calls.so_far(), 2);
}

#[actix_web::test]
async fn a_stranger_is_turned_away_before_the_price_only_by_what_stands_outside_of_the_gate() {
    let (api, sandbox, calls) = behind_cookies().await;
    assert_eq!(api.ask("/closed/diary").await.status, 401);
    assert!(sandbox.requests().is_empty());

    let credential = api.buy("/open/diary", &sandbox).await;
    assert_eq!(api.ask_with("/open/diary", &credential).await.status, 401, "paid, but a stranger");
    assert_eq!(calls.so_far(), 0);
    let cookie = log_in(&api).await;
    let paid = api.get("/open/diary").header("Cookie", cookie).header("Authorization", &credential);
    assert_eq!(Answer::to(paid).await.status, 200, "and the payment is still good");
}

/// Actix runs the last `wrap` first, so whoever wants strangers turned away before the price of a
/// scope registers its authentication last.
#[actix_web::test]
async fn on_a_scope_with_a_price_the_authentication_that_is_registered_last_comes_first() {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client());
    let api = Api::serve(move |app| {
        let price = || RequirePayment::sats(10);
        let page = || web::get().to(|| async { "page" });
        let outside = web::scope("/outside")
            .wrap(price())
            .wrap(HttpAuthentication::bearer(is_alice))
            .route("/page", page());
        let inside = web::scope("/inside")
            .wrap(HttpAuthentication::bearer(is_alice))
            .wrap(price())
            .route("/page", page());
        app.app_data(config.clone()).service(outside).service(inside);
    })
    .await;
    assert_eq!(api.ask("/outside/page").await.status, 401);
    assert!(sandbox.requests().is_empty());
    assert_eq!(api.ask("/inside/page").await.status, 402);

    let unpaid = api.ask_with("/outside/page", "Bearer alice").await;
    assert_eq!(unpaid.status, 402);
    let credential = l402_tests::pay(&sandbox, &unpaid.headers);
    let answer = ask_with_lines(&api, "/outside/page", &["Bearer alice", &credential]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "page"));
}
