//! The Redis that the processes share, which is killed, frozen and started anew.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use l402_tests::redis::Redis;
use tokio::{task::spawn_blocking, time::sleep};

use crate::random::Random;

/// So that a restart forgets nothing.
const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

/// How long one that was silent is left aside, and what a process may take to notice that it is back.
const LEFT_ASIDE: Duration = Duration::from_secs(9);

/// For how long after that its processes answer 503 where another one may know more.
const OTHERS_CATCH_UP_IN: Duration = Duration::from_secs(20);

/// When it was away, from and to; the last one may last.
#[derive(Default)]
pub(crate) struct Outages(Mutex<Vec<(Instant, Option<Instant>)>>);

impl Outages {
    fn times(&self) -> MutexGuard<'_, Vec<(Instant, Option<Instant>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a process may have found it away at some time from `begun` to `ended`.
    pub(crate) fn touch(&self, begun: Instant, ended: Instant) -> bool {
        self.reach(LEFT_ASIDE, begun, ended)
    }

    /// Whether a process that has seen one takes the others to be catching up still.
    pub(crate) fn were_lately(&self, begun: Instant, ended: Instant) -> bool {
        self.reach(LEFT_ASIDE + OTHERS_CATCH_UP_IN, begun, ended)
    }

    fn reach(&self, beyond: Duration, begun: Instant, ended: Instant) -> bool {
        let may_last = |end: &Option<Instant>| end.is_none_or(|end| end + beyond >= begun);
        self.times().iter().rev().take(5).any(|(from, to)| *from <= ended && may_last(to))
    }

    pub(crate) fn count(&self) -> usize {
        self.times().len()
    }
}

/// Starts one, in a thread where it may wait.
pub(crate) async fn start() -> io::Result<Redis> {
    spawn_blocking(|| Redis::start(&DURABLE)).await.map_err(io::Error::other)
}

/// Lets it fall ill until `end`, and gives it back well.
pub(crate) async fn falls_ill(
    mut redis: Redis,
    outages: &Outages,
    mut random: Random,
    end: Instant,
    longest: Duration,
) -> io::Result<Redis> {
    loop {
        sleep(random.time(Duration::from_secs(4), longest).min(left(end))).await;
        if Instant::now() >= end {
            return Ok(redis);
        }
        outages.times().push((Instant::now(), None));
        let (is_frozen, away) =
            (random.one_in(3), random.time(Duration::from_millis(200), LEFT_ASIDE));
        redis = spawn_blocking(move || {
            if is_frozen {
                redis.freeze();
            } else {
                redis.kill();
            }
            std::thread::sleep(away);
            if is_frozen {
                redis.thaw();
            } else {
                redis.run(&DURABLE);
            }
            redis
        })
        .await
        .map_err(io::Error::other)?;
        if let Some((_, to)) = outages.times().last_mut() {
            *to = Some(Instant::now());
        }
    }
}

pub(crate) fn left(end: Instant) -> Duration {
    end.saturating_duration_since(Instant::now())
}
