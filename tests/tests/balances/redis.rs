//! The store in Redis, against a real server.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use actix_web::web::Data;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use l402_actix::{
    Balances as _, BrokerBudget, Claim, L402Config, Portion, Quota, RedisState, RedisStore,
    StoreError,
};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::{
    Api,
    redis::{Cluster, Redis, Sentinel},
};
use redis::{
    cluster::ClusterClient,
    sentinel::{SentinelClient, SentinelServerType},
};

use tokio::task::JoinSet;

use super::{
    Stage,
    crowd::a_thousand_requests_get_one_answer,
    eventually, leases, once,
    processes::Process,
    scopes::by_mpp,
    suite::{self, ONCE, id, mark, seen, use_up},
};

const FREE: Claim = Claim::Held { amount: 1, left: 0 };
const ONE: Portion = Portion { held: 1, drawn: 1 };

/// With `everysec` a busy disk may have what was written two seconds ago still to write.
const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

/// Short, so that a test need not wait long, and longer than a busy machine is held up.
const LEASE: Duration = Duration::from_secs(1);

fn store(redis: &Redis) -> RedisStore {
    let state = RedisState::new(redis.url()).unwrap().patience(Duration::from_secs(2));
    RedisStore::from(state)
}

#[actix_web::test]
async fn the_redis_store_passes_the_suite() {
    let redis = Redis::start(&[]);
    suite::holds(&store(&redis).lease(5 * LEASE)).await;
    assert!(store(&redis).place().starts_with("Redis at "), "{}", store(&redis).place());
    let processes = [(); 2].map(|()| store(&redis).lease(LEASE));
    leases::hold(&processes[0], &processes[1]).await;
}

#[actix_web::test]
async fn the_redis_store_passes_the_suite_on_a_cluster_of_three() {
    let cluster = Cluster::start();
    let client = ClusterClient::new(cluster.urls()).unwrap();
    let state = RedisState::with(move || {
        let client = client.clone();
        async move { client.get_async_connection().await }
    });
    let state = state.patience(Duration::from_secs(2));
    let store = RedisStore::from(state.clone());
    suite::holds(&store.clone().lease(5 * LEASE)).await;
    let other = RedisStore::from(state).lease(LEASE);
    leases::hold(&store.lease(LEASE), &other).await;
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
        store.draw(spent, holder, ONCE, ONE).await.is_ok_and(|drawn| drawn)
    })
    .await;
    store.settle(spent, holder).await.unwrap();
    eventually("the replica has it", async || servers.replica.command(&["dbsize"]).trim() == "1")
        .await;

    servers.master.kill();
    let away = store.hold(mark(), id(), ONCE, 1).await;
    assert!(matches!(away, Err(StoreError::Unreachable(_))), "{away:?}");
    eventually("the replica has taken over", async || {
        store.hold(mark(), id(), ONCE, 1).await.is_ok_and(|claim| claim == FREE)
    })
    .await;
    assert_eq!(store.hold(spent, id(), ONCE, 1).await.unwrap(), Claim::UsedUp);
}

/// Silent for 100 ms, it is left aside for five seconds, and nobody waits for it.
#[actix_web::test]
async fn a_silent_redis_is_left_aside_and_asked_again_later() {
    let redis = Redis::start(&[]);
    let store = RedisStore::new(redis.url()).unwrap();
    eventually("the store is there", async || store.hold(mark(), id(), ONCE, 1).await.is_ok())
        .await;
    redis.freeze();
    let begun = Instant::now();
    let silent = store.hold(mark(), id(), ONCE, 1).await;
    assert!(matches!(silent, Err(StoreError::Unreachable(_))), "{silent:?}");
    assert!(begun.elapsed() >= Duration::from_millis(100));
    redis.thaw();
    for _ in 0..1_000 {
        store.hold(mark(), id(), ONCE, 1).await.unwrap_err();
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "nobody waits");
    eventually("it is asked again", async || store.hold(mark(), id(), ONCE, 1).await.is_ok()).await;
    assert!(begun.elapsed() >= Duration::from_secs(5), "left aside for five seconds");
}

#[actix_web::test]
async fn two_stores_on_one_server_know_of_each_other() {
    let redis = Redis::start(&[]);
    let (one, two) = (store(&redis), store(&redis));
    let (mark, holder) = (mark(), id());
    assert_eq!(one.hold(mark, holder, ONCE, 1).await.unwrap(), FREE);
    assert_eq!(seen(&two, mark).await, Claim::Busy);
    assert!(one.draw(mark, holder, ONCE, ONE).await.unwrap());
    one.settle(mark, holder).await.unwrap();
    assert_eq!(seen(&two, mark).await, Claim::UsedUp);
}

#[actix_web::test]
async fn a_server_that_evicts_is_refused_until_it_does_not() {
    let redis = Redis::start(&["--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"]);
    let store = store(&redis);
    let refused = store.hold(mark(), id(), ONCE, 1).await;
    let Err(StoreError::Unreachable(reason)) = refused else { panic!("{refused:?}") };
    assert!(reason.to_string().contains("allkeys-lru"), "{reason}");
    let _ = redis.command(&["config", "set", "maxmemory-policy", "noeviction"]);
    assert_eq!(store.hold(mark(), id(), ONCE, 1).await.unwrap(), FREE);
}

#[actix_web::test]
async fn a_server_without_room_is_full_and_forgets_nothing() {
    let redis = Redis::start(&["--maxmemory-policy", "noeviction"]);
    let store = store(&redis);
    let spent = mark();
    use_up(&store, spent).await;
    // Less than it takes to run.
    let _ = redis.command(&["config", "set", "maxmemory", "1"]);
    let full = store.hold(mark(), id(), ONCE, 1).await;
    assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
    assert_eq!(store.hold(spent, id(), ONCE, 1).await.unwrap(), Claim::UsedUp);
    let _ = redis.command(&["config", "set", "maxmemory", "0"]);
    assert_eq!(store.hold(mark(), id(), ONCE, 1).await.unwrap(), FREE);
}

#[actix_web::test]
async fn an_api_answers_503_while_redis_is_away_and_goes_on_when_it_is_back() {
    let durable = ["--appendonly", "yes", "--appendfsync", "always"];
    let mut redis = Redis::start(&durable);
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client())
        .broker_budget(BrokerBudget::unlimited())
        .balances(store(&redis).lease(LEASE));
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

    redis.run(&durable);
    let mut status = 503;
    eventually("the store is back", async || {
        status = api.ask_with("/once", &unused).await.status;
        status != 503
    })
    .await;
    assert_eq!(status, 200);
    for drawn in [&spent, &unused] {
        // 409 until Redis has heard that the answer was sent, or the lease has run out.
        eventually("it is used up", async || api.ask_with("/once", drawn).await.status == 402)
            .await;
    }
    assert_eq!(stage.calls(), 2);
}

#[actix_web::test]
async fn a_thousand_requests_with_the_redis_store_get_one_answer() {
    let redis = Redis::start(&[]);
    let url = redis.url();
    a_thousand_requests_get_one_answer(move |config| {
        config.balances(RedisStore::new(&url).unwrap())
    })
    .await;
}

#[actix_web::test]
async fn a_thousand_requests_over_two_processes_get_one_answer() {
    let redis = Redis::start(&[]);
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
    let redis = Redis::start(&[]);
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

/// Its leases ran out while Redis was away, and it holds what it holds.
#[actix_web::test]
async fn an_outage_longer_than_the_lease_never_lets_a_process_sell_what_it_holds() {
    let durable = ["--appendonly", "yes", "--appendfsync", "always"];
    let mut redis = Redis::start(&durable);
    let (one, other) = (store(&redis).lease(LEASE), store(&redis).lease(LEASE));
    let (mark, first) = (mark(), id());
    assert_eq!(one.hold(mark, first, ONCE, 1).await.unwrap(), FREE);
    redis.kill();
    tokio::time::sleep(LEASE * 2).await;
    redis.run(&durable);
    let mut claim = Claim::UsedUp;
    eventually("Redis is back", async || match one.hold(mark, id(), ONCE, 1).await {
        Ok(now) => {
            claim = now;
            true
        }
        Err(_) => false,
    })
    .await;
    assert_eq!(claim, Claim::Busy, "in the process that holds it");
    assert_eq!(seen(&other, mark).await, Claim::Busy, "and with that everywhere");
    assert!(one.draw(mark, first, ONCE, ONE).await.unwrap());
    one.settle(mark, first).await.unwrap();
    assert_eq!(seen(&other, mark).await, Claim::UsedUp);
}

#[actix_web::test]
async fn garbage_in_the_place_of_a_balance_is_an_error_and_never_a_good_payment() {
    let redis = Redis::start(&[]);
    let store = store(&redis);
    let good = mark();
    use_up(&store, good).await;
    let keys = redis.keys("*");
    let [key] = keys.as_slice() else { panic!("{keys:?}") };
    let _ = redis.command(&["hset", key, "drawn", "much"]);
    let refused = store.hold(good, id(), ONCE, 1).await;
    assert!(matches!(refused, Err(StoreError::Unreachable(_))), "{refused:?}");
    let _ = redis.command(&["hset", key, "drawn", "1", "h:0", "garbage"]);
    let refused = store.hold(good, id(), ONCE, 1).await;
    assert!(matches!(refused, Err(StoreError::Unreachable(_))), "{refused:?}");
    let _ = redis.command(&["set", key, "another version's"]);
    let refused = store.hold(good, id(), ONCE, 1).await;
    assert!(matches!(refused, Err(StoreError::Unreachable(_))), "{refused:?}");
}

/// 32 callers over four processes. The rates are printed, for who runs it with `--nocapture`.
#[actix_web::test]
async fn a_pack_of_ten_thousand_is_ten_thousand_answers_over_four_processes() {
    const CALLERS: usize = 32;
    let redis = Redis::start(&[]);
    let sandbox = Sandbox::start().await;
    let store = format!("redis:{}", redis.url());
    let processes = Arc::new([(); 4].map(|()| Process::start(&sandbox, &store)));
    let mut rates = Vec::new();
    for (path, requests) in [("/uncounted", 2_000_u32), ("/pack", 10_200)] {
        let credential = processes[0].buy_at(path, &sandbox).await;
        let left = Arc::new(AtomicU32::new(requests));
        let begun = Instant::now();
        let mut callers: JoinSet<[usize; 3]> = (0..CALLERS)
            .map(|caller| {
                let (processes, left) = (Arc::clone(&processes), Arc::clone(&left));
                let credential = credential.clone();
                async move {
                    let mut counts = [0; 3];
                    while left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
                        let status = processes[caller % 4].ask_at(path, &credential).await;
                        let place = [200, 402, 409].iter().position(|known| *known == status);
                        counts[place.unwrap_or_else(|| panic!("{path}: {status}"))] += 1;
                    }
                    counts
                }
            })
            .collect();
        let mut counts = [0; 3];
        while let Some(caller) = callers.join_next().await {
            for (sum, count) in counts.iter_mut().zip(caller.unwrap()) {
                *sum += count;
            }
        }
        rates.push(f64::from(requests) / begun.elapsed().as_secs_f64());
        if path == "/pack" {
            assert_eq!(counts[0], 10_000, "{counts:?}");
        }
    }
    println!(
        "uncounted {:.0}/s, pack {:.0}/s, ratio {:.2}",
        rates[0],
        rates[1],
        rates[1] / rates[0]
    );
}

/// Holds that are settled while others are made on the same payment are not brought back by them.
#[actix_web::test]
async fn what_many_requests_draw_at_once_is_gone_once() {
    const CALLERS: u64 = 16;
    const EACH: u64 = 60;
    let redis = Redis::start(&[]);
    let store = store(&redis).lease(LEASE);
    let quota = Quota { limit: 1_000_000, ..ONCE };
    let payment = mark();
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let store = store.clone();
            std::thread::spawn(move || {
                actix_web::rt::System::new().block_on(async {
                    let mut callers = JoinSet::new();
                    for _ in 0..CALLERS {
                        let store = store.clone();
                        callers.spawn(async move {
                            for _ in 0..EACH {
                                let id = id();
                                store.hold(payment, id, quota, 1).await.unwrap();
                                assert!(store.draw(payment, id, quota, ONE).await.unwrap());
                                store.settle(payment, id).await.unwrap();
                            }
                        });
                    }
                    callers.join_all().await;
                });
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    tokio::time::sleep(LEASE * 2).await;
    let left = quota.limit - 2 * CALLERS * EACH;
    let claim = store.look(payment, quota).await.unwrap();
    assert_eq!(claim, Claim::Held { amount: 1, left: left - 1 });
}

/// The broker has taken it, and Redis goes before that is written down: this process knows it, and
/// nobody is asked to pay again.
#[actix_web::test]
async fn an_mpp_payment_whose_acceptance_cannot_be_written_down_is_not_asked_for_again() {
    let mut redis = Redis::start(&[]);
    let sandbox = Sandbox::start().await;
    let config =
        l402_tests::config(sandbox.client()).balances(store(&redis).lease(LEASE)).mpp(true);
    let stage = Stage::default();
    let data = Data::new(stage.clone());
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).app_data(data.clone()).service(once);
    })
    .await;
    let token = api.buy("/once", &sandbox).await;
    let (_, preimage) = token.split_once(':').unwrap();
    let json = serde_json::json!({ "payload": { "preimage": preimage } }).to_string();
    let payment = format!("Payment {}", URL_SAFE_NO_PAD.encode(json));
    sandbox.fault(Fault::delay(Duration::from_secs(1)).on(Endpoint::Verify));
    let asked = actix_web::rt::spawn(api.get("/once").header("authorization", &payment).send());
    eventually("the broker is asked", async || sandbox.verifies() == 1).await;
    redis.kill();
    assert_eq!(asked.await.unwrap().unwrap().status().as_u16(), 503);
    redis.run(&[]);
    let mut status = 503;
    eventually("Redis is back", async || {
        status = api.ask_with("/once", &payment).await.status;
        ![503, 409].contains(&status)
    })
    .await;
    assert_eq!(status, 200);
    assert_eq!((sandbox.payments(), sandbox.verifies()), (1, 1));
}

/// It is new and has not seen Redis away, and finds what the first one still holds.
#[actix_web::test]
async fn what_one_process_could_not_write_down_yet_is_not_asked_for_again_by_another() {
    another_asks_for_no_second_payment("60", true).await;
}

/// What the first one held has lapsed, and the connection that was there before has died.
#[actix_web::test]
async fn after_an_outage_that_was_longer_than_a_lease_it_is_not_asked_for_again_either() {
    another_asks_for_no_second_payment("1", false).await;
}

/// The broker has taken MPP payments, one process knows and cannot say so, and the other one is asked.
async fn another_asks_for_no_second_payment(lease: &str, is_new: bool) {
    let mut redis = Redis::start(&DURABLE);
    let sandbox = Sandbox::start().await;
    let store = format!("redis:{}", redis.url());
    let start = || {
        let mut server = Command::new(env!("CARGO_BIN_EXE_single_use_server"));
        Process::start_in(server.env("LEASE_SECONDS", lease), &sandbox, &store)
    };
    let (first, old) = (start(), start());
    let mut payments = Vec::new();
    for path in ["/once", "/slow", "/pack"].repeat(4) {
        payments.push((path, by_mpp(&old.buy_at(path, &sandbox).await)));
    }
    // Both have a connection.
    for server in [&first, &old] {
        server.release().await;
        let token = server.buy_at("/once", &sandbox).await;
        assert_eq!(server.ask_at("/once", &token).await, 200);
    }
    let before = sandbox.verifies();
    sandbox.fault(Fault::late(Duration::from_secs(1)).on(Endpoint::Verify).always());
    let asked: JoinSet<u16> =
        payments.iter().map(|(path, payment)| first.ask_at(path, payment)).collect();
    let all = before + payments.len() as u64;
    eventually("the broker is asked", async || sandbox.verifies() == all).await;
    redis.kill();
    assert_eq!(asked.join_all().await, vec![503; payments.len()]);
    sandbox.clear_faults();
    redis.run(&DURABLE);
    let second = if is_new { start() } else { old };
    second.release().await;
    for (path, payment) in &payments {
        let mut status = 0;
        eventually("the first process has said what it knows", async || {
            status = second.ask_at(path, payment).await;
            ![409, 503].contains(&status)
        })
        .await;
        assert_eq!(status, 200, "{path}");
    }
}

/// Redis has the draw, and its answer does not arrive in time: what was not sent is not drawn.
#[actix_web::test]
async fn a_stream_that_a_silent_redis_cuts_off_has_drawn_what_was_sent_and_no_more() {
    let (sandbox, redis) = (Sandbox::start().await, Redis::start(&[]));
    let server = Process::start(&sandbox, &format!("redis:{}", redis.url()));
    let credential = server.buy_at("/metered", &sandbox).await;
    let mut response = server.begin("/metered?500", &credential).await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "one", "which cost three of ten");
    redis.freeze();
    assert!(response.chunk().await.is_err(), "the second piece waits for what it costs");
    redis.thaw();
    let mut left = String::new();
    eventually("the hold has ended", async || {
        let answer = server.begin("/metered", &credential).await.unwrap();
        let header = answer.headers().get("ratelimit");
        left = header.map_or_else(String::new, |left| left.to_str().unwrap().to_owned());
        answer.status() == 200 && left.ends_with("=7")
    })
    .await;
    // Nor does a draw that Redis does late.
    tokio::time::sleep(3 * LEASE).await;
    let answer = server.begin("/metered", &credential).await.unwrap();
    assert_eq!(answer.headers()["ratelimit"], left.as_str());
}
