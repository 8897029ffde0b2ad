//! Pricing of scopes and mounted services.

use actix_web::{
    Error, HttpRequest, HttpResponse, Responder, error, get,
    web::{self, Data},
};
use l402_actix::{L402Config, Payment, Price, RequirePayment, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api, Calls, pay};

#[get("/page")]
async fn page(calls: Data<Calls>, payment: Option<Payment>) -> impl Responder {
    calls.count();
    payment.map_or_else(|| "free".to_owned(), |payment| payment.amount_sats.to_string())
}

#[get("/cheaper")]
#[l402(price_sats = 5)]
async fn cheaper(calls: Data<Calls>, payment: Payment) -> impl Responder {
    calls.count();
    payment.amount_sats.to_string()
}

#[get("/dearer")]
#[l402(price_sats = 50)]
async fn dearer(calls: Data<Calls>, payment: Payment) -> impl Responder {
    calls.count();
    payment.amount_sats.to_string()
}

#[get("/own-resource")]
#[l402(price_sats = 5, resource = "own")]
async fn own_resource(calls: Data<Calls>) -> impl Responder {
    calls.count();
    "own resource"
}

#[get("/fails")]
async fn fails() -> Result<HttpResponse, Error> {
    Err(error::ErrorImATeapot("short and stout"))
}

async fn by_query(request: HttpRequest) -> Result<Price, Error> {
    match request.query_string() {
        "free" => Ok(Price::FREE),
        "gone" => Err(error::ErrorGone("sold out")),
        "zero" => Ok(Price::sats(0)),
        _ => Ok(Price::sats(30)),
    }
}

struct Site {
    api: Api,
    sandbox: Sandbox,
    calls: Calls,
}

impl Site {
    async fn open() -> Self {
        let sandbox = Sandbox::start().await;
        let config = L402Config::new(sandbox.client());
        let calls = Calls::default();
        let counter = calls.clone();
        let folder = format!("{}/ui/cases", env!("CARGO_MANIFEST_DIR"));
        let api = Api::serve(move |app| {
            let files = web::scope("/files")
                .wrap(RequirePayment::sats(20).resource("files").description("All files"))
                .service(actix_files::Files::new("", &folder));
            let site = web::scope("/site")
                .wrap(RequirePayment::sats(10).resource("site"))
                .service(page)
                .service(cheaper)
                .service(dearer)
                .service(own_resource)
                .service(fails);
            let paths = web::scope("/paths")
                .wrap(RequirePayment::sats(10))
                .service(page)
                .service(dearer)
                .service(own_resource);
            let computed =
                web::scope("/computed").wrap(RequirePayment::price_with(by_query)).service(page);
            let zero = web::scope("/zero").wrap(RequirePayment::sats(0)).service(page);
            let own_config = web::scope("/own-config")
                .app_data(config.clone().shared_cache(true))
                .wrap(RequirePayment::sats(10))
                .service(page);
            let one = web::resource("/one")
                .wrap(RequirePayment::sats(3))
                .to(|| async { HttpResponse::Ok().body("one") });
            app.app_data(config.clone())
                .app_data(Data::new(counter.clone()))
                .service(files)
                .service(site)
                .service(paths)
                .service(computed)
                .service(zero)
                .service(own_config)
                .service(one);
        })
        .await;
        Self { api, sandbox, calls }
    }

    async fn price(&self, path: &str) -> u64 {
        let answer = self.api.ask(path).await;
        assert_eq!(answer.status, 402, "{path}: {}", answer.body);
        answer.json()["l402"]["amount_sats"].as_u64().unwrap()
    }

    async fn buy(&self, path: &str) -> String {
        self.api.buy(path, &self.sandbox).await
    }
}

#[actix_web::test]
async fn everything_under_it_asks_for_payment_found_or_not() {
    let site = Site::open().await;
    for (path, sats) in [
        ("/files/price-zero.rs", 20),
        ("/files/none", 20),
        ("/site/page", 10),
        ("/site/none", 10),
        ("/one", 3),
    ] {
        assert_eq!(site.price(path).await, sats, "{path}");
    }
    assert_eq!(site.calls.so_far(), 0);
}

#[actix_web::test]
async fn one_payment_opens_all_files_of_a_scope_with_a_resource() {
    let site = Site::open().await;
    let credential = site.buy("/files/price-zero.rs").await;
    for (path, status) in
        [("/files/price-zero.rs", 200), ("/files/key-twice.stderr", 200), ("/files/none", 404)]
    {
        let answer = site.api.ask_with(path, &credential).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("cache-control"), "private", "{path}");
        assert_eq!(answer.header("vary"), "Authorization", "{path}");
    }
    assert_eq!(site.sandbox.requests()[0].body["description"], "All files");
    assert_eq!(site.api.ask_with("/site/page", &credential).await.status, 402, "another resource");
}

#[actix_web::test]
async fn without_a_resource_each_path_is_a_payment_of_its_own() {
    let site = Site::open().await;
    let credential = site.buy("/paths/page").await;
    assert_eq!(site.api.ask_with("/paths/page", &credential).await.body, "10");
    assert_eq!(site.api.ask_with("/paths/dearer", &credential).await.status, 402);
}

#[actix_web::test]
async fn a_gate_under_it_that_is_covered_runs_without_another_call_to_the_broker() {
    let site = Site::open().await;
    let credential = site.buy("/site/cheaper").await;
    let before = site.sandbox.requests().len();
    let answer = site.api.ask_with("/site/cheaper", &credential).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "10"));
    assert_eq!(site.sandbox.requests().len(), before + 1);
    assert_eq!(answer.header("vary"), "Authorization", "told once");
}

#[actix_web::test]
async fn a_gate_under_it_that_costs_more_asks_for_its_own_price_and_one_payment_is_enough() {
    let site = Site::open().await;
    for path in ["/site/dearer", "/paths/dearer"] {
        let scope = site.buy(path).await;
        let answer = site.api.ask_with(path, &scope).await;
        assert_eq!(answer.status, 402, "{path}");
        assert_eq!(answer.json()["l402"]["amount_sats"], 50, "{path}");
        let full = pay(&site.sandbox, &answer.headers);
        let answer = site.api.ask_with(path, &full).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "50"), "{path}");
    }
    assert_eq!(site.calls.so_far(), 2);
}

/// Whatever was bought for the one would be refused by the other, and paid again.
#[actix_web::test]
async fn a_gate_under_it_with_another_resource_is_a_mistake_and_never_a_price() {
    let site = Site::open().await;
    for path in ["/site/own-resource", "/paths/own-resource"] {
        let credential = site.buy(path).await;
        let answer = site.api.ask_with(path, &credential).await;
        assert_eq!(answer.status, 500, "{path}");
        assert!(answer.all("www-authenticate").is_empty());
    }
    assert_eq!(site.calls.so_far(), 0);
}

#[actix_web::test]
async fn its_price_may_be_computed_free_or_an_error() {
    let site = Site::open().await;
    assert_eq!(site.price("/computed/page").await, 30);
    let credential = site.buy("/computed/page").await;
    assert_eq!(site.api.ask_with("/computed/page", &credential).await.body, "30");
    assert_eq!(site.api.ask("/computed/page?free").await.body, "free");
    let gone = site.api.ask("/computed/page?gone").await;
    assert_eq!((gone.status, gone.body.as_str()), (410, "sold out"));
    assert_eq!(site.api.ask("/computed/page?zero").await.status, 500);
    assert_eq!(site.api.ask("/zero/page").await.status, 500);
}

#[actix_web::test]
async fn options_never_reaches_the_inner_service() {
    let site = Site::open().await;
    for path in ["/files/price-zero.rs", "/site/page", "/one"] {
        let answer = Answer::to(site.api.request(reqwest::Method::OPTIONS, path)).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{path}");
    }
    assert!(site.sandbox.requests().is_empty());
    assert_eq!(site.calls.so_far(), 0);
}

#[actix_web::test]
async fn a_refused_token_and_a_failing_broker_are_answered_as_by_the_attribute() {
    let site = Site::open().await;
    let answer = site.api.ask_with("/site/page", "L402 AgEL:00").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("www-authenticate"), r#"L402 error="invalid_token""#);
    site.sandbox.fault(l402_sandbox::Fault::status(500));
    assert_eq!(site.api.ask("/site/page").await.status, 502);
    assert_eq!(site.calls.so_far(), 0);
}

#[actix_web::test]
async fn an_error_of_the_inner_service_is_private_too() {
    let site = Site::open().await;
    let credential = site.buy("/site/fails").await;
    let answer = site.api.ask_with("/site/fails", &credential).await;
    assert_eq!((answer.status, answer.body.as_str()), (418, "short and stout"));
    assert_eq!(answer.header("cache-control"), "private");
}

#[actix_web::test]
async fn the_scopes_own_config_is_in_its_sight() {
    let site = Site::open().await;
    assert_eq!(site.price("/own-config/page").await, 10);
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client());
    let api = Api::serve(move |app| {
        let scope = web::scope("/a")
            .app_data(config.clone())
            .app_data(Data::new(Calls::default()))
            .wrap(RequirePayment::sats(1))
            .service(page);
        app.service(scope).service(web::scope("/b").wrap(RequirePayment::sats(1)).service(page));
    })
    .await;
    assert_eq!(api.ask("/a/page").await.status, 402);
    assert_eq!(api.ask("/b/page").await.status, 500, "no config in sight");
}
