//! The span among others: the server's around it, the handler's in it, and gates around gates.

use actix_web::{App, HttpServer, Responder, get, rt, web};
use l402_actix::{RequirePayment, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Api, config, pay};
use reqwest::{Client, Method};
use tracing::Level;
use tracing_actix_web::TracingLogger;

use super::{
    collector::{self, said_at, spans_of},
    only_span, weather,
};

#[get("/own")]
async fn ungated() -> impl Responder {
    "the scope's price is all"
}

#[get("/dearer")]
#[l402(price_sats = 500)]
async fn dearer() -> impl Responder {
    "dearer"
}

#[actix_web::test]
async fn it_nests_under_the_root_span_of_tracing_actix_web_and_around_the_handler() {
    collector::begin();
    let sandbox = Sandbox::start().await;
    let config = config(sandbox.client());
    let server = HttpServer::new(move || {
        let routes = web::scope("/traced").service(weather);
        App::new().wrap(TracingLogger::default()).app_data(config.clone()).service(routes)
    });
    let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/traced/weather/rome", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    rt::spawn(server);
    let ask = || Client::builder().no_proxy().build().unwrap().get(&url);

    let unpaid = ask().send().await.unwrap();
    assert_eq!(unpaid.status(), 402);
    let span = only_span("/traced/weather/{city}");
    assert_eq!((span.parent, span.level), (Some("HTTP request"), Level::DEBUG));
    let credential = pay(&sandbox, unpaid.headers());
    let paid = ask().header("Authorization", credential).send().await.unwrap();
    assert_eq!(paid.status(), 200);
    let said = said_at("/traced/weather/{city}");
    let own = said.iter().find(|said| said.fields.get("message") == "the handler speaks").unwrap();
    assert_eq!(own.within, ["l402", "HTTP request"]);
    handle.stop(false).await;
}

#[actix_web::test]
async fn gates_around_each_other_are_one_span_and_the_inner_one_has_the_last_word() {
    collector::begin();
    let sandbox = Sandbox::start().await;
    let config = config(sandbox.client());
    let api = Api::serve(move |app| {
        let scope = web::scope("/scope").wrap(RequirePayment::sats(200).resource("scope"));
        let scope = scope.service(weather).service(dearer).service(ungated);
        app.app_data(config.clone()).service(scope);
    })
    .await;
    let went = |route: &str| {
        let fields = only_span(route).fields;
        format!("{} {} {}", fields.get("price_sats"), fields.get("outcome"), fields.get("reason"))
    };
    let credential = api.buy("/scope/own", &sandbox).await;
    assert_eq!(went("/scope/own"), "200 challenged no_credential");
    assert_eq!(api.ask_with("/scope/own", &credential).await.status, 200);
    assert_eq!(went("/scope/own"), "200 paid -");
    assert_eq!(api.ask_with("/scope/weather/rome", &credential).await.status, 200);
    assert_eq!(went("/scope/weather/{city}"), "200 paid -", "the dearer of the two");
    assert_eq!(said_at("/scope/weather/{city}")[0].within, ["l402"], "entered once");
    assert_eq!(api.ask_with("/scope/dearer", &credential).await.status, 402);
    assert_eq!(went("/scope/dearer"), "500 challenged not_covered");
}

#[actix_web::test]
async fn a_path_without_a_route_has_one_fixed_name_and_options_are_a_preflight() {
    collector::begin();
    let sandbox = Sandbox::start().await;
    let config = config(sandbox.client());
    let api = Api::serve(move |app| {
        let scope = web::scope("/unrouted").wrap(RequirePayment::sats(20));
        app.app_data(config.clone()).service(scope);
    })
    .await;
    for path in ["/unrouted/a", "/unrouted/%00", "/unrouted/{city}", "/unrouted/other/c"] {
        assert_eq!(api.ask(path).await.status, 402, "{path}");
        let route = only_span("other").fields;
        assert_eq!(route.get("outcome"), "challenged", "{path}");
    }
    let options = api.request(Method::OPTIONS, "/unrouted/a").send().await.unwrap();
    assert_eq!(options.status(), 204);
    assert_eq!(spans_of("other")[0].fields.get("outcome"), "preflight");
}
