//! The list of the wire contract, line by line: what a credential is answered by what the broker says
//! and what is known here.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, Responder};
use l402_actix::{BrokerBudget, OnInvalidToken, VerifyCache, l402_server::Verification};
use l402_sandbox::{Endpoint, Fault, Sandbox, append_caveat};
use l402_tests::Answer;
use serde_json::json;

use super::{L402Config, Shop, halves, mpp::pay_by_mpp};

async fn page(_: HttpRequest, _: Verification) -> impl Responder {
    HttpResponse::ImATeapot().finish()
}

fn modes() -> [OnInvalidToken; 4] {
    [
        OnInvalidToken::Diagnose,
        OnInvalidToken::Unauthorized,
        OnInvalidToken::Rechallenge,
        OnInvalidToken::custom(page),
    ]
}

async fn shop(answer: OnInvalidToken) -> Shop {
    of(Sandbox::start().await, answer).await
}

async fn of(sandbox: Sandbox, answer: OnInvalidToken) -> Shop {
    let settings = move |config: L402Config| {
        config.on_invalid_token(answer.clone()).mpp(true).broker_budget(BrokerBudget::unlimited())
    };
    Shop::with(sandbox, settings).await
}

fn no() -> Fault {
    Fault::json(json!({ "valid": false, "error": "no" })).on(Endpoint::Verify)
}

fn yes(resource: &str, sats: u64) -> Fault {
    let reply = json!({ "valid": true, "resource": resource, "amountSats": sats });
    Fault::json(reply).on(Endpoint::Verify)
}

impl Shop {
    async fn status(&self, path: &str, credential: &str) -> u16 {
        self.api.ask_with(path, credential).await.status
    }
}

fn with_caveat(credential: &str, caveat: &str) -> String {
    let (macaroon, preimage) = halves(credential);
    format!("L402 {}:{preimage}", append_caveat(macaroon, caveat).unwrap())
}

#[actix_web::test]
async fn line_2_a_failure_of_the_broker_is_that_failure_in_every_mode() {
    for mode in modes() {
        let shop = shop(mode).await;
        let token = shop.buy("/weather").await;
        for (fault, status) in [(Fault::status(500), 502), (Fault::status(503), 503)] {
            shop.sandbox.fault(fault.on(Endpoint::Verify));
            assert_eq!(shop.status("/weather", &token).await, status);
        }
        assert_eq!(shop.status("/weather", &token).await, 200);
    }
}

#[actix_web::test]
async fn line_3_a_400_of_the_broker_is_401_for_a_token_and_403_for_an_mpp_payment() {
    for mode in modes() {
        let shop = shop(mode).await;
        let (token, payment) = (shop.buy("/weather").await, shop.buy_by_mpp("/weather").await);
        shop.sandbox.fault(Fault::status(400).on(Endpoint::Verify));
        assert_eq!(shop.status("/weather", &token).await, 401);
        shop.sandbox.fault(Fault::status(400).on(Endpoint::Verify));
        let refused = shop.api.ask_with("/weather", &payment).await;
        assert_eq!(refused.status, 403);
        assert!(refused.all("www-authenticate").is_empty());
        assert_eq!(shop.calls.so_far(), 0);
        assert_eq!(shop.status("/weather", &token).await, 200);
        assert_eq!(shop.status("/weather", &payment).await, 200);
    }
}

#[actix_web::test]
async fn line_4_a_yes_that_covers_is_the_handlers_own_answer() {
    for mode in modes() {
        let shop = shop(mode).await;
        let (token, payment) = (shop.buy("/weather").await, shop.buy_by_mpp("/weather").await);
        assert_eq!(shop.status("/weather", &token).await, 200);
        assert_eq!(shop.status("/weather", &payment).await, 200);
    }
}

#[actix_web::test]
async fn line_5_a_yes_that_contradicts_the_question_is_502_whoever_presents_it() {
    for mode in modes() {
        let shop = shop(mode).await;
        let sold = shop.buy("/weather").await;
        let elsewhere = shop.buy_elsewhere("/weather", 100).await;
        for token in [&sold, &elsewhere, &"L402 AgEL:00".to_owned()] {
            for contradiction in [
                yes("/weather", 99),
                yes("/weather/", 100),
                Fault::json(json!({ "valid": true, "amountSats": 100 })),
                Fault::json(json!({ "valid": true, "resource": "/weather" })),
            ] {
                shop.sandbox.fault(contradiction);
                assert_eq!(shop.status("/weather", token).await, 502);
            }
        }
        let payment = shop.buy_by_mpp("/weather").await;
        shop.sandbox.fault(yes("/weather", 99));
        assert_eq!(shop.status("/weather", &payment).await, 502);
        assert_eq!(shop.calls.so_far(), 0);
    }
}

/// A yes that contradicts itself has accepted nothing.
#[actix_web::test]
async fn line_6_what_was_minted_here_for_just_this_and_never_accepted_hears_no_price() {
    for mode in modes() {
        let shop = shop(mode).await;
        let token = shop.buy("/weather").await;
        let mints = shop.sandbox.mints();
        shop.sandbox.fault(no());
        assert_eq!(shop.status("/weather", &token).await, 401);
        shop.sandbox.fault(yes("/weather", 99));
        let spoilt = with_caveat(&token, "expires=1");
        assert_eq!(shop.status("/weather", &spoilt).await, 502);
        assert_eq!(shop.status("/weather", &spoilt).await, 401, "not even by its own account");
        assert_eq!(shop.sandbox.mints(), mints);

        let payment = shop.buy_by_mpp("/weather").await;
        shop.sandbox.fault(no());
        let refused = shop.api.ask_with("/weather", &payment).await;
        assert_eq!(refused.status, 403);
        assert!(refused.all("www-authenticate").is_empty());
        assert_eq!(shop.status("/weather", &payment).await, 200);
    }
}

#[actix_web::test]
async fn line_7_a_refused_mpp_payment_is_asked_for_another_in_every_mode() {
    for mode in modes() {
        let shop = shop(mode).await;
        let cheap = shop.buy_by_mpp("/fails").await;
        let verifies = shop.sandbox.verifies();
        let refused = shop.api.ask_with("/weather", &cheap).await;
        assert_eq!(refused.status, 402, "minted here for something else");
        assert_eq!(shop.sandbox.verifies(), verifies + 1);
        assert_eq!(shop.status("/weather", &pay_by_mpp(&shop.sandbox, &refused)).await, 200);
    }
}

#[actix_web::test]
async fn line_8_unauthorized_is_401_and_rechallenge_402_by_one_call() {
    for (mode, status) in [(OnInvalidToken::Unauthorized, 401), (OnInvalidToken::Rechallenge, 402)]
    {
        let shop = shop(mode).await;
        let sibling = shop.buy("/fails").await;
        let good = shop.buy("/weather").await;
        assert_eq!(shop.status("/weather", &good).await, 200);
        let expired = with_caveat(&good, "expires=1");
        for token in [&sibling, &expired, &"L402 AgEL:00".to_owned()] {
            let verifies = shop.sandbox.verifies();
            assert_eq!(shop.status("/weather", token).await, status);
            assert_eq!(shop.sandbox.verifies(), verifies + 1);
        }
    }
}

#[actix_web::test]
async fn line_9_a_token_that_was_accepted_here_is_asked_to_pay_again_when_the_broker_says_no() {
    for mode in [OnInvalidToken::Diagnose, OnInvalidToken::custom(page)] {
        let sandbox = Sandbox::builder().token_lifetime(Duration::from_secs(3600)).start();
        let shop = of(sandbox.await.unwrap(), mode).await;
        let token = shop.buy("/weather").await;
        assert_eq!(shop.status("/weather", &token).await, 200);
        shop.sandbox.advance(Duration::from_secs(3601));
        let verifies = shop.sandbox.verifies();
        let anew = shop.api.ask_with("/weather", &token).await;
        assert_eq!(anew.status, 402, "by this clock it has not expired, and it was good");
        assert_eq!(shop.sandbox.verifies(), verifies + 1);
        let fresh = l402_tests::pay(&shop.sandbox, &anew.headers);
        assert_eq!(shop.status("/weather", &fresh).await, 200);
    }
}

/// lnget appends a caveat of its own to what it presents.
#[actix_web::test]
async fn line_9_a_token_that_says_itself_that_it_has_expired_is_asked_to_pay_again() {
    let shop = shop(OnInvalidToken::Diagnose).await;
    let token = shop.buy_elsewhere("/weather", 100).await;
    let (_, preimage) = halves(&token);
    let expired = with_caveat(&token, "expires=1700000000");
    for presented in [&expired, &with_caveat(&expired, &format!("preimage={preimage}"))] {
        let verifies = shop.sandbox.verifies();
        let anew = shop.api.ask_with("/weather", presented).await;
        assert_eq!(anew.status, 402);
        assert_eq!(shop.sandbox.verifies(), verifies + 1, "without a second question");
        let fresh = l402_tests::pay(&shop.sandbox, &anew.headers);
        assert_eq!(shop.status("/weather", &fresh).await, 200);
    }
}

#[actix_web::test]
async fn line_10_a_token_that_was_minted_here_for_something_else_buys_without_a_second_question() {
    for mode in [OnInvalidToken::Diagnose, OnInvalidToken::custom(page)] {
        let shop = shop(mode).await;
        for (bought, wanted) in [("/fails", "/weather"), ("/cheap", "/dear")] {
            let token = shop.buy(bought).await;
            let verifies = shop.sandbox.verifies();
            assert_eq!(shop.status(wanted, &token).await, 402);
            assert_eq!(shop.sandbox.verifies(), verifies + 1);
        }
    }
}

#[actix_web::test]
async fn line_11_the_second_question_tells_genuine_from_forged_and_never_opens_the_handler() {
    for (mode, end) in [(OnInvalidToken::Diagnose, 401), (OnInvalidToken::custom(page), 418)] {
        let shop = shop(mode).await;
        let sibling = shop.buy_elsewhere("/other", 100).await;
        assert_eq!(shop.status("/weather", &sibling).await, 402, "genuine and not covering");

        let genuine = shop.buy_elsewhere("/weather", 100).await;
        shop.sandbox.fault(no());
        assert_eq!(shop.status("/weather", &genuine).await, 502, "genuine and covering");
        shop.sandbox.fault(no());
        shop.sandbox.fault(Fault::status(503).on(Endpoint::Verify));
        assert_eq!(shop.status("/weather", &genuine).await, 503, "unanswered");
        assert_eq!(shop.calls.so_far(), 0);
        assert_eq!(shop.status("/weather", &genuine).await, 200, "and nothing is remembered");

        assert_eq!(shop.status("/weather", "L402 AgEL:00").await, end);
        assert_eq!(shop.calls.so_far(), 1);
    }
}

/// It asks for less than the first, and its yes must not be taken for one to that.
#[actix_web::test]
async fn a_yes_to_the_second_question_opens_nothing_the_next_time_either() {
    for (resource, amount, sold) in
        [(true, true, "/other"), (true, false, "/other"), (false, true, "/weather")]
    {
        let settings = |config: L402Config| {
            let config = config.broker_budget(BrokerBudget::unlimited());
            config
                .enforce_resource(resource)
                .enforce_amount(amount)
                .verify_cache(VerifyCache::new())
        };
        let shop = Shop::with(Sandbox::start().await, settings).await;
        let genuine = shop.buy_elsewhere(sold, if resource { 100 } else { 99 }).await;
        for _ in 0..3 {
            assert_eq!(shop.status("/weather", &genuine).await, 402, "{resource} {amount}");
        }
        assert_eq!(shop.calls.so_far(), 0);
    }
}

/// Where the merchant's key would bring back the invoice that the client had before.
#[actix_web::test]
async fn a_refused_token_is_sold_another_invoice_than_the_merchants_key_stands_for() {
    let settings = |config: L402Config| {
        let config = config.on_invalid_token(OnInvalidToken::Rechallenge);
        config.idempotency_key_with(|_| Some("the client's".to_owned()))
    };
    let shop = Shop::with(Sandbox::start().await, settings).await;
    let hash = |answer: &Answer| answer.json()["paymentHash"].as_str().unwrap().to_owned();
    let first = hash(&shop.api.ask("/weather").await);
    assert_eq!(hash(&shop.api.ask("/weather").await), first, "the key's");
    let refused = shop.api.ask_with("/weather", "L402 AgEL:00").await;
    assert_eq!(refused.status, 402);
    assert_ne!(hash(&refused), first);
}

/// A token that was just paid for is presented twice at once, and the broker learns of the payment in
/// between.
#[actix_web::test]
async fn a_no_that_was_asked_for_before_the_first_yes_is_no_sign_of_a_token_that_was_good() {
    let shop = shop(OnInvalidToken::Diagnose).await;
    let token = shop.buy("/weather").await;
    shop.sandbox.fault(no());
    assert_eq!(shop.status("/weather", &token).await, 401);
    actix_web::rt::time::sleep(Duration::from_millis(1100)).await;
    for _ in 0..3 {
        assert_eq!(shop.status("/weather", &token).await, 200, "the no stands for its moment only");
    }

    let token = shop.buy("/weather").await;
    shop.sandbox.fault(Fault::delay(Duration::from_millis(500)).on(Endpoint::Verify));
    let early = async {
        let spoilt = with_caveat(&token, "path=/other");
        shop.status("/weather", &spoilt).await
    };
    let late = async {
        actix_web::rt::time::sleep(Duration::from_millis(200)).await;
        shop.status("/weather", &token).await
    };
    assert_eq!(tokio::join!(early, late), (401, 200));
}

/// The merchant's function is for the end of the list, whatever the budget.
#[actix_web::test]
async fn a_custom_answer_is_asked_for_at_the_end_of_the_list_only() {
    let shop = shop(OnInvalidToken::custom(page)).await;
    let token = shop.buy("/weather").await;
    shop.sandbox.fault(no());
    assert_eq!(shop.status("/weather", &token).await, 401, "line 6");
    let payment = shop.buy_by_mpp("/fails").await;
    assert_eq!(shop.status("/weather", &payment).await, 402, "line 7");
    assert_eq!(shop.status("/weather", "L402 AgEL:00").await, 418);
}

/// Whatever the broker says to a fresh token, and however often it is presented.
#[actix_web::test]
async fn who_obeys_every_402_pays_once_whatever_the_broker_says() {
    for mode in modes() {
        let shop = shop(mode).await;
        let token = shop.buy("/weather").await;
        let payments = shop.sandbox.payments();
        for fault in [
            no(),
            no().times(2),
            yes("/weather", 99),
            yes("/other", 100),
            Fault::status(400).on(Endpoint::Verify),
            Fault::status(402).on(Endpoint::Verify),
            Fault::status(500).on(Endpoint::Verify),
            Fault::garbage().on(Endpoint::Verify),
        ] {
            shop.sandbox.clear_faults();
            shop.sandbox.fault(fault);
            for credential in [&token, &with_caveat(&token, "expires=1")] {
                assert_ne!(shop.status("/weather", credential).await, 402);
            }
        }
        assert_eq!(shop.sandbox.payments(), payments);
    }
}
