//! Scopes that charge, and what is counted at the gates within: one request draws once, and only for
//! what a handler has answered.

use std::time::Duration;

use actix_web::{get, web};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use l402_actix::{Balance, MemoryStore, RequirePayment, l402};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::{Api, TestStore, pay};

#[get("/pack")]
#[l402(price_sats = 100, uses = 3)]
async fn pack() -> &'static str {
    "pack"
}

#[get("/metered")]
#[l402(price_sats = 100, units = 10, hold = 4)]
async fn metered(balance: Balance) -> &'static str {
    balance.draw(1).unwrap();
    "metered"
}

#[get("/dear")]
#[l402(price_sats = 100)]
async fn dear() -> &'static str {
    "dear"
}

#[get("/cheap")]
#[l402(price_sats = 10)]
async fn cheap() -> &'static str {
    "cheap"
}

#[get("/number/{number}")]
#[l402(price_sats = 10)]
async fn number(_: web::Path<u32>) -> &'static str {
    "a number"
}

struct Shop {
    sandbox: Sandbox,
    api: Api,
    store: TestStore,
}

impl Shop {
    async fn open() -> Self {
        let sandbox = Sandbox::start().await;
        let store = TestStore::around(MemoryStore::new());
        let config = l402_tests::config(sandbox.client()).balances(store.clone()).mpp(true);
        let api = Api::serve(move |app| {
            let plain = web::scope("/plain").wrap(RequirePayment::sats(100));
            let many = web::scope("/many").wrap(RequirePayment::sats(10).resource("many").uses(3));
            let one = web::scope("/one").wrap(RequirePayment::sats(10).resource("one").uses(1));
            app.app_data(config.clone())
                .service(plain.service(pack).service(metered).service(dear))
                .service(many.service((dear, cheap, number, metered)))
                .service(one.service(dear))
                .service(pack);
        })
        .await;
        Self { sandbox, api, store }
    }

    async fn buy(&self, path: &str) -> String {
        self.api.buy(path, &self.sandbox).await
    }

    async fn statuses(&self, path: &str, credential: &str, times: usize) -> Vec<u16> {
        let mut statuses = Vec::new();
        for _ in 0..times {
            statuses.push(self.api.ask_with(path, credential).await.status);
        }
        statuses
    }
}

pub(super) fn by_mpp(credential: &str) -> String {
    let (_, preimage) = credential.split_once(':').unwrap();
    let json = serde_json::json!({ "payload": { "preimage": preimage } }).to_string();
    format!("Payment {}", URL_SAFE_NO_PAD.encode(json))
}

/// The broker takes it at the scope, and it is worth there what the handler says.
#[actix_web::test]
async fn an_mpp_payment_for_a_scope_that_counts_nothing_is_counted_by_the_gate_within() {
    let shop = Shop::open().await;
    for (path, expected) in [
        ("/plain/pack", vec![200, 200, 200, 402]),
        ("/plain/metered", vec![200; 10]),
        ("/plain/dear", vec![200, 402]),
    ] {
        let payment = by_mpp(&shop.buy(path).await);
        let statuses = shop.statuses(path, &payment, expected.len()).await;
        assert_eq!(statuses, expected, "{path}");
    }
}

/// By the scope for one answer, and by the handler for what it counts; then it is known.
#[actix_web::test]
async fn what_an_mpp_payment_is_good_for_is_written_down_once() {
    let shop = Shop::open().await;
    for (path, answers, written) in
        [("/plain/metered", 6, 2), ("/plain/pack", 3, 2), ("/pack", 3, 1)]
    {
        let before = shop.store.acceptances();
        let payment = by_mpp(&shop.buy(path).await);
        assert_eq!(shop.statuses(path, &payment, answers).await, vec![200; answers], "{path}");
        assert_eq!(shop.store.acceptances() - before, written, "{path}");
    }
}

/// The scope's word is tried again for long, and must not come after that of the gate within.
#[actix_web::test]
async fn what_could_not_be_written_down_at_first_does_not_undo_what_was_written_since() {
    let shop = Shop::open().await;
    let mut payments = Vec::new();
    for _ in 0..4 {
        payments.push(by_mpp(&shop.buy("/plain/pack").await));
    }
    shop.store.fail_acceptances(true);
    let asked: Vec<_> = payments
        .iter()
        .map(|payment| shop.api.get("/plain/pack").header("authorization", payment).send())
        .map(actix_web::rt::spawn)
        .collect();
    // The scope has waited for so long, and goes on.
    tokio::time::sleep(std::time::Duration::from_millis(5200)).await;
    shop.store.fail_acceptances(false);
    for answer in asked {
        assert_eq!(answer.await.unwrap().unwrap().status().as_u16(), 200);
    }
    tokio::time::sleep(std::time::Duration::from_secs(8)).await;
    for payment in payments {
        assert_eq!(shop.statuses("/plain/pack", &payment, 3).await, [200, 200, 402]);
    }
}

/// What the payer has paid is what is written down, not what the scope asks.
#[actix_web::test]
async fn an_mpp_payment_for_a_dearer_handler_stays_good_for_it() {
    let shop = Shop::open().await;
    let too_little = shop.buy("/many/dear").await;
    let dearer = shop.api.ask_with("/many/dear", &too_little).await;
    assert_eq!(dearer.json()["l402"]["amount_sats"], 100);
    let payment = by_mpp(&pay(&shop.sandbox, &dearer.headers));
    assert_eq!(shop.statuses("/many/dear", &payment, 4).await, [200, 200, 200, 402]);
}

#[actix_web::test]
async fn what_a_gate_or_an_extractor_within_refuses_costs_the_scopes_payment_nothing() {
    let shop = Shop::open().await;
    let token = shop.buy("/many/cheap").await;
    assert_eq!(shop.statuses("/many/dear", &token, 3).await, [402; 3]);
    assert_eq!(shop.statuses("/many/number/x", &token, 3).await, [404; 3]);
    assert_eq!(shop.statuses("/many/cheap", &token, 4).await, [200, 200, 200, 402]);

    // Asked for more within, something in front of the broker answers 400.
    let token = shop.buy("/one/dear").await;
    let dearer = shop.api.ask_with("/one/dear", &token).await;
    let token = pay(&shop.sandbox, &dearer.headers);
    shop.sandbox.fault(Fault::edit(|_| {}).on(Endpoint::Verify));
    shop.sandbox.fault(Fault::status(400).on(Endpoint::Verify));
    let [first, again, over] = shop.statuses("/one/dear", &token, 3).await.try_into().unwrap();
    assert_eq!((first, again, over), (401, 200, 402));
}

#[actix_web::test]
async fn a_scope_and_a_gate_within_that_count_different_things_are_a_fault_that_nobody_pays_for() {
    let shop = Shop::open().await;
    let token = shop.buy("/many/cheap").await;
    let answer = shop.api.ask_with("/many/metered", &token).await;
    assert_eq!(answer.status, 500);
    assert!(answer.all("www-authenticate").is_empty());
    assert_eq!(shop.statuses("/many/cheap", &token, 4).await, [200, 200, 200, 402]);
}

/// The broker says yes to one of them.
#[actix_web::test]
async fn two_requests_at_once_with_one_mpp_payment_are_both_served_from_its_pack() {
    let shop = Shop::open().await;
    let payment = by_mpp(&shop.buy("/pack").await);
    shop.sandbox.fault(Fault::delay(Duration::from_millis(100)).on(Endpoint::Verify).times(2));
    let asked = [(); 2].map(|()| {
        actix_web::rt::spawn(shop.api.get("/pack").header("authorization", &payment).send())
    });
    for answer in asked {
        assert_eq!(answer.await.unwrap().unwrap().status().as_u16(), 200);
    }
    assert_eq!(shop.statuses("/pack", &payment, 2).await, [200, 402]);
}

/// As a request at another process does: it looks, and the other one is served before it holds.
#[actix_web::test]
async fn what_was_accepted_and_drawn_since_a_request_has_looked_is_what_it_holds() {
    const LATE: Duration = Duration::from_secs(3);
    for path in ["/plain/pack", "/plain/metered"] {
        let shop = Shop::open().await;
        let payment = by_mpp(&shop.buy(path).await);
        let ask = || {
            let request = shop.api.get(path).header("authorization", &payment);
            actix_web::rt::spawn(request.send())
        };
        shop.store.hold_late(LATE);
        let late = ask();
        // From when it holds on, and not before it has looked.
        while shop.store.kept_for().is_none() {
            actix_web::rt::time::sleep(Duration::from_millis(10)).await;
        }
        shop.store.hold_late(Duration::ZERO);
        let served = ask().await.unwrap().unwrap();
        assert_eq!(served.status().as_u16(), 200, "{path}");
        let late = late.await.unwrap().unwrap();
        assert_eq!(late.status().as_u16(), 200, "{path}");
        let left = if path == "/plain/pack" { "r=1" } else { "r=8" };
        let rate_limit = late.headers().get("ratelimit").unwrap().to_str().unwrap();
        assert!(rate_limit.ends_with(left), "{path}: {rate_limit}");
    }
}
