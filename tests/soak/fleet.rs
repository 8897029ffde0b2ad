//! Two processes of the API, each of which is killed or stopped at any time and started anew.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use l402_tests::process;
use tokio::time::sleep;

use crate::{
    api::{Api, Setting, WRITTEN_WITHIN},
    random::Random,
    redis::left,
};

/// How long a process may take to stop: its deadlines, and what it waits for after them.
const STOPS_WITHIN: Duration = WRITTEN_WITHIN.saturating_add(Duration::from_secs(60));

/// How often a process is looked at.
const LOOK: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Killed,
    Stopped,
}

/// One process from its start to its end.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) address: SocketAddr,
    pub(crate) begun: Instant,
    end: Mutex<Option<(End, Instant)>>,
    looks: Mutex<Vec<Look>>,
}

/// What the system said of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) age: Duration,
    pub(crate) kib: u64,
    pub(crate) handles: usize,
}

impl Life {
    /// How it ends, from just before it is told so.
    pub(crate) fn end(&self) -> Option<(End, Instant)> {
        *lock(&self.end)
    }

    /// Whether it was killed between the two.
    pub(crate) fn was_killed(&self, from: Instant, to: Instant) -> bool {
        self.end().is_some_and(|(end, at)| end == End::Killed && at >= from && at <= to)
    }

    pub(crate) fn looks(&self) -> Vec<Look> {
        lock(&self.looks).clone()
    }

    pub(crate) fn look(&self, api: &Api) -> io::Result<()> {
        let (kib, handles) = (api.memory_kib()?, process::open_handles(&api.pid)?);
        lock(&self.looks).push(Look { age: self.begun.elapsed(), kib, handles });
        Ok(())
    }
}

/// All lives of both, and who lives now.
#[derive(Default)]
pub(crate) struct Fleet {
    now: Mutex<[Option<Arc<Life>>; 2]>,
    all: Mutex<Vec<Arc<Life>>>,
    panics: Mutex<usize>,
}

impl Fleet {
    pub(crate) fn now(&self, slot: usize) -> Option<Arc<Life>> {
        lock(&self.now)[slot].clone()
    }

    pub(crate) fn lives(&self) -> Vec<Arc<Life>> {
        lock(&self.all).clone()
    }

    pub(crate) fn panics(&self) -> usize {
        *lock(&self.panics)
    }

    async fn start(&self, slot: usize, setting: &Setting) -> io::Result<(Api, Arc<Life>)> {
        let api = Api::start(setting).await?;
        let (end, looks) = (Mutex::default(), Mutex::default());
        let life = Arc::new(Life { address: api.address, begun: Instant::now(), end, looks });
        lock(&self.all).push(Arc::clone(&life));
        lock(&self.now)[slot] = Some(Arc::clone(&life));
        Ok((api, life))
    }

    /// One life after the other until `end`; the last one goes on. Whether each stop went well.
    pub(crate) async fn lives_until(
        &self,
        slot: usize,
        setting: &Setting,
        mut random: Random,
        end: Instant,
        longest: Duration,
    ) -> io::Result<(Api, bool)> {
        let (mut api, mut life) = self.start(slot, setting).await?;
        let mut stops_well = true;
        loop {
            let dies = Instant::now() + random.time(Duration::from_secs(3), longest);
            while Instant::now() < dies.min(end) {
                life.look(&api)?;
                sleep(LOOK.min(left(dies.min(end)))).await;
            }
            if Instant::now() >= end {
                return Ok((api, stops_well));
            }
            let how = if random.one_in(2) { End::Killed } else { End::Stopped };
            *lock(&life.end) = Some((how, Instant::now()));
            if how == End::Killed {
                api.kill().await?;
            } else if !api.stop(STOPS_WITHIN).await? {
                println!("a process did not stop well, {:?} old", life.begun.elapsed());
                stops_well = false;
            }
            *lock(&self.panics) += api.panics();
            if random.one_in(2) {
                sleep(random.time(Duration::from_millis(100), Duration::from_secs(6))).await;
            }
            (api, life) = self.start(slot, setting).await?;
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
