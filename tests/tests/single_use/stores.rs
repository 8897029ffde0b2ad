//! The stores that need nothing but Rust.

use std::time::Duration;

use l402_actix::{Claim, MemoryStore, RedbStore, SpentTokens, StoreError};

use super::{
    Folder, eventually,
    suite::{self, id, mark, seen},
};

const HOUR: Duration = Duration::from_secs(60 * 60);

#[actix_web::test]
async fn the_memory_store_passes_the_suite() {
    suite::holds(&MemoryStore::new()).await;
}

#[actix_web::test]
async fn the_redb_store_passes_the_suite() {
    let folder = Folder::new();
    suite::holds(&RedbStore::open(folder.file("spent.redb")).unwrap()).await;
}

#[actix_web::test]
async fn a_full_memory_refuses_new_marks_and_forgets_none() {
    let store = MemoryStore::with_capacity(2);
    let (spent, reserved, refused, holder) = (mark(), mark(), mark(), id());
    store.reserve(spent, holder, HOUR).await.unwrap();
    store.reserve(reserved, holder, HOUR).await.unwrap();
    assert!(store.spend(spent, holder, HOUR).await.unwrap(), "needs no room of its own");
    for _ in 0..3 {
        let full = store.reserve(refused, id(), HOUR).await;
        assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
    }
    assert_eq!(seen(&store, spent).await, Claim::Spent);
    assert_eq!(seen(&store, reserved).await, Claim::Busy);
    store.give_back(reserved, holder).await.unwrap();
    assert_eq!(store.reserve(refused, id(), HOUR).await.unwrap(), Claim::Reserved);
}

#[actix_web::test]
async fn a_full_memory_has_room_again_when_marks_run_out() {
    let store = MemoryStore::with_capacity(1);
    store.spend(mark(), id(), Duration::from_millis(100)).await.unwrap();
    eventually("there is room", async || store.reserve(mark(), id(), HOUR).await.is_ok()).await;
}

#[actix_web::test]
async fn a_file_remembers_what_was_spent_and_reserved_when_it_is_opened_anew() {
    let folder = Folder::new();
    let path = folder.file("spent.redb");
    let (spent, reserved, given_back, holder) = (mark(), mark(), mark(), id());
    let store = RedbStore::open(&path).unwrap();
    for mark in [spent, reserved, given_back] {
        store.reserve(mark, holder, HOUR).await.unwrap();
    }
    store.spend(spent, holder, HOUR).await.unwrap();
    store.give_back(given_back, holder).await.unwrap();
    drop(store);

    let store = RedbStore::open(&path).unwrap();
    assert_eq!(seen(&store, spent).await, Claim::Spent);
    assert_eq!(seen(&store, reserved).await, Claim::Busy);
    assert_eq!(seen(&store, given_back).await, Claim::Reserved);
}

/// What was sent before the last handle goes is written, though nobody waits for it.
#[actix_web::test]
async fn a_file_is_closed_only_when_everything_is_written() {
    let folder = Folder::new();
    let path = folder.file("spent.redb");
    let marks: Vec<_> = (0..300).map(|_| mark()).collect();
    let store = RedbStore::open(&path).unwrap();
    for mark in &marks {
        drop(store.spend(*mark, id(), HOUR));
    }
    drop(store);
    let store = RedbStore::open(&path).unwrap();
    for mark in marks {
        assert_eq!(seen(&store, mark).await, Claim::Spent);
    }
}

#[actix_web::test]
async fn a_file_that_is_opened_several_times_in_a_process_is_one_store() {
    let folder = Folder::new();
    let stores = [(); 4].map(|()| RedbStore::open(folder.file("spent.redb")).unwrap());
    let (mark, holder) = (mark(), id());
    stores[0].reserve(mark, holder, HOUR).await.unwrap();
    assert_eq!(seen(&stores[3], mark).await, Claim::Busy);
    assert!(stores[1].spend(mark, holder, HOUR).await.unwrap());
    let [.., last] = stores;
    assert_eq!(seen(&last, mark).await, Claim::Spent);
}

#[actix_web::test]
async fn a_file_that_is_no_store_or_has_no_folder_is_refused_at_once() {
    let folder = Folder::new();
    std::fs::write(folder.file("notes.txt"), "no store, and longer than nothing").unwrap();
    for path in ["notes.txt", "no-folder/spent.redb"] {
        let refused = RedbStore::open(folder.file(path));
        assert!(matches!(refused, Err(StoreError::Unreachable(_))), "{path}: {refused:?}");
    }
    let untouched = std::fs::read_to_string(folder.file("notes.txt")).unwrap();
    assert_eq!(untouched, "no store, and longer than nothing");
}
