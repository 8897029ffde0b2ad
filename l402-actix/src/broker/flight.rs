//! One call for all who ask the same at the same time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{sync::watch, time::timeout};

use super::refusal::BrokerRefusal;
use crate::{
    background::{self, Task},
    key::Key,
};

/// The calls that are under way.
pub(crate) struct Flights<V> {
    under_way: UnderWay<V>,
    lasting: bool,
}

type UnderWay<V> = Arc<Mutex<HashMap<Key, Flight<V>>>>;

struct Flight<V> {
    begun: Instant,
    answer: watch::Receiver<Option<V>>,
}

/// How an answer was come by.
pub(crate) enum Shared<V> {
    /// It was there already, or this request's call has brought it.
    Own(V),
    /// Another request's call has brought it.
    Others(V),
}

impl<V> Default for Flights<V> {
    fn default() -> Self {
        Self { under_way: Arc::default(), lasting: false }
    }
}

impl<V> Flights<V> {
    /// Calls that go on when the worker stops that has begun them.
    pub(super) fn lasting() -> Self {
        Self { lasting: true, ..Self::default() }
    }
}

impl<V: Clone + Send + Sync + 'static> Flights<V> {
    /// Whether somebody who asks now would wait for a call that is under way.
    pub(crate) fn is_under_way(&self, key: &Key, patience: Duration) -> bool {
        lock(&self.under_way).get(key).is_some_and(|flight| flight.begun.elapsed() < patience)
    }

    /// Takes what is `kept`, else waits for the call that is under way, else starts one. When that has
    /// lasted for longer than those who wait have `patience`, one of them starts another, and the
    /// others wait for that one: the first one's worker may be held up by a handler that blocks it.
    ///
    /// The call has to keep its answer before it ends: whoever finds no call under way looks into
    /// `kept` while no call can land. It runs in a task of its own, so that a client that goes away
    /// takes nothing from the others, and ends by the SDK's timeout at the latest.
    ///
    /// # Errors
    ///
    /// What `start` refuses with; [`BrokerRefusal::Unanswered`] if a call ended twice without an answer.
    pub(crate) async fn share<F>(
        &self,
        key: Key,
        patience: Duration,
        kept: impl Fn() -> Option<V>,
        start: impl Fn() -> Result<F, BrokerRefusal>,
    ) -> Result<Shared<V>, BrokerRefusal>
    where
        F: Future<Output = V> + Send + 'static,
    {
        // A call ends without an answer when the worker stops that it runs on. The first of those
        // who wait for it then asks anew.
        let mut lost = 0;
        while lost < 2 {
            let (mut answer, left, begun) = {
                let mut flights = lock(&self.under_way);
                if let Some(kept) = kept() {
                    return Ok(Shared::Own(kept));
                }
                let flight = flights.get(&key);
                let left = flight.and_then(|flight| patience.checked_sub(flight.begun.elapsed()));
                match (flight, left) {
                    (Some(flight), Some(left)) => (flight.answer.clone(), left, None),
                    (flight, _) => match (start(), flight) {
                        (Ok(call), _) => {
                            let (landed, answer) = watch::channel(None);
                            let begun = Instant::now();
                            flights.insert(key, Flight { begun, answer: answer.clone() });
                            (answer, patience, Some((call, landed, begun)))
                        }
                        // It may not be asked anew, so that the one that is under way has to do.
                        (Err(_), Some(flight)) => (flight.answer.clone(), patience, None),
                        (Err(refusal), None) => return Err(refusal),
                    },
                }
            };
            let own = begun.is_some();
            if let Some((call, landed, begun)) = begun {
                let landing = Landing { flights: Arc::clone(&self.under_way), key, begun };
                let flight: Task = Box::pin(async move {
                    let value = call.await;
                    // First nobody can join any more, then those who have joined are told.
                    drop(landing);
                    let _ = landed.send(Some(value));
                });
                if self.lasting {
                    background::spawn_call(flight).map_err(|_| BrokerRefusal::Unanswered)?;
                } else {
                    tokio::spawn(flight);
                }
            }
            let landed = answer.wait_for(Option::is_some);
            let landed = if own { Ok(landed.await) } else { timeout(left, landed).await };
            match landed.map(|value| value.map(|value| value.clone())) {
                Ok(Ok(Some(value))) => {
                    return Ok(if own { Shared::Own(value) } else { Shared::Others(value) });
                }
                Ok(_) => lost += 1,
                // Another look: whether there is an answer by now, or somebody who asks anew.
                Err(_) => {}
            }
        }
        Err(BrokerRefusal::Unanswered)
    }
}

/// Takes a call off the list when it ends, also when it panics or its worker stops; unless another
/// one has taken its place.
struct Landing<V> {
    flights: UnderWay<V>,
    key: Key,
    begun: Instant,
}

impl<V> Drop for Landing<V> {
    fn drop(&mut self) {
        let mut flights = lock(&self.flights);
        if flights.get(&self.key).is_some_and(|flight| flight.begun == self.begun) {
            flights.remove(&self.key);
        }
    }
}

fn lock<T>(flights: &Mutex<T>) -> MutexGuard<'_, T> {
    flights.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        thread,
    };

    use actix_web::rt;
    use futures_util::future::join;
    use tokio::sync::Notify;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    fn value<V>(shared: Result<Shared<V>, BrokerRefusal>) -> V {
        match shared.expect("a value") {
            Shared::Own(value) | Shared::Others(value) => value,
        }
    }

    /// A call that ends when it is told to.
    fn call(go: &Arc<Notify>, value: u32) -> impl Future<Output = u32> + Send + 'static {
        let go = Arc::clone(go);
        async move {
            go.notified().await;
            value
        }
    }

    #[actix_web::test]
    async fn those_who_wait_get_the_answer_though_the_first_has_gone() {
        let (flights, go) = (Arc::new(Flights::<u32>::default()), Arc::new(Notify::new()));
        let (first, told) = (Arc::clone(&flights), Arc::clone(&go));
        let first = rt::spawn(async move {
            value(first.share([0; 32], PATIENCE, || None, || Ok(call(&told, 1))).await)
        });
        while lock(&flights.under_way).is_empty() {
            rt::task::yield_now().await;
        }
        first.abort();
        assert!(first.await.expect_err("aborted").is_cancelled());
        let second = flights.share([0; 32], PATIENCE, || None, || Ok(call(&go, 2)));
        go.notify_one();
        assert_eq!(value(second.await), 1);
        assert!(lock(&flights.under_way).is_empty());
        let next = flights.share([0; 32], PATIENCE, || None, || Ok(ready(3)));
        assert_eq!(value(next.await), 3);
    }

    #[actix_web::test]
    async fn those_who_wait_ask_anew_when_the_worker_stops_that_asked() {
        let flights = Arc::new(Flights::<u32>::default());
        let asking = Arc::clone(&flights);
        let worker = thread::spawn(move || {
            let asked = asking.share([0; 32], PATIENCE, || None, || Ok(pending()));
            // The runtime ends here, and the call with it.
            let late =
                async { rt::time::timeout(Duration::from_millis(300), asked).await.is_err() };
            rt::System::new().block_on(late)
        });
        while lock(&flights.under_way).is_empty() {
            thread::yield_now();
        }
        let second = flights.share([0; 32], PATIENCE, || None, || Ok(ready(2)));
        assert_eq!(value(second.await), 2);
        assert!(worker.join().expect("a worker that stops"));
    }

    #[actix_web::test]
    async fn a_call_that_lasts_goes_on_when_the_worker_stops_that_asked() {
        let (flights, go) = (Arc::new(Flights::<u32>::lasting()), Arc::new(Notify::new()));
        let (asking, told) = (Arc::clone(&flights), Arc::clone(&go));
        let worker = thread::spawn(move || {
            let asked = asking.share([0; 32], PATIENCE, || None, || Ok(call(&told, 1)));
            let late =
                async { rt::time::timeout(Duration::from_millis(100), asked).await.is_err() };
            rt::System::new().block_on(late)
        });
        assert!(worker.join().expect("a worker that stops"));
        // It waits before the call ends.
        let second = flights.share([0; 32], Duration::from_secs(60), || None, || Ok(call(&go, 2)));
        let (second, ()) = join(second, async { go.notify_one() }).await;
        assert_eq!(value(second), 1);
    }

    #[actix_web::test]
    async fn a_call_that_panics_fails_nobody_for_ever() {
        let flights = Flights::<u32>::default();
        let broken = flights.share(
            [0; 32],
            PATIENCE,
            || None,
            || Ok(async { panic!("a call that panics, on purpose") }),
        );
        assert!(matches!(broken.await, Err(BrokerRefusal::Unanswered)));
        assert!(lock(&flights.under_way).is_empty());
        assert_eq!(value(flights.share([0; 32], PATIENCE, || Some(7), || Ok(pending())).await), 7);
    }

    #[actix_web::test]
    async fn what_may_not_start_leaves_nothing_behind() {
        let flights = Flights::<u32>::default();
        let refused = flights.share(
            [0; 32],
            PATIENCE,
            || None,
            || Err::<std::future::Ready<u32>, _>(BrokerRefusal::Unanswered),
        );
        assert!(refused.await.is_err());
        assert!(lock(&flights.under_way).is_empty());
    }

    #[actix_web::test]
    async fn a_call_that_takes_long_is_taken_over_by_one_and_the_others_wait_for_that() {
        let flights = Arc::new(Flights::<u32>::default());
        let begun = Arc::new(Mutex::new(0));
        let asking: Vec<_> = (0..20)
            .map(|_| {
                let (flights, begun) = (Arc::clone(&flights), Arc::clone(&begun));
                rt::spawn(async move {
                    let start = || {
                        let number = {
                            let mut begun = lock(&begun);
                            *begun += 1;
                            *begun
                        };
                        // The first is on a worker that never goes on.
                        Ok(async move { if number == 1 { pending().await } else { number } })
                    };
                    rt::time::timeout(
                        Duration::from_secs(3),
                        flights.share([0; 32], PATIENCE, || None, start),
                    )
                    .await
                })
            })
            .collect();
        let mut served = 0;
        for asked in asking {
            if let Ok(shared) = asked.await.expect("a task") {
                assert_eq!(value(shared), 2);
                served += 1;
            }
        }
        assert_eq!(served, 19, "all but the one whose call it was");
        assert_eq!(*lock(&begun), 2);
    }
}
