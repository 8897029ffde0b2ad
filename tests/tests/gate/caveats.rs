//! The holder of a macaroon can append caveats without its key. None opens what was not bought,
//! whichever caveat of a kind the broker reads out.

use l402_actix::BrokerBudget;
use l402_sandbox::{Fault, ReadOut, Sandbox, append_caveat};
use serde_json::json;

use super::{Shop, halves};

const READ_OUTS: [ReadOut; 2] = [ReadOut::First, ReadOut::Last];

async fn shop(read_out: ReadOut) -> Shop {
    let sandbox = Sandbox::builder().read_out(read_out).start().await.unwrap();
    // More forgeries than the default budget lets through to the broker.
    Shop::with(sandbox, |config| config.broker_budget(BrokerBudget::unlimited())).await
}

fn with_caveats(credential: &str, caveats: &[&str]) -> String {
    let (macaroon, preimage) = halves(credential);
    let macaroon = caveats
        .iter()
        .fold(macaroon.to_owned(), |macaroon, caveat| append_caveat(&macaroon, caveat).unwrap());
    format!("L402 {macaroon}:{preimage}")
}

#[actix_web::test]
async fn an_appended_path_opens_no_other_route() {
    for read_out in READ_OUTS {
        let shop = shop(read_out).await;
        let bought = shop.buy("/weather").await;
        let forged = with_caveats(&bought, &["path=/forecast/berlin", "amount_sats=250"]);
        for path in ["/forecast/berlin", "/weather"] {
            let answer = shop.api.ask_with(path, &forged).await;
            assert!(matches!(answer.status, 401 | 402), "{path} {}", answer.status);
        }
        assert_eq!(shop.calls.so_far(), 0);
    }
}

#[actix_web::test]
async fn an_appended_amount_opens_no_dearer_route() {
    for read_out in READ_OUTS {
        let shop = shop(read_out).await;
        let bought = shop.buy("/cheap").await;
        let forged = with_caveats(&bought, &["amount_sats=100000"]);
        let answer = shop.api.ask_with("/dear", &forged).await;
        assert!(matches!(answer.status, 401 | 402), "{}", answer.status);
        assert_eq!(shop.calls.so_far(), 0);
    }
}

#[actix_web::test]
async fn an_appended_expiry_prolongs_nothing() {
    for read_out in READ_OUTS {
        let shop = shop(read_out).await;
        let bought = shop.buy("/weather").await;
        let forged = with_caveats(&bought, &["expires=99999999999"]);
        shop.sandbox.advance(std::time::Duration::from_secs(61 * 60));
        assert_eq!(shop.api.ask_with("/weather", &forged).await.status, 401);
        assert_eq!(shop.calls.so_far(), 0);
    }
}

/// Caveats can only be appended, so the broker's own stand first. A broker that reads out the last
/// of a kind names whatever its holder likes; one that reads out the first is right by luck.
#[actix_web::test]
async fn no_caveat_of_the_payers_opens_what_was_not_bought() {
    let appended: [&[&str]; 13] = [
        &["path=/dear", "amount_sats=500"],
        &["path=shared"],
        &["path=shared", "amount_sats=100000"],
        &["path=/forecast/berlin"],
        &["path=/forecast/berlin", "amount_sats=250", "expires=99999999999"],
        &["amount_sats=250", "path=/weather", "path=/forecast/berlin"],
        &["amount_sats=18446744073709551615"],
        &["amount_sats=18446744073709551616"],
        &["amount_sats=-1"],
        &["expires=99999999999"],
        &["merchant_id=1", "merchant_id=2"],
        &["PATH=/forecast/berlin"],
        &["path"],
    ];
    for read_out in READ_OUTS {
        let shop = shop(read_out).await;
        for path in ["/cheap", "/weather"] {
            let bought = shop.buy(path).await;
            for caveats in appended {
                let forged = with_caveats(&bought, caveats);
                for other in ["/dear", "/forecast/berlin", "/fails"] {
                    let answer = shop.api.ask_with(other, &forged).await;
                    let refused = matches!(answer.status, 401 | 402);
                    assert!(refused, "{other} by {caveats:?}, {read_out:?}: {}", answer.status);
                }
            }
        }
        assert_eq!(shop.calls.so_far(), 0);
    }
}

/// What narrows a token without contradicting it is the holder's right, say before lending it.
#[actix_web::test]
async fn a_caveat_that_repeats_what_was_bought_takes_nothing_away() {
    for read_out in READ_OUTS {
        let shop = shop(read_out).await;
        let bought = shop.buy("/weather").await;
        let narrowed = with_caveats(&bought, &["path=/weather", "expires=99999999999"]);
        assert_eq!(shop.api.ask_with("/weather", &narrowed).await.status, 200, "{read_out:?}");
    }
}

#[actix_web::test]
async fn a_token_that_its_holder_let_expire_or_made_smaller_stays_so() {
    for read_out in READ_OUTS {
        let shop = shop(read_out).await;
        let bought = shop.buy("/weather").await;
        for caveats in [
            &["expires=1"][..],
            &["expires=1", "expires=99999999999"],
            &["amount_sats=1"],
            &["amount_sats=1", "amount_sats=100"],
            &["path=/other"],
            &["path=/other", "path=/weather"],
        ] {
            let answer = shop.api.ask_with("/weather", &with_caveats(&bought, caveats)).await;
            let refused = matches!(answer.status, 401 | 402);
            assert!(refused, "{caveats:?}, {read_out:?}: {}", answer.status);
        }
        assert_eq!(shop.calls.so_far(), 0);
    }
}

/// The whole way: without a resource or an amount to be checked, the reply alone stands between
/// the token and the route.
#[actix_web::test]
async fn a_caveat_opens_nothing_even_where_one_of_the_two_is_not_enforced() {
    for read_out in READ_OUTS {
        let sandbox = Sandbox::builder().read_out(read_out).start().await.unwrap();
        let shop = Shop::with(sandbox, |config| config.enforce_resource(false)).await;
        let bought = shop.buy("/cheap").await;
        let forged = with_caveats(&bought, &["amount_sats=500"]);
        assert!(matches!(shop.api.ask_with("/dear", &forged).await.status, 401 | 402));

        let sandbox = Sandbox::builder().read_out(read_out).start().await.unwrap();
        let shop = Shop::with(sandbox, |config| config.enforce_amount(false)).await;
        let bought = shop.buy("/cheap").await;
        let forged = with_caveats(&bought, &["path=/weather"]);
        assert!(matches!(shop.api.ask_with("/weather", &forged).await.status, 401 | 402));
        assert_eq!(shop.calls.so_far(), 0);
    }
}

/// A broker that takes no notice of what is sent, as if the packages that leave it out had set its
/// manners: its reply is compared again.
#[actix_web::test]
async fn a_valid_reply_that_names_another_resource_or_less_than_the_price_opens_nothing() {
    let shop = shop(ReadOut::First).await;
    for (resource, amount) in [("/other", 100), ("/weather", 99), ("", 100)] {
        let reply = json!({ "valid": true, "resource": resource, "amountSats": amount });
        shop.sandbox.fault(Fault::json(reply));
        let answer = shop.api.ask_with("/weather", "L402 AgEL:00").await;
        // It would say the same of the next payment.
        assert_eq!(answer.status, 502, "{resource} {amount}");
        assert!(answer.all("www-authenticate").is_empty());
    }
    assert_eq!(shop.calls.so_far(), 0);
}

#[actix_web::test]
async fn a_valid_reply_without_a_fact_is_answered_502() {
    let shop = shop(ReadOut::First).await;
    let credential = shop.buy("/weather").await;
    for field in ["resource", "amountSats"] {
        shop.sandbox.fault(Fault::edit(move |reply| {
            reply.as_object_mut().unwrap().remove(field);
        }));
        assert_eq!(shop.api.ask_with("/weather", &credential).await.status, 502, "{field}");
    }
    assert_eq!(shop.calls.so_far(), 0);
    assert_eq!(
        shop.api.ask_with("/weather", &credential).await.status,
        200,
        "the token is not lost"
    );
}
