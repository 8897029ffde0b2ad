//! `Sandbox::audit`: what a merchant's own test finds out about an API.

use std::fs;

use actix_files::Files;
use actix_web::{Error, HttpRequest, HttpResponse, get, post, web};
use l402_actix::{FilePath, Price, RequirePayment, l402};
use l402_sandbox::{Sandbox, Verdict};
use l402_tests::{Api, redis::Folder};

#[get("/weather")]
#[l402(price_sats = 100)]
async fn weather() -> &'static str {
    "sunny"
}

#[get("/health")]
async fn health() -> &'static str {
    "well"
}

#[post("/forgotten")]
async fn forgotten(_: web::Json<u64>) -> &'static str {
    "no gate"
}

#[post("/prompt")]
#[l402(price_with = by_number)]
async fn prompt() -> &'static str {
    "an answer"
}

async fn by_number(number: web::Json<u64>) -> Result<Price, Error> {
    Ok(Price::sats(number.into_inner()))
}

#[get("/priceless")]
#[l402]
async fn priceless() -> &'static str {
    "nobody reads this"
}

#[get("/chat")]
#[l402(price_with = by_raw_query)]
async fn chat() -> &'static str {
    "hello"
}

async fn by_raw_query(request: HttpRequest) -> Result<Price, Error> {
    Ok(Price::sats(if request.query_string() == "model=premium" { 500 } else { 5 }))
}

async fn by_file_path(file: FilePath) -> Result<Price, Error> {
    Ok(if file.starts_with("premium") { Price::sats(500) } else { Price::FREE })
}

async fn by_raw_path(request: HttpRequest) -> Result<Price, Error> {
    let is_premium = request.path().starts_with("/naive/premium/");
    Ok(if is_premium { Price::sats(500) } else { Price::FREE })
}

/// The API, its broker, and the folder that goes with it.
async fn serve() -> (Api, String, Sandbox, Folder) {
    let (sandbox, folder) = (Sandbox::start().await, Folder::new());
    fs::create_dir_all(folder.0.join("premium")).unwrap();
    fs::write(folder.0.join("premium/a.html"), "what is sold").unwrap();
    let config = l402_tests::config(sandbox.client());
    let root = folder.0.clone();
    let api = Api::serve(move |app| {
        let scope = |path, gate| web::scope(path).wrap(gate).service(Files::new("", root.clone()));
        let gated = web::scope("/premium").wrap(RequirePayment::sats(500).resource("premium"));
        let routed = web::redirect("/moved", "/weather");
        app.app_data(config.clone())
            .service((weather, health, forgotten, prompt, priceless, chat, routed))
            .service(scope("/files", RequirePayment::price_with(by_file_path)))
            .service(scope("/naive", RequirePayment::price_with(by_raw_path)))
            .service(gated.service(Files::new("", root.join("premium"))))
            .service(web::scope("/free").service(Files::new("/", root.clone())));
    })
    .await;
    let url = format!("http://{}", api.address());
    (api, url, sandbox, folder)
}

#[actix_web::test]
async fn it_says_what_each_route_costs_what_is_free_and_what_would_fail() {
    let (_api, url, sandbox, _folder) = serve().await;
    let audit = Sandbox::audit(
        &url,
        [
            "GET /weather",
            "GET /health",
            "POST /forgotten",
            "POST /prompt 7",
            "POST /prompt",
            "GET /priceless",
            "GET /moved",
            "GET /typo",
            "GET /items/{id}",
            "weather",
        ],
    )
    .await;
    let free = ["GET /health", "POST /forgotten", "POST /prompt", "GET /moved", "GET /typo"];
    assert_eq!(audit.free(), free, "{audit}");
    assert_eq!(audit.faults(), ["GET /priceless", "GET /items/{id}", "weather"], "{audit}");
    assert_eq!(audit.sats("GET /weather"), Some(100));
    assert_eq!(audit.sats("GET /health"), None);
    assert_eq!(audit.sats("POST /prompt 7"), Some(7), "by its body");
    let first = audit.asked()[0].verdict();
    let resource = Some("/weather".to_owned());
    assert_eq!(*first, Verdict::Costs { sats: 100, resource });
    let text = audit.to_string();
    for line in [
        "100 sats for \"/weather\"",
        "free (200)",
        "free (307)",
        "no payment is asked for (404)",
        "500: This route's payment gate is not set up correctly.",
        "write a path that it matches",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!audit.is_sound());
    assert_eq!((sandbox.payments(), sandbox.verifies()), (0, 0), "it pays nothing");
}

/// Row by row what a gate cannot see, or what a price by what was not decoded lets through.
#[actix_web::test]
async fn other_spellings_that_are_served_or_cost_less_are_found() {
    let (_api, url, sandbox, _folder) = serve().await;
    let audit = Sandbox::audit(&url, ["GET /files/premium/a.html", "GET /weather"]).await;
    assert!(audit.is_sound() && audit.free().is_empty(), "{audit}");

    let audit = Sandbox::audit(&url, ["GET /naive/premium/a.html"]).await;
    for spelling in ["GET /naive/%70remium/a.html", "GET /naive//premium/a.html"] {
        assert!(audit.free().contains(&spelling), "{spelling}: {audit}");
    }
    assert!(audit.to_string().contains("where `GET /naive/premium/a.html` costs 500"), "{audit}");

    let audit = Sandbox::audit(&url, ["GET /chat?model=premium"]).await;
    for spelling in ["GET /chat?model=%70remium", "GET /chat?model=premium&"] {
        assert!(audit.faults().contains(&spelling), "{spelling}: {audit}");
        assert_eq!(audit.sats(spelling), Some(5));
    }
    assert_eq!(sandbox.payments(), 0);
}

/// No gate sees such a request: Actix routes it to the other service.
#[actix_web::test]
async fn a_gated_folder_that_is_also_served_from_the_root_is_found() {
    let (sandbox, folder) = (Sandbox::start().await, Folder::new());
    fs::create_dir_all(folder.0.join("premium")).unwrap();
    fs::write(folder.0.join("premium/a.html"), "what is sold").unwrap();
    fs::write(folder.0.join("index.html"), "the front page").unwrap();
    let config = l402_tests::config(sandbox.client());
    let root = folder.0.clone();
    let api = Api::serve(move |app| {
        let gate = RequirePayment::sats(500).resource("premium");
        let gated = web::scope("/premium").wrap(gate);
        app.app_data(config.clone())
            .service(gated.service(Files::new("", root.join("premium"))))
            .service(Files::new("/", root.clone()).index_file("index.html"));
    })
    .await;
    let url = format!("http://{}", api.address());
    let audit = Sandbox::audit(&url, ["GET /premium/a.html", "GET /"]).await;
    assert!(audit.free().contains(&"GET //premium/a.html"), "{audit}");
    assert!(!audit.is_sound());
}

/// What is answered by one page wherever it is asked is no way around a gate.
#[actix_web::test]
async fn an_app_with_one_page_for_all_that_it_does_not_know_is_sound() {
    let sandbox = Sandbox::start().await;
    let config = l402_tests::config(sandbox.client());
    let api = Api::serve(move |app| {
        app.app_data(config.clone())
            .service(weather)
            .default_service(web::to(async || HttpResponse::Ok().body("the app")));
    })
    .await;
    let url = format!("http://{}", api.address());
    let audit = Sandbox::audit(&url, ["GET /weather"]).await;
    assert!(audit.is_sound(), "{audit}");
}

#[actix_web::test]
async fn a_forgotten_config_and_a_server_that_is_not_there_are_faults_of_each_route() {
    let api = Api::serve(|app| {
        app.service((weather, health));
    })
    .await;
    let url = format!("http://{}", api.address());
    let audit = Sandbox::audit(&url, ["GET /weather", "GET /health"]).await;
    assert_eq!((audit.free(), audit.faults()), (vec!["GET /health"], vec!["GET /weather"]));
    for url in ["http://127.0.0.1:1", "https://127.0.0.1:1", "weather.example"] {
        let audit = Sandbox::audit(url, ["GET /weather"]).await;
        assert_eq!(audit.faults(), ["GET /weather"], "{audit}");
    }
}
