//! A thousand requests with one token at the same time, on four workers, each of which builds its
//! config and its store for itself.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use actix_web::web::Data;
use l402_actix::{BrokerBudget, L402Client, L402Config, MemoryStore, RedbStore};
use l402_sandbox::{Event, Sandbox};
use l402_tests::{Api, PATIENCE};
use tokio::task::JoinSet;

use super::{Folder, Stage, eventually, once};

const CROWD: usize = 1_000;

#[actix_web::test]
async fn a_thousand_requests_with_the_default_store_get_one_answer() {
    a_thousand_requests_get_one_answer(|config| config).await;
}

#[actix_web::test]
async fn a_thousand_requests_with_a_memory_store_for_each_worker_get_one_answer() {
    let shop = Shop::open(|config| config.balances(MemoryStore::new())).await;
    while_the_handler_runs(&shop).await;
}

#[actix_web::test]
async fn a_thousand_requests_with_the_redb_store_get_one_answer() {
    let folder = Folder::new();
    let path = folder.file("balances.redb");
    a_thousand_requests_get_one_answer(move |config| {
        config.balances(RedbStore::open(&path).unwrap())
    })
    .await;
}

/// `settings` is called once for each worker.
pub(super) async fn a_thousand_requests_get_one_answer(
    settings: impl Fn(L402Config) -> L402Config + Clone + Send + 'static,
) {
    let shop = Shop::open(settings).await;
    while_the_handler_runs(&shop).await;
    while_the_handler_fails_three_times(&shop).await;
}

/// All of them but one are turned away with a 409 before the one is answered.
async fn while_the_handler_runs(shop: &Shop) {
    let credential = shop.api.buy("/once", &shop.sandbox).await;
    shop.stage.hold();
    let mut crowd = shop.crowd(&credential);
    for _ in 1..CROWD {
        assert_eq!(crowd.join_next().await.unwrap().unwrap(), 409);
    }
    assert_eq!((shop.stage.calls(), crowd.len()), (1, 1));
    shop.stage.release();
    assert_eq!(crowd.join_next().await.unwrap().unwrap(), 200);
    assert_eq!(shop.api.ask_with("/once", &credential).await.status, 402);
    assert_eq!(shop.stage.calls(), 1);
}

/// The token goes from hand to hand, until one request is answered.
async fn while_the_handler_fails_three_times(shop: &Shop) {
    let before = shop.stage.calls();
    let credential = shop.api.buy("/once", &shop.sandbox).await;
    shop.stage.answer(&[500, 500, 500]);
    shop.watch_mints();
    let mut statuses = Vec::new();
    // A crowd in which nobody is left to try again after the third failure is followed by another.
    while !statuses.contains(&200) {
        statuses.extend(shop.crowd(&credential).join_all().await);
    }
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(500), count(200)), (3, 1));
    assert_eq!(count(402) + count(409) + 4, statuses.len(), "{statuses:?}");
    assert_eq!(shop.stage.calls(), before + 4);
    assert_eq!(shop.mints_before_served(), 0, "a 402 before the token was spent");
    eventually("it is spent for everybody", async || {
        shop.api.ask_with("/once", &credential).await.status == 402
    })
    .await;
}

struct Shop {
    api: Api,
    sandbox: Sandbox,
    stage: Stage,
    watch: Arc<Watch>,
}

/// A challenge that is minted before the handler has answered is one for a token that is not spent.
#[derive(Default)]
struct Watch {
    served: Mutex<Option<(Stage, usize)>>,
    too_early: AtomicUsize,
}

impl Shop {
    async fn open(settings: impl Fn(L402Config) -> L402Config + Clone + Send + 'static) -> Self {
        let watch = Arc::new(Watch::default());
        let seen = Arc::clone(&watch);
        let sandbox = Sandbox::builder()
            .on_event(move |event| {
                if let Event::Minted { .. } = event
                    && let Some((stage, before)) = &*seen.served.lock().unwrap()
                    && stage.served() == *before
                {
                    seen.too_early.fetch_add(1, Ordering::SeqCst);
                }
            })
            .start()
            .await
            .unwrap();
        // A thousand verifications at once take their time where tests share the processor.
        let client = L402Client::builder(sandbox.api_key())
            .base_url(sandbox.url())
            .timeout(PATIENCE)
            .build()
            .unwrap();
        let stage = Stage::default();
        let data = Data::new(stage.clone());
        let api = Api::serve_on(4, move |app| {
            // A thousand verifications and challenges in a minute are no broker's budget.
            let config = L402Config::new(client.clone()).broker_budget(BrokerBudget::unlimited());
            app.app_data(settings(config)).app_data(data.clone()).service(once);
        })
        .await;
        Self { api, sandbox, stage, watch }
    }

    /// Starts the requests; each is answered with its status.
    fn crowd(&self, credential: &str) -> JoinSet<u16> {
        (0..CROWD)
            .map(|_| {
                let asked = self.api.get("/once").header("authorization", credential).send();
                async { asked.await.unwrap().status().as_u16() }
            })
            .collect()
    }

    fn watch_mints(&self) {
        *self.watch.served.lock().unwrap() = Some((self.stage.clone(), self.stage.served()));
    }

    fn mints_before_served(&self) -> usize {
        self.watch.too_early.load(Ordering::SeqCst)
    }
}
