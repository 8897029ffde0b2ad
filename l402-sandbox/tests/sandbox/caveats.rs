//! What holders append to a token: it narrows, it is skipped, or it is refused; it never widens.

use l402_sandbox::{Sandbox, append_caveat};
use serde_json::{Value, json};

use super::{VERIFY, ask, bought};

async fn verdict(sandbox: &Sandbox, macaroon: &str, preimage: &str, fields: Value) -> Value {
    let mut question = json!({ "macaroon": macaroon, "preimage": preimage });
    question.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let (status, verdict) = ask(sandbox, VERIFY, &question).await;
    assert_eq!(status, 200, "{verdict}");
    verdict
}

#[tokio::test]
async fn a_caveat_that_is_not_known_is_skipped() {
    let sandbox = Sandbox::start().await;
    let (macaroon, preimage) = bought(&sandbox, "/a", 100).await;
    let mut appended = macaroon;
    for caveat in ["unknown=1", "no caveat", "services=weather:0", "time < 2030", "", "="] {
        appended = append_caveat(&appended, caveat).unwrap();
        let asked = json!({ "resource": "/a", "amountSats": 100 });
        let verdict = verdict(&sandbox, &appended, &preimage, asked).await;
        assert_eq!(verdict["valid"], true, "{caveat}: {verdict}");
        assert_eq!((&verdict["resource"], &verdict["amountSats"]), (&json!("/a"), &json!(100)));
    }
}

/// As Lightning Labs' own client appends it to each token that it presents.
#[tokio::test]
async fn a_preimage_caveat_is_checked_against_the_payment() {
    let sandbox = Sandbox::start().await;
    let (macaroon, preimage) = bought(&sandbox, "/a", 100).await;
    let asked = || json!({ "resource": "/a", "amountSats": 100 });
    for (bound, is_valid) in [
        (preimage.clone(), true),
        (preimage.to_uppercase(), true),
        ("0".repeat(64), false),
        (preimage[..62].to_owned(), false),
        ("lost".to_owned(), false),
    ] {
        let appended = append_caveat(&macaroon, &format!("preimage={bound}")).unwrap();
        let verdict = verdict(&sandbox, &appended, &preimage, asked()).await;
        assert_eq!(verdict["valid"], is_valid, "{bound}: {verdict}");
    }
    // Both have to hold: the later does not undo the earlier.
    let narrowed = append_caveat(&macaroon, &format!("preimage={}", "0".repeat(64))).unwrap();
    let appended = append_caveat(&narrowed, &format!("preimage={preimage}")).unwrap();
    assert_eq!(verdict(&sandbox, &appended, &preimage, asked()).await["valid"], false);
}

#[tokio::test]
async fn what_narrows_only_ever_narrows() {
    let sandbox = Sandbox::start().await;
    let (macaroon, preimage) = bought(&sandbox, "/a", 100).await;
    for (caveats, asked, is_valid) in [
        (&["amount_sats=50"][..], json!({ "amountSats": 100 }), false),
        (&["amount_sats=50"], json!({ "amountSats": 50 }), true),
        (&["amount_sats=500"], json!({ "amountSats": 101 }), false),
        (&["amount_sats=50", "amount_sats=500"], json!({ "amountSats": 51 }), false),
        (&["path=/b"], json!({ "resource": "/a" }), false),
        (&["path=/b"], json!({ "resource": "/b" }), false),
        (&["path=/a"], json!({ "resource": "/a" }), true),
        (&["expires=99999999999"], json!({ "resource": "/a" }), true),
        (&["expires=1", "expires=99999999999"], json!({ "resource": "/a" }), false),
        (&["merchant_id=2"], json!({ "resource": "/a" }), false),
    ] {
        let appended = caveats
            .iter()
            .fold(macaroon.clone(), |token, caveat| append_caveat(&token, caveat).unwrap());
        let verdict = verdict(&sandbox, &appended, &preimage, asked.clone()).await;
        assert_eq!(verdict["valid"], is_valid, "{caveats:?} {asked}: {verdict}");
    }
    // A later date than the broker's does not lengthen the token's life.
    let longer = append_caveat(&macaroon, "expires=99999999999").unwrap();
    sandbox.advance(l402_sandbox::DEFAULT_TOKEN_LIFETIME);
    assert_eq!(verdict(&sandbox, &longer, &preimage, json!({})).await["valid"], false);
}
