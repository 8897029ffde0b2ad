//! Metered use: a payment that buys units, drawn as the answer is made.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{Bytes, Data},
};
use futures_core::Stream;
use l402_actix::{Balance, BalanceError, MemoryStore, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api, TestStore, pay};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{eventually, log};

/// What a stream is to send, and what it draws before.
type Pieces = Arc<Mutex<Option<mpsc::UnboundedReceiver<(u64, &'static str)>>>>;

/// Draws what the query says and answers with the status in it, such as `/plain?7+404`.
#[get("/plain")]
#[l402(price_sats = 100, resource = "metered", units = 10, hold = 6)]
async fn plain(request: HttpRequest, balance: Balance) -> HttpResponse {
    let (draw, status) = request.query_string().split_once('+').unwrap();
    if let Ok(draw) = draw.parse()
        && let Err(err) = balance.draw(draw)
    {
        return HttpResponse::from_error(err);
    }
    let status = actix_web::http::StatusCode::from_bytes(status.as_bytes()).unwrap();
    HttpResponse::build(status).body(format!("{} {}", balance.held(), balance.left()))
}

#[get("/stream")]
#[l402(price_sats = 100, resource = "metered", units = 10, hold = 6)]
async fn stream(balance: Balance, pieces: Data<Pieces>) -> HttpResponse {
    let pieces = pieces.lock().unwrap().take().unwrap();
    HttpResponse::Ok().streaming(Metered { balance, pieces })
}

/// Holds what the query says beside its own.
#[get("/more")]
#[l402(price_sats = 100, resource = "metered", units = 10, hold = 4)]
async fn more(request: HttpRequest, balance: Balance) -> HttpResponse {
    let more = request.query_string().parse().unwrap();
    match balance.hold_more(more).await {
        Ok(got) => {
            balance.draw(balance.held()).unwrap();
            HttpResponse::Ok().body(got.to_string())
        }
        Err(err) => HttpResponse::from_error(err),
    }
}

/// What a handler leaves behind: its balance, and what it has been asked for more.
type Left = Arc<Mutex<Option<(Balance, JoinHandle<Result<u64, BalanceError>>)>>>;

/// Draws one, asks for more that comes late, and leaves its balance to others.
#[get("/lends")]
#[l402(price_sats = 100, resource = "metered", units = 10, hold = 6)]
async fn lends(balance: Balance, store: Data<TestStore>, left: Data<Left>) -> &'static str {
    balance.draw(1).unwrap();
    store.hold_late(Duration::from_millis(500));
    let asks = balance.clone();
    let asked = actix_web::rt::spawn(async move { asks.hold_more(3).await });
    tokio::task::yield_now().await;
    *left.lock().unwrap() = Some((balance, asked));
    "lent"
}

/// A piece, and then a panic.
#[get("/panics")]
#[l402(price_sats = 100, resource = "metered", units = 10, hold = 6)]
async fn panics(balance: Balance) -> HttpResponse {
    let mut polls = 0;
    HttpResponse::Ok().streaming(futures_util::stream::poll_fn(move |context| {
        polls += 1;
        match polls {
            1 => {
                balance.draw(3).unwrap();
                Poll::Ready(Some(Ok::<_, Infallible>(Bytes::from_static(b"piece"))))
            }
            2 => {
                let waker = context.waker().clone();
                actix_web::rt::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    waker.wake();
                });
                Poll::Pending
            }
            _ => panic!("told to panic"),
        }
    }))
}

struct Metered {
    balance: Balance,
    pieces: mpsc::UnboundedReceiver<(u64, &'static str)>,
}

impl Stream for Metered {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pieces.poll_recv(context).map(|piece| {
            let (cost, text) = piece?;
            if cost > 0 {
                self.balance.draw(cost).unwrap();
            }
            Some(Ok(Bytes::from_static(text.as_bytes())))
        })
    }
}

struct Shop {
    api: Api,
    sandbox: Sandbox,
    store: TestStore,
    pieces: Pieces,
    lent: Left,
}

impl Shop {
    async fn open() -> Self {
        Self::with(TestStore::around(MemoryStore::new())).await
    }

    async fn with(store: TestStore) -> Self {
        let sandbox = Sandbox::start().await;
        let config = l402_tests::config(sandbox.client()).balances(store.clone());
        let pieces = Pieces::default();
        let lent = Left::default();
        let data = (Data::new(Arc::clone(&pieces)), Data::new(Arc::clone(&lent)));
        let watched = Data::new(store.clone());
        let api = Api::serve(move |app| {
            app.app_data(config.clone())
                .app_data(data.0.clone())
                .app_data(data.1.clone())
                .app_data(watched.clone())
                .service((plain, stream, more, panics, lends));
        })
        .await;
        Self { api, sandbox, store, pieces, lent }
    }

    async fn buy(&self, path: &str) -> String {
        self.api.buy(path, &self.sandbox).await
    }

    /// Begins a stream, which sends what is put into the channel.
    async fn begin(
        &self,
        credential: &str,
    ) -> (mpsc::UnboundedSender<(u64, &'static str)>, reqwest::Response) {
        let (pieces, received) = mpsc::unbounded_channel();
        *self.pieces.lock().unwrap() = Some(received);
        let request = self.api.get("/stream").header("authorization", credential);
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        (pieces, response)
    }

    /// What the payment still holds, by the answer to a request that draws nothing.
    async fn left(&self, credential: &str) -> u64 {
        let mut left = 0;
        eventually("what is left can be told", async || {
            let answer = self.api.ask_with("/plain?0+200", credential).await;
            match answer.status {
                200 | 402 => {
                    let text = answer.header("ratelimit");
                    left = text.rsplit('=').next().unwrap().parse().unwrap();
                    true
                }
                _ => false,
            }
        })
        .await;
        left
    }
}

#[actix_web::test]
async fn a_request_holds_before_its_handler_and_draws_what_the_handler_says() {
    let shop = Shop::open().await;
    let unpaid = shop.api.ask("/plain?0+200").await;
    assert_eq!(unpaid.json()["l402"]["units"], 10);
    let credential = pay(&shop.sandbox, &unpaid.headers);
    let answer = shop.api.ask_with("/plain?4+200", &credential).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "2 4"));
    assert_eq!(answer.header("ratelimit-policy"), "\"units\";q=10");
    assert_eq!(answer.header("ratelimit"), "\"units\";r=6");
    let answer = shop.api.ask_with("/plain?6+200", &credential).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "0 0"));
    let over = shop.api.ask_with("/plain?1+200", &credential).await;
    assert_eq!((over.status, over.header("ratelimit")), (402, "\"units\";r=0"));
}

#[actix_web::test]
async fn less_than_is_asked_for_is_held_where_less_is_left() {
    let shop = Shop::open().await;
    let credential = shop.buy("/plain?0+200").await;
    assert_eq!(shop.api.ask_with("/plain?6+200", &credential).await.status, 200);
    assert_eq!(shop.api.ask_with("/plain?5+200", &credential).await.status, 500, "it holds four");
    assert_eq!(shop.api.ask_with("/plain?4+200", &credential).await.body, "0 0");
}

/// The table of the guide.
#[actix_web::test]
async fn what_an_answer_draws_by_its_end() {
    let shop = Shop::open().await;
    log::begin();
    for (path, status, cost) in [
        ("/plain?3+200", 200, 3),
        ("/plain?3+404", 404, 3),
        ("/plain?3+304", 304, 3),
        ("/plain?3+500", 500, 0),
        ("/plain?0+200", 200, 0),
        ("/plain?-+399", 399, 6),
        ("/plain?-+400", 400, 0),
        ("/plain?-+404", 404, 0),
        ("/plain?-+304", 304, 0),
        ("/plain?-+500", 500, 0),
        // Forgotten: all that was held.
        ("/plain?-+200", 200, 6),
    ] {
        let credential = shop.buy(path).await;
        assert_eq!(shop.api.ask_with(path, &credential).await.status, status, "{path}");
        assert_eq!(shop.left(&credential).await, 10 - cost, "{path}");
    }
    let line = log::line_with("without `Balance::draw`").unwrap();
    assert!(line.contains("ERROR"), "{line}");
}

#[actix_web::test]
async fn a_stream_draws_as_it_goes_and_settles_at_its_end() {
    let shop = Shop::open().await;
    let credential = shop.buy("/stream").await;
    let (pieces, mut response) = shop.begin(&credential).await;
    assert_eq!(response.headers()["ratelimit"], "\"units\";r=10", "as after the hold");
    for (cost, text) in [(2, "one"), (3, "two")] {
        pieces.send((cost, text)).unwrap();
        assert_eq!(response.chunk().await.unwrap().unwrap(), text);
    }
    let busy = shop.api.ask_with("/plain?5+200", &credential).await;
    assert_eq!(busy.status, 500, "four are left beside the six that it holds");
    drop(pieces);
    assert_eq!(response.chunk().await.unwrap(), None);
    assert_eq!(shop.left(&credential).await, 5);
}

/// Nothing is streamed whose draw is not written down.
#[actix_web::test]
async fn a_stream_whose_draw_cannot_be_written_down_is_cut_off_before_the_piece() {
    let shop = Shop::open().await;
    log::begin();
    let credential = shop.buy("/stream").await;
    let (pieces, mut response) = shop.begin(&credential).await;
    pieces.send((2, "one")).unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "one");
    shop.store.fail_draws(1);
    pieces.send((3, "two")).unwrap();
    let cut_off = response.chunk().await;
    assert!(cut_off.is_err(), "{cut_off:?}");
    let line = log::line_with("a stream was cut off").unwrap();
    assert!(line.contains("ERROR"), "{line}");
    assert_eq!(shop.left(&credential).await, 8, "what was sent is drawn, and no more");
}

#[actix_web::test]
async fn a_client_that_leaves_a_stream_has_drawn_what_was_drawn() {
    let shop = Shop::open().await;
    let credential = shop.buy("/stream").await;
    let (pieces, mut response) = shop.begin(&credential).await;
    pieces.send((2, "one")).unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "one");
    drop(response);
    // Actix notices at the next write.
    eventually("the stream is dropped", async || {
        tokio::time::sleep(Duration::from_millis(50)).await;
        pieces.send((0, "more")).is_err()
    })
    .await;
    assert_eq!(shop.left(&credential).await, 8);
}

/// Whoever can provoke the panic would else read for ever.
#[actix_web::test]
async fn a_stream_that_panics_has_drawn_what_it_had_sent() {
    let shop = Shop::open().await;
    let credential = shop.buy("/panics").await;
    for left in [7, 4] {
        let request = shop.api.get("/panics").header("authorization", &credential);
        let mut response = request.send().await.unwrap();
        assert_eq!(response.chunk().await.unwrap().unwrap(), "piece");
        assert!(response.chunk().await.is_err());
        assert_eq!(shop.left(&credential).await, left);
    }
}

#[actix_web::test]
async fn a_stream_that_never_draws_costs_what_it_held() {
    let shop = Shop::open().await;
    let credential = shop.buy("/stream").await;
    let (pieces, mut response) = shop.begin(&credential).await;
    pieces.send((0, "free?")).unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "free?");
    drop(pieces);
    assert_eq!(response.chunk().await.unwrap(), None);
    assert_eq!(shop.left(&credential).await, 4);
}

#[actix_web::test]
async fn more_can_be_held_while_it_runs_as_much_as_is_left() {
    let shop = Shop::open().await;
    let credential = shop.buy("/more?1").await;
    assert_eq!(shop.api.ask_with("/more?1", &credential).await.body, "1");
    // Five are left, of which it holds four.
    assert_eq!(shop.api.ask_with("/more?100", &credential).await.body, "1");
    assert_eq!(
        Answer::to(shop.api.get("/more?1").header("authorization", &credential)).await.status,
        402
    );
    let credential = shop.buy("/more?6").await;
    assert_eq!(shop.api.ask_with("/more?6", &credential).await.body, "6");
}

/// It holds all that is left.
#[actix_web::test]
async fn more_of_what_is_all_held_is_an_error_and_never_nothing() {
    let shop = Shop::open().await;
    let credential = shop.buy("/plain?6+200").await;
    assert_eq!(shop.api.ask_with("/plain?6+200", &credential).await.status, 200);
    let answer = shop.api.ask_with("/more?1", &credential).await;
    assert!(answer.status >= 400, "{answer:?}");
    assert_eq!(shop.left(&credential).await, 4);
}

/// It would be held for nobody, and nobody would free it.
#[actix_web::test]
async fn after_the_answer_nothing_is_drawn_held_or_renewed_with_its_balance() {
    let store = TestStore::around(MemoryStore::new()).with_lease(Duration::from_millis(600));
    let shop = Shop::with(store).await;
    let credential = shop.buy("/lends").await;
    assert_eq!(shop.api.ask_with("/lends", &credential).await.status, 200);
    let (balance, asked) = shop.lent.lock().unwrap().take().unwrap();
    let asked = asked.await.unwrap();
    assert!(matches!(asked, Err(BalanceError::Settled)), "{asked:?}");
    shop.store.hold_late(Duration::ZERO);
    let holds = shop.store.holds();
    assert!(matches!(balance.hold_more(1).await, Err(BalanceError::Settled)));
    assert_eq!(shop.store.holds(), holds, "the store is not asked");
    assert!(matches!(balance.draw(1), Err(BalanceError::Settled)));
    assert_eq!(shop.left(&credential).await, 9);
    let renewals = shop.store.renewals();
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(shop.store.renewals(), renewals, "while its balance is still there");
    drop(balance);
}

#[actix_web::test]
async fn an_answer_that_draws_nothing_needs_nothing_written_down() {
    let shop = Shop::open().await;
    let credential = shop.buy("/plain?0+200").await;
    shop.store.fail_draws(1);
    assert_eq!(shop.api.ask_with("/plain?0+200", &credential).await.status, 200);
    assert_eq!(shop.api.ask_with("/plain?1+200", &credential).await.status, 503);
    assert_eq!(shop.left(&credential).await, 10);
}

#[test]
fn a_balance_for_tests_counts_like_a_real_one() {
    let balance = Balance::for_tests(3, 2);
    let clone = balance.clone();
    balance.draw(2).unwrap();
    assert_eq!((clone.held(), clone.left()), (1, 2));
    clone.draw(2).unwrap_err();
    assert_eq!(balance.held(), 1, "nothing was drawn");
}

#[actix_web::test]
async fn a_balance_for_tests_holds_more_until_nothing_is_left() {
    let balance = Balance::for_tests(3, 2);
    assert_eq!(balance.hold_more(1).await.unwrap(), 1);
    assert_eq!((balance.held(), balance.left()), (4, 1));
    assert_eq!(balance.hold_more(5).await.unwrap(), 1, "all there is");
    assert_eq!((balance.held(), balance.left()), (5, 0));
    assert!(matches!(balance.hold_more(1).await, Err(BalanceError::UsedUp)));
    balance.draw(5).unwrap();
}
