//! The stores that need nothing but Rust.

use std::{fs, time::Duration};

use l402_actix::{
    Balances as _, Claim, HoldId, Kind, MemoryStore, Portion, Quota, RedbStore, StoreError,
};

use super::{
    Folder, eventually,
    suite::{self, ONCE, id, mark, seen, use_up},
    tries,
};

const FREE: Claim = Claim::Held { amount: 1, left: 0 };

#[actix_web::test]
async fn the_memory_store_passes_the_suite() {
    suite::holds(&MemoryStore::new()).await;
}

#[actix_web::test]
async fn the_redb_store_passes_the_suite() {
    let folder = Folder::new();
    suite::holds(&RedbStore::open(folder.file("balances.redb")).unwrap()).await;
}

/// Stores of a merchant's own know a request by it.
#[test]
fn the_id_of_a_hold_is_its_bytes() {
    assert_eq!(HoldId::new([7; 16]).as_bytes(), &[7; 16]);
    assert_ne!(id().as_bytes(), id().as_bytes());
}

/// As a server does that is configured anew: the last handle waits until the file is closed.
#[test]
fn a_file_that_is_being_closed_can_be_opened_at_once() {
    let folder = Folder::new();
    let path = folder.file("balances.redb");
    for round in 0..20 {
        let before = RedbStore::open(&path).unwrap();
        let closing = std::thread::spawn(move || drop(before));
        for _ in 0..3 {
            drop(RedbStore::open(&path).unwrap_or_else(|err| panic!("{round}: {err}")));
        }
        closing.join().unwrap();
    }
}

#[actix_web::test]
async fn a_full_memory_refuses_new_payments_and_forgets_none() {
    let store = MemoryStore::with_capacity(2);
    let (used_up, held, refused, holder) = (mark(), mark(), mark(), id());
    use_up(&store, used_up).await;
    store.hold(held, holder, ONCE, 1).await.unwrap();
    for _ in 0..3 {
        let full = store.hold(refused, id(), ONCE, 1).await;
        assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
    }
    assert_eq!(seen(&store, used_up).await, Claim::UsedUp);
    assert_eq!(seen(&store, held).await, Claim::Busy);
    store.give_back(held, holder).await.unwrap();
    assert_eq!(store.hold(refused, id(), ONCE, 1).await.unwrap(), FREE);
}

#[actix_web::test]
async fn a_full_memory_has_room_again_when_balances_run_out() {
    let store = MemoryStore::with_capacity(1);
    let (mark, id) = (mark(), id());
    let soon = Quota { kept_for: Duration::from_millis(100), ..ONCE };
    store.draw(mark, id, soon, Portion { held: 1, drawn: 1 }).await.unwrap();
    store.settle(mark, id).await.unwrap();
    eventually("there is room", async || {
        store.hold(self::suite::mark(), self::id(), ONCE, 1).await.is_ok()
    })
    .await;
}

/// What requests run on is never forgotten, however short balances are kept.
#[actix_web::test]
async fn what_is_held_in_this_process_does_not_run_out() {
    let folder = Folder::new();
    let memory = MemoryStore::new();
    let file = RedbStore::open(folder.file("balances.redb")).unwrap();
    let at_once = Quota { kept_for: Duration::from_millis(1), ..ONCE };
    for store in [&memory as &dyn l402_actix::Balances, &file] {
        let (mark, id) = (mark(), id());
        store.draw(mark, id, at_once, Portion { held: 1, drawn: 1 }).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(seen(store, mark).await, Claim::Busy);
    }
}

#[actix_web::test]
async fn a_file_remembers_what_was_drawn_and_frees_what_was_held_when_it_is_opened_anew() {
    let folder = Folder::new();
    let path = folder.file("balances.redb");
    let (used_up, drawn, held, given_back) = (mark(), mark(), mark(), mark());
    let store = RedbStore::open(&path).unwrap();
    use_up(&store, used_up).await;
    for mark in [drawn, held, given_back] {
        store.hold(mark, id(), ONCE, 1).await.unwrap();
    }
    let ten = Quota { kind: Kind::Units, limit: 10, ..ONCE };
    let (partly, holder) = (mark(), id());
    store.hold(partly, holder, ten, 6).await.unwrap();
    store.draw(partly, holder, ten, Portion { held: 6, drawn: 4 }).await.unwrap();
    drop(store);

    let store = RedbStore::open(&path).unwrap();
    assert_eq!(seen(&store, used_up).await, Claim::UsedUp);
    for mark in [drawn, held, given_back] {
        assert_eq!(seen(&store, mark).await, FREE);
    }
    assert_eq!(store.look(partly, ten).await.unwrap(), Claim::Held { amount: 1, left: 5 });
    assert_eq!(store.look(partly, ONCE).await.unwrap(), Claim::OtherKind);
}

/// What was sent before the last handle goes is written, though nobody waits for it.
#[actix_web::test]
async fn a_file_is_closed_only_when_everything_is_written() {
    let folder = Folder::new();
    let path = folder.file("balances.redb");
    let marks: Vec<_> = (0..300).map(|_| mark()).collect();
    let store = RedbStore::open(&path).unwrap();
    for mark in &marks {
        drop(store.draw(*mark, id(), ONCE, Portion { held: 1, drawn: 1 }));
    }
    drop(store);
    let store = RedbStore::open(&path).unwrap();
    for mark in marks {
        assert_eq!(seen(&store, mark).await, Claim::UsedUp);
    }
}

#[actix_web::test]
async fn a_file_that_is_opened_several_times_in_a_process_is_one_store() {
    let folder = Folder::new();
    let stores = [(); 4].map(|()| RedbStore::open(folder.file("balances.redb")).unwrap());
    let (mark, holder) = (mark(), id());
    stores[0].hold(mark, holder, ONCE, 1).await.unwrap();
    assert_eq!(seen(&stores[3], mark).await, Claim::Busy);
    assert!(stores[1].draw(mark, holder, ONCE, Portion { held: 1, drawn: 1 }).await.unwrap());
    stores[2].settle(mark, holder).await.unwrap();
    let [.., last] = stores;
    assert_eq!(seen(&last, mark).await, Claim::UsedUp);
}

#[actix_web::test]
async fn a_file_that_is_no_store_or_has_no_folder_is_refused_at_once() {
    let folder = Folder::new();
    fs::write(folder.file("notes.txt"), "no store, and longer than nothing").unwrap();
    fs::write(folder.file("empty"), "").unwrap();
    for path in ["notes.txt", "no-folder/balances.redb", "empty"] {
        let refused = RedbStore::open(folder.file(path));
        assert!(matches!(refused, Err(StoreError::Unreachable(_))), "{path}: {refused:?}");
    }
    let untouched = fs::read_to_string(folder.file("notes.txt")).unwrap();
    assert_eq!(untouched, "no store, and longer than nothing");
}

/// One that was moved away can still be written, and a restart would not find what it says.
#[actix_web::test]
async fn a_file_that_has_gone_is_away_until_it_is_back_and_is_never_made_anew() {
    let folder = Folder::new();
    let (path, elsewhere) = (folder.file("balances.redb"), folder.file("elsewhere"));
    let store = RedbStore::open(&path).unwrap();
    let (used_up, next) = (mark(), mark());
    use_up(&store, used_up).await;
    fs::rename(&path, &elsewhere).unwrap();
    for _ in 0..3 {
        for mark in [used_up, next] {
            let away = store.hold(mark, id(), ONCE, 1).await;
            assert!(matches!(away, Err(StoreError::Unreachable(_))), "{away:?}");
        }
    }
    assert!(!path.exists());
    // Another one in its place is not it.
    RedbStore::open(folder.file("other")).unwrap();
    fs::rename(folder.file("other"), &path).unwrap();
    let away = store.hold(used_up, id(), ONCE, 1).await;
    assert!(matches!(away, Err(StoreError::Unreachable(_))), "{away:?}");
    fs::rename(&elsewhere, &path).unwrap();
    assert_eq!(seen(&store, used_up).await, Claim::UsedUp);
    assert_eq!(seen(&store, next).await, FREE);
}

/// A handler runs while the file goes: its answer cannot be drawn, and what it held is free again.
#[actix_web::test]
async fn what_was_held_when_the_file_went_can_be_given_back_without_it() {
    let folder = Folder::new();
    let (path, elsewhere) = (folder.file("balances.redb"), folder.file("elsewhere"));
    let store = RedbStore::open(&path).unwrap();
    let (mark, holder) = (mark(), id());
    store.hold(mark, holder, ONCE, 1).await.unwrap();
    fs::rename(&path, &elsewhere).unwrap();
    let drawn = store.draw(mark, holder, ONCE, Portion { held: 1, drawn: 1 }).await;
    assert!(matches!(drawn, Err(StoreError::Unreachable(_))), "{drawn:?}");
    store.give_back(mark, holder).await.unwrap();
    fs::rename(&elsewhere, &path).unwrap();
    assert_eq!(seen(&store, mark).await, FREE);
    drop(store);
    assert_eq!(seen(&RedbStore::open(&path).unwrap(), mark).await, FREE);
}

/// Redb panics on some of them.
#[actix_web::test]
async fn a_damaged_file_is_an_error_that_says_what_to_do_and_never_a_good_store() {
    let folder = Folder::new();
    let path = folder.file("balances.redb");
    let store = RedbStore::open(&path).unwrap();
    let marks: Vec<_> = (0..50).map(|_| mark()).collect();
    for mark in &marks {
        use_up(&store, *mark).await;
    }
    drop(store);
    let whole = fs::read(&path).unwrap();
    let mut refused = 0;
    for number in 0..tries().max(300) {
        let mut damaged = whole.clone();
        // Spread over the file: a cut, zeros, or another value.
        let place = (number * 7919 * 64) % (whole.len() - 64);
        match number % 3 {
            0 => damaged.truncate(place),
            1 => damaged[place..place + 64].fill(0),
            _ => damaged[place..place + 64].iter_mut().for_each(|byte| *byte ^= 0xa5),
        }
        let path = folder.file("damaged.redb");
        fs::write(&path, &damaged).unwrap();
        match RedbStore::open(&path) {
            Err(StoreError::Unreachable(cause)) => {
                assert!(cause.to_string().contains("move it away"), "{cause}");
                refused += 1;
            }
            Err(err) => panic!("{number}: {err}"),
            // The damage is in a part that says nothing, or what it says was there twice.
            Ok(store) => {
                for mark in &marks {
                    let claim = store.look(*mark, ONCE).await;
                    assert!(!matches!(claim, Ok(Claim::Held { .. })), "{number}: {claim:?}");
                }
            }
        }
    }
    assert!(refused > 30, "{refused}");
}
