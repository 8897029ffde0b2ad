//! The two questions about an account.

use std::time::Duration;

use l402_sandbox::{Endpoint, Sandbox};
use l402_server::{ChallengeRequest, ChallengeStatus, L402Client, ListChallenges};
use reqwest::{Client, Response};
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{MINT, VERIFY, answer, ask, bought, mint, post};

async fn get(sandbox: &Sandbox, path: &str) -> Response {
    let client = Client::builder().no_proxy().build().unwrap();
    let request = client.get(format!("{}{path}", sandbox.url()));
    request.header("X-API-Key", sandbox.api_key()).send().await.unwrap()
}

#[tokio::test]
async fn the_account_is_one_that_can_sell() {
    let sandbox = Sandbox::start().await;
    let merchant = sandbox.client().merchant().await.unwrap();
    assert_eq!((merchant.merchant_id, merchant.is_active), (Some(1), Some(true)));
    assert_eq!((merchant.has_wallet(), merchant.features.l402_enabled), (Some(true), Some(true)));
    sandbox.client().check().await.unwrap();
    let seen = sandbox.requests();
    assert!(seen.iter().all(|seen| seen.endpoint == Endpoint::Merchant && seen.method == "GET"));
    let stranger = L402Client::builder("unknown").base_url(sandbox.url()).build().unwrap();
    assert!(stranger.check().await.is_err());
    assert_eq!((sandbox.mints(), sandbox.verifies()), (0, 0));
}

#[tokio::test]
async fn the_list_says_what_was_paid_and_when_the_newest_first_and_no_secret() {
    let sandbox = Sandbox::start().await;
    let paid = mint(&sandbox, "/paid", 100, "one").await;
    sandbox.advance(Duration::from_secs(60));
    sandbox.pay(paid["invoice"].as_str().unwrap()).unwrap();
    mint(&sandbox, "/expired", 1, "two").await;
    sandbox.advance(Duration::from_secs(10 * 60));
    mint(&sandbox, "/unpaid", 2, "three").await;
    let other =
        L402Client::builder(sandbox.add_merchant()).base_url(sandbox.url()).build().unwrap();
    other.create_challenge(&ChallengeRequest::new("/other", 3)).await.unwrap();

    let client = sandbox.client();
    let page = client.challenges(ListChallenges::new()).await.unwrap();
    assert_eq!(page.total, 3, "another merchant's are another's");
    let told: Vec<_> = page
        .challenges
        .iter()
        .map(|sale| {
            let resource = sale.resource.as_deref().unwrap();
            (resource, sale.amount_sats, sale.status.clone(), sale.idempotency_key.as_deref())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("/unpaid", 2, ChallengeStatus::Unpaid, Some("three")),
            ("/expired", 1, ChallengeStatus::Expired, Some("two")),
            ("/paid", 100, ChallengeStatus::Paid, Some("one")),
        ]
    );
    let sale = &page.challenges[2];
    assert_eq!(sale.payment_hash, paid["paymentHash"].as_str().unwrap());
    let at = |text: &Option<String>| {
        OffsetDateTime::parse(text.as_deref().unwrap(), &Rfc3339).unwrap().unix_timestamp()
    };
    assert!((60..=62).contains(&(at(&sale.paid_at) - at(&sale.created_at))));
    assert!((599..=601).contains(&(at(&sale.expires_at) - at(&sale.created_at))));
    assert!(page.challenges[..2].iter().all(|sale| sale.paid_at.is_none()));

    let (_, raw) = answer(get(&sandbox, MINT).await).await;
    let raw = raw.to_string();
    assert!(!raw.contains("macaroon") && !raw.contains("preimage") && !raw.contains("lnbcrt"));
}

#[tokio::test]
async fn the_list_is_by_status_and_by_page() {
    let sandbox = Sandbox::start().await;
    for number in 0..5_u64 {
        let challenge = mint(&sandbox, "/a", number + 1, &number.to_string()).await;
        if number % 2 == 0 {
            sandbox.pay(challenge["invoice"].as_str().unwrap()).unwrap();
        }
    }
    let client = sandbox.client();
    let amounts = async |list: ListChallenges| {
        let page = client.challenges(list).await.unwrap();
        let amounts: Vec<_> = page.challenges.iter().map(|sale| sale.amount_sats).collect();
        (page.total, amounts)
    };
    let list = ListChallenges::new;
    assert_eq!(amounts(list().status(ChallengeStatus::Paid)).await, (3, vec![5, 3, 1]));
    assert_eq!(amounts(list().status(ChallengeStatus::Unpaid)).await, (2, vec![4, 2]));
    assert_eq!(amounts(list().limit(2).offset(1)).await, (5, vec![4, 3]));
    assert_eq!(amounts(list().offset(9)).await, (5, vec![]));
    for wrong in ["status=open", "limit=0", "limit=201", "limit=x", "offset=-1"] {
        assert_eq!(get(&sandbox, &format!("{MINT}?{wrong}")).await.status(), 400, "{wrong}");
    }
}

#[tokio::test]
async fn questions_count_in_a_limit_of_their_own() {
    let sandbox = Sandbox::builder().rate_limit(1).start().await.unwrap();
    let left = |reply: &Response| {
        let number = |name| reply.headers()[name].to_str().unwrap().parse::<u32>().unwrap();
        (reply.status().as_u16(), number("x-ratelimit-limit"), number("x-ratelimit-remaining"))
    };
    assert_eq!(left(&get(&sandbox, "/api/merchant/me").await), (200, 2, 1));
    assert_eq!(left(&get(&sandbox, MINT).await), (200, 2, 0));
    assert_eq!(left(&get(&sandbox, MINT).await), (429, 2, 0));
    let call = post(&sandbox, VERIFY, &json!({ "preimage": "00" })).send().await.unwrap();
    assert_eq!(left(&call), (200, 1, 0));
}

#[tokio::test]
async fn an_idempotency_key_is_refused_with_other_parameters() {
    let sandbox = Sandbox::start().await;
    let client = sandbox.client();
    let ask_for = |resource: &str, sats| ChallengeRequest::new(resource, sats).idempotency_key("k");
    let first = client.create_challenge(&ask_for("/a", 1)).await.unwrap();
    let again = client.create_challenge(&ask_for("/a", 1)).await.unwrap();
    assert_eq!(first.invoice, again.invoice);
    for other in [ask_for("/b", 1), ask_for("/a", 2), ask_for("/a", 1).description("other")] {
        let refused = client.create_challenge(&other).await.unwrap_err();
        let is_reuse = matches!(refused, l402_server::L402Error::IdempotencyKeyReuse { .. });
        assert!(is_reuse, "{refused:?}");
    }
    sandbox.advance(Duration::from_secs(10 * 60));
    client.create_challenge(&ask_for("/b", 1)).await.unwrap();
}

#[tokio::test]
async fn a_refusal_is_a_problem_document() {
    let sandbox = Sandbox::start().await;
    bought(&sandbox, "/a", 1).await;
    let body = json!({ "resource": "/other", "priceSats": 1 });
    let reused = post(&sandbox, MINT, &body).header("X-Idempotency-Key", "bought");
    let reused = reused.send().await.unwrap();
    assert_eq!(reused.headers()["content-type"], "application/problem+json");
    let (status, body) = answer(reused).await;
    assert_eq!((status, &body["status"]), (409, &json!(409)));
    assert_eq!(body["type"], "https://lightningenable.com/problems/idempotency_key_reuse");
    assert_eq!(body["error"], "idempotency_key_reuse");
    assert!(body["title"].is_string() && body["detail"] == body["message"], "{body}");
    let (status, body) = ask(&sandbox, MINT, &json!({ "resource": "/a", "priceSats": 0 })).await;
    assert_eq!((status, &body["errors"]), (400, &json!({ "priceSats": ["must be at least 1"] })));
}
