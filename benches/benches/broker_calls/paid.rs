//! Those who pay, and ask as often as they like.

use std::{
    net::Ipv4Addr,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt;

use crate::{
    processes::{Api, HERE, Shop, address},
    report::{Row, Tally},
};

const AGENTS: usize = 20;
const REQUESTS_OF_AN_AGENT: usize = 3;
const CALLS_IN_THE_LOOP: usize = 1_000;
/// So that the loop outlasts two times to live of a verdict.
const LOOP_EVERY: Duration = Duration::from_millis(25);
const VERDICT_STANDS: u64 = 10;
const CROWD: usize = 100;
const PRICES: usize = 150;
const PRICES_EVERY: Duration = Duration::from_millis(100);
/// A payer's right, a tenth of the broker's limit.
const RIGHT: usize = 10;
const GREEDY_EVERY: Duration = Duration::from_millis(400);
const OTHERS: usize = 5;
const OTHERS_EVERY: Duration = Duration::from_secs(6);
/// Longer than the minute that the broker looks back.
const GREEDY_FOR: Duration = Duration::from_secs(66);

pub(crate) async fn agents_at_one_address(api: Api) -> Row {
    agents(api, 1, "20 agents buy and make 3 paid requests each, all at one address", |_| HERE)
        .await
}

pub(crate) async fn agents_at_an_address_each(api: Api) -> Row {
    agents(api, 2, "the same, at an address each", address).await
}

async fn agents(api: Api, place: u8, what: &'static str, from: fn(usize) -> Ipv4Addr) -> Row {
    let shop = Shop::open(api, &[]).await;
    let agents: Vec<_> = (0..AGENTS)
        .map(|number| {
            let (shop, from) = (Rc::clone(&shop), from(number));
            rt::spawn(async move {
                let mut answers = Tally::default();
                if let Some(token) = shop.buy(from, "/weather", &mut answers).await {
                    for _ in 0..REQUESTS_OF_AN_AGENT {
                        answers.note(shop.ask(from, "/weather", Some(&token)).await.status);
                    }
                }
                answers
            })
        })
        .collect();
    let mut answers = Tally::default();
    for agent in agents {
        answers = answers.with(agent.await.unwrap());
    }
    let served = answers.of(402) == AGENTS && answers.of(200) == AGENTS * REQUESTS_OF_AN_AGENT;
    Row {
        place,
        what,
        api,
        requests: answers.all(),
        answers: answers.to_string(),
        calls: shop.calls(),
        target: "0 refused".to_owned(),
        met: Some(served && answers.all() == AGENTS * (1 + REQUESTS_OF_AN_AGENT)),
    }
}

pub(crate) async fn agent_in_a_loop(api: Api) -> Row {
    let shop = Shop::open(api, &[]).await;
    let mut answers = Tally::default();
    let token = shop.buy(HERE, "/weather", &mut answers).await.unwrap();
    let mut paid = Tally::default();
    let begun = Instant::now();
    for _ in 0..CALLS_IN_THE_LOOP {
        paid.note(shop.ask(HERE, "/weather", Some(&token)).await.status);
        rt::time::sleep(LOOP_EVERY).await;
    }
    let times = 1 + begun.elapsed().as_secs() / VERDICT_STANDS;
    let most = times * api.processes as u64;
    Row {
        place: 3,
        what: "one agent buys once and calls 1,000 times",
        api,
        requests: 1 + paid.all(),
        met: Some(
            paid.is_only(200) && shop.sandbox.mints() == 1 && shop.sandbox.verifies() <= most,
        ),
        answers: answers.with(paid).to_string(),
        calls: shop.calls(),
        target: format!("1 mint, {most} verifies (1 for each process and 10 s)"),
    }
}

pub(crate) async fn crowd(api: Api) -> Row {
    let shop = Shop::open(api, &[]).await;
    let mut answers = Tally::default();
    let token = Rc::new(shop.buy(HERE, "/weather", &mut answers).await.unwrap());
    let requests: Vec<_> = (0..CROWD)
        .map(|_| {
            let (shop, token) = (Rc::clone(&shop), Rc::clone(&token));
            rt::spawn(async move { shop.ask(HERE, "/weather", Some(&token)).await.status })
        })
        .collect();
    let mut paid = Tally::default();
    for request in requests {
        paid.note(request.await.unwrap());
    }
    Row {
        place: 4,
        what: "100 first calls with one token at the same time",
        api,
        requests: 1 + paid.all(),
        met: Some(paid.is_only(200) && shop.sandbox.verifies() <= api.processes as u64),
        answers: answers.with(paid).to_string(),
        calls: shop.calls(),
        target: "1 verify for each process".to_owned(),
    }
}

pub(crate) async fn rising_within_what_is_paid(api: Api) -> Row {
    rising(api, 6, "one token of 1,000 sats at 150 prices from 101 to 250 sats", 1_000).await
}

pub(crate) async fn rising_beyond_what_is_paid(api: Api) -> Row {
    rising(api, 7, "one token of 100 sats at 150 prices from 101 to 250 sats", 100).await
}

async fn rising(api: Api, place: u8, what: &'static str, paid_sats: usize) -> Row {
    let shop = Shop::open(api, &[]).await;
    let mut answers = Tally::default();
    let path = |sats: usize| format!("/exchange/rate?{sats}");
    let token = shop.buy(HERE, &path(paid_sats), &mut answers).await.unwrap();
    for sats in 101..=100 + PRICES {
        answers.note(shop.ask(HERE, &path(sats), Some(&token)).await.status);
        rt::time::sleep(PRICES_EVERY).await;
    }
    Row {
        place,
        what,
        api,
        requests: answers.all(),
        answers: answers.to_string(),
        calls: shop.calls(),
        target: format!("at most {RIGHT} verifies by each process"),
        met: Some(shop.sandbox.verifies() <= (RIGHT * api.processes) as u64),
    }
}

/// Beside others who call as often as they may by right, each 6 s after its last answer. By the
/// clock they would be at their right to the millisecond, and now and then one of them beyond it.
pub(crate) async fn greedy(api: Api) -> Row {
    let shop = Shop::open(api, &["--verify-cache-off"]).await;
    let mut answers = Tally::default();
    let greedy = shop.buy(HERE, "/weather", &mut answers).await.unwrap();
    let greedy = calls(&shop, HERE, greedy, Duration::ZERO, GREEDY_EVERY);
    let mut others = Vec::new();
    for number in 0..OTHERS {
        let token = shop.buy(address(number), "/weather", &mut answers).await.unwrap();
        // Each at its own moment.
        let first = OTHERS_EVERY * u32::try_from(number).unwrap() / 5;
        others.push(calls(&shop, address(number), token, first, OTHERS_EVERY));
    }
    let mut served = Tally::default();
    for other in others {
        served = served.with(other.await.unwrap());
    }
    let greedy = greedy.await.unwrap();
    Row {
        place: 11,
        what: "a payer who calls every 0.4 s beside five who call every 6 s, `VerifyCache::off()`",
        api,
        requests: answers.all() + greedy.all() + served.all(),
        answers: format!("the greedy one {greedy}; the others {served}"),
        calls: shop.calls(),
        target: "the others always 200".to_owned(),
        met: Some(served.is_only(200)),
    }
}

/// Somebody who calls again and again for as long as the greedy one does.
fn calls(
    shop: &Rc<Shop>,
    from: Ipv4Addr,
    token: String,
    first: Duration,
    every: Duration,
) -> rt::task::JoinHandle<Tally> {
    let shop = Rc::clone(shop);
    rt::spawn(async move {
        let (begun, mut answers) = (Instant::now(), Tally::default());
        rt::time::sleep(first).await;
        while begun.elapsed() < GREEDY_FOR {
            answers.note(shop.ask(from, "/weather", Some(&token)).await.status);
            rt::time::sleep(every).await;
        }
        answers
    })
}
