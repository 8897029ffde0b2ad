//! A look at start: what the first payer would run into is told to `main`.

use l402_actix::{BrokerBudget, L402Client, L402Config, RedbStore, RedisState};
use l402_sandbox::{Fault, Sandbox};
use l402_tests::redis::Folder;

/// What a failed `main` prints, without its first line.
async fn faults(config: &L402Config) -> Vec<String> {
    let err = config.ready().await.expect_err("a fault");
    let printed = format!("{err:?}");
    assert_eq!(printed, err.to_string());
    let lines: Vec<String> = printed.lines().skip(1).map(str::to_owned).collect();
    let listed: Vec<String> = err.faults().map(|fault| format!("- {fault}")).collect();
    assert_eq!(lines, listed, "a line for each");
    lines
}

#[actix_web::test]
async fn a_config_whose_broker_and_store_can_be_used_is_ready_and_costs_no_call() {
    let sandbox = Sandbox::start().await;
    let folder = Folder::new();
    let store = RedbStore::open(folder.0.join("balances.redb")).unwrap();
    let config = L402Config::new(sandbox.client());
    config.ready().await.unwrap();
    config.balances(store).broker_budget(BrokerBudget::per_minute(1)).ready().await.unwrap();
    assert_eq!((sandbox.mints(), sandbox.verifies()), (0, 0));
}

#[actix_web::test]
async fn each_fault_of_the_account_is_a_line_that_says_what_to_do() {
    for (fault, says, what_to_do) in [
        ("l402_not_enabled", "the merchant's plan", "dashboard"),
        ("no_wallet", "no receiving wallet", "set one up"),
    ] {
        let sandbox = Sandbox::start().await;
        sandbox.fault(Fault::named(fault).unwrap());
        let lines = faults(&L402Config::new(sandbox.client())).await;
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert!(line.contains(says) && line.contains(what_to_do), "{line}");
    }
    let sandbox = Sandbox::start().await;
    let stranger = L402Client::builder("not-a-key-of-anybody").base_url(sandbox.url());
    let lines = faults(&L402Config::new(stranger.build().unwrap()).default_price_sats(0)).await;
    let [price, key] = &lines[..] else { panic!("{lines:?}") };
    assert!(price.contains("`default_price_sats` is 0"), "{price}");
    assert!(
        key.contains("refused the API key") && key.contains("LIGHTNING_ENABLE_API_KEY"),
        "{key}"
    );
    assert!(!key.contains("not-a-key-of-anybody"), "{key}");
}

#[actix_web::test]
async fn a_config_that_keeps_balances_elsewhere_than_another_of_its_account_is_told() {
    let (sandbox, folder) = (Sandbox::start().await, Folder::new());
    let config = L402Config::new(sandbox.client());
    let store = |name: &str| RedbStore::open(folder.0.join(name)).unwrap();
    let first = config.clone().balances(store("one.redb"));
    first.ready().await.unwrap();
    let lines = faults(&config.balances(store("another.redb"))).await;
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert!(line.contains("keep balances in different places"), "{line}");
}

#[actix_web::test]
async fn a_broker_and_a_redis_that_are_away_are_two_lines() {
    let (url, client) = {
        let sandbox = Sandbox::start().await;
        (sandbox.url().to_owned(), sandbox.client())
    };
    let state = RedisState::new("redis://:a-password@127.0.0.1:1/").unwrap();
    let lines = faults(&L402Config::new(client).shared_state(state)).await;
    let [broker, redis] = &lines[..] else { panic!("{lines:?}") };
    assert!(broker.contains("could not be reached") && broker.contains(&url), "{broker}");
    assert!(broker.contains("LIGHTNING_ENABLE_API_URL"), "{broker}");
    assert!(redis.contains("the Redis of `shared_state` cannot be used"), "{redis}");
    assert!(redis.contains("see that it runs") && !redis.contains("a-password"), "{redis}");
}

#[actix_web::test]
async fn a_file_of_balances_that_is_damaged_or_has_been_replaced_is_told() {
    let sandbox = Sandbox::start().await;
    let folder = Folder::new();
    let path = folder.0.join("balances.redb");
    std::fs::write(&path, b"no store of anything, and long enough to be read as one").unwrap();
    let err = RedbStore::open(&path).unwrap_err().to_string();
    assert!(err.contains("cannot be read as a store") && err.contains("put back a copy"), "{err}");

    std::fs::remove_file(&path).unwrap();
    let config = L402Config::new(sandbox.client()).balances(RedbStore::open(&path).unwrap());
    config.ready().await.unwrap();
    std::fs::rename(&path, folder.0.join("elsewhere.redb")).unwrap();
    std::fs::write(&path, b"another file").unwrap();
    let lines = faults(&config).await;
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert!(line.contains("another file has taken its place"), "{line}");
    assert!(line.contains("answer 503"), "{line}");
}

#[cfg(feature = "redis-server")]
mod with_redis {
    use l402_actix::RedisStore;
    use l402_tests::redis::Redis;

    use super::*;

    #[actix_web::test]
    async fn a_redis_that_evicts_is_refused_and_one_that_does_not_is_ready() {
        let sandbox = Sandbox::start().await;
        let redis = Redis::start(&["--maxmemory-policy", "allkeys-lru"]);
        let shared = |redis: &Redis| {
            let state = RedisState::new(redis.url()).unwrap();
            L402Config::new(sandbox.client()).shared_state(state)
        };
        let lines = faults(&shared(&redis)).await;
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert!(
            line.contains("`allkeys-lru`") && line.contains("set it to `noeviction`"),
            "{line}"
        );

        let sound = Redis::start(&["--maxmemory-policy", "noeviction"]);
        shared(&sound).ready().await.unwrap();
        let left = sound.keys("*balance*");
        let seconds: i64 = sound.command(&["ttl", &left[0]]).trim().parse().unwrap();
        assert!(left.len() == 1 && (1..=3600).contains(&seconds), "it goes by itself: {seconds}");
    }

    #[actix_web::test]
    async fn a_redis_that_has_died_or_only_reads_is_told() {
        let sandbox = Sandbox::start().await;
        let mut redis = Redis::start(&["--maxmemory-policy", "noeviction"]);
        let store = RedisStore::new(redis.url()).unwrap();
        let config = L402Config::new(sandbox.client()).balances(store);
        config.ready().await.unwrap();
        let _ = redis.command(&["replicaof", "127.0.0.1", "1"]);
        let lines = faults(&config).await;
        assert!(
            lines.len() == 1 && lines[0].contains("the store of balances is away"),
            "{lines:?}"
        );
        redis.kill();
        let lines = faults(&config).await;
        assert!(
            lines.len() == 1 && lines[0].contains("the store of balances is away"),
            "{lines:?}"
        );
    }
}
