//! What a reply says besides what it was asked for.

use l402_server::{ChallengeRequest, L402Error};

use crate::{
    MINTED, client, mint,
    script::{Broker, json},
    verify,
};

#[tokio::test]
async fn a_fact_that_nobody_needs_is_absent_when_it_is_of_another_type_or_out_of_range() {
    for odd in ["-1", "18446744073709551616", "1e400", "1.5", r#""7""#, "true", "[7]", "{}", "null"]
    {
        let body = format!(
            r#"{{"valid":true,"merchantId":{odd},"resource":"/a","amountSats":100,
                "paymentHash":5,"error":[{odd}]}}"#
        );
        let broker = Broker::start([json(&body)]).await;
        let verdict = verify(&client(&broker)).await.expect("whoever has paid is served");
        assert!(verdict.valid);
        assert_eq!((verdict.resource.as_deref(), verdict.amount_sats), (Some("/a"), Some(100)));
        assert_eq!(
            (verdict.merchant_id, verdict.payment_hash, verdict.error),
            (None, None, None),
            "{odd}"
        );
    }
    for odd in ["1800000000", "1e400", "null", "{}"] {
        let body = MINTED.replace(r#""2030-01-01T00:00:00Z""#, odd);
        let body = format!(r#"{},"mppChallenge":5}}"#, &body[..body.len() - 1]);
        let broker = Broker::start([json(&body)]).await;
        let challenge = mint(&client(&broker)).await.expect("minted");
        assert_eq!((challenge.expires_at, challenge.mpp_challenge), (None, None), "{odd}");
    }
}

#[tokio::test]
async fn a_fact_that_decides_is_strict() {
    for wrong in [
        r#"{"valid":1}"#,
        r#"{"valid":"true"}"#,
        r#"{"valid":null}"#,
        r#"{"resource":"/a"}"#,
        r#"{"valid":true,"resource":5}"#,
        r#"{"valid":true,"amountSats":"100"}"#,
        r#"{"valid":true,"amountSats":-1}"#,
        r#"{"valid":true,"amountSats":1e400}"#,
        r#"[true,"/a",7,100]"#,
    ] {
        let broker = Broker::start([json(wrong)]).await;
        let err = verify(&client(&broker)).await.expect_err("refused");
        assert!(matches!(err, L402Error::InvalidResponse { .. }), "{wrong} {err:?}");
    }
}

#[tokio::test]
async fn an_invoice_over_another_amount_than_the_price_is_invalid() {
    let minted = |invoice: &str| MINTED.replace("lnbcrt1", invoice);
    for (invoice, is_the_price) in [
        ("lnbcrt1u1pvjluezpp5", true),
        ("LNBCRT1U1PVJLUEZPP5", true),
        ("lnbcrt1000n1pvjluezpp5", true),
        ("lnbcrt1pvjluezpp5", true),
        ("lnbcrt2u1pvjluezpp5", false),
        ("lnbc999n1pvjluezpp5", false),
        ("lnbc1m1pvjluezpp5", false),
    ] {
        let broker = Broker::start([json(&minted(invoice))]).await;
        let reply = client(&broker).create_challenge(&ChallengeRequest::new("/a", 100)).await;
        match reply {
            Ok(challenge) => {
                assert!(is_the_price, "{invoice}");
                assert_eq!(challenge.invoice, invoice);
            }
            Err(err) => {
                assert!(!is_the_price, "{invoice} {err}");
                assert!(matches!(err, L402Error::InvalidResponse { .. }), "{err:?}");
                assert!(err.to_string().contains("another amount"), "{err}");
            }
        }
    }
}
