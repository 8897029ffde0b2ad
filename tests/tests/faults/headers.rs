//! What the broker mints must not break out of a header.

use actix_web::{Responder, get};
use l402_actix::l402;
use l402_sandbox::{Fault, Sandbox};
use l402_tests::{Api, config, raw};
use serde_json::json;

#[get("/weather")]
#[l402(price_sats = 100)]
async fn weather() -> impl Responder {
    "sunny"
}

async fn open() -> (Api, Sandbox) {
    let sandbox = Sandbox::start().await;
    let config = config(sandbox.client()).mpp(true);
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).service(weather);
    })
    .await;
    (api, sandbox)
}

/// Texts that end a quoted string, or a header, or are no header at all.
fn hostile() -> Vec<(&'static str, String)> {
    let forged = "a\r\nX-Evil: 1";
    vec![
        ("a quote", r#"a", invoice="lnbcrt1evil"#.to_owned()),
        ("a backslash", r"a\".to_owned()),
        ("CR LF", forged.to_owned()),
        ("CR LF twice", format!("{forged}\r\n\r\n<html>")),
        ("LF", "a\nX-Evil: 1".to_owned()),
        ("CR", "a\rX-Evil: 1".to_owned()),
        ("NUL", "a\0b".to_owned()),
        ("DEL", "a\u{7f}b".to_owned()),
        ("a tab", "a\tb".to_owned()),
        ("a space", "a b".to_owned()),
        ("another alphabet", "caf\u{e9}".to_owned()),
        ("a line separator", "a\u{2028}b".to_owned()),
        ("60 KiB", "a".repeat(60 * 1024)),
    ]
}

#[actix_web::test]
async fn a_macaroon_or_an_invoice_that_breaks_a_header_never_reaches_one() {
    let (api, sandbox) = open().await;
    for field in ["macaroon", "invoice"] {
        for (what, value) in hostile() {
            sandbox.fault(Fault::edit(move |reply| reply[field] = json!(value)));
            let answer = raw::get(api.address(), b"/weather", None).await.unwrap().unwrap();
            assert_eq!(answer.status, 502, "{field} with {what}");
            let head = String::from_utf8(answer.head).expect("a head is ASCII").to_lowercase();
            assert!(!head.contains("www-authenticate"), "{field} with {what}: {head}");
            assert!(!head.contains("x-evil") && !head.contains("lnbcrt1evil"), "{head}");
        }
    }
}

#[actix_web::test]
async fn an_mpp_challenge_that_breaks_a_header_is_left_out_and_the_l402_one_stands_alone() {
    let (api, sandbox) = open().await;
    for (what, value) in hostile() {
        // A quote, a backslash and a space are its own syntax; what they say is the broker's.
        if ["a quote", "a backslash", "a space"].contains(&what) {
            continue;
        }
        let challenge = format!(r#"Payment id="{value}", request="e30""#);
        sandbox.fault(Fault::edit(move |reply| reply["mppChallenge"] = json!(challenge)));
        let answer = raw::get(api.address(), b"/weather", None).await.unwrap().unwrap();
        assert_eq!(answer.status, 402, "{what}");
        let head = String::from_utf8(answer.head).expect("a head is ASCII").to_lowercase();
        let lines: Vec<_> =
            head.lines().filter(|line| line.starts_with("www-authenticate:")).collect();
        assert_eq!(lines.len(), 1, "{what}: {head}");
        assert!(lines[0].starts_with("www-authenticate: l402 macaroon="), "{head}");
        assert!(!head.contains("x-evil"), "{what}: {head}");
    }
}

/// They are in the body, where JSON escapes what would break out.
#[actix_web::test]
async fn the_other_fields_of_a_mint_cannot_break_the_body() {
    let (api, sandbox) = open().await;
    for field in ["paymentHash", "expiresAt"] {
        for (what, value) in hostile() {
            let sent = value.clone();
            sandbox.fault(Fault::edit(move |reply| reply[field] = json!(sent)));
            let answer = raw::get(api.address(), b"/weather", None).await.unwrap().unwrap();
            // A hash of another length is none, and a date that long is left out.
            let is_long = value.len() > 64;
            let refused = is_long && field == "paymentHash";
            assert_eq!(answer.status, if refused { 502 } else { 402 }, "{field} with {what}");
            assert!(!String::from_utf8_lossy(&answer.head).to_lowercase().contains("x-evil"));
            let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            let shown = if field == "paymentHash" { "payment_hash" } else { "expires_at" };
            let expected = if is_long { json!(null) } else { json!(value) };
            assert_eq!(body["l402"][shown], expected, "{what}");
        }
    }
}

/// The reason on a 401 is the broker's text.
#[actix_web::test]
async fn the_reason_of_a_refusal_never_breaks_the_answer() {
    let (api, sandbox) = open().await;
    for (what, value) in hostile() {
        let refused = json!({ "valid": false, "error": value });
        sandbox.fault(Fault::json(refused).times(2));
        let credential = Some("L402 AgEL:00");
        let answer = raw::get(api.address(), b"/weather", credential).await.unwrap().unwrap();
        assert_eq!(answer.status, 401, "{what}");
        assert!(!String::from_utf8_lossy(&answer.head).to_lowercase().contains("x-evil"));
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(body["message"].as_str().unwrap().len() <= 200, "{what}");
    }
}
