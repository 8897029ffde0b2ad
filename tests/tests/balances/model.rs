//! The stores against a plain account of who holds and has drawn what: random holds, draws, ends,
//! repeated steps and crashes.

use std::{collections::BTreeMap, time::Duration};

use l402_actix::{Balances, Claim, HoldId, Kind, Mark, MemoryStore, Portion, Quota, RedbStore};
use proptest::{
    collection::vec,
    prelude::{Strategy, any, prop_oneof},
    test_runner::{Config, TestRunner},
};

use super::{Folder, suite::mark};

/// What the payment buys.
const LIMIT: u64 = 12;

const QUOTA: Quota =
    Quota { kind: Kind::Units, limit: LIMIT, kept_for: Duration::from_secs(60 * 60) };

#[derive(Debug, Clone)]
enum Step {
    Hold(u8, u64),
    Draw(u8, u64),
    Settle(u8),
    GiveBack(u8),
    /// The process dies; what it held is free and what it drew is drawn.
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<(Step, bool)>> {
    let who = 0..4_u8;
    let step = prop_oneof![
        4 => (who.clone(), 0..9_u64).prop_map(|(who, amount)| Step::Hold(who, amount)),
        4 => (who.clone(), 0..9_u64).prop_map(|(who, amount)| Step::Draw(who, amount)),
        2 => who.clone().prop_map(Step::Settle),
        2 => who.prop_map(Step::GiveBack),
        1 => proptest::strategy::Just(Step::Crash),
    ];
    vec((step, any::<bool>()), 1..60)
}

/// Who holds and has drawn what, in the plainest way.
#[derive(Default)]
struct Account {
    /// Of requests that have ended.
    drawn: u64,
    /// Held and drawn, of requests that run.
    open: BTreeMap<u8, (u64, u64)>,
    /// Told apart from earlier requests of the same number.
    generation: u8,
}

impl Account {
    fn free(&self) -> u64 {
        LIMIT - self.drawn - self.open.values().map(|(held, _)| held).sum::<u64>()
    }

    fn hold(&mut self, who: u8, amount: u64) -> Claim {
        let free = self.free();
        let (held, drawn) = self.open.get(&who).copied().unwrap_or_default();
        if held == 0 && free == 0 {
            return if self.drawn == LIMIT { Claim::UsedUp } else { Claim::Busy };
        }
        let held = amount.max(1).min(held + free).max(held);
        self.open.insert(who, (held, drawn));
        Claim::Held { amount: held, left: self.free() }
    }

    /// So much in all, of what the request holds or of what is free.
    fn draw(&mut self, who: u8, total: u64) -> bool {
        let (held, drawn) = self.open.get(&who).copied().unwrap_or_default();
        if total > held + self.free() {
            return false;
        }
        self.open.insert(who, (held.max(total), drawn.max(total)));
        true
    }

    fn end(&mut self, who: u8, keep: bool) {
        if let Some((_, drawn)) = self.open.remove(&who)
            && keep
        {
            self.drawn += drawn;
        }
    }

    fn crash(&mut self) {
        self.drawn += self.open.values().map(|(_, drawn)| drawn).sum::<u64>();
        self.open.clear();
        self.generation += 1;
    }
}

/// Takes the steps at the store and in the account; `reopen` is what a crash does to the store.
async fn agree(
    mut store: Box<dyn Balances>,
    reopen: impl Fn(Box<dyn Balances>) -> Option<Box<dyn Balances>>,
    mark: Mark,
    steps: &[(Step, bool)],
) {
    let mut account = Account::default();
    for (step, again) in steps {
        let id = |who: u8, account: &Account| HoldId::new([who + 4 * account.generation; 16]);
        // An answer that was lost is asked for again.
        for _ in 0..=u8::from(*again) {
            match *step {
                Step::Hold(who, amount) => {
                    let claim = store.hold(mark, id(who, &account), QUOTA, amount).await.unwrap();
                    assert_eq!(claim, account.hold(who, amount), "{step:?}");
                }
                Step::Draw(who, total) => {
                    let portion = Portion { held: total, drawn: total };
                    let id = id(who, &account);
                    let drawn = store.draw(mark, id, QUOTA, portion).await.unwrap();
                    assert_eq!(drawn, account.draw(who, total), "{step:?}");
                }
                Step::Settle(who) => {
                    store.settle(mark, id(who, &account)).await.unwrap();
                    account.end(who, true);
                }
                Step::GiveBack(who) => {
                    store.give_back(mark, id(who, &account)).await.unwrap();
                    account.end(who, false);
                }
                Step::Crash => {
                    if account.generation == 60 {
                        return;
                    }
                    let Some(opened) = reopen(store) else { return };
                    store = opened;
                    account.crash();
                }
            }
            let drawn = account.drawn + account.open.values().map(|(_, drawn)| drawn).sum::<u64>();
            assert!(drawn <= LIMIT, "more was drawn than was paid for");
        }
        let free = account.free();
        let look = store.look(mark, QUOTA).await.unwrap();
        assert_eq!(matches!(look, Claim::Held { .. }), free > 0, "{step:?}: {look:?}");
    }
}

fn run(cases: u32, test: impl Fn(Vec<(Step, bool)>)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&steps(), |steps| {
            test(steps);
            Ok(())
        })
        .unwrap();
}

/// How many, for a run that takes its time: `CASES=1000000`.
fn cases(usual: u32) -> u32 {
    std::env::var("CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

#[test]
fn the_memory_store_agrees_with_a_plain_account() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    run(cases(2_000), |steps| {
        // A crash is the end of it.
        runtime.block_on(agree(Box::new(MemoryStore::new()), |_| None, mark(), &steps));
    });
}

#[test]
fn the_redb_store_agrees_with_a_plain_account_over_crashes() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let folder = Folder::new();
    let path = folder.file("balances.redb");
    run(cases(60), |steps| {
        let open = || Box::new(RedbStore::open(&path).unwrap()) as Box<dyn Balances>;
        let reopen = |store: Box<dyn Balances>| {
            drop(store);
            Some(open())
        };
        runtime.block_on(agree(open(), reopen, mark(), &steps));
    });
}
