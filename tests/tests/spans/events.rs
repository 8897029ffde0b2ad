//! What a merchant can alert on, and what a healthy server keeps quiet about.

use actix_web::web;
use l402_actix::BrokerBudget;
use l402_sandbox::{Endpoint, Fault};
use l402_tests::Api;
use serde_json::json;
use tracing::Level;

use super::{
    Shop,
    collector::{Said, said_at},
    priced, weather,
};

/// What was said at warning level or above, as `level kind limiter`.
fn alerts(scope: &str) -> Vec<String> {
    let said = said_at(&format!("{scope}/weather/{{city}}"));
    let said = said.iter().filter(|said| said.level <= Level::WARN);
    let line = |said: &Said| {
        let fields = &said.fields;
        format!("{} {} {}", said.level, fields.get("kind"), fields.get("limiter"))
    };
    said.map(line).collect()
}

#[actix_web::test]
async fn a_healthy_server_says_nothing_at_info() {
    let shop = Shop::open("/quiet").await;
    let credential = shop.buy("/weather/rome").await;
    shop.ask_with("/weather/rome", &credential).await;
    shop.ask_with("/weather/paris", &credential).await;
    shop.ask_with("/weather/rome", "L402 Zm9yZ2Vk:00").await;
    let said = said_at("/quiet/weather/{city}");
    let aloud: Vec<_> = said.iter().filter(|said| said.level <= Level::INFO).collect();
    let [own] = aloud[..] else { panic!("{aloud:?}") };
    assert_eq!(own.fields.get("message"), "the handler speaks");
}

#[actix_web::test]
async fn what_only_the_merchant_can_mend_is_an_error_and_what_passes_is_a_warning() {
    let shop = Shop::open("/alerting").await;
    for (fault, alert) in [
        (Fault::status(401), "ERROR key_refused -"),
        (Fault::status(403), "ERROR plan_refused -"),
        (Fault::named("no_wallet").unwrap(), "ERROR no_wallet -"),
        (Fault::status(404), "ERROR request_refused -"),
        (Fault::garbage(), "ERROR invalid_reply -"),
        (Fault::status(429), "WARN rate_limited -"),
        (Fault::status(503), "WARN unavailable -"),
        (Fault::status(500), "WARN broker_fault -"),
        (Fault::reset().times(2), "WARN unreachable -"),
    ] {
        shop.sandbox.fault(fault);
        shop.ask("/weather/rome").await;
        assert_eq!(alerts("/alerting"), [alert]);
        shop.sandbox.clear_faults();
    }
    let nameless = Fault::edit(|reply| reply["amountSats"] = json!(null)).on(Endpoint::Verify);
    let credential = shop.api.buy("/alerting/weather/rome", &shop.sandbox).await;
    shop.sandbox.fault(nameless);
    assert_eq!(shop.ask_with("/weather/rome", &credential).await.status, 502);
    assert_eq!(alerts("/alerting"), ["ERROR invalid_reply -"]);
}

/// No other test of this program has the default store: it is said once in a process.
#[actix_web::test]
async fn that_the_default_store_forgets_is_said_once_and_of_packs_only() {
    let said = |scope: &str| {
        let said = ["/pack", "/once"].map(|path| said_at(&format!("{scope}{path}")));
        let is_of_it = |said: &&Said| {
            said.level == Level::WARN && said.fields.get("message").contains("a restart forgets")
        };
        said.concat().iter().filter(is_of_it).count()
    };
    let kept = Shop::open("/kept").await;
    let default = Shop::with_the_default_store("/forgets").await;
    for shop in [&kept, &default] {
        assert_eq!(shop.ask("/once").await.status, 402);
    }
    assert_eq!(kept.ask("/pack").await.status, 402);
    assert_eq!((said("/kept"), said("/forgets")), (0, 0));
    for _ in 0..2 {
        assert_eq!(default.ask("/pack").await.status, 402);
    }
    assert_eq!(said("/forgets"), 1);
}

/// The payer hears no more than that it is 502.
#[actix_web::test]
async fn what_the_broker_should_not_have_said_is_an_error_in_words() {
    let shop = Shop::open("/nonsense").await;
    let yes = |resource: &str, sats| {
        let yes = json!({ "valid": true, "resource": resource, "amountSats": sats });
        Fault::json(yes).on(Endpoint::Verify)
    };
    let (paid_for, preimage) = ("/nonsense/weather/rome", "00".repeat(32));
    let token = format!("L402 AgEL:{preimage}");
    let mut told = std::collections::HashSet::new();
    for (path, token, fault, words) in [
        (
            "/weather/rome",
            "",
            Fault::edit(|reply| reply["invoice"] = json!("\"")),
            "the broker's challenge is unusable",
        ),
        ("/weather/rome", &token, yes("/other", 100), "valid for something else"),
        ("/weather/rome", &token, yes(paid_for, 99), "valid for something else"),
        (
            "/weather/rome",
            &token,
            Fault::json(json!({ "valid": true, "resource": paid_for })).on(Endpoint::Verify),
            "valid without its `amountSats`",
        ),
        ("/once", "L402 AgEL:none", yes("/nonsense/once", 10), "whose preimage is not 32 bytes"),
    ] {
        let route = if path == "/once" { "/nonsense/once" } else { "/nonsense/weather/{city}" };
        said_at(route);
        shop.sandbox.fault(fault);
        assert_eq!(shop.ask_with(path, token).await.status, 502, "{words}");
        let said = said_at(route);
        let is_told =
            |said: &Said| said.level == Level::ERROR && said.fields.get("message").contains(words);
        // The same words on the same route come once a minute.
        let is_first = told.insert(words);
        assert_eq!(said.iter().any(is_told), is_first, "{words}: {said:?}");
    }
}

#[actix_web::test]
async fn each_line_of_a_failed_call_names_the_url_that_was_tried() {
    let shop = Shop::open("/tried").await;
    let credential = shop.api.buy("/tried/weather/rome", &shop.sandbox).await;
    let mint_url = format!("({}/api/l402/challenges)", shop.sandbox.url());
    let verify_url = format!("({}/api/l402/challenges/verify)", shop.sandbox.url());
    said_at("/tried/weather/{city}");
    for name in ["api_key_refused", "plan_volume_limit", "no_wallet", "unavailable", "garbage"] {
        for (endpoint, url) in [(Endpoint::Mint, &mint_url), (Endpoint::Verify, &verify_url)] {
            if endpoint == Endpoint::Verify && !["api_key_refused", "unavailable"].contains(&name) {
                continue;
            }
            let fault = Fault::named(name).unwrap();
            shop.sandbox.fault(if name == "no_wallet" { fault } else { fault.on(endpoint) });
            match endpoint {
                Endpoint::Mint => shop.ask("/weather/rome").await,
                _ => shop.ask_with("/weather/rome", &credential).await,
            };
            shop.sandbox.clear_faults();
            let said = said_at("/tried/weather/{city}");
            let lines: Vec<_> = said.iter().map(|said| said.fields.get("message")).collect();
            assert!(lines.iter().any(|line| line.contains(url.as_str())), "{name}: {lines:?}");
            assert!(!lines.concat().contains(shop.sandbox.api_key()), "{lines:?}");
        }
    }
}

/// At `info` there is no span that would.
#[actix_web::test]
async fn a_line_names_the_route_and_what_is_behind_the_failure() {
    let shop = Shop::open("/named").await;
    shop.sandbox.fault(Fault::reset().times(2));
    shop.ask("/weather/rome").await;
    let said = said_at("/named/weather/{city}");
    let [said] = &said[..] else { panic!("{said:?}") };
    assert_eq!(said.fields.get("route"), "/named/weather/{city}");
    let cause = said.fields.get("cause");
    assert!(cause.matches(": ").count() >= 2, "{cause}");

    assert_eq!(shop.ask("/unpriced").await.status, 500);
    let said = said_at("/named/unpriced");
    let [said] = &said[..] else { panic!("{said:?}") };
    assert_eq!(said.fields.get("kind"), "misconfigured");
    assert_eq!(said.fields.get("route"), "/named/unpriced");
}

/// Anybody can ask, so each request must not be a line.
#[actix_web::test]
async fn what_is_misconfigured_is_an_error_once_a_minute_at_each_route() {
    let shop = Shop::open("/flooded").await;
    for _ in 0..5 {
        assert_eq!(shop.ask("/unpriced").await.status, 500);
    }
    let said = said_at("/flooded/unpriced");
    let [said] = &said[..] else { panic!("{said:?}") };
    assert_eq!((said.level, said.fields.get("times")), (Level::ERROR, "1"));

    let without_config = Api::serve(|app| {
        app.service(web::scope("/unconfigured").service((weather, priced)));
    })
    .await;
    for path in ["/weather/rome", "/weather/oslo", "/priced", "/weather/rome"] {
        let answer = without_config.ask(&format!("/unconfigured{path}")).await;
        assert_eq!(answer.status, 500);
    }
    for route in ["/unconfigured/weather/{city}", "/unconfigured/priced"] {
        let said = said_at(route);
        let [said] = &said[..] else { panic!("{said:?} at {route}") };
        assert_eq!(said.fields.get("kind"), "misconfigured");
    }
}

#[actix_web::test]
async fn what_the_broker_should_not_have_said_is_an_error_once_a_minute() {
    let shop = Shop::open("/contradicted").await;
    let credential = shop.api.buy("/contradicted/weather/rome", &shop.sandbox).await;
    said_at("/contradicted/weather/{city}");
    let other = Fault::edit(|reply| reply["resource"] = json!("/another"));
    shop.sandbox.fault(other.on(Endpoint::Verify).always());
    for _ in 0..5 {
        assert_eq!(shop.ask_with("/weather/rome", &credential).await.status, 502);
    }
    assert_eq!(alerts("/contradicted"), ["ERROR invalid_reply -"]);
}

#[actix_web::test]
async fn a_handler_that_draws_too_much_or_nothing_is_an_error_once_a_minute() {
    let shop = Shop::open("/drawing").await;
    for (path, status, about) in
        [("/overdrawn", 500, "draws too much"), ("/forgetful", 200, "without `Balance::draw`")]
    {
        let credential = shop.api.buy(&format!("/drawing{path}"), &shop.sandbox).await;
        for _ in 0..5 {
            assert_eq!(shop.ask_with(path, &credential).await.status, status);
        }
        let said = said_at(&format!("/drawing{path}"));
        let errors: Vec<_> = said.iter().filter(|said| said.level == Level::ERROR).collect();
        let [said] = errors[..] else { panic!("{errors:?}") };
        assert!(said.fields.get("message").contains(about), "{said:?}");
        assert_eq!(said.fields.get("route"), format!("/drawing{path}"));
        assert_eq!(said.fields.get("times"), "1");
    }
}

#[actix_web::test]
async fn a_budget_that_bites_is_a_warning_once_a_minute() {
    let shop =
        Shop::with("/biting", |config| config.broker_budget(BrokerBudget::per_minute(2))).await;
    for client in 1..6 {
        shop.ask_from(client, "/weather/rome").await;
    }
    assert_eq!(alerts("/biting"), ["WARN over_budget budget_mint"]);
}
