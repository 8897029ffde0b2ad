use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use l402_sandbox::{Endpoint, Event, ReadOut, Sandbox, append_caveat};
use l402_server::{ChallengeRequest, L402Client, VerifyRequest};
use reqwest::{
    Response,
    header::{HeaderMap, HeaderName},
};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use super::{MINT, VERIFY, answer, ask, bought, mint, post};

async fn refusal(sandbox: &Sandbox, question: Value) -> String {
    let (status, verdict) = ask(sandbox, VERIFY, &question).await;
    assert_eq!((status, &verdict["valid"]), (200, &json!(false)), "{verdict}");
    verdict["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_call_without_a_known_key_is_refused() {
    let sandbox = Sandbox::start().await;
    let body = json!({ "resource": "/a", "priceSats": 1 });
    for path in [MINT, VERIFY] {
        for key in [None, Some("unknown")] {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let mut request =
                client.post(format!("{}{path}", sandbox.url())).body(body.to_string());
            if let Some(key) = key {
                request = request.header("X-API-Key", key);
            }
            let (status, body) = answer(request.send().await.unwrap()).await;
            assert_eq!(status, 401, "{path}");
            assert!(body["error"].is_string());
        }
    }
}

#[tokio::test]
async fn an_event_tells_of_a_key_that_is_refused_and_of_a_check_of_one_that_is_not() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    let sandbox =
        Sandbox::builder().on_event(move |event| seen.lock().unwrap().push(event.clone()));
    let sandbox = sandbox.start().await.unwrap();
    sandbox.client().check().await.unwrap();
    let stranger = L402Client::builder("s3cret").base_url(sandbox.url()).build().unwrap();
    stranger.check().await.unwrap_err();
    stranger.create_challenge(&ChallengeRequest::new("/a", 1)).await.unwrap_err();
    let keyless = reqwest::Client::builder().no_proxy().build().unwrap();
    keyless.post(format!("{}{MINT}", sandbox.url())).send().await.unwrap();
    // The probe's macaroon with anything else beside it is a token like any other.
    let question = json!({ "macaroon": "AA", "preimage": "0".repeat(64), "resource": "/a" });
    refusal(&sandbox, question).await;

    let events = events.lock().unwrap();
    let told: Vec<String> = events.iter().map(ToString::to_string).collect();
    let refused = "refused   an API key that is not the sandbox's";
    assert_eq!(
        told,
        [
            "checked   the API key",
            refused,
            refused,
            "refused   a call without an API key",
            "refused   a token for /a: the macaroon cannot be read",
        ]
    );
    assert_eq!(events[0], Event::KeyChecked);
    assert_eq!(events[1], Event::KeyRefused { sent: true });
}

#[tokio::test]
async fn a_call_with_a_fault_in_it_is_refused_with_400() {
    let sandbox = Sandbox::start().await;
    let long = "d".repeat(640);
    for (path, body) in [
        (MINT, json!({ "priceSats": 1 })),
        (MINT, json!({ "resource": "/a" })),
        (MINT, json!({ "resource": " ", "priceSats": 1 })),
        (MINT, json!({ "resource": "/a", "priceSats": 0 })),
        (MINT, json!({ "resource": "/a", "priceSats": -1 })),
        (MINT, json!({ "resource": "/a", "priceSats": 1.5 })),
        (MINT, json!({ "resource": "/a", "priceSats": "1" })),
        (MINT, json!({ "resource": "/a", "price_sats": 1 })),
        (MINT, json!({ "resource": "/a", "priceSats": 1, "description": null })),
        (MINT, json!({ "resource": "/a", "priceSats": 1, "description": long })),
        (MINT, json!({ "resource": "/a", "priceSats": u64::MAX })),
        (MINT, json!([])),
        (VERIFY, json!({ "macaroon": "AA" })),
        (VERIFY, json!({ "macaroon": "AA", "preimage": "" })),
        (VERIFY, json!({ "macaroon": "AA", "preimage": "00", "resource": "" })),
        (VERIFY, json!({ "macaroon": "AA", "preimage": "00", "amountSats": 0 })),
        (VERIFY, json!({ "macaroon": "AA", "preimage": "00", "resource": null })),
    ] {
        let (status, answer) = ask(&sandbox, path, &body).await;
        assert_eq!(status, 400, "{path} {body}");
        let fields = answer["errors"].as_object().unwrap();
        assert!(!fields.is_empty() && answer["status"] == 400, "{answer}");
    }
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let text = client
        .post(format!("{}{MINT}", sandbox.url()))
        .header("X-API-Key", sandbox.api_key())
        .header("Content-Type", "text/plain")
        .body(json!({ "resource": "/a", "priceSats": 1 }).to_string());
    assert_eq!(text.send().await.unwrap().status(), 400);
    let (status, _) = ask(&sandbox, "/api/l402", &json!({})).await;
    assert_eq!(status, 404);
    for (path, allowed) in [(MINT, "GET, POST"), (VERIFY, "POST"), ("/api/merchant/me", "GET")] {
        let put = client.put(format!("{}{path}", sandbox.url())).send().await.unwrap();
        assert_eq!(
            (put.status().as_u16(), &put.headers()["allow"]),
            (405, &allowed.parse().unwrap())
        );
    }
}

#[tokio::test]
async fn a_mint_answers_what_the_contract_says() {
    let sandbox = Sandbox::start().await;
    let challenge = mint(&sandbox, "/weather", 100, "k").await;
    let fields: Vec<_> = challenge.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "expiresAt",
        "invoice",
        "macaroon",
        "mppChallenge",
        "paymentHash",
        "priceSats",
        "resource",
    ];
    assert_eq!(fields, expected);
    assert!(challenge["invoice"].as_str().unwrap().starts_with("lnbcrt1u1"));
    assert_eq!(challenge["paymentHash"].as_str().unwrap().len(), 64);
    let expires = challenge["expiresAt"].as_str().unwrap();
    assert!(expires.len() == 20 && expires.ends_with('Z'), "{expires}");
    assert_eq!(
        (&challenge["resource"], &challenge["priceSats"]),
        (&json!("/weather"), &json!(100))
    );
}

#[tokio::test]
async fn one_idempotency_key_is_one_challenge_until_its_invoice_expires() {
    let sandbox = Sandbox::start().await;
    let first = mint(&sandbox, "/a", 1, "same").await;
    assert_eq!(mint(&sandbox, "/a", 1, "same").await, first);
    assert_ne!(mint(&sandbox, "/a", 1, "other").await["invoice"], first["invoice"]);
    sandbox.advance(Duration::from_secs(10 * 60));
    assert_ne!(mint(&sandbox, "/a", 1, "same").await["invoice"], first["invoice"]);

    let long = "k".repeat(256);
    let cut = mint(&sandbox, "/a", 1, &format!("{long}1")).await;
    assert_eq!(mint(&sandbox, "/a", 1, &format!("{long}2")).await, cut, "cut at 256 characters");
}

#[tokio::test]
async fn without_an_idempotency_key_all_payers_of_a_server_share_an_invoice() {
    let sandbox = Sandbox::start().await;
    let body = json!({ "resource": "/a", "priceSats": 1 });
    let (_, first) = ask(&sandbox, MINT, &body).await;
    let (_, second) = ask(&sandbox, MINT, &body).await;
    assert_eq!(first["invoice"], second["invoice"]);
}

#[tokio::test]
async fn a_token_is_refused_for_whatever_it_does_not_cover_and_accepted_for_what_it_does() {
    let sandbox = Sandbox::start().await;
    let (macaroon, preimage) = bought(&sandbox, "/a", 100).await;
    let question = |fields: Value| {
        let mut question = json!({ "macaroon": macaroon, "preimage": preimage });
        question.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        question
    };
    for (fields, reason) in [
        (json!({ "resource": "/b" }), "another resource"),
        (json!({ "amountSats": 101 }), "less than the price"),
        (json!({ "resource": "/a", "amountSats": 101 }), "less than the price"),
        (json!({ "preimage": "0".repeat(64) }), "not this payment's"),
        (json!({ "preimage": "00" }), "64 hexadecimal digits"),
        (json!({ "preimage": "\u{e9}".repeat(64) }), "64 hexadecimal digits"),
        (json!({ "macaroon": "AgEL" }), "cannot be read"),
    ] {
        let said = refusal(&sandbox, question(fields.clone())).await;
        assert!(said.contains(reason), "{fields}: {said}");
    }
    for fields in [
        json!({}),
        json!({ "resource": "/a" }),
        json!({ "amountSats": 100 }),
        json!({ "amountSats": 1 }),
    ] {
        let (_, verdict) = ask(&sandbox, VERIFY, &question(fields)).await;
        assert_eq!(verdict["valid"], true);
        assert_eq!((&verdict["resource"], &verdict["amountSats"]), (&json!("/a"), &json!(100)));
        assert_eq!((&verdict["merchantId"], verdict.get("error")), (&json!(1), None));
        assert_eq!(verdict["paymentHash"].as_str().unwrap().len(), 64);
    }
}

#[tokio::test]
async fn a_token_expires_and_is_another_merchants_to_another_merchant() {
    let lifetime = Duration::from_secs(30);
    let sandbox = Sandbox::builder().token_lifetime(lifetime).start().await.unwrap();
    let (macaroon, preimage) = bought(&sandbox, "/a", 1).await;
    let question = json!({ "macaroon": macaroon, "preimage": preimage });

    let other = sandbox.add_merchant();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client
        .post(format!("{}{VERIFY}", sandbox.url()))
        .header("X-API-Key", other)
        .header("Content-Type", "application/json")
        .body(question.to_string());
    let (_, verdict) = answer(request.send().await.unwrap()).await;
    assert_eq!(
        (&verdict["valid"], &verdict["error"]),
        (&json!(false), &json!("the token is another merchant's"))
    );

    assert_eq!(ask(&sandbox, VERIFY, &question).await.1["valid"], true);
    sandbox.advance(lifetime);
    assert!(refusal(&sandbox, question).await.contains("expired"));
}

#[tokio::test]
async fn every_caveat_has_to_hold_and_only_the_read_out_can_be_chosen() {
    for (read_out, path, sats) in [(ReadOut::First, "/a", 100), (ReadOut::Last, "/b", 500)] {
        let sandbox = Sandbox::builder().read_out(read_out).start().await.unwrap();
        let (macaroon, preimage) = bought(&sandbox, "/a", 100).await;
        let appended = append_caveat(&macaroon, "path=/b").unwrap();
        let appended = append_caveat(&appended, "amount_sats=500").unwrap();
        for fields in
            [json!({ "resource": "/a" }), json!({ "resource": "/b" }), json!({ "amountSats": 500 })]
        {
            let mut question = json!({ "macaroon": appended, "preimage": preimage });
            question.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            refusal(&sandbox, question).await;
        }
        let question = json!({ "macaroon": appended, "preimage": preimage });
        let (_, verdict) = ask(&sandbox, VERIFY, &question).await;
        assert_eq!((&verdict["resource"], &verdict["amountSats"]), (&json!(path), &json!(sats)));

        for caveat in ["expires=1", "merchant_id=2", "amount_sats=x", "expires=soon", "preimage=00"]
        {
            let narrowed = append_caveat(&macaroon, caveat).unwrap();
            refusal(&sandbox, json!({ "macaroon": narrowed, "preimage": preimage })).await;
        }
    }
}

#[tokio::test]
async fn a_payment_without_a_macaroon_is_good_once_for_what_it_was_minted_for() {
    let sandbox = Sandbox::start().await;
    let challenge = mint(&sandbox, "/a", 100, "k").await;
    let mpp = challenge["mppChallenge"].as_str().unwrap();
    assert!(mpp.starts_with("Payment id=\""), "{mpp}");
    let (_, request) = mpp.split_once("request=\"").unwrap();
    let request = base64::Engine::decode(
        &base64::engine::general_purpose::URL_SAFE_NO_PAD,
        request.split('"').next().unwrap(),
    );
    let request = String::from_utf8(request.unwrap()).unwrap();
    let (hash, invoice) = (&challenge["paymentHash"], &challenge["invoice"]);
    assert_eq!(
        request,
        format!(
            r#"{{"amount":"100","currency":"sat","methodDetails":{{"invoice":{invoice},"network":"regtest","paymentHash":{hash}}}}}"#
        )
    );

    let unpaid = json!({ "preimage": "0".repeat(64) });
    assert_eq!(refusal(&sandbox, unpaid).await, "no such payment");
    let preimage = sandbox.pay(invoice.as_str().unwrap()).unwrap();
    for (fields, reason) in [
        (json!({ "resource": "/b" }), "another resource"),
        (json!({ "amountSats": 101 }), "less than the price"),
    ] {
        let mut question = json!({ "preimage": preimage });
        question.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        assert!(refusal(&sandbox, question).await.contains(reason));
    }
    let question = json!({ "preimage": preimage, "resource": "/a", "amountSats": 100 });
    assert_eq!(ask(&sandbox, VERIFY, &question).await.1["valid"], true);
    assert_eq!(refusal(&sandbox, question).await, "the payment has been used");
}

#[tokio::test]
async fn the_rate_limit_counts_mint_and_verify_together_and_passes() {
    let sandbox = Sandbox::builder().rate_limit(3).start().await.unwrap();
    let (macaroon, preimage) = bought(&sandbox, "/a", 1).await;
    let question = json!({ "macaroon": macaroon, "preimage": preimage });
    for _ in 0..2 {
        assert_eq!(ask(&sandbox, VERIFY, &question).await.0, 200);
    }
    let refused = post(&sandbox, VERIFY, &question).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=61).contains(&wait), "{wait}");
    let (_, body) = answer(refused).await;
    assert_eq!((&body["status"], &body["error"]), (&json!(429), &json!("Too many requests")));
    assert_eq!(body["code"], "RATE_LIMIT_EXCEEDED");
    assert_eq!(body["details"], json!({ "retryAfter": wait }));
    sandbox.advance(Duration::from_secs(wait));
    assert_eq!(ask(&sandbox, VERIFY, &question).await.0, 200);
}

/// `X-RateLimit-Limit`, `-Remaining`, `-Reset` and `Date` in seconds, each there once.
fn minute(reply: &Response) -> [u64; 4] {
    let once = |name| {
        let mut values = reply.headers().get_all(name).iter();
        let value = values.next().unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(values.next(), None, "{name}");
        value.to_str().unwrap()
    };
    let number = |name| once(name).parse().unwrap();
    let date = OffsetDateTime::parse(&once("date").replace("GMT", "+0000"), &Rfc2822).unwrap();
    [
        number("x-ratelimit-limit"),
        number("x-ratelimit-remaining"),
        number("x-ratelimit-reset"),
        date.unix_timestamp().try_into().unwrap(),
    ]
}

fn says_nothing(reply: &Response) -> bool {
    reply.headers().keys().all(|name| !name.as_str().starts_with("x-ratelimit"))
}

#[tokio::test]
async fn each_reply_that_counted_says_what_is_left_of_the_minute() {
    let sandbox = Sandbox::builder().rate_limit(4).start().await.unwrap();
    let call = async |path, body: Value| post(&sandbox, path, &body).send().await.unwrap();
    let sold = json!({ "resource": "/a", "priceSats": 1 });
    let forged = json!({ "macaroon": "AA", "preimage": "0".repeat(64) });
    let wallets = call("/v1/channels/transactions", json!({})).await;
    assert!(says_nothing(&wallets), "the wallet has no limit");

    let first = call(MINT, sold.clone()).await;
    let [limit, remaining, reset, date] = minute(&first);
    assert_eq!((first.status().as_u16(), limit, remaining), (200, 4, 3));
    assert!((60..=61).contains(&(reset - date)), "{reset} {date}");
    for (path, body, status, left) in [
        (VERIFY, forged.clone(), 200, 2),
        (MINT, json!({}), 400, 1),
        (VERIFY, json!({ "preimage": " " }), 400, 0),
        (VERIFY, forged.clone(), 429, 0),
        (MINT, sold.clone(), 429, 0),
    ] {
        let reply = call(path, body).await;
        let said = minute(&reply);
        assert_eq!((reply.status().as_u16(), said[1]), (status, left));
        assert_eq!(said[2], reset, "the first call is still the oldest");
    }
    let by = async |key: &str| {
        let key =
            HeaderMap::from_iter([(HeaderName::from_static("x-api-key"), key.parse().unwrap())]);
        post(&sandbox, MINT, &sold).headers(key).send().await.unwrap()
    };
    assert_eq!(minute(&by(&sandbox.add_merchant()).await)[1], 3, "each account has its own");
    let stranger = by("unknown").await;
    assert_eq!(stranger.status(), 401);
    assert!(says_nothing(&stranger), "whose key is not known has no minute");
}

#[tokio::test]
async fn the_minute_is_by_the_clock_that_the_test_moves() {
    let sandbox = Sandbox::builder().rate_limit(2).start().await.unwrap();
    let call = async || {
        let body = json!({ "resource": "/a", "priceSats": 1 });
        minute(&post(&sandbox, MINT, &body).send().await.unwrap())
    };
    let [_, _, first_leaves, start] = call().await;
    sandbox.advance(Duration::from_secs(40));
    let [_, remaining, reset, date] = call().await;
    assert_eq!((remaining, reset), (0, first_leaves));
    assert!((40..=50).contains(&(date - start)), "{start} {date}");
    sandbox.advance(Duration::from_secs(20));
    let [_, remaining, reset, _] = call().await;
    assert_eq!(remaining, 0, "only the first call has left the window");
    assert!((40..=50).contains(&(reset - first_leaves)), "{first_leaves} {reset}");
}

#[tokio::test]
async fn the_client_reads_what_is_left_from_a_sandbox_of_any_day() {
    let sandbox = Sandbox::builder().rate_limit(100).start().await.unwrap();
    let client = sandbox.client();
    sandbox.advance(Duration::from_secs(86_400));
    let nobody = VerifyRequest::new("AA", "0".repeat(64));
    client.verify_token(&nobody).await.unwrap();
    sandbox.advance(Duration::from_secs(20));
    client.verify_token(&nobody).await.unwrap();
    let limit = client.rate_limit().unwrap();
    assert_eq!((limit.limit, limit.remaining), (100, 98));
    assert!((30..=41).contains(&limit.reset_after.as_secs()), "{limit:?}");
}

#[tokio::test]
async fn without_a_rate_limit_no_reply_speaks_of_one() {
    let sandbox = Sandbox::start().await;
    for path in [MINT, VERIFY] {
        assert!(says_nothing(&post(&sandbox, path, &json!({})).send().await.unwrap()));
    }
    let client = sandbox.client();
    client.verify_token(&VerifyRequest::new("AA", "0".repeat(64))).await.unwrap();
    assert_eq!(client.rate_limit(), None);
}

#[tokio::test]
async fn it_notes_what_it_saw_and_counts_it() {
    let sandbox = Sandbox::start().await;
    bought(&sandbox, "/a", 1).await;
    ask(&sandbox, VERIFY, &json!({})).await;
    ask(&sandbox, "/elsewhere", &json!({})).await;
    let seen = sandbox.requests();
    let endpoints: Vec<_> = seen.iter().map(|seen| seen.endpoint).collect();
    assert_eq!(endpoints, [Endpoint::Mint, Endpoint::Verify, Endpoint::Other]);
    assert_eq!((seen[0].method.as_str(), seen[0].path.as_str()), ("POST", MINT));
    assert_eq!(seen[0].body, json!({ "resource": "/a", "priceSats": 1 }));
    assert_eq!(seen[0].header("x-api-key"), Some(sandbox.api_key()));
    assert_eq!((sandbox.mints(), sandbox.verifies(), sandbox.payments()), (1, 1, 1));
}

#[tokio::test]
async fn it_stops_on_drop_and_frees_its_port() {
    let sandbox = Sandbox::start().await;
    let port: u16 = sandbox.url().rsplit(':').next().unwrap().parse().unwrap();
    let taken = Sandbox::builder().port(port).start().await.unwrap_err();
    assert!(taken.to_string().contains(&port.to_string()), "{taken}");
    drop(sandbox);
    let again = Sandbox::builder().port(port).api_key("mine").start().await.unwrap();
    assert_eq!(again.api_key(), "mine");
}
