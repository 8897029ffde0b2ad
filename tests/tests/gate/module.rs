//! One price for a module of handlers, and what a handler's own attribute changes.

use actix_web::web::{self, Data};
use l402_actix::L402Config;
use l402_sandbox::Sandbox;
use l402_tests::Api;

/// Handlers that the module does not write.
mod elsewhere {
    use actix_web::get;

    #[get("/imported")]
    #[l402_actix::l402(price_sats = 7)]
    pub(crate) async fn imported() -> &'static str {
        "imported"
    }
}

/// The module's terms, for all that say nothing else.
#[l402_actix::l402(price_sats = 50, description = "The module's")]
mod api {
    use actix_web::{Error, HttpRequest, Responder, get};
    use l402_actix::{Payment, Price, l402, l402 as pay};

    use super::elsewhere::imported;

    pub(crate) const DEAR: u64 = 80;

    async fn free_for_friends(request: HttpRequest) -> Result<Price, Error> {
        Ok(if request.query_string() == "friend" { Price::FREE } else { Price::sats(60) })
    }

    #[get("/inherits")]
    pub(crate) async fn inherits(payment: Payment) -> impl Responder {
        payment.amount_sats.to_string()
    }

    #[cfg_attr(all(), get("/conditional"))]
    pub(crate) async fn conditional() -> impl Responder {
        "conditional"
    }

    #[cfg_attr(all(), allow(unused), cfg_attr(true, cfg_attr(all(), get("/nested"))))]
    async fn nested() -> impl Responder {
        "nested"
    }

    pub(crate) fn private(cfg: &mut actix_web::web::ServiceConfig) {
        cfg.service(nested);
        cfg.service(imported);
    }

    #[get("/renamed")]
    #[pay(price_sats = DEAR)]
    pub(crate) async fn renamed(payment: Payment) -> impl Responder {
        payment.amount_sats.to_string()
    }

    pub(crate) fn in_a_body(cfg: &mut actix_web::web::ServiceConfig) {
        use l402_actix::l402 as charge;

        #[get("/in-a-body")]
        #[charge(price_sats = 3)]
        async fn in_a_body() -> &'static str {
            "in a body"
        }
        cfg.service(in_a_body);
    }

    #[get("/own-price")]
    #[l402(price_sats = DEAR)]
    pub(crate) async fn own_price() -> impl Responder {
        "own price"
    }

    #[l402(price_with = free_for_friends, description = "Own")]
    #[get("/own-function")]
    pub(crate) async fn own_function() -> impl Responder {
        "own function"
    }

    #[l402(resource = "shared")]
    pub(crate) async fn plain() -> impl Responder {
        "plain"
    }

    #[get("/status")]
    #[l402(free)]
    pub(crate) async fn status() -> impl Responder {
        helper()
    }

    fn helper() -> &'static str {
        "up"
    }

    pub(crate) fn not_a_handler() -> u8 {
        1
    }
}

#[actix_web::scope("/outside")]
#[l402_actix::l402(price_sats = 1)]
mod scope_outside {
    use actix_web::get;

    #[get("/a")]
    pub(crate) async fn a() -> &'static str {
        "outside"
    }
}

#[l402_actix::l402(price_sats = 2)]
#[actix_web::scope("/inside")]
mod scope_inside {
    use actix_web::get;

    #[get("/a")]
    pub(crate) async fn a() -> &'static str {
        "inside"
    }
}

async fn open(settings: impl Fn(L402Config) -> L402Config) -> (Api, Sandbox) {
    let sandbox = Sandbox::start().await;
    let config = settings(L402Config::new(sandbox.client()));
    let api = Api::serve(move |app| {
        app.app_data(config.clone())
            .app_data(Data::new(api::not_a_handler()))
            .service(api::inherits)
            .service(api::conditional)
            .configure(api::private)
            .configure(api::in_a_body)
            .service(api::renamed)
            .service(api::own_price)
            .service(api::own_function)
            .service(api::status)
            .service(scope_outside::a)
            .service(scope_inside::a)
            .route("/plain", web::get().to(api::plain));
    })
    .await;
    (api, sandbox)
}

#[actix_web::test]
async fn every_handler_charges_the_modules_price_unless_its_own_attribute_says_otherwise() {
    let (api, sandbox) = open(|config| config).await;
    for (path, sats, description) in [
        ("/inherits", 50, "The module's"),
        ("/conditional", 50, "The module's"),
        ("/nested", 50, "The module's"),
        ("/own-price", api::DEAR, "The module's"),
        ("/own-function", 60, "Own"),
        ("/plain", 50, "The module's"),
    ] {
        let unpaid = api.ask(path).await;
        assert_eq!(unpaid.status, 402, "{path}");
        assert_eq!(unpaid.json()["l402"]["amount_sats"], sats, "{path}");
        let minted = sandbox.requests().pop().unwrap();
        assert_eq!(minted.body["description"], description, "{path}");
        let credential = l402_tests::pay(&sandbox, &unpaid.headers);
        assert_eq!(api.ask_with(path, &credential).await.status, 200, "{path}");
    }
    assert_eq!(api.ask("/own-function?friend").await.status, 200);
    assert_eq!(api.ask("/plain").await.json()["l402"]["resource"], "shared");
}

#[actix_web::test]
async fn a_handler_whose_attribute_is_renamed_is_charged_once_at_its_own_price() {
    let (api, sandbox) = open(|config| config).await;
    for (path, sats) in [("/renamed", api::DEAR), ("/in-a-body", 3)] {
        let unpaid = api.ask(path).await;
        assert_eq!(unpaid.json()["l402"]["amount_sats"], sats, "{path}");
        let credential = l402_tests::pay(&sandbox, &unpaid.headers);
        assert_eq!(api.ask_with(path, &credential).await.status, 200, "{path}");
        assert_eq!(sandbox.mints(), if path == "/renamed" { 1 } else { 2 }, "{path}");
    }
}

#[actix_web::test]
async fn an_imported_handler_keeps_its_own_price() {
    let (api, sandbox) = open(|config| config).await;
    assert_eq!(api.ask("/imported").await.json()["l402"]["amount_sats"], 7);
    let credential = api.buy("/imported", &sandbox).await;
    assert_eq!(api.ask_with("/imported", &credential).await.body, "imported");
}

#[actix_web::test]
async fn a_free_handler_stays_free_whatever_the_config_says() {
    let dear =
        |config: L402Config| config.price_with(|| async { Ok(Some(l402_actix::Price::sats(9))) });
    let (api, sandbox) = open(dear).await;
    let answer = api.ask("/status").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "up"));
    assert!(sandbox.requests().is_empty());
    assert_eq!(api.ask("/inherits").await.json()["l402"]["amount_sats"], 9);
}

#[actix_web::test]
async fn it_works_together_with_scope_in_either_order() {
    let (api, sandbox) = open(|config| config).await;
    for (path, sats, body) in [("/outside/a", 1, "outside"), ("/inside/a", 2, "inside")] {
        assert_eq!(api.ask(path).await.json()["l402"]["amount_sats"], sats, "{path}");
        let credential = api.buy(path, &sandbox).await;
        assert_eq!(api.ask_with(path, &credential).await.body, body);
    }
}
