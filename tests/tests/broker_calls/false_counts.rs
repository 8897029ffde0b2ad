//! A broker that says wrong things of what is left of the account's minute.

use std::time::{Duration, Instant};

use actix_web::rt;
use l402_actix::{VerifyCache, l402_server::VerifyRequest};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use serde_json::json;

use super::{Shop, retry_after};

/// What each reply to a verification says: limit, remaining, reset.
const FALSE_COUNTS: [[&str; 3]; 9] = [
    ["100", "0", "0"],
    ["100", "0", "99999999999"],
    ["1", "0", "99999999999"],
    ["0", "0", "0"],
    ["4294967295", "0", "99999999999"],
    ["4294967295", "4294967295", "0"],
    ["100", "101", "1"],
    ["100", "-1", "soon"],
    ["", "99999999999999999999", "1e9"],
];

/// A yes to this credential, with these words about the minute.
fn yes(credential: &str, [limit, remaining, reset]: [&str; 3]) -> Fault {
    let hash = VerifyRequest::from_credential(credential).unwrap().payment_hash().unwrap();
    let hash = hash.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let yes =
        json!({ "valid": true, "resource": "/weather", "amountSats": 100, "paymentHash": hash });
    Fault::json(yes)
        .header("X-RateLimit-Limit", limit)
        .header("X-RateLimit-Remaining", remaining)
        .header("X-RateLimit-Reset", reset)
        .on(Endpoint::Verify)
}

#[actix_web::test]
async fn a_broker_that_says_with_each_reply_that_nothing_is_left_keeps_nobody_out_who_has_paid() {
    for counts in FALSE_COUNTS {
        let sandbox = Sandbox::start().await;
        let shop = Shop::on(sandbox, |config| config.verify_cache(VerifyCache::off())).await;
        let bought = [shop.buy("/weather").await, shop.buy("/weather").await];
        for round in 0..3 {
            for paid in &bought {
                shop.sandbox.clear_faults();
                shop.sandbox.fault(yes(paid, counts).always());
                let begun = Instant::now();
                loop {
                    let answer = shop.api.ask_with("/weather", paid).await;
                    if answer.status == 200 {
                        break;
                    }
                    assert!([429, 503].contains(&answer.status), "{counts:?}: {answer:?}");
                    assert!(retry_after(&answer) <= 60, "{counts:?}");
                    let waited = begun.elapsed();
                    assert!(waited < Duration::from_secs(20), "{counts:?}: round {round}");
                    rt::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        // Strangers are sold to, or told when to come again.
        let stranger = shop.api.ask("/weather").await;
        match stranger.status {
            402 => {}
            503 => assert!(retry_after(&stranger) <= 60, "{counts:?}"),
            status => panic!("{counts:?}: {status}"),
        }
    }
}
