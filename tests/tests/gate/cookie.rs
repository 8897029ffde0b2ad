//! A browser's credential in a cookie.

use std::time::Duration;

use actix_web::{HttpResponse, Responder, get, web};
use l402_actix::{OnInvalidToken, RequirePayment, ResourceBy, l402};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::{Answer, Api, Calls, pay};
use serde_json::json;

use super::{L402Config, Shop};

async fn shop() -> Shop {
    Shop::with(Sandbox::start().await, |config| config.credential_cookie(true)).await
}

async fn ask_for_cookie(shop: &Shop, path: &str, token: &str) -> Answer {
    let request = shop.api.get(path).header("Authorization", token).header("X-L402-Cookie", "1");
    Answer::to(request).await
}

/// `Set-Cookie` -> what the browser sends.
fn kept(answer: &Answer) -> String {
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(answer.header("x-l402-cookie"), "1");
    answer.header("set-cookie").split(';').next().expect("a cookie").to_owned()
}

async fn with_cookie(shop: &Shop, path: &str, cookie: &str) -> Answer {
    Answer::to(shop.api.get(path).header("Cookie", format!("theme=dark; {cookie}; a=b"))).await
}

fn is_forgotten(answer: &Answer) -> bool {
    matches!(answer.all("set-cookie")[..], [cookie] if cookie.contains("=; ") && cookie.contains("Max-Age=0"))
}

#[actix_web::test]
async fn a_verified_token_is_kept_without_a_call_of_the_handler_and_then_opens_the_route() {
    let shop = shop().await;
    let token = shop.buy("/weather").await;
    let answer = ask_for_cookie(&shop, "/weather", &token).await;
    let cookie = kept(&answer);
    assert_eq!(shop.calls.so_far(), 0);
    let header = answer.header("set-cookie");
    assert!(header.starts_with("__Secure-l402-"), "{header}");
    for attribute in ["Path=/weather", "HttpOnly", "Secure", "SameSite=Strict"] {
        assert!(header.split("; ").any(|part| part == attribute), "{attribute} in {header}");
    }
    let (_, age) = header.split_once("Max-Age=").unwrap();
    let age: u64 = age.split(';').next().unwrap().parse().unwrap();
    assert!((3500..=3600).contains(&age), "as long as the token lives: {age}");
    assert_eq!(answer.header("cache-control"), "no-store");

    for calls in 1..=2 {
        let paid = with_cookie(&shop, "/weather", &cookie).await;
        assert_eq!((paid.status, paid.body.as_str()), (200, "sunny"));
        assert!(paid.header("vary").contains("cookie"), "{}", paid.header("vary"));
        assert_eq!(shop.calls.so_far(), calls);
    }
    assert_eq!(with_cookie(&shop, "/forecast/rome", &cookie).await.status, 402, "its own alone");
    assert_eq!(shop.sandbox.payments(), 1);
}

/// By this machine's clock it has expired, and the broker knows better.
#[actix_web::test]
async fn a_clock_that_is_ahead_of_the_brokers_throws_no_payment_away() {
    let sandbox = Sandbox::builder().token_lifetime(Duration::from_secs(1)).start().await.unwrap();
    let shop = Shop::with(sandbox, |config| config.credential_cookie(true)).await;
    let token = shop.buy("/weather").await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let yes = json!({ "valid": true, "resource": "/weather", "amountSats": 100 });
    shop.sandbox.fault(Fault::json(yes).on(Endpoint::Verify));
    let answer = ask_for_cookie(&shop, "/weather", &token).await;
    kept(&answer);
    assert!(answer.header("set-cookie").contains("; Max-Age=3600;"));
}

#[actix_web::test]
async fn a_token_that_does_not_say_when_it_expires_is_kept_for_an_hour() {
    let shop = shop().await;
    let genuine = json!({ "valid": true, "resource": "/weather", "amountSats": 100 });
    shop.sandbox.fault(Fault::json(genuine).on(Endpoint::Verify));
    let token = format!("L402 AgEL:{}", "00".repeat(32));
    let answer = ask_for_cookie(&shop, "/weather", &token).await;
    kept(&answer);
    let header = answer.header("set-cookie");
    assert!(header.split("; ").any(|part| part == "Max-Age=3600"), "{header}");
}

#[actix_web::test]
async fn what_no_cookie_can_hold_is_served_and_not_kept() {
    let shop = shop().await;
    for (number, macaroon) in ["Ag;EL", "Ag\"EL", "Ag\\EL"].into_iter().enumerate() {
        let genuine = json!({ "valid": true, "resource": "/weather", "amountSats": 100 });
        shop.sandbox.fault(Fault::json(genuine).on(Endpoint::Verify));
        let token = format!("L402 {macaroon}:{}", "00".repeat(32));
        let answer = ask_for_cookie(&shop, "/weather", &token).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "sunny"), "{macaroon}");
        assert!(answer.all("set-cookie").is_empty(), "{macaroon}");
        assert_eq!(shop.calls.so_far(), number + 1);
    }
}

#[actix_web::test]
async fn what_is_not_verified_is_not_kept() {
    let shop = shop().await;
    for (credential, status) in [("L402 AgEL:00".to_owned(), 401), ("Bearer x".to_owned(), 402)] {
        let answer = ask_for_cookie(&shop, "/weather", &credential).await;
        assert_eq!(answer.status, status);
        assert!(answer.all("set-cookie").is_empty());
    }
    let token = shop.buy("/weather").await;
    shop.sandbox.fault(Fault::status(503).on(Endpoint::Verify));
    let answer = ask_for_cookie(&shop, "/weather", &token).await;
    assert_eq!((answer.status, answer.all("set-cookie").len()), (503, 0));
}

#[actix_web::test]
async fn it_is_off_unless_it_is_switched_on() {
    let shop = Shop::open().await;
    let token = shop.buy("/weather").await;
    let answer = ask_for_cookie(&shop, "/weather", &token).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "sunny"));
    assert!(answer.all("set-cookie").is_empty());
}

#[actix_web::test]
async fn a_request_that_another_site_has_caused_does_not_spend_it() {
    let shop = shop().await;
    let token = shop.buy("/weather").await;
    let cookie = kept(&ask_for_cookie(&shop, "/weather", &token).await);
    let own = format!("http://{}", shop.api.address());
    for (name, value, status) in [
        ("Sec-Fetch-Site", "cross-site", 402),
        ("Sec-Fetch-Site", "same-site", 402),
        ("Sec-Fetch-Site", "same-origin", 200),
        ("Sec-Fetch-Site", "none", 200),
        ("Origin", "https://evil.example", 402),
        ("Origin", "null", 402),
        ("Origin", own.as_str(), 200),
    ] {
        let request = shop.api.get("/weather").header("Cookie", &cookie).header(name, value);
        let answer = Answer::to(request).await;
        assert_eq!(answer.status, status, "{name}: {value}");
        assert!(!is_forgotten(&answer), "it is good all the same");
        let request = shop.api.get("/weather").header("Authorization", &token).header(name, value);
        let request = request.header("X-L402-Cookie", "1");
        let sets = Answer::to(request).await.all("set-cookie").len();
        assert_eq!(sets == 1, status == 200, "{name}: {value}");
    }
}

#[actix_web::test]
async fn a_refused_one_is_forgotten_and_answered_402_and_a_failure_keeps_it() {
    for mode in [OnInvalidToken::Diagnose, OnInvalidToken::Unauthorized] {
        let settings =
            |config: L402Config| config.credential_cookie(true).on_invalid_token(mode.clone());
        let shop = Shop::with(Sandbox::start().await, settings).await;
        let token = shop.buy("/weather").await;
        let cookie = kept(&ask_for_cookie(&shop, "/weather", &token).await);
        shop.sandbox.fault(Fault::status(503).on(Endpoint::Verify));
        let failed = with_cookie(&shop, "/weather", &cookie).await;
        assert_eq!((failed.status, is_forgotten(&failed)), (503, false));
        shop.sandbox.fault(Fault::json(json!({ "valid": false })).on(Endpoint::Verify));
        let refused = with_cookie(&shop, "/weather", &cookie).await;
        assert_eq!((refused.status, is_forgotten(&refused)), (402, true), "{mode:?}");
        assert_eq!(refused.json()["price_sats"], 100);

        let (name, _) = cookie.split_once('=').unwrap();
        let forged = with_cookie(&shop, "/weather", &format!("{name}=AgEL:00")).await;
        assert_eq!((forged.status, is_forgotten(&forged)), (402, true), "{mode:?}");
    }
}

#[get("/once")]
#[l402(price_sats = 3, single_use)]
async fn once(calls: web::Data<Calls>) -> impl Responder {
    calls.count();
    HttpResponse::Ok().body("once")
}

#[actix_web::test]
async fn keeping_it_uses_nothing_up_and_a_named_resource_is_kept_for_the_whole_site() {
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client()).credential_cookie(true);
    let calls = Calls::default();
    let counter = calls.clone();
    let api = Api::serve(move |app| {
        let members = web::scope("/members")
            .wrap(RequirePayment::sats(7).resource("members"))
            .default_service(web::to(|| async { "members only" }));
        app.app_data(config.clone())
            .app_data(web::Data::new(counter.clone()))
            .service(once)
            .service(members);
    })
    .await;
    let shop = Shop { api, sandbox, calls };

    let token = shop.buy("/once").await;
    let cookie = kept(&ask_for_cookie(&shop, "/once", &token).await);
    let answer = with_cookie(&shop, "/once", &cookie).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "once"));
    let again = with_cookie(&shop, "/once", &cookie).await;
    assert_eq!((again.status, is_forgotten(&again)), (402, true));
    assert_eq!(shop.calls.so_far(), 1);

    let token = pay(&shop.sandbox, &shop.api.ask("/members/one").await.headers);
    let answer = ask_for_cookie(&shop, "/members/one", &token).await;
    assert!(answer.header("set-cookie").contains("; Path=/;"));
    let cookie = kept(&answer);
    assert_eq!(with_cookie(&shop, "/members/two", &cookie).await.body, "members only");
}

#[actix_web::test]
async fn what_the_browser_says_of_the_site_counts_more_than_a_host_that_a_proxy_has_rewritten() {
    let shop = shop().await;
    let token = shop.buy("/weather").await;
    let cookie = kept(&ask_for_cookie(&shop, "/weather", &token).await);
    let own = format!("http://{}", shop.api.address());
    for (site, origin, status) in [
        ("same-origin", "https://www.shop.example", 200),
        ("none", "https://www.shop.example", 200),
        ("same-site", own.as_str(), 402),
        ("cross-site", own.as_str(), 402),
        ("", own.as_str(), 402),
    ] {
        let request = shop.api.get("/weather").header("Cookie", &cookie).header("Origin", origin);
        let answer = Answer::to(request.header("Sec-Fetch-Site", site)).await;
        assert_eq!(answer.status, status, "{site} {origin}");
    }
    let twice = shop.api.get("/weather").header("Cookie", &cookie);
    let twice =
        twice.header("Sec-Fetch-Site", "same-origin").header("Sec-Fetch-Site", "cross-site");
    assert_eq!(Answer::to(twice).await.status, 402, "no browser says it twice");
}

#[actix_web::test]
async fn a_resource_of_a_method_and_a_path_is_kept_for_that_path() {
    let settings =
        |config: L402Config| config.credential_cookie(true).resource_by(ResourceBy::MethodAndPath);
    let shop = Shop::with(Sandbox::start().await, settings).await;
    let token = shop.buy("/weather").await;
    let answer = ask_for_cookie(&shop, "/weather", &token).await;
    assert!(answer.header("set-cookie").contains("; Path=/weather;"), "{answer:?}");
    let cookie = kept(&answer);
    assert_eq!(with_cookie(&shop, "/weather", &cookie).await.body, "sunny");
}

#[get("/issue/{number}")]
#[l402(price_sats = 5, resource_with = issue)]
async fn issue_page(number: web::Path<u32>) -> String {
    format!("issue {number}")
}

async fn issue(number: web::Path<u32>) -> Result<String, actix_web::Error> {
    Ok(format!("issue {number}"))
}

#[actix_web::test]
async fn a_good_customers_cookies_never_outgrow_what_servers_take_in_a_line() {
    let sandbox = Sandbox::start().await;
    let config = l402_tests::config(sandbox.client()).credential_cookie(true);
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).service(issue_page);
    })
    .await;
    let mut jar = "theme=dark".to_owned();
    let ask = async |number: u32, jar: &str| {
        let path = format!("/issue/{number}");
        let token = api.buy(&path, &sandbox).await;
        let request = api.get(&path).header("Authorization", token).header("Cookie", jar);
        (path, Answer::to(request.header("X-L402-Cookie", "1")).await)
    };
    let mut in_vain = 0;
    for number in 1..=25 {
        let (_, answer) = ask(number, &jar).await;
        if answer.status == 204 {
            jar = format!("{jar}; {}", kept(&answer));
        } else {
            let shown = (answer.status, answer.body, answer.headers.contains_key("set-cookie"));
            assert_eq!(shown, (200, format!("issue {number}"), false), "shown as it is");
            in_vain += 1;
        }
    }
    assert!(jar.len() <= 6 * 1024, "{} bytes", jar.len());
    assert!((5..=15).contains(&in_vain), "{in_vain} were not kept");

    let (path, again) = ask(1, &jar).await;
    assert!(again.header("set-cookie").contains("__Secure-l402-"), "one that is replaced");
    assert_eq!(Answer::to(api.get(&path).header("Cookie", &jar)).await.body, "issue 1");
}
