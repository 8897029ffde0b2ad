//! A server that is stopped, with grace and without, while a request of a pack or of metered use runs;
//! then another one on the same file.

use std::time::Duration;

use l402_sandbox::{Endpoint, Fault, Sandbox};

use super::{Folder, eventually, processes::Process, scopes::by_mpp};

/// Longer than a test takes, where nobody waits for the end.
const FOR_EVER: u64 = 600_000;

struct Stop {
    sandbox: Sandbox,
    folder: Folder,
    server: Process,
}

impl Stop {
    async fn begin() -> Self {
        let (sandbox, folder) = (Sandbox::start().await, Folder::new());
        let server = Process::on_file(&sandbox, &folder.file("balances.redb"));
        Self { sandbox, folder, server }
    }

    /// A stream that has sent its first piece, which has cost three units of ten; of six that it holds.
    async fn stream(&self, pause: u64) -> (String, reqwest::Response) {
        let credential = self.server.buy_at("/metered", &self.sandbox).await;
        let path = format!("/metered?{pause}");
        let mut response = self.server.begin(&path, &credential).await.unwrap();
        assert_eq!(response.chunk().await.unwrap().unwrap(), "one");
        (credential, response)
    }

    /// What the next process says is left.
    async fn left(self, path: &str, credential: &str) -> u64 {
        let next = Process::on_file(&self.sandbox, &self.folder.file("balances.redb"));
        let answer = next.begin(path, credential).await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        let left = answer.headers()["ratelimit"].to_str().unwrap().rsplit('=').next().unwrap();
        left.parse().unwrap()
    }
}

#[actix_web::test]
async fn a_server_that_stops_with_grace_ends_its_streams_and_writes_down_what_they_cost() {
    let mut stop = Stop::begin().await;
    let (credential, mut response) = stop.stream(1000).await;
    stop.server.signal("-TERM");
    assert_eq!(response.chunk().await.unwrap().unwrap(), "two", "it goes on");
    assert_eq!(response.chunk().await.unwrap(), None);
    assert!(stop.server.ends().await);
    assert_eq!(stop.left("/metered", &credential).await, 5);
}

#[actix_web::test]
async fn a_server_that_stops_with_grace_answers_and_draws_a_use() {
    let mut stop = Stop::begin().await;
    let credential = stop.server.buy_at("/slow", &stop.sandbox).await;
    let asked = tokio::spawn(stop.server.ask_at("/slow?1000", &credential));
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.server.signal("-TERM");
    assert_eq!(asked.await.unwrap(), 200);
    assert!(stop.server.ends().await);
    assert_eq!(stop.left("/slow", &credential).await, 1, "one drawn then, one now");
}

#[actix_web::test]
async fn a_server_that_is_killed_has_drawn_the_units_of_what_it_had_sent_and_no_more() {
    let mut stop = Stop::begin().await;
    let (credential, response) = stop.stream(FOR_EVER).await;
    stop.server.kill();
    drop(response);
    assert_eq!(stop.left("/metered", &credential).await, 7);
}

#[actix_web::test]
async fn a_server_that_is_killed_before_it_answers_has_drawn_no_use() {
    let mut stop = Stop::begin().await;
    let credential = stop.server.buy_at("/slow", &stop.sandbox).await;
    let asked = tokio::spawn(stop.server.ask_at(&format!("/slow?{FOR_EVER}"), &credential));
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop.server.kill();
    assert_eq!(asked.await.unwrap(), 0);
    assert_eq!(stop.left("/slow", &credential).await, 2, "only the one now");
}

/// As if the client had left, or as if it had been killed: it depends on which of its threads ends
/// first. Never more than it held.
#[actix_web::test]
async fn a_server_that_stops_without_grace_costs_at_most_what_the_client_was_served_or_had_begun() {
    let mut stop = Stop::begin().await;
    let (credential, response) = stop.stream(FOR_EVER).await;
    let uses = stop.server.buy_at("/slow", &stop.sandbox).await;
    let asked = tokio::spawn(stop.server.ask_at(&format!("/slow?{FOR_EVER}"), &uses));
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop.server.signal("-INT");
    assert!(stop.server.ends().await);
    drop(response);
    assert_eq!(asked.await.unwrap(), 0);
    let next = Process::on_file(&stop.sandbox, &stop.folder.file("balances.redb"));
    let answer = next.begin("/slow", &uses).await.unwrap();
    let left = answer.headers()["ratelimit"].to_str().unwrap();
    assert!(["\"uses\";r=1", "\"uses\";r=2"].contains(&left), "{left}");
    drop(next);
    assert_eq!(stop.left("/metered", &credential).await, 7);
}

/// The broker takes an MPP payment once, and here nobody waits for its answer but the process.
#[actix_web::test]
async fn a_server_that_stops_with_grace_writes_down_what_the_broker_says_after_its_client_has_left()
{
    let mut stop = Stop::begin().await;
    let payment = by_mpp(&stop.server.buy_at("/pack", &stop.sandbox).await);
    stop.sandbox.fault(Fault::late(Duration::from_secs(3)).on(Endpoint::Verify));
    let client = stop.server.connect("/pack", &payment).await;
    eventually("the broker is asked", async || stop.sandbox.verifies() == 1).await;
    client.set_zero_linger().unwrap();
    drop(client);
    stop.server.signal("-TERM");
    assert!(stop.server.ends().await);
    let sandbox = &stop.sandbox;
    let next = Process::on_file(sandbox, &stop.folder.file("balances.redb"));
    assert_eq!(next.ask_at("/pack", &payment).await, 200);
    assert_eq!((sandbox.verifies(), sandbox.payments()), (1, 1));
}
