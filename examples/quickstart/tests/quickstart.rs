//! The quickstart sells to whoever follows what it prints, and complains in sentences.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

#[path = "../../tests/programs/program.rs"]
mod program;

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::Command,
};

use l402_sandbox::Sandbox;
use program::{Running, to_its_end};
use serde_json::{Value, json};

fn quickstart() -> Command {
    program::program(env!("CARGO_BIN_EXE_quickstart"))
}

/// What it says when it cannot start.
fn complaint(command: &mut Command) -> String {
    let (_, said, code) = to_its_end(command);
    assert_eq!(code, Some(1), "{said}");
    said
}

#[actix_web::test]
async fn it_sells_its_routes_to_whoever_follows_what_it_prints() {
    let mut child = Running(quickstart().spawn().unwrap());
    let mut printed = Vec::new();
    for line in BufReader::new(child.0.stdout.take().unwrap()).lines() {
        printed.push(line.unwrap());
        if printed.last().unwrap().contains("LND_MACAROON_HEX") {
            break;
        }
    }
    let curl =
        printed.iter().find_map(|line| line.strip_prefix("  curl -i ")).expect("a curl line");
    let api = curl.strip_suffix("/weather").unwrap();
    let (_, wallet) = printed.last().unwrap().split_once("LND_REST_HOST=").unwrap();
    let wallet = wallet.split(' ').next().unwrap();

    let routes = ["GET /", "GET /free", "GET /weather", "GET /forecast/berlin"];
    let audit = Sandbox::audit(api, routes).await;
    assert_eq!(audit.free(), ["GET /", "GET /free"], "{audit}");
    assert_eq!(audit.faults(), [""; 0], "{audit}");

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let free = client.get(format!("{api}/free")).send().await.unwrap();
    assert_eq!(free.status(), 200);
    let index = client.get(format!("{api}/")).send().await.unwrap().text().await.unwrap();
    let tour = printed.concat();
    for route in ["/free", "/weather", "/forecast/"] {
        assert!(index.contains(route) && tour.contains(&format!("{api}{route}")), "{route}");
    }

    for (path, price) in [("/weather", 100), ("/forecast/berlin", 250)] {
        let url = format!("{api}{path}");
        let unpaid = client.get(&url).send().await.unwrap();
        assert_eq!(unpaid.status(), 402);
        let challenge: Value = serde_json::from_str(&unpaid.text().await.unwrap()).unwrap();
        let challenge = &challenge["l402"];
        assert_eq!(challenge["amount_sats"], price);

        let order = json!({ "payment_request": challenge["invoice"] }).to_string();
        let paid =
            client.post(format!("{wallet}/v2/router/send")).body(order).send().await.unwrap();
        let stream = paid.text().await.unwrap();
        let last: Value = serde_json::from_str(stream.lines().last().unwrap()).unwrap();
        assert_eq!(last["result"]["status"], "SUCCEEDED", "{stream}");
        let (macaroon, preimage) = (&challenge["macaroon"], &last["result"]["payment_preimage"]);
        let credential =
            format!("L402 {}:{}", macaroon.as_str().unwrap(), preimage.as_str().unwrap());

        let served = client.get(&url).header("Authorization", credential).send().await.unwrap();
        assert_eq!(served.status(), 200);
        let served: Value = serde_json::from_str(&served.text().await.unwrap()).unwrap();
        if path == "/weather" {
            assert_eq!(served["weather"], "sunny");
        } else {
            assert_eq!(served["paid"]["amount_sats"], 250);
            assert_eq!(served["paid"]["payment_hash"], challenge["payment_hash"]);
        }
    }
}

#[actix_web::test]
async fn a_broker_of_ones_own_is_named_and_nothing_is_said_of_real_sats() {
    let sandbox = Sandbox::start().await;
    let mut child = Running(program::on(&mut quickstart(), &sandbox).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let expected = format!("Charging through the broker at {}: http://", sandbox.url());
    assert!(line.starts_with(&expected), "{line}");
}

#[test]
fn a_port_that_is_taken_gives_a_sentence_that_names_the_variable() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for variable in ["PORT", "SANDBOX_PORT"] {
        let said = complaint(quickstart().env(variable, &port));
        assert!(said.contains(&port), "{said}");
        assert!(said.contains(" PORT=") && said.contains(" SANDBOX_PORT="), "{said}");
    }
}

#[test]
fn a_wrong_key_or_port_gives_a_sentence() {
    let said = complaint(quickstart().env("LIGHTNING_ENABLE_API_KEY", "${SECRET}"));
    assert!(said.contains("environment variable") && !said.contains("SECRET"), "{said}");
    let said = complaint(quickstart().env("PORT", "http"));
    assert!(said.contains("PORT must be a port"), "{said}");
}
