//! The store in Redis, against a real server.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use actix_web::web::Data;
use l402_actix::{
    BrokerBudget, Claim, L402Config, RedisState, RedisStore, SpentTokens, StoreError,
};
use l402_sandbox::Sandbox;
use l402_tests::{
    Api,
    redis::{Cluster, Sentinel},
};
use redis::{
    cluster::ClusterClient,
    sentinel::{SentinelClient, SentinelServerType},
};

use super::{
    Folder, Stage,
    crowd::a_thousand_requests_get_one_answer,
    eventually, once,
    processes::Process,
    suite::{self, id, mark, seen},
};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// A `redis-server` on a port of its own, with an empty memory; stops on drop.
struct Redis {
    child: Option<Child>,
    folder: Folder,
    port: u16,
}

impl Redis {
    async fn start(settings: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut redis = Self { child: None, folder: Folder::new(), port };
        redis.run(settings).await;
        redis
    }

    async fn run(&mut self, settings: &[&str]) {
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--port", &self.port.to_string()])
            .args(["--dir", self.folder.0.to_str().unwrap()])
            .args(settings)
            .stdout(Stdio::null())
            .spawn()
            .expect("`redis-server` has to be installed for these tests");
        self.child = Some(child);
        let port = self.port;
        eventually("Redis listens", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
        })
        .await;
    }

    /// As by `kill -9`.
    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    fn store(&self) -> RedisStore {
        RedisStore::new(self.url()).unwrap()
    }

    async fn command(&self, words: &[&str]) {
        let output = tokio::process::Command::new("redis-cli")
            .args(["-p", &self.port.to_string()])
            .args(words)
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

#[actix_web::test]
async fn the_redis_store_passes_the_suite() {
    let redis = Redis::start(&[]).await;
    suite::holds(&redis.store()).await;
}

#[actix_web::test]
async fn the_redis_store_passes_the_suite_on_a_cluster_of_three() {
    let cluster = Cluster::start();
    let client = ClusterClient::new(cluster.urls()).unwrap();
    let state = RedisState::with(move || {
        let client = client.clone();
        async move { client.get_async_connection().await }
    });
    suite::holds(&RedisStore::from(state.patience(Duration::from_secs(2)))).await;
}

/// The function that connects asks Sentinel anew, and finds the one that has taken over.
#[actix_web::test]
async fn a_killed_master_is_survived_by_asking_sentinel_anew() {
    let mut servers = Sentinel::start();
    let sentinels = vec![servers.sentinel.url()];
    let state = RedisState::with(move || {
        let sentinels = sentinels.clone();
        async move {
            let (name, kind) = (Sentinel::MASTER.to_owned(), SentinelServerType::Master);
            SentinelClient::build(sentinels, name, None, kind)?.get_async_connection().await
        }
    });
    let store = RedisStore::from(state);
    let (spent, holder) = (mark(), id());
    eventually("the store is there", async || {
        store.spend(spent, holder, HOUR).await.is_ok_and(|spent| spent)
    })
    .await;
    eventually("the replica has it", async || {
        servers.replica.command(&["dbsize"]).trim() == "1"
    })
    .await;

    servers.master.kill();
    let away = store.reserve(mark(), id(), HOUR).await;
    assert!(matches!(away, Err(StoreError::Unreachable(_))), "{away:?}");
    eventually("the replica has taken over", async || {
        store.reserve(mark(), id(), HOUR).await.is_ok_and(|claim| claim == Claim::Reserved)
    })
    .await;
    assert_eq!(store.reserve(spent, id(), HOUR).await.unwrap(), Claim::Spent);
}

/// Silent for 100 ms, it is left aside for five seconds, and nobody waits for it.
#[actix_web::test]
async fn a_silent_redis_is_left_aside_and_asked_again_later() {
    let redis = l402_tests::redis::Redis::start(&[]);
    let store = RedisStore::new(redis.url()).unwrap();
    eventually("the store is there", async || {
        store.reserve(mark(), id(), HOUR).await.is_ok()
    })
    .await;
    redis.freeze();
    let begun = Instant::now();
    let silent = store.reserve(mark(), id(), HOUR).await;
    assert!(matches!(silent, Err(StoreError::Unreachable(_))), "{silent:?}");
    assert!(begun.elapsed() >= Duration::from_millis(100));
    redis.thaw();
    for _ in 0..1_000 {
        store.reserve(mark(), id(), HOUR).await.unwrap_err();
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "nobody waits");
    eventually("it is asked again", async || {
        store.reserve(mark(), id(), HOUR).await.is_ok()
    })
    .await;
    assert!(begun.elapsed() >= Duration::from_secs(5), "left aside for five seconds");
}

#[actix_web::test]
async fn two_stores_on_one_server_know_of_each_other() {
    let redis = Redis::start(&[]).await;
    let (one, two) = (redis.store(), redis.store());
    let (mark, holder) = (mark(), id());
    assert_eq!(one.reserve(mark, holder, HOUR).await.unwrap(), Claim::Reserved);
    assert_eq!(seen(&two, mark).await, Claim::Busy);
    assert!(one.spend(mark, holder, HOUR).await.unwrap());
    assert_eq!(seen(&two, mark).await, Claim::Spent);
}

#[actix_web::test]
async fn a_server_that_evicts_is_refused_until_it_does_not() {
    let redis = Redis::start(&["--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"]).await;
    let store = redis.store();
    let refused = store.reserve(mark(), id(), HOUR).await;
    let Err(StoreError::Unreachable(reason)) = refused else { panic!("{refused:?}") };
    assert!(reason.to_string().contains("allkeys-lru"), "{reason}");
    redis.command(&["config", "set", "maxmemory-policy", "noeviction"]).await;
    assert_eq!(store.reserve(mark(), id(), HOUR).await.unwrap(), Claim::Reserved);
}

#[actix_web::test]
async fn a_server_without_room_is_full_and_forgets_nothing() {
    let redis = Redis::start(&["--maxmemory-policy", "noeviction"]).await;
    let store = redis.store();
    let (spent, holder) = (mark(), id());
    store.spend(spent, holder, HOUR).await.unwrap();
    // Less than it takes to run.
    redis.command(&["config", "set", "maxmemory", "1"]).await;
    let full = store.reserve(mark(), id(), HOUR).await;
    assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
    assert_eq!(store.reserve(spent, id(), HOUR).await.unwrap(), Claim::Spent);
    redis.command(&["config", "set", "maxmemory", "0"]).await;
    assert_eq!(store.reserve(mark(), id(), HOUR).await.unwrap(), Claim::Reserved);
}

#[actix_web::test]
async fn an_api_answers_503_while_redis_is_away_and_goes_on_when_it_is_back() {
    let durable = ["--appendonly", "yes", "--appendfsync", "always"];
    let mut redis = Redis::start(&durable).await;
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client())
        .broker_budget(BrokerBudget::unlimited())
        .balances(redis.store());
    let stage = Stage::default();
    let data = Data::new(stage.clone());
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).app_data(data.clone()).service(once);
    })
    .await;
    let (spent, unused) = (api.buy("/once", &sandbox).await, api.buy("/once", &sandbox).await);
    assert_eq!(api.ask_with("/once", &spent).await.status, 200);

    redis.kill();
    for credential in [&spent, &unused] {
        let answer = api.ask_with("/once", credential).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "10"));
        assert!(answer.all("www-authenticate").is_empty());
    }
    assert_eq!(stage.calls(), 1);

    redis.run(&durable).await;
    let mut status = 503;
    eventually("the store is back", async || {
        status = api.ask_with("/once", &unused).await.status;
        status != 503
    })
    .await;
    assert_eq!(status, 200);
    assert_eq!(api.ask_with("/once", &spent).await.status, 402, "what was spent before is spent");
    assert_eq!(api.ask_with("/once", &unused).await.status, 402);
    assert_eq!(stage.calls(), 2);
}

#[actix_web::test]
async fn a_thousand_requests_with_the_redis_store_get_one_answer() {
    let redis = Redis::start(&[]).await;
    let url = redis.url();
    a_thousand_requests_get_one_answer(move |config| {
        config.balances(RedisStore::new(&url).unwrap())
    })
    .await;
}

#[actix_web::test]
async fn a_thousand_requests_over_two_processes_get_one_answer() {
    let redis = Redis::start(&[]).await;
    let sandbox = Sandbox::start().await;
    let store = format!("redis:{}", redis.url());
    let [one, two] = [(); 2].map(|()| Process::start(&sandbox, &store));
    let credential = one.buy(&sandbox).await;

    let mut crowd = one.crowd(500, &credential);
    for _ in 0..500 {
        crowd.spawn(two.ask(&credential));
    }
    for _ in 1..1_000 {
        assert_eq!(crowd.join_next().await.unwrap().unwrap(), 409);
    }
    assert_eq!(one.calls().await + two.calls().await, 1);
    one.release().await;
    two.release().await;
    assert_eq!(crowd.join_next().await.unwrap().unwrap(), 200);
    for server in [&one, &two] {
        assert_eq!(server.ask(&credential).await, 402);
    }

    // And without anybody holding the handler up.
    let credential = two.buy(&sandbox).await;
    let mut crowd = one.crowd(500, &credential);
    for _ in 0..500 {
        crowd.spawn(two.ask(&credential));
    }
    let statuses = crowd.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
    assert!(statuses.iter().all(|status| [200, 402, 409].contains(status)), "{statuses:?}");
    assert_eq!(one.calls().await + two.calls().await, 2);
}

/// A server that is killed while the handler runs leaves the token to the other one.
#[actix_web::test]
async fn a_token_that_a_killed_process_had_reserved_is_good_at_the_other_one_after_the_lease() {
    let redis = Redis::start(&[]).await;
    let sandbox = Sandbox::start().await;
    let store = format!("redis:{}", redis.url());
    let [killed, other] = [(); 2].map(|()| Process::start(&sandbox, &store));
    let credential = killed.buy(&sandbox).await;
    other.release().await;
    let cut_off = killed.crowd(1, &credential);
    eventually("the handler runs", async || killed.calls().await == 1).await;
    assert_eq!(other.ask(&credential).await, 409);
    drop(killed);
    assert_eq!(cut_off.join_all().await, [0]);
    let mut status = 409;
    eventually("the lease runs out", async || {
        status = other.ask(&credential).await;
        status != 409
    })
    .await;
    assert_eq!(status, 200);
    assert_eq!(other.ask(&credential).await, 402);
}
