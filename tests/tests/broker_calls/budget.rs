//! The budget of broker calls: who is refused by it and who never is.

use std::time::Duration;

use actix_web::rt;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use l402_actix::{BrokerBudget, ClientIdentity, L402Config, VerifyCache};
use l402_sandbox::{Endpoint, Fault, ReadOut, Sandbox, append_caveat};
use l402_tests::Answer;

use super::{Shop, flood, garbage, retry_after};

/// A shop whose requests are calls, at a broker that says nothing of what is left.
async fn shop(calls: u32) -> Shop {
    Shop::with(move |config: L402Config| {
        config
            .broker_budget(BrokerBudget::per_minute(calls))
            .verify_cache(VerifyCache::off())
            .mpp(true)
    })
    .await
}

/// A shop with the settings as they come, at a broker that counts to a hundred and says so.
async fn hosted() -> Shop {
    let sandbox = Sandbox::builder().rate_limit(100).start().await.unwrap();
    Shop::on(sandbox, |config| config).await
}

async fn ask_from(shop: &Shop, client: u8, credential: Option<&str>) -> Answer {
    let request = shop.api.get_from(client, "/weather");
    Answer::to(match credential {
        Some(credential) => request.header("Authorization", credential),
        None => request,
    })
    .await
}

/// How many of these requests are answered with each status.
async fn counted(
    shop: &Shop,
    client: u8,
    requests: usize,
    credential: impl Fn(usize) -> Option<String>,
) -> Vec<(u16, usize)> {
    let mut counts: Vec<(u16, usize)> = Vec::new();
    for number in 0..requests {
        let answer = ask_from(shop, client, credential(number).as_deref()).await;
        match counts.iter_mut().find(|(status, _)| *status == answer.status) {
            Some((_, count)) => *count += 1,
            None => counts.push((answer.status, 1)),
        }
        if matches!(answer.status, 429 | 503) {
            retry_after(&answer);
            assert!(answer.all("www-authenticate").is_empty());
            let is_told = answer.body.contains("do not pay again");
            assert_eq!(is_told, credential(number).is_some(), "{}", answer.body);
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
    counts
}

#[actix_web::test]
async fn one_client_that_does_not_pay_leaves_the_others_able_to_buy() {
    for shop in [hosted().await, Shop::with(|config| config).await] {
        assert_eq!(counted(&shop, 1, 34, |_| None).await, [(402, 30), (429, 4)]);
        for client in 2..22 {
            let challenge = ask_from(&shop, client, None).await;
            assert_eq!(challenge.status, 402, "client {client}");
            let paid = l402_tests::pay(&shop.sandbox, &challenge.headers);
            assert_eq!(ask_from(&shop, client, Some(&paid)).await.status, 200, "client {client}");
        }
    }
}

#[actix_web::test]
async fn twenty_agents_at_one_address_buy_and_are_served_three_times_each() {
    let shop = hosted().await;
    let mut tokens = Vec::new();
    for _ in 0..20 {
        tokens.push(shop.buy("/weather").await);
    }
    for token in tokens.iter().cycle().take(60) {
        assert_eq!(shop.api.ask_with("/weather", token).await.status, 200);
    }
    assert_eq!((shop.sandbox.mints(), shop.sandbox.verifies()), (20, 20));
}

/// The same where each request is a call: 80 of a hundred.
#[actix_web::test]
async fn nobody_is_refused_while_the_accounts_minute_has_calls_to_spare() {
    let sandbox = Sandbox::builder().rate_limit(100).start().await.unwrap();
    let shop = Shop::on(sandbox, |config| config.verify_cache(VerifyCache::off())).await;
    for _ in 0..20 {
        let token = shop.buy("/weather").await;
        for _ in 0..3 {
            assert_eq!(shop.api.ask_with("/weather", &token).await.status, 200);
        }
    }
    assert_eq!((shop.sandbox.mints(), shop.sandbox.verifies()), (20, 60));
}

#[actix_web::test]
async fn all_that_comes_to_nothing_takes_two_thirds_of_the_minute_and_no_more() {
    let shop = hosted().await;
    let paid = shop.buy("/weather").await;
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
    flood(&shop).await;
    for client in 2..12 {
        ask_from(&shop, client, None).await;
    }
    let calls = shop.sandbox.mints() + shop.sandbox.verifies();
    assert!((60..=70).contains(&calls), "{calls}");
}

/// At the hosted broker's own limit, with the settings as they come.
#[actix_web::test]
async fn a_crawler_and_garbage_together_keep_nobody_out_who_has_paid() {
    let sandbox = Sandbox::builder().rate_limit(100).start().await.unwrap();
    let shop = Shop::on(sandbox, |config| config.verify_cache(VerifyCache::off())).await;
    let accepted = shop.buy("/weather").await;
    assert_eq!(shop.api.ask_with("/weather", &accepted).await.status, 200);
    let just_paid = shop.buy("/weather").await;
    for number in 0..60 {
        let client = u8::try_from(2 + number % 20).unwrap();
        ask_from(&shop, client, None).await;
        ask_from(&shop, client, Some(&garbage(number))).await;
    }
    for paid in [&accepted, &just_paid].repeat(9) {
        assert_eq!(shop.api.ask_with("/weather", paid).await.status, 200);
    }
}

/// What the broker says counts, and not what this process has called: another one may have called
/// the rest.
#[actix_web::test]
async fn what_another_process_has_called_counts_here_too() {
    let sandbox = Sandbox::builder().rate_limit(100).start().await.unwrap();
    let [here, there] = [sandbox.client(), sandbox.client()].map(L402Config::new);
    let shop = Shop::on(sandbox, |_| here.clone()).await;
    let paid = shop.buy("/weather").await;
    // The other one.
    let client = shop.sandbox.client();
    for number in 0..85 {
        let nobody = l402_actix::l402_server::VerifyRequest::new("AgEL", format!("{number:064x}"));
        client.verify_token(&nobody).await.unwrap();
    }
    drop(there);
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200, "whoever has paid");
    let mut sold = 0;
    while ask_from(&shop, 20 + sold, None).await.status == 402 {
        sold += 1;
    }
    assert!((1..=4).contains(&sold), "of the calls that are left a tenth is kept: {sold}");
    assert_eq!(ask_from(&shop, 99, None).await.status, 503);
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
}

/// What else calls with the same key is no process at which this payer has called too.
#[actix_web::test]
async fn who_has_hardly_called_is_served_where_another_program_has_called_the_rest() {
    let sandbox = Sandbox::builder().rate_limit(100).start().await.unwrap();
    let shop = Shop::on(sandbox, |config| config.verify_cache(VerifyCache::off())).await;
    let paid = shop.buy("/weather").await;
    let client = shop.sandbox.client();
    for number in 0..88 {
        let nobody = l402_actix::l402_server::VerifyRequest::new("AgEL", format!("{number:064x}"));
        client.verify_token(&nobody).await.unwrap();
    }
    for times in 1..=8 {
        let status = shop.api.ask_with("/weather", &paid).await.status;
        assert_eq!(status, 200, "asked {times} times of ten, and {} are left", 12 - times);
    }
}

#[actix_web::test]
async fn one_greedy_payer_leaves_five_others_what_is_theirs() {
    let sandbox = Sandbox::builder().rate_limit(100).start().await.unwrap();
    let shop = Shop::on(sandbox, |config| config.verify_cache(VerifyCache::off())).await;
    let mut tokens = Vec::new();
    for _ in 0..6 {
        tokens.push(shop.buy("/weather").await);
    }
    let (greedy, others) = tokens.split_first().unwrap();
    let mut served = 0;
    for _ in 0..150 {
        let answer = shop.api.ask_with("/weather", greedy).await;
        assert!(matches!(answer.status, 200 | 429), "{}", answer.status);
        served += usize::from(answer.status == 200);
    }
    assert!((10..50).contains(&served), "{served}");
    for other in others.iter().cycle().take(45) {
        assert_eq!(shop.api.ask_with("/weather", other).await.status, 200);
    }
}

#[actix_web::test]
async fn a_used_up_token_costs_no_verification_and_few_mints() {
    let shop = hosted().await;
    let paid = shop.buy("/once/thing").await;
    assert_eq!(shop.api.ask_with("/once/thing", &paid).await.status, 200);
    let verifies = shop.sandbox.verifies();
    let mut challenged = 0;
    for _ in 0..150 {
        let answer = shop.api.ask_with("/once/thing", &paid).await;
        assert!(matches!(answer.status, 402 | 429), "{}", answer.status);
        challenged += usize::from(answer.status == 402);
    }
    assert_eq!(shop.sandbox.verifies(), verifies);
    assert!(challenged <= 30, "{challenged}");
    assert_eq!(ask_from(&shop, 9, None).await.status, 402, "others are sold to");
}

#[actix_web::test]
async fn one_token_at_a_hundred_and_fifty_rising_prices_has_its_right_and_no_more() {
    let shop = hosted().await;
    shop.price(100);
    let paid = shop.buy("/floating").await;
    assert_eq!(shop.api.ask_with("/floating", &paid).await.status, 200);
    let verifies = shop.sandbox.verifies();
    for sats in 101..251 {
        shop.price(sats);
        let answer = shop.api.ask_with("/floating", &paid).await;
        assert!(matches!(answer.status, 402 | 429), "{}", answer.status);
    }
    assert!(shop.sandbox.verifies() - verifies <= 10, "{}", shop.sandbox.verifies());
    shop.price(100);
    assert_eq!(shop.api.ask_with("/floating", &paid).await.status, 200, "its verdict stands");
}

/// After the first price the broker is asked about all that the token is said to have paid.
#[actix_web::test]
async fn one_token_that_covers_a_hundred_and_fifty_rising_prices_is_verified_twice() {
    let shop = hosted().await;
    shop.price(1_000);
    let paid = shop.buy("/floating").await;
    for sats in 101..251 {
        shop.price(sats);
        assert_eq!(shop.api.ask_with("/floating", &paid).await.status, 200, "{sats}");
    }
    assert_eq!(shop.sandbox.verifies(), 2);
}

/// Its holder can append a caveat, and this broker reads out the last one.
#[actix_web::test]
async fn a_token_that_overstates_what_it_has_paid_opens_no_dearer_price_and_stays_good_for_its_own()
{
    for overstated in ["amount_sats=1000", "amount_sats=18446744073709551615"] {
        let sandbox = Sandbox::builder().read_out(ReadOut::Last).start().await.unwrap();
        let shop = Shop::on(sandbox, |config| config).await;
        shop.price(100);
        let paid = shop.buy("/floating").await;
        let (macaroon, preimage) = paid["L402 ".len()..].split_once(':').unwrap();
        let forged = format!("L402 {}:{preimage}", append_caveat(macaroon, overstated).unwrap());
        for (sats, status) in [(50, 200), (100, 200), (150, 402), (100, 200)] {
            shop.price(sats);
            let answer = shop.api.ask_with("/floating", &forged).await;
            assert_eq!(answer.status, status, "{overstated} at {sats} sats");
        }
    }
}

#[actix_web::test]
async fn whoever_has_paid_stays_known_while_the_price_floats() {
    let shop = shop(100).await;
    shop.price(100);
    let paid = shop.buy("/floating-with-slack").await;
    flood(&shop).await;
    for sats in [105, 99, 110] {
        shop.price(sats);
        assert_eq!(shop.api.ask_with("/floating-with-slack", &paid).await.status, 200, "{sats}");
    }
}

/// A client with a sibling's token has to hear that it must buy, however small the budget is.
#[actix_web::test]
async fn the_smallest_budget_has_room_for_a_diagnosis() {
    let shop = shop(2).await;
    assert_eq!(shop.api.ask_with("/weather", &garbage(0)).await.status, 401);
    assert_eq!(shop.sandbox.verifies(), 2);
}

/// It brings the paid invoice back until that expires, so the first new challenge costs two calls.
#[actix_web::test]
async fn a_crawler_under_an_idempotency_key_takes_what_one_client_may() {
    let shop = Shop::with(|config: L402Config| {
        config
            .broker_budget(BrokerBudget::per_minute(20))
            .idempotency_key_with(|_| Some("one client".to_owned()))
    })
    .await;
    let paid = shop.buy("/weather").await;
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
    for _ in 0..20 {
        let answer = shop.api.ask("/weather").await;
        assert!(matches!(answer.status, 402 | 429), "{}", answer.status);
    }
    assert!(shop.sandbox.mints() <= 8, "{}", shop.sandbox.mints());
}

#[actix_web::test]
async fn who_has_just_paid_is_not_held_up_by_a_flood_of_garbage() {
    let shop = shop(30).await;
    let paid = shop.buy("/weather").await;
    let challenge = shop.api.ask("/weather").await;
    flood(&shop).await;
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);

    // And in the other scheme.
    let invoice = challenge.json()["l402"]["invoice"].as_str().unwrap().to_owned();
    let preimage = shop.sandbox.pay(&invoice).unwrap();
    let json = format!(r#"{{"payload":{{"preimage":"{preimage}"}}}}"#);
    let mpp = format!("Payment {}", URL_SAFE_NO_PAD.encode(json));
    assert_eq!(shop.api.ask_with("/weather", &mpp).await.status, 200);
    let again = shop.api.ask_with("/weather", &mpp).await.status;
    assert!(matches!(again, 402 | 503), "used up, so unknown again: {again}");
}

#[actix_web::test]
async fn a_bought_token_asks_at_other_routes_within_its_payers_right() {
    let shop = shop(100).await;
    let paid = shop.buy("/any/thing").await;
    assert_eq!(shop.api.ask_with("/any/thing", &paid).await.status, 200);
    for number in 0..50 {
        let answer = shop.api.ask_with(&format!("/any/{number}"), &paid).await;
        assert!(matches!(answer.status, 402 | 429), "{}", answer.status);
    }
    assert!(shop.sandbox.verifies() <= 21, "{}", shop.sandbox.verifies());
    let other = shop.buy("/any/thing").await;
    assert_eq!(shop.api.ask_with("/any/thing", &other).await.status, 200, "another payer");
}

#[actix_web::test]
async fn a_token_that_the_broker_no_longer_takes_has_no_right_to_more_than_its_client() {
    let shop = shop(30).await;
    let paid = shop.buy("/weather").await;
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
    shop.sandbox.advance(Duration::from_secs(2 * 60 * 60));
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 402, "it was good");
    flood(&shop).await;
    // Past the time for which a refusal stands.
    rt::time::sleep(Duration::from_secs(6)).await;
    let status = shop.api.ask_with("/weather", &paid).await.status;
    assert!(matches!(status, 429 | 503), "{status}");
}

#[actix_web::test]
async fn a_429_of_the_broker_stops_strangers_while_those_who_have_paid_go_on() {
    let shop = shop(100).await;
    let paid = shop.buy("/weather").await;
    let fault = || Fault::status(429).header("Retry-After", "30");
    for endpoint in [Endpoint::Verify, Endpoint::Mint] {
        shop.sandbox.fault(fault().on(endpoint));
        let answer = match endpoint {
            Endpoint::Verify => shop.api.ask_with("/weather", &paid).await,
            _ => shop.api.ask("/weather").await,
        };
        assert_eq!(answer.status, 503, "{endpoint:?}");
        shop.sandbox.clear_faults();

        let mints = shop.sandbox.mints();
        for credential in [None, Some(garbage(0))] {
            let answer = ask_from(&shop, 9, credential.as_deref()).await;
            assert_eq!(answer.status, 503, "{endpoint:?}");
            assert!(retry_after(&answer) <= 35);
        }
        assert_eq!(shop.sandbox.mints(), mints);
        assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
    }
}

#[actix_web::test]
async fn mints_go_on_when_the_rest_is_over() {
    let shop = shop(100).await;
    shop.sandbox.fault(Fault::status(429).header("Retry-After", "1").on(Endpoint::Mint));
    assert_eq!(shop.api.ask("/weather").await.status, 503);
    rt::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(shop.api.ask("/weather").await.status, 402);
}

/// An outage is no fault of those who ask.
#[actix_web::test]
async fn a_broker_that_is_away_counts_against_nobody() {
    let shop = Shop::with(|config| config).await;
    for _ in 0..10 {
        shop.sandbox.fault(Fault::reset().times(2));
        assert_eq!(shop.api.ask("/weather").await.status, 502);
        shop.sandbox.clear_faults();
    }
    assert_eq!(counted(&shop, 1, 20, |_| None).await, [(402, 20)]);
}

/// Whatever the broker answers about it: a client can choose what it asks.
#[actix_web::test]
async fn what_the_broker_makes_nothing_of_counts_against_who_asks_it() {
    for (fault, credential, status) in [(400, true, 401), (402, false, 502), (500, false, 502)] {
        let shop = hosted().await;
        let endpoint = if credential { Endpoint::Verify } else { Endpoint::Mint };
        shop.sandbox.fault(Fault::status(fault).on(endpoint).times(150));
        let answers = counted(&shop, 1, 60, |number| credential.then(|| garbage(number))).await;
        assert_eq!(answers, [(status, 30), (429, 30)], "{fault}");
        shop.sandbox.clear_faults();
        assert_eq!(ask_from(&shop, 2, None).await.status, 402, "{fault}");
    }
}

/// Ten sats must not buy the account's minute.
#[actix_web::test]
async fn ten_cheap_payments_at_routes_that_they_have_not_paid_starve_nobody() {
    let shop = hosted().await;
    let mut tokens = Vec::new();
    for number in 0..10 {
        tokens.push(shop.buy(&format!("/any/{number}")).await);
    }
    let victim = shop.buy("/weather").await;
    for number in 0..12 {
        for token in &tokens {
            shop.api.ask_with(&format!("/any/other-{number}"), token).await;
        }
    }
    assert_eq!(shop.api.ask_with("/weather", &victim).await.status, 200);
}

#[actix_web::test]
async fn what_a_payer_spoils_is_only_that_request() {
    let shop = shop(100).await;
    let paid = shop.buy("/weather").await;
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
    let preimage = paid.split_once(':').unwrap().1;
    let damaged = format!("L402 AgEL:{preimage}");
    assert_eq!(shop.api.ask_with("/weather", &damaged).await.status, 402);
    flood(&shop).await;
    assert_eq!(shop.api.ask_with("/weather", &paid).await.status, 200);
}

/// Minted here for just this and never accepted: 401 and no second question, however often, and
/// served as soon as the broker has learned of the payment.
#[actix_web::test]
async fn a_payment_that_the_broker_learns_of_late_is_asked_about_each_second_and_then_served() {
    let shop = hosted().await;
    let paid = shop.buy("/weather").await;
    shop.sandbox.fault(Fault::json(serde_json::json!({ "valid": false })).times(4));
    let begun = std::time::Instant::now();
    let mut asked = 0;
    loop {
        let answer = shop.api.ask_with("/weather", &paid).await;
        asked += 1;
        if answer.status == 200 {
            break;
        }
        assert_eq!(answer.status, 401, "{}", answer.body);
        assert!(begun.elapsed() < Duration::from_secs(10), "never served");
        rt::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(asked > 20, "remembered for a second: {asked}");
    assert_eq!(shop.sandbox.verifies(), 5, "no second question");
}

/// What was minted here for something else is known for that without a second question.
#[actix_web::test]
async fn a_token_of_a_sibling_route_costs_one_question() {
    let shop = hosted().await;
    let sibling = shop.buy("/any/thing").await;
    assert_eq!(shop.api.ask_with("/weather", &sibling).await.status, 402);
    assert_eq!(shop.sandbox.verifies(), 1);
}

#[actix_web::test]
async fn clients_behind_one_proxy_count_each_for_itself_where_the_merchant_names_it() {
    let header = actix_web::http::header::HeaderName::from_static("x-forwarded-for");
    let identity = ClientIdentity::behind_proxies(["127.0.0.1"], header).unwrap();
    let shop = Shop::with(move |config| config.client_identity(identity.clone())).await;
    for (client, statuses) in [("203.0.113.1", [402, 429]), ("203.0.113.2", [402, 429])] {
        let mut seen = Vec::new();
        for _ in 0..31 {
            let request = shop.api.get("/weather").header("X-Forwarded-For", client);
            seen.push(Answer::to(request).await.status);
        }
        seen.dedup();
        assert_eq!(seen, statuses, "{client}");
    }
}

#[actix_web::test]
async fn without_a_budget_nothing_is_held_up() {
    let shop =
        Shop::with(|config: L402Config| config.broker_budget(BrokerBudget::unlimited())).await;
    shop.sandbox.fault(Fault::status(429).on(Endpoint::Mint));
    assert_eq!(shop.api.ask("/weather").await.status, 503);
    for number in 0..60 {
        assert_eq!(shop.api.ask("/weather").await.status, 402);
        assert_eq!(shop.api.ask_with("/weather", &garbage(number)).await.status, 401);
    }
    assert_eq!((shop.sandbox.mints(), shop.sandbox.verifies()), (61, 120));
}
