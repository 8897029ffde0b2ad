//! The HTTP client under the calls: one for each worker, where a worker is a thread of its own.

use std::{
    cell::RefCell,
    sync::{Arc, Weak},
};

use reqwest::{Client, ClientBuilder};
use tokio::runtime::{Handle, RuntimeFlavor};

thread_local! {
    /// What this thread has made, beside what it was made by.
    static OWN: RefCell<Vec<(Weak<Made>, Client)>> = const { RefCell::new(Vec::new()) };
}

/// Makes HTTP clients of one kind.
pub(crate) struct Http(Arc<Made>);

struct Made {
    builder: Box<dyn Fn() -> ClientBuilder + Send + Sync>,
    shared: Client,
}

impl Http {
    /// One is made at once, so that what is wrong with the settings is found here.
    pub(crate) fn new(
        builder: impl Fn() -> ClientBuilder + Send + Sync + 'static,
    ) -> reqwest::Result<Self> {
        let shared = builder().build()?;
        Ok(Self(Arc::new(Made { builder: Box::new(builder), shared })))
    }

    /// The client for a call from here.
    ///
    /// On a current-thread runtime, which is what each worker of Actix is, it is the thread's own: its
    /// connections are served by that thread, so no answer is handed from one to another, and a
    /// worker that is held up holds up no other one's calls. The threads of any other runtime share
    /// one, since each would keep connections that the next call, on another thread, does not see.
    pub(crate) fn client(&self) -> Client {
        let is_worker = Handle::try_current()
            .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::CurrentThread);
        if is_worker { OWN.with_borrow_mut(|own| self.own(own)) } else { self.0.shared.clone() }
    }

    fn own(&self, own: &mut Vec<(Weak<Made>, Client)>) -> Client {
        let made = Arc::as_ptr(&self.0);
        // What is dead keeps its place in memory for as long as it is in the list, so that nothing else
        // can be taken for it.
        if let Some((_, client)) = own.iter().find(|(by, _)| Weak::as_ptr(by) == made) {
            return client.clone();
        }
        own.retain(|(by, _)| by.strong_count() > 0);
        // What could be built once can be built again, save for a lack of handles, and then the shared
        // one still serves.
        let client = (self.0.builder)().build().unwrap_or_else(|_| self.0.shared.clone());
        own.push((Arc::downgrade(&self.0), client.clone()));
        client
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
    };

    use tokio::runtime::Builder;

    use super::*;

    fn counted() -> (Http, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        let http = Http::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            ClientBuilder::new()
        });
        (http.expect("a client"), count)
    }

    fn on_a_worker<T: Send>(work: impl Fn() -> T + Send + Sync) -> T {
        let run = || {
            let runtime = Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(async { work() })
        };
        thread::scope(|scope| scope.spawn(run).join().expect("a worker"))
    }

    #[test]
    fn each_worker_makes_one_client_of_its_own() {
        let (http, count) = counted();
        for workers in 1..=3 {
            on_a_worker(|| (0..10).for_each(|_| drop(http.client())));
            assert_eq!(count.load(Ordering::Relaxed), 1 + workers);
        }
    }

    #[test]
    fn the_threads_of_another_runtime_share_one() {
        let (http, count) = counted();
        let runtime = Builder::new_multi_thread().worker_threads(4).build().expect("a runtime");
        let http = Arc::new(http);
        let calls: Vec<_> = (0..100)
            .map(|_| {
                let http = Arc::clone(&http);
                runtime.spawn(async move { drop(http.client()) })
            })
            .collect();
        runtime.block_on(async {
            for call in calls {
                call.await.expect("a call");
            }
        });
        drop(http.client());
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_worker_keeps_no_client_of_settings_that_are_gone() {
        let kept = on_a_worker(|| {
            for _ in 0..10 {
                drop(counted().0.client());
            }
            OWN.with_borrow(Vec::len)
        });
        assert_eq!(kept, 1);
    }
}
