//! A config that is built inside the factory exists once for each worker; what it shares exists
//! once.

use std::{collections::HashSet, thread, time::Duration};

use actix_web::{Responder, get, web};
use l402_actix::{BrokerBudget, ClientIdentity, L402Client, L402Config, VerifyCache, l402};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::{Answer, Api};

use super::{together, weather};

#[get("/worker")]
async fn worker() -> impl Responder {
    format!("{:?}", thread::current().id())
}

#[get("/paid-worker")]
#[l402(price_sats = 1)]
async fn paid_worker() -> impl Responder {
    format!("{:?}", thread::current().id())
}

/// Four workers, each with a client and a config of its own.
async fn api(sandbox: &Sandbox, settings: fn(L402Config) -> L402Config) -> Api {
    let (key, url) = (sandbox.api_key().to_owned(), sandbox.url().to_owned());
    Api::serve_on(4, move |app: &mut web::ServiceConfig| {
        let client = L402Client::builder(&key).base_url(&url).build().unwrap();
        let config = settings(L402Config::new(client));
        app.app_data(config).service(weather).service(worker).service(paid_worker);
    })
    .await
}

/// Requests over connections of their own, which Actix deals out to its workers.
async fn ask_all(api: &Api, path: &str, credential: Option<&str>, count: usize) -> Vec<Answer> {
    let requests = (0..count).map(|_| {
        let request = api.get_from(1, path);
        Answer::to(match credential {
            Some(credential) => request.header("Authorization", credential),
            None => request,
        })
    });
    together(requests.collect::<Vec<_>>()).await
}

fn with_status(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[actix_web::test]
async fn four_workers_have_one_budget() {
    let sandbox = Sandbox::start().await;
    let api = api(&sandbox, |config| config.broker_budget(BrokerBudget::per_minute(10))).await;
    let workers: HashSet<_> =
        ask_all(&api, "/worker", None, 24).await.into_iter().map(|answer| answer.body).collect();
    assert!(workers.len() > 1, "one worker proves nothing");
    let answers = ask_all(&api, "/weather", None, 24).await;
    assert_eq!((with_status(&answers, 402), with_status(&answers, 429)), (3, 21));
    assert_eq!(sandbox.mints(), 3);
}

#[actix_web::test]
async fn four_workers_have_one_cache_and_share_one_call() {
    let sandbox = Sandbox::start().await;
    let api = api(&sandbox, |config| config.verify_cache(VerifyCache::new())).await;
    let paid = api.buy("/paid-worker", &sandbox).await;
    sandbox.fault(Fault::delay(Duration::from_millis(800)).on(Endpoint::Verify));
    let mut answers = ask_all(&api, "/paid-worker", Some(&paid), 24).await;
    answers.extend(ask_all(&api, "/paid-worker", Some(&paid), 24).await);
    assert_eq!(with_status(&answers, 200), 48);
    let workers: HashSet<_> = answers.into_iter().map(|answer| answer.body).collect();
    assert!(workers.len() > 1, "one worker proves nothing");
    assert_eq!(sandbox.verifies(), 1);
}

#[actix_web::test]
async fn four_workers_hand_a_client_one_challenge_and_end_it_together() {
    let sandbox = Sandbox::start().await;
    let api = api(&sandbox, |config| {
        config.client_identity(ClientIdentity::peer_addr().reuse_challenges(true))
    })
    .await;
    let answers = ask_all(&api, "/weather", None, 24).await;
    let hashes: HashSet<_> = answers.iter().map(super::payment_hash).collect();
    assert_eq!((hashes.len(), sandbox.mints()), (1, 1));
    let paid = l402_tests::pay(&sandbox, &answers[0].headers);
    let presented = ask_all(&api, "/weather", Some(&paid), 1).await;
    assert_eq!(presented[0].status, 200);
    let after = ask_all(&api, "/weather", None, 24).await;
    assert!(after.iter().all(|answer| !hashes.contains(&super::payment_hash(answer))));
}

#[actix_web::test]
async fn four_workers_remember_one_refusal() {
    let sandbox = Sandbox::start().await;
    let api = api(&sandbox, |config| config).await;
    // Few, since a refusal stands for seconds only.
    for _ in 0..6 {
        let answers = ask_all(&api, "/weather", Some(&super::garbage(1)), 1).await;
        assert_eq!(answers[0].status, 401);
    }
    assert_eq!(sandbox.verifies(), 2);
}
