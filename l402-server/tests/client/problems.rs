//! Refusals: the status decides, the slug is kept, the prose is the broker's.

use std::time::Duration;

use l402_server::{ChallengeRequest, L402Error, MAX_REPLY_BYTES};

use crate::{
    KEY, builder, client, errors_for, mint,
    script::{Broker, Step, json, status},
    verify,
};

/// A problem document as the broker writes it, with the members of its older form.
fn problem(code: u16, slug: &str, more: &str) -> Step {
    status(
        code,
        "Content-Type: application/problem+json\r\n",
        &format!(
            r#"{{"type":"https://lightningenable.com/problems/{slug}","title":"T","status":{code},
                "detail":"Plan 'free' caps it.","error":"{slug}","message":"older"{more}}}"#
        ),
    )
}

#[tokio::test]
async fn status_401_is_auth() {
    for err in errors_for(status(401, "", r#"{"error":"no"}"#)).await {
        assert!(matches!(err, L402Error::Auth { .. }), "{err:?}");
    }
}

#[tokio::test]
async fn status_403_is_plan_with_the_plan_if_it_is_named() {
    for err in errors_for(status(403, "", r#"{"error":"no","current_plan":"free"}"#)).await {
        assert!(err.to_string().contains("free"), "{err}");
        assert!(matches!(err, L402Error::Plan { current_plan: Some(plan), .. } if plan == "free"));
    }
    for err in errors_for(problem(403, "l402_not_enabled", "")).await {
        let L402Error::Plan { slug, current_plan: None, .. } = err else { panic!("{err:?}") };
        assert_eq!(slug.as_deref(), Some("l402_not_enabled"));
    }
    for err in errors_for(status(403, "", "")).await {
        let L402Error::Plan { slug: None, message, .. } = err else { panic!("{err:?}") };
        assert_eq!(message, "Forbidden");
    }
}

#[tokio::test]
async fn status_402_is_a_cap_of_the_merchants_plan_with_the_way_to_a_larger_one() {
    let upgrade = r#","upgrade_url":"https://api.lightningenable.com/checkout?plan=individual""#;
    let slugs =
        ["plan_proxy_limit", "plan_endpoint_limit", "plan_price_limit", "plan_volume_limit"];
    for name in slugs {
        for err in errors_for(problem(402, name, upgrade)).await {
            let text = err.to_string();
            assert!(text.contains(name) && text.contains("Plan 'free' caps it."), "{text}");
            let L402Error::Plan { slug, upgrade_url, message, .. } = err else { panic!("{err:?}") };
            assert_eq!(slug.as_deref(), Some(name));
            assert_eq!(message, "Plan 'free' caps it.");
            let url = upgrade_url.expect("it is named");
            assert_eq!(url, "https://api.lightningenable.com/checkout?plan=individual");
            assert!(text.contains(&url), "{text}");
        }
    }
    for no_web in ["javascript:alert(1)", "/checkout", "5"] {
        let more = format!(r#","upgrade_url":"{no_web}""#);
        for err in errors_for(problem(402, "plan_price_limit", &more)).await {
            assert!(matches!(err, L402Error::Plan { upgrade_url: None, .. }), "{err:?}");
        }
    }
}

#[tokio::test]
async fn status_409_idempotency_key_reuse_is_an_error_of_its_own() {
    let broker = Broker::start([problem(409, "idempotency_key_reuse", "")]).await;
    let request = ChallengeRequest::new("/a", 100).idempotency_key("k");
    let err = client(&broker).create_challenge(&request).await.expect_err("used");
    assert!(matches!(&err, L402Error::IdempotencyKeyReuse { message, .. }
        if message == "Plan 'free' caps it."));
    assert_eq!(broker.seen().len(), 1, "the key is its caller's, and so is the next one");
    for err in errors_for(problem(409, "another_conflict", "")).await {
        assert!(matches!(err, L402Error::Api { status: 409, .. }), "{err:?}");
    }
}

#[tokio::test]
async fn status_429_and_503_carry_retry_after_in_seconds_and_as_a_date() {
    for err in errors_for(status(429, "Retry-After: 7\r\n", "")).await {
        let L402Error::RateLimited { retry_after, .. } = err else { panic!("{err:?}") };
        assert_eq!(retry_after, Some(Duration::from_secs(7)));
    }
    for err in errors_for(status(503, "Retry-After: Tue, 31 Dec 2999 23:59:59 GMT\r\n", "")).await {
        let L402Error::Unavailable { retry_after: Some(wait), .. } = err else { panic!("{err:?}") };
        assert!(wait > Duration::from_secs(60 * 60 * 24 * 365), "{wait:?}");
    }
    for err in errors_for(status(503, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "")).await {
        assert!(
            matches!(err, L402Error::Unavailable { retry_after: Some(Duration::ZERO), .. }),
            "{err:?}"
        );
    }
    for header in ["", "Retry-After: soon\r\n", "Retry-After: -1\r\n"] {
        for err in errors_for(status(429, header, "")).await {
            assert!(matches!(err, L402Error::RateLimited { retry_after: None, .. }), "{err:?}");
        }
    }
    let body = r#"{"error":"Too many","code":"RATE_LIMIT_EXCEEDED","details":{"retryAfter":9}}"#;
    for (header, seconds) in [("", 9), ("Retry-After: 7\r\n", 7)] {
        for err in errors_for(status(429, header, body)).await {
            let L402Error::RateLimited { retry_after, .. } = err else { panic!("{err:?}") };
            assert_eq!(retry_after, Some(Duration::from_secs(seconds)), "the header goes first");
        }
    }
}

#[tokio::test]
async fn the_prose_is_detail_else_message_else_error_else_title_else_the_status_in_words() {
    for (code, body, expected) in [
        (400, r#"{"title":"t","error":"e","message":"m","detail":"d"}"#, "d"),
        (400, r#"{"title":"t","error":"e","message":"m","detail":" "}"#, "m"),
        (400, r#"{"title":"t","error":"e","detail":5}"#, "e"),
        (400, r#"{"title":"t","error":null}"#, "t"),
        (500, "<html>trace</html>", "Internal Server Error"),
        (502, "", "Bad Gateway"),
        (418, r#"{"error":5}"#, "I'm a teapot"),
        (400, "[]", "Bad Request"),
    ] {
        for err in errors_for_call(status(code, "", body), code).await {
            let L402Error::Api { status, message, .. } = err else { panic!("{err:?}") };
            assert_eq!((status, message.as_str()), (code, expected));
        }
    }
}

/// As `errors_for`; a mint's 500 asks a question more, which finds no answer.
async fn errors_for_call(step: Step, code: u16) -> Vec<L402Error> {
    if code != 500 {
        return errors_for(step).await.into();
    }
    let broker = Broker::start([step.clone(), status(404, "", ""), step]).await;
    let client = client(&broker);
    vec![mint(&client).await.expect_err("fails"), verify(&client).await.expect_err("fails")]
}

#[tokio::test]
async fn the_slug_is_the_end_of_the_type_else_an_error_that_looks_like_one() {
    for (body, expected) in [
        (r#"{"type":"https://lightningenable.com/problems/a_b","error":"c_d"}"#, Some("a_b")),
        (r#"{"type":"https://example.com/problems/a-b"}"#, Some("a-b")),
        (r#"{"type":"about:blank","error":"c_d"}"#, Some("c_d")),
        (r#"{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.1"}"#, None),
        (r#"{"type":"https://lightningenable.com/problems/","error":"Too many"}"#, None),
        (r#"{"type":5,"error":{"a":"b"}}"#, None),
        ("", None),
    ] {
        for err in errors_for(status(422, "", body)).await {
            let text = err.to_string();
            let L402Error::Api { slug, .. } = err else { panic!("{err:?}") };
            assert_eq!(slug.as_deref(), expected, "{body}");
            assert!(expected.is_none_or(|slug| text.contains(slug)), "{text}");
        }
    }
}

#[tokio::test]
async fn a_failed_validation_names_the_fields() {
    let body = r#"{"title":"One or more validation errors occurred.","status":400,
        "errors":{"priceSats":["must be at least 1","must be a number"],"resource":"is required"}}"#;
    for err in errors_for(status(400, "", body)).await {
        let L402Error::Api { status: 400, message, .. } = err else { panic!("{err:?}") };
        assert_eq!(
            message,
            "One or more validation errors occurred. (priceSats: must be at least 1 must be a \
             number; resource: is required)"
        );
    }
}

#[tokio::test]
async fn a_status_decides_even_when_its_body_is_endless() {
    let body = "x".repeat(MAX_REPLY_BYTES + 1);
    for err in errors_for(status(401, "", &body)).await {
        assert!(matches!(err, L402Error::Auth { .. }), "{err:?}");
    }
}

#[tokio::test]
async fn each_failed_call_names_the_url_that_was_tried_in_its_text() {
    let other_challenge = r#"{"invoice":"i","macaroon":"m","paymentHash":"h","expiresAt":"",
        "resource":"/other","priceSats":100,"valid":5}"#;
    let steps = [
        status(401, "", ""),
        status(402, "", ""),
        status(403, "", ""),
        status(404, "", ""),
        problem(409, "idempotency_key_reuse", ""),
        status(429, "", ""),
        status(503, "", ""),
        json("<html>"),
        json(other_challenge),
        Step::Truncate,
        Step::Hang,
    ];
    for step in steps {
        let broker = Broker::start([step.clone(), step]).await;
        let client =
            builder(&broker).timeout(Duration::from_millis(300)).build().expect("a client");
        let mint_url = format!("{}/api/l402/challenges", broker.url());
        let verify_url = format!("{mint_url}/verify");
        for (err, url) in [
            (mint(&client).await.expect_err("fails"), mint_url),
            (verify(&client).await.expect_err("fails"), verify_url),
        ] {
            assert_eq!(err.url(), Some(url.as_str()), "{err:?}");
            let text = err.to_string();
            assert!(text.contains(&format!("({url})")), "{text}");
            assert!(!text.contains(KEY));
        }
    }
}
