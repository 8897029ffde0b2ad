//! Each example does what it is there to show: refusal first, then payment, then what was paid for.

use crate::program::{Api, ask, command, to_its_end};
use l402_sandbox::Sandbox;
use serde_json::json;

#[actix_web::test]
async fn dynamic_price_charges_by_the_model_and_gives_the_demo_away() {
    let api = Api::start("dynamic_price");
    let unknown = ask(api.get("/complete?model=huge")).await;
    assert_eq!(unknown.status, 404, "an error of the price is the answer");
    let (credential, small) = api.buy(api.get("/complete?model=small"), 100).await;
    assert_eq!((small.status, small.body.contains("paid 100 sats")), (200, true));

    let large = api.get("/complete?model=large");
    let answer = ask(large.try_clone().unwrap().header("Authorization", credential)).await;
    assert_eq!(answer.price(), 500, "a cheap token does not open the dear model");
    let (credential, answer) = api.buy(large.try_clone().unwrap(), 500).await;
    assert_eq!((answer.status, answer.body.contains("paid 500 sats")), (200, true));
    let again = ask(large.header("Authorization", credential)).await;
    assert_eq!(again.price(), 500, "one payment is one completion");

    let demo = ask(api.get("/complete?model=demo")).await;
    assert_eq!((demo.status, demo.body.contains("paid 0 sats")), (200, true));
}

#[actix_web::test]
async fn module_pricing_charges_for_every_handler_but_the_free_one() {
    let api = Api::start("module_pricing");
    for (path, sats) in [("/now", 50), ("/history/2025", 500)] {
        let (_, answer) = api.buy(api.get(path), sats).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body.contains(&format!("for {sats} sats")), "{}", answer.body);
    }
    assert_eq!(ask(api.get("/status")).await.body, "up\n");
}

#[actix_web::test]
async fn static_files_are_all_opened_by_one_payment() {
    let api = Api::start("static_files");
    assert_eq!(ask(api.get("/report/none.html")).await.price(), 20, "found or not");
    let (credential, page) = api.buy(api.get("/report/index.html"), 20).await;
    assert_eq!((page.status, page.body.contains("1,843 hours")), (200, true));
    for (path, status) in
        [("/report/style.css", 200), ("/report/", 200), ("/report/none.html", 404)]
    {
        let answer = ask(api.get(path).header("Authorization", &credential)).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.headers["cache-control"], "private", "{path}");
    }
}

#[actix_web::test]
async fn bearer_auth_turns_strangers_away_and_lets_customers_pay() {
    let api = Api::start("bearer_auth");
    let stranger = ask(api.get("/report")).await;
    assert_eq!(stranger.status, 401);
    assert_eq!(stranger.headers["www-authenticate"], "Bearer", "and no price");

    let customer = |path| api.get(path).header("Authorization", "Bearer alices-token");
    assert_eq!(ask(customer("/account")).await.status, 200, "free for customers");
    let (credential, answer) = api.buy(customer("/report"), 100).await;
    assert_eq!((answer.status, answer.body.contains("for alice, who paid 100 sats")), (200, true));
    let own = customer("/report").header("X-L402-Authorization", &credential);
    assert_eq!(ask(own).await.status, 200);
    let bob = api.get("/report").header("Authorization", "Bearer bobs-token");
    let bob = ask(bob.header("X-L402-Authorization", &credential)).await;
    assert_eq!(bob.price(), 100, "what one customer has paid opens no other one's report");
    let without_token = ask(api.get("/report").header("Authorization", &credential)).await;
    assert_eq!(without_token.status, 401);
}

#[actix_web::test]
async fn own_401_page_is_shown_for_a_token_that_is_not_genuine_and_for_nothing_else() {
    let api = Api::start("own_401_page");
    let weather = || api.get("/weather");
    let forged = ask(weather().header("Authorization", "L402 forged:00")).await;
    assert_eq!(forged.status, 401);
    assert_eq!(forged.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(forged.headers["cache-control"], "no-store");
    assert!(forged.body.starts_with("<!doctype html>") && !forged.body.contains("forged"));
    assert!(forged.headers.get("www-authenticate").is_none(), "and no price on it");

    let (_, answer) = api.buy(weather(), 100).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "sunny\n"));
    assert!(api.stop().contains("/weather refused: the macaroon cannot be read"));
}

#[actix_web::test]
async fn body_price_charges_by_the_length_of_the_text_and_nothing_for_a_malformed_one() {
    let api = Api::start("body_price");
    let order = |text: &str| api.post("/translate", &json!({ "text": text }));
    let malformed = ask(api.post("/translate", &json!({ "no": "order" }))).await;
    assert_eq!(malformed.status, 400);
    assert!(malformed.headers.get("www-authenticate").is_none());

    let (credential, answer) = api.buy(order("good morning"), 1).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "GOOD MORNING (for 1 sats)\n"));
    let long = order(&"x".repeat(250));
    let answer = ask(long.try_clone().unwrap().header("Authorization", credential)).await;
    assert_eq!(answer.price(), 3, "a short text's token does not open a long one");
    let (credential, _) = api.buy(order("good evening"), 1).await;
    let other = order("good weather").header("Authorization", credential);
    assert_eq!(ask(other).await.price(), 1, "nor another one of the same length");
    let (_, answer) = api.buy(long, 3).await;
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn discovery_sells_what_its_manifest_lists_where_the_manifest_says() {
    let api = Api::start("discovery");
    let manifest = ask(api.get("/.well-known/l402-manifest.json")).await.json();
    assert_eq!(manifest["service"]["base_url"], api.url());
    let document = ask(api.get("/openapi.json")).await.json();
    assert_eq!(document["info"]["description"], manifest["service"]["description"]);
    let listed = &manifest["endpoints"][0];
    assert_eq!(listed["path"], "/v1/forecast/{city}");
    let price = listed["pricing"]["base_price_sats"].as_u64().unwrap();
    let (_, answer) = api.buy(api.get("/v1/forecast/berlin"), price).await;
    assert_eq!((answer.status, answer.body.contains("berlin: sunny")), (200, true));
}

#[test]
fn queue_worker_does_a_job_for_its_own_payment_and_for_no_other() {
    let (printed, complaint, code) = to_its_end(&mut command("queue_worker"));
    assert_eq!(code, Some(0), "{complaint}");
    let lines: Vec<&str> = printed.lines().collect();
    let [unpaid, done, again, other_text, other_job] = lines[..] else { panic!("{printed}") };
    assert!(unpaid.starts_with("job 1: costs 50 sats: lnbcrt"), "{unpaid}");
    assert_eq!(done, "job 1: done: SHOUT");
    assert_eq!(again, "job 1: was done before: SHOUT", "once for one payment");
    assert_eq!(other_text, "job 1: refused: the token is for another resource");
    assert_eq!(other_job, "job 2: refused: the token is for another resource");
}

#[test]
fn reconcile_lists_what_was_paid_as_a_table_and_as_csv() {
    let (table, complaint, code) = to_its_end(&mut command("reconcile"));
    assert_eq!(code, Some(0), "{complaint}");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 5, "a head, three payments, a sum: {table}");
    for (sats, resource) in [("100", "/weather"), ("250", "/reports/42"), ("1", "=1+1")] {
        let is_it = |line: &&str| {
            let words: Vec<_> = line.split_whitespace().collect();
            words.len() == 4 && words[0].ends_with('Z') && words[1..3] == [sats, resource]
        };
        assert_eq!(lines.iter().filter(|line| is_it(line)).count(), 1, "{resource}: {table}");
    }
    assert!(lines[4].contains("351") && lines[4].ends_with("in 3 payments"), "{table}");
    assert!(!table.contains("never-paid"), "{table}");

    let (csv, complaint, code) = to_its_end(command("reconcile").arg("--csv"));
    assert_eq!(code, Some(0), "{complaint}");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "paid_at,amount_sats,resource,payment_hash,created_at");
    assert_eq!(lines.len(), 4, "{csv}");
    assert!(lines.iter().any(|line| line.contains(",1,'=1+1,")), "no formula: {csv}");
    let hash = lines[1].split(',').nth(3).unwrap();
    assert!(hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()), "{csv}");
}

#[actix_web::test]
async fn on_payment_books_each_payment_once_and_again_after_a_restart_not_twice() {
    let sandbox = Sandbox::start().await;
    let file = std::env::temp_dir().join(format!("ledger-{}.redb", std::process::id()));
    let open = || Api::start_with("on_payment", &sandbox, "LEDGER", file.as_os_str());
    let api = open();
    let (credential, answer) = api.buy(api.get("/weather/rome"), 100).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "sunny in rome\n"));
    let booked = async |api: &Api| {
        loop {
            let lines = ask(api.get("/ledger")).await.body;
            if !lines.is_empty() {
                break lines;
            }
        }
    };
    let line = booked(&api).await;
    assert!(line.contains(" 100 sats /weather/{city} ") && line.lines().count() == 1, "{line}");
    drop(api);
    let api = open();
    let again = ask(api.get("/weather/rome").header("Authorization", &credential)).await;
    assert_eq!(again.status, 200);
    // Told again by now: what follows is told after it.
    api.buy(api.get("/weather/oslo"), 100).await;
    while booked(&api).await.lines().count() < 2 {}
    assert!(booked(&api).await.contains(&line), "as it was booked first");
    std::fs::remove_file(file).unwrap();
}
