//! Those who never pay, and those who do beside them.

use std::{
    cell::Cell,
    net::Ipv4Addr,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt;

use crate::{
    processes::{Api, HERE, Shop, address},
    report::{Row, Tally},
};

const ASKED_IN_VAIN: usize = 34;
const BUYERS: usize = 20;
const HITS_OF_THE_CRAWLER: usize = 1_000;
/// Garbage credentials, and as many hits of the crawler, to each process.
const FLOOD_EVERY: Duration = Duration::from_millis(20);
/// Longer than the minute that the broker looks back.
const FLOOD_FOR: Duration = Duration::from_secs(62);
/// Two requests of it come from one address in ten seconds.
const FLOOD_ADDRESSES: usize = 500;
const PAYERS: usize = 3;
const PAYER_EVERY: Duration = Duration::from_secs(2);
const BEFORE_THE_FLOOD: Duration = Duration::from_secs(8);

pub(crate) async fn one_who_never_pays(api: Api) -> Row {
    let shop = Shop::open(api, &[]).await;
    let mut in_vain = Tally::default();
    for _ in 0..ASKED_IN_VAIN {
        in_vain.note(shop.ask(HERE, "/weather", None).await.status);
    }
    let mut buyers = Tally::default();
    for number in 0..BUYERS {
        let from = address(number);
        if let Some(token) = shop.buy(from, "/weather", &mut buyers).await {
            buyers.note(shop.ask(from, "/weather", Some(&token)).await.status);
        }
    }
    Row {
        place: 8,
        what: "34 unpaid requests of one client, then 20 other clients buy and call",
        api,
        requests: in_vain.all() + buyers.all(),
        answers: format!("the one {in_vain}; the others {buyers}"),
        calls: shop.calls(),
        target: "20 can buy and are served".to_owned(),
        met: Some(buyers.of(402) == BUYERS && buyers.of(200) == BUYERS),
    }
}

pub(crate) async fn crawler_with_reuse(api: Api) -> Row {
    let shop = Shop::open(api, &["--reuse-challenges"]).await;
    let mut answers = Tally::default();
    for _ in 0..HITS_OF_THE_CRAWLER {
        answers.note(shop.ask(HERE, "/weather", None).await.status);
    }
    Row {
        place: 9,
        what: "a crawler from one address, with challenge reuse",
        api,
        requests: answers.all(),
        met: Some(answers.is_only(402) && shop.sandbox.mints() <= api.processes as u64),
        answers: answers.to_string(),
        calls: shop.calls(),
        target: "1 mint for each process".to_owned(),
    }
}

/// Garbage and a crawler at each process, from many addresses, beside payers who call every 2 s.
///
/// Without shared state they ask the process that they have bought from, and who asks another one
/// first is a stranger there: its figure is stated. With Redis each asks another process than its
/// seller, there is one at each process, and each process is started anew in the middle.
pub(crate) async fn flood(api: Api) -> Row {
    let shop = Shop::open(api, &[]).await;
    let begun = Rc::new(Cell::new(false));
    let ends = Instant::now() + BEFORE_THE_FLOOD + FLOOD_FOR;
    let mut judged = Vec::new();
    for number in 0..PAYERS.max(api.processes) {
        let home = number % api.processes;
        let asks = if api.shared { (home + 1) % api.processes } else { home };
        judged.push(payer(&shop, &begun, number, home, asks, ends, Duration::ZERO).await);
    }
    // Buys from the first and asks the second for the first time when the flood is there.
    let late = BEFORE_THE_FLOOD + Duration::from_secs(1);
    let elsewhere = match api.processes {
        1 => None,
        _ => Some(payer(&shop, &begun, 100, 0, 1, ends, late).await),
    };
    rt::time::sleep(BEFORE_THE_FLOOD).await;
    begun.set(true);
    let floods: Vec<_> = (0..api.processes)
        .map(|process| rt::spawn(flood_one(Rc::clone(&shop), api, process, ends)))
        .collect();
    if api.shared {
        for process in 0..api.processes {
            rt::time::sleep(FLOOD_FOR / 2 / u32::try_from(api.processes).unwrap()).await;
            shop.restart(process).await;
        }
    }
    let mut flooded = Tally::default();
    for flood in floods {
        flooded = flooded.with(flood.await.unwrap());
    }
    let (mut before, mut within) = (Tally::default(), Tally::default());
    for payer in judged {
        let (earlier, later) = payer.await.unwrap();
        (before, within) = (before.with(earlier), within.with(later));
    }
    let mut met = before.is_only(200) && within.is_only(200);
    let requests = flooded.all() + before.all() + within.all();
    let mut answers = format!("payers before it {before}, in it {within}; the flood {flooded}");
    if let Some(elsewhere) = elsewhere {
        let (_, later) = elsewhere.await.unwrap();
        met &= !api.shared || later.is_only(200);
        let judged = if api.shared { "" } else { " (not judged)" };
        answers = format!("{answers}; a payer who asks elsewhere {later}{judged}");
    }
    Row {
        place: 10,
        what: if api.shared {
            "garbage and a crawler at 50 a second each to each process, from 500 addresses, beside \
             payers who call every 2 s, one at each process and none at its seller; each process is \
             started anew"
        } else {
            "garbage and a crawler at 50 a second each to each process, from 500 addresses, beside \
             three payers who call every 2 s"
        },
        api,
        requests,
        answers,
        calls: shop.calls(),
        target: "payers always 200".to_owned(),
        met: Some(met),
    }
}

async fn flood_one(shop: Rc<Shop>, api: Api, process: usize, ends: Instant) -> Tally {
    let mut under_way = Vec::new();
    let mut due = rt::time::interval(FLOOD_EVERY);
    let mut number = process * FLOOD_ADDRESSES / api.processes;
    while Instant::now() < ends {
        due.tick().await;
        let garbage = Some(format!("L402 AgEL:{number:064x}"));
        for credential in [garbage, None] {
            number += 1;
            let (shop, from) = (Rc::clone(&shop), address(1_000 + number % FLOOD_ADDRESSES));
            under_way.push(rt::spawn(async move {
                let process = shop.process(process);
                process.ask(from, "/weather", credential.as_deref()).await.status
            }));
        }
    }
    let mut answers = Tally::default();
    for answer in under_way {
        answers.note(answer.await.unwrap());
    }
    answers
}

/// Somebody who buys from one process and asks another, or the same, until the flood ends: the answers
/// before it, and in it.
async fn payer(
    shop: &Rc<Shop>,
    flood_has_begun: &Rc<Cell<bool>>,
    number: usize,
    buys_from: usize,
    asks: usize,
    ends: Instant,
    waits: Duration,
) -> rt::task::JoinHandle<(Tally, Tally)> {
    let (shop, begun) = (Rc::clone(shop), Rc::clone(flood_has_begun));
    let from: Ipv4Addr = address(number);
    let seller = shop.process(buys_from);
    let token = shop.buy_at(&seller, from, "/weather", &mut Tally::default()).await.unwrap();
    rt::spawn(async move {
        let (mut before, mut within) = (Tally::default(), Tally::default());
        rt::time::sleep(waits).await;
        let mut due = rt::time::interval(PAYER_EVERY);
        while Instant::now() < ends {
            due.tick().await;
            let answers = if begun.get() { &mut within } else { &mut before };
            let answer = shop.process(asks).ask(from, "/weather", Some(&token)).await;
            answers.note(answer.status);
        }
        (before, within)
    })
}
