use std::time::Duration;

use l402_sandbox::{PaymentError, Sandbox};
use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use super::{VERIFY, ask, mint, post};

const ROUTER: &str = "/v2/router/send";
const CHANNELS: &str = "/v1/channels/transactions";

/// A valid invoice of somebody else, from the examples of BOLT11.
const FOREIGN: &str = "lnbc20m1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqhp58yjmdan79s6qqdhdzgynm4zwqd5d7xmw5fk98klysy043l2ahrqs9qrsgq7ea976txfraylvgzuxs8kgcw23ezlrszfnh8r6qtfpr6cxga50aj6txm9rxrydzd06dfeawfk6swupvz4erwnyutnjq7x39ymw6j38gp7ynn44";

fn invoice(challenge: &Value) -> &str {
    challenge["invoice"].as_str().unwrap()
}

#[tokio::test]
async fn an_unknown_expired_or_paid_invoice_is_refused_as_lnd_refuses_it() {
    let sandbox = Sandbox::start().await;
    let paid = mint(&sandbox, "/a", 1, "paid").await;
    sandbox.pay(invoice(&paid)).unwrap();

    for (order, direct, router, channels) in [
        (
            invoice(&paid),
            PaymentError::AlreadyPaid,
            (409, "invoice is already paid"),
            (200, "invoice is already paid"),
        ),
        (FOREIGN, PaymentError::NoRoute, (200, "FAILURE_REASON_NO_ROUTE"), (200, "no_route")),
        (
            "lnbcrt1nonsense",
            PaymentError::NotAnInvoice,
            (500, "invalid payment request"),
            (500, "invalid payment request"),
        ),
        (
            "",
            PaymentError::NotAnInvoice,
            (500, "invalid payment request"),
            (500, "invalid payment request"),
        ),
    ] {
        assert_eq!(sandbox.pay(order), Err(direct));
        let body = json!({ "payment_request": order });
        let (status, answer) = ask(&sandbox, ROUTER, &body).await;
        assert_eq!(status, router.0, "{order}");
        let said =
            answer["error"]["message"].as_str().or(answer["result"]["failure_reason"].as_str());
        assert_eq!(said, Some(router.1), "{answer}");
        let (status, answer) = ask(&sandbox, CHANNELS, &body).await;
        assert_eq!(status, channels.0, "{order}");
        let said = answer["payment_error"].as_str().or(answer["message"].as_str());
        assert_eq!(said, Some(channels.1), "{answer}");
    }

    let expiring = mint(&sandbox, "/a", 1, "expiring").await;
    sandbox.advance(Duration::from_secs(10 * 60));
    assert_eq!(sandbox.pay(invoice(&expiring)), Err(PaymentError::Expired));
    let body = json!({ "payment_request": invoice(&expiring) });
    for path in [ROUTER, CHANNELS] {
        assert_eq!(ask(&sandbox, path, &body).await.0, 500, "{path}");
    }
    assert_eq!(sandbox.payments(), 1);
}

#[tokio::test]
async fn the_router_streams_lines_and_gives_the_preimage_in_hexadecimal() {
    let sandbox = Sandbox::start().await;
    let challenge = mint(&sandbox, "/a", 100, "k").await;
    let order = json!({ "payment_request": invoice(&challenge), "timeout_seconds": 60, "fee_limit_sat": 100 });
    let response = post(&sandbox, ROUTER, &order).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let text = response.text().await.unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["result"]["status"], "IN_FLIGHT");
    let done = &lines[1]["result"];
    assert_eq!((&done["status"], &done["value_sat"]), (&json!("SUCCEEDED"), &json!("100")));
    assert_eq!(done["payment_hash"], challenge["paymentHash"]);
    let question =
        json!({ "macaroon": challenge["macaroon"], "preimage": done["payment_preimage"] });
    assert_eq!(ask(&sandbox, VERIFY, &question).await.1["valid"], true);
}

#[tokio::test]
async fn the_older_route_gives_the_preimage_in_base64() {
    let sandbox = Sandbox::start().await;
    let challenge = mint(&sandbox, "/a", 100, "k").await;
    let order = json!({ "payment_request": invoice(&challenge) });
    let (status, done) = ask(&sandbox, CHANNELS, &order).await;
    assert_eq!((status, &done["payment_error"]), (200, &json!("")));
    let preimage = base64_to_hex(done["payment_preimage"].as_str().unwrap());
    let question = json!({ "macaroon": challenge["macaroon"], "preimage": preimage });
    assert_eq!(ask(&sandbox, VERIFY, &question).await.1["valid"], true);
}

#[tokio::test]
async fn a_challenge_is_paid_from_the_headers_of_a_402() {
    let sandbox = Sandbox::start().await;
    let mut headers = HeaderMap::new();
    assert_eq!(sandbox.pay_challenge(&headers), Err(PaymentError::NoChallenge));
    headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"a\""));
    assert_eq!(sandbox.pay_challenge(&headers), Err(PaymentError::NoChallenge));

    let challenge = mint(&sandbox, "/a", 1, "k").await;
    let macaroon = challenge["macaroon"].as_str().unwrap();
    let value = format!(r#"L402 macaroon="{macaroon}", invoice="{}""#, invoice(&challenge));
    headers.append(WWW_AUTHENTICATE, HeaderValue::try_from(value).unwrap());
    let credential = sandbox.pay_challenge(&headers).unwrap();
    let preimage = credential.strip_prefix(&format!("L402 {macaroon}:")).unwrap();
    assert_eq!(preimage.len(), 64);
    assert_eq!(sandbox.pay_challenge(&headers), Err(PaymentError::AlreadyPaid));
}

fn base64_to_hex(text: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let bytes = STANDARD.decode(text).unwrap();
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
