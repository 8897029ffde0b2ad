//! One call for all who ask the same at the same time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::refusal::BrokerRefusal;
use crate::key::Key;

/// The calls that are under way.
pub(crate) struct Flights<V>(Arc<Mutex<HashMap<Key, watch::Receiver<Option<V>>>>>);

/// How an answer was come by.
pub(crate) enum Shared<V> {
    /// It was there already, or this request's call has brought it.
    Own(V),
    /// Another request's call has brought it.
    Others(V),
}

impl<V> Default for Flights<V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<V: Clone + Send + Sync + 'static> Flights<V> {
    /// Takes what is `kept`, else waits for the call that is under way, else starts one.
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
        kept: impl Fn() -> Option<V>,
        start: impl Fn() -> Result<F, BrokerRefusal>,
    ) -> Result<Shared<V>, BrokerRefusal>
    where
        F: Future<Output = V> + Send + 'static,
    {
        // A call ends without an answer when the worker stops that it runs on. The first of those
        // who wait for it then asks anew.
        for _ in 0..2 {
            let (mut answer, begun) = {
                let mut flights = lock(&self.0);
                if let Some(kept) = kept() {
                    return Ok(Shared::Own(kept));
                }
                if let Some(answer) = flights.get(&key) {
                    (answer.clone(), None)
                } else {
                    let call = start()?;
                    let (landed, answer) = watch::channel(None);
                    flights.insert(key, answer.clone());
                    (answer, Some((call, landed)))
                }
            };
            let own = begun.is_some();
            if let Some((call, landed)) = begun {
                let landing = Landing { flights: Arc::clone(&self.0), key };
                tokio::spawn(async move {
                    let value = call.await;
                    // First nobody can join any more, then those who have joined are told.
                    drop(landing);
                    let _ = landed.send(Some(value));
                });
            }
            if let Ok(value) = answer.wait_for(Option::is_some).await
                && let Some(value) = value.clone()
            {
                return Ok(if own { Shared::Own(value) } else { Shared::Others(value) });
            }
        }
        Err(BrokerRefusal::Unanswered)
    }
}

/// Takes a call off the list when it ends, also when it panics or its worker stops.
struct Landing<V> {
    flights: Arc<Mutex<HashMap<Key, watch::Receiver<Option<V>>>>>,
    key: Key,
}

impl<V> Drop for Landing<V> {
    fn drop(&mut self) {
        lock(&self.flights).remove(&self.key);
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
        time::Duration,
    };

    use actix_web::rt;
    use tokio::sync::Notify;

    use super::*;

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
        let first =
            rt::spawn(
                async move { value(first.share([0; 32], || None, || Ok(call(&told, 1))).await) },
            );
        while lock(&flights.0).is_empty() {
            rt::task::yield_now().await;
        }
        first.abort();
        assert!(first.await.expect_err("aborted").is_cancelled());
        let second = flights.share([0; 32], || None, || Ok(call(&go, 2)));
        go.notify_one();
        assert_eq!(value(second.await), 1);
        assert!(lock(&flights.0).is_empty());
        let next = flights.share([0; 32], || None, || Ok(ready(3)));
        assert_eq!(value(next.await), 3);
    }

    #[actix_web::test]
    async fn those_who_wait_ask_anew_when_the_worker_stops_that_asked() {
        let flights = Arc::new(Flights::<u32>::default());
        let asking = Arc::clone(&flights);
        let worker = thread::spawn(move || {
            let asked = asking.share([0; 32], || None, || Ok(pending()));
            // The runtime ends here, and the call with it.
            let late =
                async { rt::time::timeout(Duration::from_millis(300), asked).await.is_err() };
            rt::System::new().block_on(late)
        });
        while lock(&flights.0).is_empty() {
            thread::yield_now();
        }
        let second = flights.share([0; 32], || None, || Ok(ready(2)));
        assert_eq!(value(second.await), 2);
        assert!(worker.join().expect("a worker that stops"));
    }

    #[actix_web::test]
    async fn a_call_that_panics_fails_nobody_for_ever() {
        let flights = Flights::<u32>::default();
        let broken = flights.share(
            [0; 32],
            || None,
            || Ok(async { panic!("a call that panics, on purpose") }),
        );
        assert!(matches!(broken.await, Err(BrokerRefusal::Unanswered)));
        assert!(lock(&flights.0).is_empty());
        assert_eq!(value(flights.share([0; 32], || Some(7), || Ok(pending())).await), 7);
    }

    #[actix_web::test]
    async fn what_may_not_start_leaves_nothing_behind() {
        let flights = Flights::<u32>::default();
        let refused = flights.share(
            [0; 32],
            || None,
            || Err::<std::future::Ready<u32>, _>(BrokerRefusal::Unanswered),
        );
        assert!(refused.await.is_err());
        assert!(lock(&flights.0).is_empty());
    }
}
