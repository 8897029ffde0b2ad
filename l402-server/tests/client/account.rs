//! The merchant's account: whether it can sell, and what it has sold.

use std::{pin::pin, time::Duration};

use futures_util::TryStreamExt as _;
use l402_server::{ChallengeStatus, L402Error, ListChallenges};

use crate::{
    KEY, builder, client, mint, minute,
    script::{Broker, Step, json, status},
    verify,
};

/// An account that can sell, with a change.
fn account(from: &str, to: &str) -> Step {
    let whole = r#"{"merchantId":42,"name":"Shop","email":"a@example.com","planTier":"individual",
        "subscriptionStatus":"active","isActive":true,"features":{"l402Enabled":true},
        "onboarding":{"hasOpenNodeKey":false,"hasStrikeKey":false,"hasNwcConnection":true,
        "hasWebhookUrl":false,"proxyCount":2,"isFullyConfigured":true}}"#;
    assert!(whole.contains(from), "{from}");
    json(&whole.replace(from, to))
}

fn no_wallet() -> Step {
    account(
        r#""hasNwcConnection":true,
        "hasWebhookUrl":false,"proxyCount":2,"isFullyConfigured":true"#,
        r#""hasNwcConnection":false,"isFullyConfigured":false"#,
    )
}

#[tokio::test]
async fn the_account_is_read_by_a_get_with_the_key() {
    let broker = Broker::start([account("", "")]).await;
    let merchant = client(&broker).merchant().await.expect("read");
    assert_eq!((merchant.merchant_id, merchant.is_active), (Some(42), Some(true)));
    assert_eq!(merchant.name.as_deref(), Some("Shop"));
    assert_eq!(merchant.plan_tier.as_deref(), Some("individual"));
    assert_eq!(merchant.subscription_status.as_deref(), Some("active"));
    assert_eq!(merchant.features.l402_enabled, Some(true));
    assert_eq!((merchant.has_wallet(), merchant.has_ended()), (Some(true), false));
    let seen = broker.seen();
    assert_eq!(seen[0].line, "GET /api/merchant/me HTTP/1.1");
    assert_eq!(seen[0].header("x-api-key"), Some(KEY));
    assert_eq!(seen[0].body, "");
}

#[tokio::test]
async fn what_the_account_leaves_out_or_gives_in_another_type_is_not_known() {
    let odd =
        r#"{"merchantId":"42","isActive":1,"features":[],"onboarding":{"hasStrikeKey":"no"}}"#;
    for body in ["{}", odd, r#"{"onboarding":null,"features":null,"name":5}"#] {
        let broker = Broker::start([json(body), json(body)]).await;
        let client = client(&broker);
        let merchant = client.merchant().await.expect("read");
        assert_eq!((merchant.merchant_id, merchant.is_active), (None, None));
        assert_eq!((merchant.has_wallet(), merchant.has_ended()), (None, false));
        client.check().await.expect("nothing is known to be wrong");
    }
}

#[tokio::test]
async fn check_tells_a_bad_key_from_l402_off_a_plan_that_has_ended_and_a_missing_wallet() {
    let broker = Broker::start([
        account("", ""),
        status(401, "", ""),
        account(r#""l402Enabled":true"#, r#""l402Enabled":false"#),
        account(r#""isActive":true"#, r#""isActive":false"#),
        account(
            r#""subscriptionStatus":"active","isActive":true"#,
            r#""subscriptionStatus":"Expired""#,
        ),
        no_wallet(),
        status(500, "", ""),
    ])
    .await;
    let client = client(&broker);
    client.check().await.expect("it can sell");
    assert!(matches!(client.check().await, Err(L402Error::Auth { .. })));
    let off = client.check().await.expect_err("off");
    assert!(matches!(&off, L402Error::Plan { slug: Some(slug), current_plan: Some(plan), .. }
        if slug == "l402_not_enabled" && plan == "individual"));
    for _ in 0..2 {
        let ended = client.check().await.expect_err("ended");
        assert!(matches!(&ended, L402Error::Plan { slug: None, message, .. }
            if message.contains("has ended")));
        assert!(ended.url().is_some_and(|url| url.ends_with("/api/merchant/me")));
    }
    assert!(matches!(client.check().await, Err(L402Error::NoWallet { .. })));
    assert!(matches!(client.check().await, Err(L402Error::Api { status: 500, .. })));
    assert!(broker.seen().iter().all(|seen| seen.line.starts_with("GET ")), "nothing is minted");
}

#[tokio::test]
async fn an_older_broker_is_checked_by_a_token_that_nobody_holds() {
    let unknown = || status(404, "", "");
    let broker = Broker::start([
        unknown(),
        json(r#"{"valid":false}"#),
        status(405, "", ""),
        status(400, "", ""),
        unknown(),
        status(401, "", ""),
        unknown(),
        status(403, "", ""),
        unknown(),
        status(500, "", ""),
    ])
    .await;
    let client = client(&broker);
    client.check().await.expect("a refused token says that the key is good");
    client.check().await.expect("and so does a token that is nonsense");
    assert!(matches!(client.check().await, Err(L402Error::Auth { .. })));
    assert!(matches!(client.check().await, Err(L402Error::Plan { .. })));
    assert!(matches!(client.check().await, Err(L402Error::Api { status: 500, .. })));
    let verifies = broker.seen().iter().filter(|seen| seen.line.contains("/verify")).count();
    assert_eq!(verifies, 5);
}

#[tokio::test]
async fn both_questions_of_a_check_have_one_timeout_together() {
    let broker = Broker::start([status(404, "", ""), Step::Hang]).await;
    let client = builder(&broker).timeout(Duration::from_millis(200)).build().expect("a client");
    let started = std::time::Instant::now();
    assert!(matches!(client.check().await, Err(L402Error::Timeout { .. })));
    assert!(started.elapsed() < Duration::from_millis(390), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_mints_500_is_a_missing_wallet_where_the_account_shows_none_and_is_asked_once() {
    let refused = || status(500, "", r#"{"detail":"The wallet cannot receive."}"#);
    let broker = Broker::start([refused(), no_wallet()]).await;
    let err = mint(&client(&broker)).await.expect_err("fails");
    assert!(matches!(&err, L402Error::NoWallet { message, .. }
        if message == "The wallet cannot receive."));
    assert!(err.url().is_some_and(|url| url.ends_with("/api/l402/challenges")), "{err}");
    assert_eq!(broker.seen().len(), 2);
}

#[tokio::test]
async fn a_mints_500_stays_one_where_the_account_has_a_wallet_or_cannot_be_asked() {
    let refused = || status(500, "", r#"{"error":"mint_failed"}"#);
    for answer in [
        account("", ""),
        account(r#""hasNwcConnection":true"#, r#""hasNwcConnection":false"#),
        json("{}"),
        json("<html>"),
        status(404, "", ""),
        status(401, "", ""),
        Step::Hang,
    ] {
        let broker = Broker::start([refused(), answer]).await;
        let client =
            builder(&broker).timeout(Duration::from_millis(300)).build().expect("a client");
        let started = std::time::Instant::now();
        let err = mint(&client).await.expect_err("fails");
        let L402Error::Api { status: 500, slug, .. } = err else { panic!("{err:?}") };
        assert_eq!(slug.as_deref(), Some("mint_failed"));
        assert_eq!(broker.seen().len(), 2, "asked once");
        assert!(started.elapsed() < Duration::from_millis(450), "within the mint's own timeout");
    }
}

#[tokio::test]
async fn only_a_mints_500_that_may_be_about_the_wallet_asks_for_the_account() {
    let persist = r#"{"error":"challenge_persist_failed"}"#;
    let broker =
        Broker::start([status(500, "", persist), status(502, "", ""), status(500, "", "")]).await;
    let client = client(&broker);
    let err = mint(&client).await.expect_err("fails");
    assert!(matches!(err, L402Error::Api { status: 500, .. }), "{err:?}");
    let err = mint(&client).await.expect_err("fails");
    assert!(matches!(err, L402Error::Api { status: 502, .. }), "{err:?}");
    let err = verify(&client).await.expect_err("fails");
    assert!(matches!(err, L402Error::Api { status: 500, .. }), "{err:?}");
    assert_eq!(broker.seen().len(), 3);
}

/// Challenges from `first` on, on a page of a list of `total`.
fn page(first: u64, on_it: u64, total: u64) -> Step {
    let challenges: Vec<String> = (first..first + on_it)
        .map(|number| {
            format!(
                r#"{{"paymentHash":"h{number}","resource":"/a","amountSats":{number},
                    "status":"paid","createdAt":"2026-09-01T10:00:00Z",
                    "paidAt":"2026-09-01T10:01:00Z","expiresAt":"2026-09-01T10:10:00Z",
                    "idempotencyKey":null}}"#
            )
        })
        .collect();
    let challenges = challenges.join(",");
    status(
        200,
        &minute(3),
        &format!(r#"{{"challenges":[{challenges}],"total":{total},"limit":2,"offset":{first}}}"#),
    )
}

#[tokio::test]
async fn a_page_of_challenges_is_asked_for_as_the_contract_says() {
    let broker = Broker::start([page(4, 1, 5), page(0, 0, 0)]).await;
    let client = client(&broker);
    let list = ListChallenges::new().status(ChallengeStatus::Paid).limit(200).offset(4);
    let page = client.challenges(list).await.expect("a page");
    assert_eq!((page.total, page.limit, page.offset), (5, Some(2), Some(4)));
    let sale = &page.challenges[0];
    assert_eq!((sale.payment_hash.as_str(), sale.amount_sats), ("h4", 4));
    assert_eq!(sale.status, ChallengeStatus::Paid);
    assert_eq!(sale.resource.as_deref(), Some("/a"));
    assert_eq!(sale.created_at.as_deref(), Some("2026-09-01T10:00:00Z"));
    assert_eq!(sale.paid_at.as_deref(), Some("2026-09-01T10:01:00Z"));
    assert_eq!(sale.expires_at.as_deref(), Some("2026-09-01T10:10:00Z"));
    assert_eq!(sale.idempotency_key, None);
    client.challenges(ListChallenges::new()).await.expect("a page");
    let seen = broker.seen();
    let path = "GET /api/l402/challenges";
    assert_eq!(seen[0].line, format!("{path}?status=paid&limit=200&offset=4 HTTP/1.1"));
    assert_eq!(seen[0].header("x-api-key"), Some(KEY));
    assert_eq!(seen[1].line, format!("{path}?offset=0 HTTP/1.1"));
    for limit in [0, 201] {
        let err = client.challenges(ListChallenges::new().limit(limit)).await.expect_err("refused");
        assert!(matches!(err, L402Error::InvalidRequest(_)), "{err:?}");
    }
}

#[tokio::test]
async fn the_stream_takes_page_after_page_until_the_last() {
    let broker = Broker::start([page(0, 2, 5), page(2, 2, 5), page(4, 1, 5)]).await;
    let list = ListChallenges::new().limit(2);
    let pages: Vec<_> =
        client(&broker).challenge_pages(list).try_collect().await.expect("all pages");
    let amounts: Vec<_> =
        pages.iter().flat_map(|page| &page.challenges).map(|sale| sale.amount_sats).collect();
    assert_eq!(amounts, [0, 1, 2, 3, 4]);
    let offsets: Vec<_> =
        broker.seen().iter().map(|seen| seen.line.rsplit_once('=').unwrap().1.to_owned()).collect();
    assert_eq!(offsets, ["0 HTTP/1.1", "2 HTTP/1.1", "4 HTTP/1.1"]);
}

#[tokio::test]
async fn the_stream_ends_at_an_empty_page_and_after_an_error() {
    // A total that is never reached must not be asked for without end.
    let broker = Broker::start([page(0, 2, 9), page(2, 0, 9)]).await;
    let pages: Vec<_> =
        client(&broker).challenge_pages(ListChallenges::new()).try_collect().await.expect("pages");
    assert_eq!(pages.len(), 2);

    let broker = Broker::start([page(0, 1, 2), status(404, "", "")]).await;
    let client = client(&broker);
    let mut pages = pin!(client.challenge_pages(ListChallenges::new()));
    assert!(pages.try_next().await.expect("the first").is_some());
    let err = pages.try_next().await.expect_err("an older broker");
    assert!(matches!(err, L402Error::Api { status: 404, .. }), "{err:?}");
    assert!(pages.try_next().await.expect("the end").is_none());
}

#[tokio::test]
async fn a_page_may_be_longer_than_other_replies_and_is_bounded_too() {
    let longer_than_others = page(0, 200, 200);
    let broker = Broker::start([
        longer_than_others,
        json(&format!(r#"{{"padding":"{}"}}"#, "x".repeat(1024 * 1024))),
    ])
    .await;
    let client = client(&broker);
    let list = || ListChallenges::new().limit(200);
    assert_eq!(client.challenges(list()).await.expect("a page").challenges.len(), 200);
    let err = client.challenges(list()).await.expect_err("too long");
    assert!(matches!(err, L402Error::InvalidResponse { .. }), "{err:?}");
}

#[tokio::test]
async fn an_amount_of_another_type_ends_the_listing_and_a_word_that_is_not_known_does_not() {
    let one = |amount: &str, word: &str| {
        json(&format!(
            r#"{{"challenges":[{{"paymentHash":"h","amountSats":{amount},"status":"{word}",
                "paidAt":5}}],"total":1}}"#
        ))
    };
    let broker = Broker::start([one("1", "refunded"), one(r#""1""#, "paid")]).await;
    let client = client(&broker);
    let page = client.challenges(ListChallenges::new()).await.expect("a page");
    assert_eq!(page.challenges[0].status.to_string(), "refunded");
    assert_eq!((&page.challenges[0].resource, &page.challenges[0].paid_at), (&None, &None));
    let err = client.challenges(ListChallenges::new()).await.expect_err("a sum would be wrong");
    assert!(matches!(err, L402Error::InvalidResponse { .. }), "{err:?}");
}

#[tokio::test]
async fn what_a_get_says_is_left_is_of_another_limit() {
    let broker = Broker::start([page(0, 0, 0), status(200, &minute(5), "{}")]).await;
    let client = client(&broker);
    client.challenges(ListChallenges::new()).await.expect("a page");
    client.merchant().await.expect("an account");
    assert_eq!(client.rate_limit(), None);
}
