//! What it takes to hold one use of a payment, draw it and settle, on each store.
//!
//! The file's figure is the disk's: a draw has reached it before the answer is sent. Redis is one on this
//! machine, if `redis-server` is installed.

#![allow(missing_docs, reason = "criterion's macros make items of their own")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

use std::{
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use criterion::{Criterion, criterion_group, criterion_main};
use l402_actix::{
    Balances, Claim, HoldId, Kind, Mark, MemoryStore, Portion, Quota, RedbStore, RedisState,
    RedisStore,
};
use l402_tests::redis::{Folder, Redis};
use tokio::runtime::Builder;

const PACK: Quota =
    Quota { kind: Kind::Uses, limit: u64::MAX, kept_for: Duration::from_secs(60 * 60) };

fn number() -> [u8; 16] {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    bytes
}

/// One request's, of a pack that never ends.
async fn request(store: &dyn Balances, mark: Mark) {
    let id = HoldId::new(number());
    let claim = store.hold(mark, id, PACK, 1).await.unwrap();
    assert!(matches!(claim, Claim::Held { .. }));
    assert!(store.draw(mark, id, PACK, Portion { held: 1, drawn: 1 }).await.unwrap());
    store.settle(mark, id).await.unwrap();
}

fn stores(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let folder = Folder::new();
    let redis = has_redis().then(|| Redis::start(&[]));
    let mut stores: Vec<(&str, Box<dyn Balances>)> = vec![
        ("memory", Box::new(MemoryStore::new())),
        ("redb", Box::new(RedbStore::open(folder.0.join("balances.redb")).unwrap())),
    ];
    if let Some(redis) = &redis {
        let state = RedisState::new(redis.url()).unwrap().patience(Duration::from_secs(5));
        stores.push(("redis", Box::new(RedisStore::from(state))));
    }
    let mut group = criterion.benchmark_group("hold, draw and settle");
    for (name, store) in &stores {
        let mark = Mark::new([1; 32], [2; 32]);
        group.bench_function(*name, |bencher| {
            bencher.iter(|| runtime.block_on(request(store.as_ref(), mark)));
        });
    }
    group.finish();
}

fn has_redis() -> bool {
    Command::new("redis-server").arg("--version").output().is_ok()
}

criterion_group!(balances, stores);
criterion_main!(balances);
