//! The holder of a macaroon can append caveats without its key. None opens what was not bought,
//! whichever caveat of a kind the broker reads out.

use l402_sandbox::{Fault, ReadOut, Sandbox, append_caveat};
use serde_json::json;

use super::{Shop, halves};

const READ_OUTS: [ReadOut; 2] = [ReadOut::First, ReadOut::Last];

async fn shop(read_out: ReadOut) -> Shop {
    let sandbox = Sandbox::builder().read_out(read_out).start().await.unwrap();
    Shop::with(sandbox, |config| config).await
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

/// A broker that takes no notice of what is sent, as if the packages that leave it out had set its
/// manners: its reply is compared again.
#[actix_web::test]
async fn a_valid_reply_that_names_another_resource_or_less_than_the_price_opens_nothing() {
    let shop = shop(ReadOut::First).await;
    for (resource, amount) in [("/other", 100), ("/weather", 99), ("", 100)] {
        let reply = json!({ "valid": true, "resource": resource, "amountSats": amount });
        shop.sandbox.fault(Fault::json(reply));
        let answer = shop.api.ask_with("/weather", "L402 AgEL:00").await;
        assert_eq!(answer.status, 402, "{resource} {amount}");
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
