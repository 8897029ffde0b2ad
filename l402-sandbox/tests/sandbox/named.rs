//! Faults by name, as a client sees them.

use l402_sandbox::{Fault, Sandbox};
use l402_server::{ChallengeRequest, L402Error, ListChallenges, VerifyRequest};

use super::{MINT, answer, post};

async fn mint(sandbox: &Sandbox) -> Result<(), L402Error> {
    sandbox.client().create_challenge(&ChallengeRequest::new("/a", 1)).await.map(drop)
}

async fn verify(sandbox: &Sandbox) -> Result<(), L402Error> {
    let nobody = VerifyRequest::new("AA", "0".repeat(64));
    sandbox.client().verify_token(&nobody).await.map(drop)
}

fn fault(name: &str) -> Fault {
    Fault::named(name).unwrap()
}

#[tokio::test]
async fn a_cap_of_the_plan_refuses_one_mint_and_no_verify() {
    let sandbox = Sandbox::start().await;
    for name in ["plan_proxy_limit", "plan_endpoint_limit", "plan_price_limit", "plan_volume_limit"]
    {
        sandbox.fault(fault(name));
        verify(&sandbox).await.unwrap();
        let refused = mint(&sandbox).await.unwrap_err();
        let L402Error::Plan { slug, upgrade_url, .. } = refused else { panic!("{refused:?}") };
        assert_eq!(slug.as_deref(), Some(name));
        assert!(upgrade_url.is_some());
        mint(&sandbox).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_account_shows_there_and_lasts() {
    let sandbox = Sandbox::start().await;
    sandbox.fault(fault("no_wallet"));
    for _ in 0..2 {
        assert!(matches!(mint(&sandbox).await, Err(L402Error::NoWallet { .. })));
        assert!(matches!(sandbox.client().check().await, Err(L402Error::NoWallet { .. })));
    }
    verify(&sandbox).await.unwrap();
    sandbox.clear_faults();
    mint(&sandbox).await.unwrap();
    sandbox.client().check().await.unwrap();

    for (name, slug) in [("l402_not_enabled", Some("l402_not_enabled")), ("plan_ended", None)] {
        sandbox.fault(fault(name));
        assert!(matches!(mint(&sandbox).await, Err(L402Error::Plan { .. })), "{name}");
        assert!(matches!(verify(&sandbox).await, Err(L402Error::Plan { .. })), "{name}");
        let checked = sandbox.client().check().await.unwrap_err();
        let L402Error::Plan { slug: told, .. } = checked else { panic!("{checked:?}") };
        assert_eq!(told.as_deref(), slug, "{name}");
        sandbox.clear_faults();
    }
}

#[tokio::test]
async fn each_other_refusal_is_the_error_that_its_name_says() {
    let sandbox = Sandbox::builder().rate_limit(100).start().await.unwrap();
    sandbox.fault(fault("api_key_refused"));
    assert!(matches!(mint(&sandbox).await, Err(L402Error::Auth { .. })));
    sandbox.fault(fault("challenge_persist_failed"));
    assert!(
        matches!(mint(&sandbox).await, Err(L402Error::Api { status: 500, slug: Some(slug), .. })
        if slug == "challenge_persist_failed")
    );
    sandbox.fault(fault("idempotency_key_reuse"));
    assert!(matches!(mint(&sandbox).await, Err(L402Error::IdempotencyKeyReuse { .. })));
    sandbox.fault(fault("unavailable"));
    let away = verify(&sandbox).await.unwrap_err();
    assert!(matches!(away, L402Error::Unavailable { retry_after: Some(_), .. }), "{away:?}");

    sandbox.fault(fault("rate_limited"));
    let client = sandbox.client();
    let limited = client.create_challenge(&ChallengeRequest::new("/a", 1)).await.unwrap_err();
    assert!(matches!(limited, L402Error::RateLimited { retry_after: Some(_), .. }), "{limited:?}");
    assert_eq!(client.rate_limit().map(|limit| limit.remaining), Some(0), "its headers agree");

    for name in ["reset", "garbage", "truncated", "oversize"] {
        sandbox.fault(fault(name).times(2));
        mint(&sandbox).await.unwrap_err();
        sandbox.clear_faults();
    }
    mint(&sandbox).await.unwrap();
}

#[tokio::test]
async fn an_older_broker_has_neither_question_and_is_checked_the_old_way() {
    let sandbox = Sandbox::start().await;
    sandbox.fault(fault("older_broker"));
    let client = sandbox.client();
    assert!(matches!(client.merchant().await, Err(L402Error::Api { status: 404, .. })));
    let list = client.challenges(ListChallenges::new()).await;
    assert!(matches!(list, Err(L402Error::Api { status: 404, .. })));
    client.check().await.unwrap();
    assert_eq!(sandbox.verifies(), 1);
}

#[tokio::test]
async fn a_named_refusal_counts_and_looks_at_the_key_as_any_call_does() {
    let sandbox = Sandbox::builder().rate_limit(2).start().await.unwrap();
    sandbox.fault(fault("plan_volume_limit").times(3));
    let body = serde_json::json!({ "resource": "/a", "priceSats": 1 });
    let call = async || post(&sandbox, MINT, &body).send().await.unwrap();
    let refused = call().await;
    assert_eq!(refused.headers()["x-ratelimit-remaining"], "1");
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let (status, body) = answer(refused).await;
    assert_eq!((status, &body["error"]), (402, &"plan_volume_limit".into()));
    assert_eq!(call().await.status(), 402);
    assert_eq!(call().await.status(), 429);
}
