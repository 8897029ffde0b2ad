//! A gated handler is gated by whichever door it is reached.

use actix_web::{HttpResponse, guard, routes, web};
use l402_actix::l402;
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api, Calls, config, pay};
use reqwest::Method;

#[l402(price_sats = 10)]
async fn plain(calls: web::Data<Calls>) -> &'static str {
    calls.count();
    "plain"
}

#[actix_web::get("/attribute")]
#[l402(price_sats = 10)]
async fn attribute(calls: web::Data<Calls>) -> &'static str {
    calls.count();
    "attribute"
}

#[routes]
#[get("/routes/one")]
#[get("/routes/two")]
#[post("/routes/one")]
#[l402(price_sats = 10)]
async fn several(calls: web::Data<Calls>) -> &'static str {
    calls.count();
    "several"
}

#[actix_web::route("/any-of", method = "GET", method = "PUT", method = "HEAD")]
#[l402(price_sats = 10)]
async fn any_of(calls: web::Data<Calls>) -> &'static str {
    calls.count();
    "any of"
}

/// `actix_web::scope` on a module whose handler is gated.
#[actix_web::scope("/module")]
mod module {
    use actix_web::get;

    #[get("/inside")]
    #[l402_actix::l402(price_sats = 10)]
    pub(crate) async fn inside(calls: actix_web::web::Data<l402_tests::Calls>) -> &'static str {
        calls.count();
        "inside"
    }
}

fn register(app: &mut web::ServiceConfig) {
    let nested = web::scope("/outer").service(
        web::scope("/middle")
            .service(web::scope("/inner").service(attribute).route("/plain", web::get().to(plain)))
            .default_service(web::to(plain)),
    );
    let guarded = web::scope("/guarded")
        .guard(guard::Header("x-door", "open"))
        .route("/in", web::get().to(plain));
    let resource = web::resource("/resource")
        .name("resource")
        .route(web::get().to(plain))
        .route(web::delete().guard(guard::Header("x-door", "open")).to(plain))
        .default_service(web::to(plain));
    let pattern = web::resource(["/first/{a}", "/second/{a}/{b:.*}"]).to(plain);
    let ungated = web::scope("/ungated")
        .service(attribute)
        .default_service(web::to(|| async { HttpResponse::NotFound().body("ungated") }));
    app.service(attribute)
        .service(several)
        .service(any_of)
        .service(module::inside)
        .service(nested)
        .service(guarded)
        .service(resource)
        .service(pattern)
        .service(ungated)
        .configure(|app| {
            app.service(web::scope("/configured").service(attribute).service(several));
        })
        .route("/again", web::get().to(plain))
        .route("/again", web::post().to(plain))
        .default_service(web::to(plain));
}

#[actix_web::test]
async fn every_door_to_a_gated_handler_asks_for_payment_and_opens_once_it_is_paid() {
    let sandbox = Sandbox::start().await;
    let config = config(sandbox.client());
    let calls = Calls::default();
    let counter = calls.clone();
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).app_data(web::Data::new(counter.clone())).configure(register);
    })
    .await;
    let doors = [
        (Method::GET, "/attribute", "attribute"),
        (Method::GET, "/routes/one", "several"),
        (Method::GET, "/routes/two", "several"),
        (Method::POST, "/routes/one", "several"),
        (Method::GET, "/any-of", "any of"),
        (Method::PUT, "/any-of", "any of"),
        (Method::HEAD, "/any-of", ""),
        (Method::GET, "/module/inside", "inside"),
        (Method::GET, "/outer/middle/inner/attribute", "attribute"),
        (Method::GET, "/outer/middle/inner/plain", "plain"),
        (Method::GET, "/outer/middle/none", "plain"),
        (Method::POST, "/outer/middle/inner/none", "plain"),
        (Method::GET, "/outer/none", "plain"),
        (Method::GET, "/guarded/in", "plain"),
        (Method::GET, "/resource", "plain"),
        (Method::DELETE, "/resource", "plain"),
        (Method::PATCH, "/resource", "plain"),
        (Method::GET, "/first/x", "plain"),
        (Method::POST, "/second/x/y/z", "plain"),
        (Method::GET, "/ungated/attribute", "attribute"),
        (Method::GET, "/configured/attribute", "attribute"),
        (Method::GET, "/configured/routes/two", "several"),
        (Method::GET, "/again", "plain"),
        (Method::POST, "/again", "plain"),
        (Method::GET, "/nowhere", "plain"),
        (Method::TRACE, "/nowhere", "plain"),
        (Method::from_bytes(b"BREW").unwrap(), "/", "plain"),
    ];
    for (method, path, content) in doors {
        let request = || api.request(method.clone(), path).header("x-door", "open");
        let before = calls.so_far();
        let unpaid = Answer::to(request()).await;
        assert_eq!(unpaid.status, 402, "{method} {path}");
        let forged = Answer::to(request().header("Authorization", "L402 AgEL:00")).await;
        assert_eq!(forged.status, 401, "{method} {path}");
        assert_eq!(calls.so_far(), before, "{method} {path}");
        let credential = pay(&sandbox, &unpaid.headers);
        let paid = Answer::to(request().header("Authorization", credential)).await;
        assert_eq!((paid.status, paid.body.as_str()), (200, content), "{method} {path}");
    }
    assert_eq!(api.ask("/ungated/none").await.body, "ungated");
}
