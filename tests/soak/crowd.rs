//! A crowd of clients, each with an address and a token of its own.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use l402_sandbox::Sandbox;
use l402_tests::{Answer, pay};
use reqwest::Client;
use tokio::task::JoinSet;

use crate::api::{Api, CLIENT, Setting};

/// How many ask at a time.
const AT_A_TIME: usize = 32;

/// So many of the crowd fill every memory, which hold 10,000 entries each.
const FILLED_BY: usize = 10;

/// What the memory may grow by once it is filled: the allocator's own, and no more.
const MAY_GROW_PERCENT: u64 = 10;

struct Crowd {
    sandbox: Sandbox,
    api: Api,
    http: Client,
    size: usize,
    next: AtomicUsize,
    wrong: AtomicUsize,
}

/// Lets them come. Whether every answer was right, and the API's memory stayed what it was after a
/// tenth of them.
pub(crate) async fn comes(size: usize) -> io::Result<bool> {
    // Nobody is refused for the broker's sake.
    let sandbox =
        Sandbox::builder().rate_limit(u32::MAX).start().await.map_err(io::Error::other)?;
    let api = Api::start(&Setting::of(&sandbox)).await?;
    let http = Client::builder().no_proxy().build().map_err(io::Error::other)?;
    let (next, wrong) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let crowd = Arc::new(Crowd { sandbox, api, http, size, next, wrong });
    let (begun, mut tasks) = (Instant::now(), JoinSet::new());
    for _ in 0..AT_A_TIME {
        let crowd = Arc::clone(&crowd);
        tasks.spawn(async move { while crowd.one_comes().await {} });
    }
    let (mut filled, mut said) = (None, 0);
    while !tasks.is_empty() {
        let _ = tokio::time::timeout(Duration::from_secs(1), tasks.join_next()).await;
        let come = crowd.next.load(Ordering::SeqCst).min(size);
        let memory = crowd.api.memory_kib()?;
        if come >= size / FILLED_BY {
            filled.get_or_insert(memory);
        }
        if come * 20 / size > said {
            said = come * 20 / size;
            println!("{come} have come in {} s: {memory} KiB", begun.elapsed().as_secs());
        }
    }
    let (filled, end, wrong) =
        (filled.unwrap_or_default(), crowd.api.memory_kib()?, crowd.wrong.load(Ordering::SeqCst));
    println!("{filled} KiB after a tenth of them, {end} KiB at the end; {wrong} wrong answers");
    Ok(wrong == 0 && end * 100 <= filled * (100 + MAY_GROW_PERCENT))
}

impl Crowd {
    /// Of ten, one asks and goes away, one buys and asks twice, and eight come with garbage.
    async fn one_comes(&self) -> bool {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        if number >= self.size {
            return false;
        }
        let right = match number % 10 {
            0 => self.ask(number, None).await.is_some_and(|answer| answer.status == 402),
            1 => self.buys(number).await,
            _ => {
                let garbage = format!("L402 AgEL:{number:064x}");
                self.ask(number, Some(&garbage)).await.is_some_and(|answer| answer.status == 401)
            }
        };
        if !right {
            self.wrong.fetch_add(1, Ordering::SeqCst);
        }
        true
    }

    async fn buys(&self, number: usize) -> bool {
        let Some(answer) = self.ask(number, None).await.filter(|answer| answer.status == 402)
        else {
            return false;
        };
        let credential = pay(&self.sandbox, &answer.headers);
        for _ in 0..2 {
            let answer = self.ask(number, Some(&credential)).await;
            if answer.is_none_or(|answer| answer.status != 200) {
                return false;
            }
        }
        true
    }

    async fn ask(&self, number: usize, credential: Option<&str>) -> Option<Answer> {
        let [_, a, b, c] = u32::try_from(number).unwrap_or_default().to_be_bytes();
        let mut request = self
            .http
            .get(format!("http://{}/paid", self.api.address))
            .header(CLIENT.as_str(), format!("10.{a}.{b}.{c}"));
        if let Some(credential) = credential {
            request = request.header("authorization", credential);
        }
        Answer::try_to(request).await.ok()
    }
}
