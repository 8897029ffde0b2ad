//! How long Redis may be silent, and that it is left aside then.

use std::{
    future::Future,
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::time::timeout;

/// In so many pieces a wait is cut. A process that was stopped for a while itself, or whose machine
/// is busy, loses one piece of it, and does not take Redis for silent.
const PIECES: u32 = 10;

/// For how long a Redis is left aside that is away: nobody waits for it meanwhile.
const ASIDE_FOR: Duration = Duration::from_secs(5);

/// For how long after it was away other processes may still be writing down what they could not write:
/// the longest pause between two of their tries, and a try.
const OTHERS_CATCH_UP_IN: Duration = Duration::from_secs(20);

/// What comes within `patience`, counted while this thread runs.
pub(super) async fn within<T>(patience: Duration, awaited: impl Future<Output = T>) -> Option<T> {
    let mut awaited = pin!(awaited);
    for _ in 0..PIECES {
        if let Ok(value) = timeout(patience / PIECES, &mut awaited).await {
            return Some(value);
        }
    }
    None
}

/// Whether Redis is left aside, and until when; and when it was away last.
#[derive(Default)]
pub(super) struct Aside(Mutex<Times>);

#[derive(Default)]
struct Times {
    until: Option<Instant>,
    last_away: Option<Instant>,
}

impl Aside {
    /// Whether it may be asked. When the time is over, one goes first.
    pub(super) fn may_ask(&self, now: Instant) -> bool {
        let until = &mut self.times().until;
        if until.is_some_and(|until| now < until) {
            return false;
        }
        if until.is_some() {
            *until = Some(now + ASIDE_FOR);
        }
        true
    }

    pub(super) fn put(&self, now: Instant) {
        *self.times() = Times { until: Some(now + ASIDE_FOR), last_away: Some(now) };
    }

    pub(super) fn has_answered(&self) {
        self.times().until = None;
    }

    /// It is there, and was not when its connection died.
    pub(super) fn was_away(&self, now: Instant) {
        self.times().last_away = Some(now);
    }

    pub(super) fn was_away_lately(&self, now: Instant) -> bool {
        self.times().last_away.is_some_and(|last| now.duration_since(last) < OTHERS_CATCH_UP_IN)
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, thread};

    use super::*;

    #[test]
    fn after_a_silence_one_goes_first_and_the_others_when_it_is_answered() {
        let (aside, begin) = (Aside::default(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert!(aside.may_ask(at(0)));
        aside.put(at(0));
        assert!(!aside.may_ask(at(4)));
        assert!(aside.may_ask(at(5)), "one");
        assert!(!aside.may_ask(at(5)), "and no other");
        aside.has_answered();
        assert!(aside.may_ask(at(5)));
    }

    #[test]
    fn others_may_not_have_caught_up_for_twenty_seconds_after_the_last_silence() {
        let (aside, begin) = (Aside::default(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert!(!aside.was_away_lately(at(0)));
        aside.put(at(0));
        aside.has_answered();
        assert!(aside.was_away_lately(at(19)));
        assert!(!aside.was_away_lately(at(20)));
        aside.was_away(at(21));
        assert!(aside.was_away_lately(at(22)), "a dead connection counts too");
        assert!(aside.may_ask(at(22)), "and is no reason not to ask");
    }

    #[actix_web::test]
    async fn a_thread_that_was_held_up_itself_does_not_take_redis_for_silent() {
        let patience = Duration::from_millis(300);
        let (answer, answered) = tokio::sync::oneshot::channel();
        tokio::task::spawn_local(async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            thread::sleep(Duration::from_millis(600));
            tokio::time::sleep(Duration::from_millis(10)).await;
            let _ = answer.send("late, and not by Redis");
        });
        assert!(within(patience, answered).await.is_some());
        assert!(within(patience, pending::<()>()).await.is_none());
    }
}
