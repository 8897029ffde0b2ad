//! A payment that buys several answers: what draws, what does not, and what the payer is told.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::StatusCode,
    route,
    web::{self, Data},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use l402_actix::{Balance, L402Config, MemoryStore, RequirePayment, l402};
use l402_sandbox::{Endpoint, Fault, Sandbox};
use l402_tests::{Answer, Api, TestStore, pay};
use reqwest::Method;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use super::{Stage, eventually};

#[route("/pack", method = "GET", method = "HEAD")]
#[l402(price_sats = 100, uses = 3)]
async fn pack(stage: Data<Stage>) -> HttpResponse {
    stage.perform().await
}

/// Says what it costs by itself.
#[get("/says")]
#[l402(price_sats = 100, uses = 2)]
async fn says(request: HttpRequest, balance: Balance) -> HttpResponse {
    let cost = request.query_string().parse().unwrap();
    match balance.draw(cost) {
        Ok(()) => HttpResponse::Ok().body(format!("{} {}", balance.held(), balance.left())),
        Err(err) => HttpResponse::from_error(err),
    }
}

/// Says that it costs nothing, and goes on.
#[get("/nothing")]
#[l402(price_sats = 100, uses = 3)]
async fn nothing(stage: Data<Stage>, balance: Balance) -> HttpResponse {
    balance.draw(0).unwrap();
    stage.perform().await
}

/// Says what it costs at its end.
#[get("/measured")]
#[l402(price_sats = 100, units = 6, hold = 2)]
async fn measured(stage: Data<Stage>, balance: Balance) -> HttpResponse {
    let answer = stage.perform().await;
    balance.draw(2).unwrap();
    answer
}

/// What the pack is, for more.
#[get("/dear")]
#[l402(price_sats = 500, resource = "/pack", uses = 3)]
async fn dear() -> &'static str {
    "dear"
}

#[get("/counted")]
#[l402(price_sats = 100, resource = "shared", uses = 3)]
async fn counted() -> &'static str {
    "counted"
}

#[get("/other-kind")]
#[l402(price_sats = 100, resource = "shared", units = 3, hold = 1)]
async fn other_kind(balance: Balance) -> HttpResponse {
    balance.draw(1).unwrap();
    HttpResponse::Ok().finish()
}

#[get("/inner")]
#[l402(price_sats = 5, uses = 1)]
async fn inner(balance: Option<Balance>) -> String {
    format!("{:?}", balance.map(|balance| balance.held()))
}

#[get("/optional")]
#[l402(price_sats = 5)]
async fn optional(balance: Option<Balance>) -> String {
    format!("{}", balance.is_some())
}

#[get("/demands")]
#[l402(price_sats = 5)]
async fn demands(_: Balance) -> &'static str {
    "never"
}

#[get("/tried/{number}")]
#[l402(price_sats = 5, uses = 2, extract_first)]
async fn tried(_: Balance, _: web::Path<u32>) -> &'static str {
    "tried"
}

#[l402(price_sats = 7, uses = 2)]
mod priced {
    use actix_web::get;

    #[get("/module")]
    pub(super) async fn inherits() -> &'static str {
        "inherits"
    }
}

struct Shop {
    api: Api,
    sandbox: Sandbox,
    stage: Stage,
}

impl Shop {
    async fn open() -> Self {
        Self::with(|config| config).await
    }

    async fn with(settings: impl Fn(L402Config) -> L402Config) -> Self {
        let sandbox = Sandbox::start().await;
        let store = TestStore::around(MemoryStore::new());
        let config = settings(l402_tests::config(sandbox.client()).balances(store));
        let stage = Stage::default();
        let data = Data::new(stage.clone());
        let api = Api::serve(move |app| {
            let scope = web::scope("/scope")
                .wrap(RequirePayment::sats(50).resource("scope").uses(2))
                .service(inner);
            app.app_data(config.clone())
                .app_data(data.clone())
                .service((nothing, measured))
                .service((pack, says, dear, counted, other_kind, optional, demands, tried))
                .service(priced::inherits)
                .service(scope);
        })
        .await;
        Self { api, sandbox, stage }
    }

    async fn buy(&self, path: &str) -> String {
        self.api.buy(path, &self.sandbox).await
    }

    async fn status(&self, path: &str, credential: &str) -> u16 {
        self.api.ask_with(path, credential).await.status
    }

    /// Leaves while the handler runs.
    async fn leave_in_the_handler(&self, path: &str, credential: &str) {
        let before = self.stage.calls();
        self.stage.hold();
        let mut stream = TcpStream::connect(self.api.address()).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: test\r\nauthorization: {credential}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        eventually("the handler runs", async || self.stage.calls() > before).await;
        stream.set_zero_linger().unwrap();
        drop(stream);
        // Actix drops the handler that waits.
        tokio::time::sleep(Duration::from_millis(400)).await;
        self.stage.release();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    /// How many answers are left, by asking until a price is named.
    async fn left(&self, path: &str, credential: &str) -> usize {
        let mut left = 0;
        loop {
            match self.status(path, credential).await {
                402 => return left,
                200 => left += 1,
                // What was given back in the background.
                409 => tokio::time::sleep(Duration::from_millis(10)).await,
                status => panic!("{status}"),
            }
        }
    }
}

#[actix_web::test]
async fn a_pack_of_three_is_three_answers_and_the_payer_is_told_what_is_left() {
    let shop = Shop::open().await;
    let unpaid = shop.api.ask("/pack").await;
    assert_eq!(unpaid.json()["l402"]["uses"], 3);
    assert!(unpaid.json()["l402"].get("units").is_none());
    assert!(unpaid.all("ratelimit").is_empty(), "nothing was looked up");
    let credential = pay(&shop.sandbox, &unpaid.headers);
    for left in [2, 1, 0] {
        let answer = shop.api.ask_with("/pack", &credential).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-policy"), "\"uses\";q=3");
        assert_eq!(answer.header("ratelimit"), format!("\"uses\";r={left}"));
    }
    let over = shop.api.ask_with("/pack", &credential).await;
    assert_eq!((over.status, over.header("ratelimit")), (402, "\"uses\";r=0"));
    let next = pay(&shop.sandbox, &over.headers);
    assert_eq!(shop.left("/pack", &next).await, 3);
}

/// The table of the guide: how a request can end, and what it costs.
#[actix_web::test]
async fn each_answer_below_500_draws_one_use_and_a_failure_none() {
    let shop = Shop::open().await;
    for (status, cost) in [(200, 1), (206, 1), (302, 1), (404, 1), (422, 1), (500, 0), (503, 0)] {
        let credential = shop.buy("/pack").await;
        shop.stage.answer(&[status]);
        assert_eq!(shop.status("/pack", &credential).await, status);
        assert_eq!(shop.left("/pack", &credential).await, 3 - cost, "{status}");
    }
}

#[actix_web::test]
async fn a_304_and_an_answer_to_head_cost_nothing() {
    let shop = Shop::open().await;
    let credential = shop.buy("/pack").await;
    shop.stage.answer(&[304]);
    let answer = shop.api.ask_with("/pack", &credential).await;
    assert_eq!((answer.status, answer.header("ratelimit")), (304, "\"uses\";r=3"));
    let head = shop.api.request(Method::HEAD, "/pack").header("authorization", &credential);
    assert_eq!(Answer::to(head).await.status, 200);
    assert_eq!(shop.left("/pack", &credential).await, 3);
}

#[actix_web::test]
async fn the_merchant_says_which_answers_draw() {
    let shop = Shop::with(|config| config.draw_on(|status| status != StatusCode::NOT_FOUND)).await;
    let credential = shop.buy("/pack").await;
    shop.stage.answer(&[404, 404, 410]);
    for status in [404, 404, 410] {
        assert_eq!(shop.status("/pack", &credential).await, status);
    }
    assert_eq!(shop.left("/pack", &credential).await, 2);
}

#[actix_web::test]
async fn a_handler_may_say_that_its_answer_costs_nothing_or_more_than_it_holds() {
    let shop = Shop::open().await;
    let credential = shop.buy("/says?0").await;
    assert_eq!(shop.api.ask_with("/says?0", &credential).await.body, "1 1");
    assert_eq!(shop.status("/says?2", &credential).await, 500, "more than is held");
    assert_eq!(shop.api.ask_with("/says?1", &credential).await.body, "0 1");
    assert_eq!(shop.left("/says?1", &credential).await, 1);
}

#[actix_web::test]
async fn a_client_that_leaves_in_the_handler_has_drawn_one_use() {
    let shop = Shop::open().await;
    let credential = shop.buy("/pack").await;
    shop.leave_in_the_handler("/pack", &credential).await;
    assert_eq!(shop.left("/pack", &credential).await, 2);
}

/// With units it pays for what was drawn, which is nothing yet.
#[actix_web::test]
async fn a_client_that_leaves_a_handler_that_has_drawn_nothing_keeps_it_all() {
    let shop = Shop::open().await;
    for (path, answers) in [("/nothing", None), ("/measured", Some(3))] {
        let credential = shop.buy(path).await;
        shop.leave_in_the_handler(path, &credential).await;
        let Some(answers) = answers else {
            // As often as one likes.
            let answer = shop.api.ask_with(path, &credential).await;
            assert_eq!((answer.status, answer.header("ratelimit")), (200, "\"uses\";r=3"));
            continue;
        };
        assert_eq!(shop.left(path, &credential).await, answers, "{path}");
    }
}

#[actix_web::test]
async fn requests_that_run_hold_what_is_left_and_one_more_is_answered_409() {
    let shop = Shop::open().await;
    let credential = shop.buy("/pack").await;
    shop.stage.hold();
    let asked: Vec<_> = (0..3)
        .map(|_| {
            let asked = shop.api.get("/pack").header("authorization", &credential).send();
            actix_web::rt::spawn(asked)
        })
        .collect();
    eventually("three handlers run", async || shop.stage.calls() == 3).await;
    let busy = shop.api.ask_with("/pack", &credential).await;
    assert_eq!((busy.status, busy.header("retry-after")), (409, "1"));
    assert_eq!(busy.header("ratelimit"), "\"uses\";r=0");
    assert!(busy.all("www-authenticate").is_empty());
    shop.stage.release();
    for answer in asked {
        assert_eq!(answer.await.unwrap().unwrap().status().as_u16(), 200);
    }
    assert_eq!(shop.status("/pack", &credential).await, 402);
    assert_eq!(shop.sandbox.payments(), 1);
}

#[actix_web::test]
async fn a_module_says_it_for_its_handlers() {
    let shop = Shop::open().await;
    let credential = shop.buy("/module").await;
    assert_eq!(shop.left("/module", &credential).await, 2);
}

#[actix_web::test]
async fn a_scope_draws_for_the_gates_in_it_and_they_draw_no_more() {
    let shop = Shop::open().await;
    let credential = shop.buy("/scope/inner").await;
    let answer = shop.api.ask_with("/scope/inner", &credential).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "Some(1)"));
    assert_eq!(answer.header("ratelimit"), "\"uses\";r=1");
    assert_eq!(answer.header("ratelimit-policy"), "\"uses\";q=2");
    assert_eq!(shop.left("/scope/inner", &credential).await, 1);
    let unpaid = shop.api.ask("/scope/inner").await;
    assert_eq!(unpaid.json()["l402"]["uses"], 2);
}

#[actix_web::test]
async fn routes_that_share_a_resource_have_to_count_the_same() {
    let shop = Shop::open().await;
    let credential = shop.buy("/counted").await;
    assert_eq!(shop.status("/counted", &credential).await, 200);
    let answer = shop.api.ask_with("/other-kind", &credential).await;
    assert_eq!(answer.status, 500);
    assert!(answer.all("www-authenticate").is_empty());
    assert_eq!(shop.left("/counted", &credential).await, 2);
}

#[actix_web::test]
async fn a_balance_is_there_where_payments_are_counted_and_nowhere_else() {
    let shop = Shop::open().await;
    let credential = shop.buy("/optional").await;
    assert_eq!(shop.api.ask_with("/optional", &credential).await.body, "false");
    let credential = shop.buy("/demands").await;
    assert_eq!(shop.status("/demands", &credential).await, 500);
}

/// What an extractor refuses is refused before money is asked for; that there is no `Balance` yet is
/// no fault of the request's.
#[actix_web::test]
async fn on_trial_a_missing_balance_is_no_fault() {
    let shop = Shop::open().await;
    assert_eq!(shop.api.ask("/tried/x").await.status, 404);
    assert_eq!(shop.api.ask("/tried/5").await.status, 402);
}

fn by_mpp(credential: &str) -> String {
    let (_, preimage) = credential.split_once(':').unwrap();
    let json = serde_json::json!({ "payload": { "preimage": preimage } }).to_string();
    format!("Payment {}", URL_SAFE_NO_PAD.encode(json))
}

/// The broker takes such a payment once.
#[actix_web::test]
async fn an_mpp_payment_is_worth_as_much_as_a_token() {
    let shop = Shop::with(|config| config.mpp(true)).await;
    let payment = by_mpp(&shop.buy("/pack").await);
    shop.stage.answer(&[500]);
    assert_eq!(shop.status("/pack", &payment).await, 500);
    assert_eq!(shop.left("/pack", &payment).await, 3);
    assert_eq!(shop.sandbox.payments(), 1);
}

#[actix_web::test]
async fn an_mpp_payment_on_a_route_that_counts_nothing_is_good_for_one_answer() {
    let shop = Shop::with(|config| config.mpp(true)).await;
    let payment = by_mpp(&shop.buy("/optional").await);
    assert_eq!(shop.left("/optional", &payment).await, 1);
}

/// From the broker's yes on it is our store that answers for it.
#[actix_web::test]
async fn an_mpp_payment_that_was_accepted_opens_nothing_else_and_nothing_dearer() {
    for (resource, amount, opens) in
        [(true, true, [402, 402]), (false, true, [200, 402]), (true, false, [402, 200])]
    {
        let enforced =
            |config: L402Config| config.enforce_resource(resource).enforce_amount(amount);
        let shop = Shop::with(|config| enforced(config).mpp(true)).await;
        let payment = by_mpp(&shop.buy("/pack").await);
        assert_eq!(shop.status("/pack", &payment).await, 200);
        let statuses =
            [shop.status("/says?1", &payment).await, shop.status("/dear", &payment).await];
        assert_eq!(statuses, opens, "resource {resource}, amount {amount}");
        // What is not opened is not drawn.
        let drawn = 1 + usize::from(!resource) + usize::from(!amount);
        assert_eq!(shop.left("/pack", &payment).await, 3 - drawn);
    }
}

/// Where resource or amount is not enforced, the broker is still told what is asked for.
#[actix_web::test]
async fn an_mpp_payment_that_is_refused_elsewhere_still_opens_what_it_was_made_for() {
    let open = |config: L402Config| config.enforce_resource(false).enforce_amount(false);
    for elsewhere in ["/says?1", "/dear"] {
        let shop = Shop::with(|config| open(config).mpp(true)).await;
        let payment = by_mpp(&shop.buy("/pack").await);
        assert_eq!(shop.status(elsewhere, &payment).await, 403, "{elsewhere}");
        assert_eq!(shop.status("/pack", &payment).await, 200, "after {elsewhere}");
    }
}

/// 5,000 sats on the books of one merchant, and another one's broker that lies about the hash.
#[actix_web::test]
async fn a_payment_that_proves_no_hash_is_no_balance_and_marks_nobody_elses() {
    let shop = Shop::open().await;
    let victim = shop.buy("/pack").await;
    let (macaroon, _) = victim.split_once(':').unwrap();
    let hash = "ab".repeat(32);
    let yes = serde_json::json!({
        "valid": true, "resource": "/pack", "amountSats": 100, "paymentHash": hash,
    });
    shop.sandbox.fault(Fault::json(yes).on(Endpoint::Verify));
    let answer = shop.api.ask_with("/pack", &format!("{macaroon}:no-preimage")).await;
    assert_eq!(answer.status, 502);
    assert!(answer.all("www-authenticate").is_empty());
    assert_eq!(shop.left("/pack", &victim).await, 3);
}

/// A verdict that is remembered saves a call of the broker, and is no answer for nothing.
#[actix_web::test]
async fn a_pack_is_counted_while_its_verdict_stands() {
    let sandbox = Sandbox::start().await;
    let (config, stage) = (L402Config::new(sandbox.client()), Data::new(Stage::default()));
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).app_data(stage.clone()).service(pack);
    })
    .await;
    let credential = api.buy("/pack", &sandbox).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(api.ask_with("/pack", &credential).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 402]);
    assert_eq!(sandbox.verifies(), 1, "the verdict stands");
}

/// What is sold once is sold on a verdict of that moment.
#[actix_web::test]
async fn a_token_of_one_use_is_asked_about_with_each_request() {
    let sandbox = Sandbox::start().await;
    let (config, stage) = (L402Config::new(sandbox.client()), Data::new(Stage::default()));
    let data = stage.clone();
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).app_data(data.clone()).service(super::once);
    })
    .await;
    let credential = api.buy("/once", &sandbox).await;
    stage.answer(&[500, 500]);
    for verifies in 1..=3 {
        let status = api.ask_with("/once", &credential).await.status;
        assert_eq!(status, if verifies < 3 { 500 } else { 200 });
        assert_eq!(sandbox.verifies(), verifies);
    }
}
