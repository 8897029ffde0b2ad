//! Gates under a scope that charges: what is known of a payment when it reaches the second gate.

use std::time::Duration;

use actix_web::{
    HttpRequest, get, post,
    web::{self, Data},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use l402_actix::{
    BrokerBudget, L402Client, L402Config, OnInvalidToken, Payment, Price, RequirePayment, l402,
    l402_server::ChallengeRequest,
};
use l402_sandbox::{Endpoint, Fault, ReadOut, Sandbox, append_caveat};
use l402_tests::{Answer, Api, Calls, pay};
use serde_json::json;

#[get("/dearer")]
#[l402(price_sats = 50)]
async fn dearer(calls: Data<Calls>, payment: Payment) -> String {
    calls.count();
    payment.amount_sats.to_string()
}

#[get("/cheaper")]
#[l402(price_sats = 5)]
async fn cheaper(calls: Data<Calls>, payment: Payment) -> String {
    calls.count();
    payment.resource
}

#[get("/own")]
#[l402(price_sats = 50, resource = "own")]
async fn own(calls: Data<Calls>) -> &'static str {
    calls.count();
    "own"
}

#[get("/city/{city}")]
#[l402(price_sats = 5)]
async fn place(city: web::Path<String>, payment: Payment) -> String {
    format!("{city} {}", payment.resource)
}

#[post("/tried")]
#[l402(price_sats = 50, extract_first)]
async fn tried(calls: Data<Calls>, seen: Seen, _: web::Json<u64>) -> String {
    calls.count();
    seen.0
}

/// An extractor that books what it is shown.
struct Seen(String);

impl actix_web::FromRequest for Seen {
    type Error = actix_web::Error;
    type Future = std::future::Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
        let shown = Payment::from_request(request, payload).into_inner();
        let books = request.app_data::<Data<std::sync::Mutex<Vec<u64>>>>().unwrap();
        books.lock().unwrap().extend(shown.as_ref().map(|payment| payment.amount_sats));
        std::future::ready(Ok(Self(
            shown.map_or("none".into(), |paid| paid.amount_sats.to_string()),
        )))
    }
}

struct Site {
    api: Api,
    sandbox: Sandbox,
    calls: Calls,
    books: Data<std::sync::Mutex<Vec<u64>>>,
}

impl Site {
    async fn with(sandbox: Sandbox, settings: impl Fn(L402Config) -> L402Config) -> Self {
        let config = settings(l402_tests::config(sandbox.client()));
        Self::of(sandbox, config).await
    }

    async fn of(sandbox: Sandbox, config: L402Config) -> Self {
        let other = L402Client::builder("another-key").base_url(sandbox.url()).build().unwrap();
        let other = l402_tests::config(other);
        let (calls, books) = (Calls::default(), Data::new(std::sync::Mutex::new(Vec::new())));
        let (counter, shared) = (calls.clone(), books.clone());
        let api = Api::serve(move |app| {
            let site = web::scope("/site")
                .wrap(RequirePayment::sats(10).resource("site"))
                .service((dearer, cheaper, tried));
            // 60 now, 10 a moment ago, and no resource of its own.
            let floats = web::scope("/floats")
                .wrap(RequirePayment::price_with(async || Ok(Price::sats(60).accept(10))))
                .service((dearer, place));
            let two_accounts = web::scope("/two-accounts")
                .wrap(RequirePayment::sats(10).resource("two"))
                .service(web::scope("").app_data(other.clone()).service(dearer));
            let mpp_inside = web::scope("/mpp-inside")
                .wrap(RequirePayment::sats(10).resource("mpp"))
                .service(web::scope("").app_data(config.clone().mpp(true)).service(dearer));
            let open = config.clone().enforce_resource(false);
            let open_inside = web::scope("/open-inside")
                .wrap(RequirePayment::sats(10).resource("open"))
                .service(web::scope("").app_data(open).service(own));
            app.app_data(config.clone())
                .app_data(Data::new(counter.clone()))
                .app_data(shared.clone())
                .service((site, floats, two_accounts, mpp_inside, open_inside));
        })
        .await;
        Self { api, sandbox, calls, books }
    }

    async fn buy(&self, path: &str) -> String {
        self.api.buy(path, &self.sandbox).await
    }

    fn pay_by_mpp(&self, challenge: &Answer) -> String {
        let invoice = challenge.json()["l402"]["invoice"].as_str().unwrap().to_owned();
        let proof = json!({ "payload": { "preimage": self.sandbox.pay(&invoice).unwrap() } });
        format!("Payment {}", URL_SAFE_NO_PAD.encode(proof.to_string()))
    }
}

/// The scope asks for 10, the holder appends 50, and the broker reads out the last: what it was
/// never asked for proves nothing.
#[actix_web::test]
async fn an_appended_amount_opens_no_dearer_gate_under_a_scope() {
    for read_out in [ReadOut::First, ReadOut::Last] {
        let sandbox = Sandbox::builder().read_out(read_out).start().await.unwrap();
        let site = Site::with(sandbox, |config| config).await;
        for path in ["/site/dearer", "/floats/dearer"] {
            // Of ten sats for this path; not every scope here still sells one.
            let client = site.sandbox.client();
            let resource = if path.starts_with("/site") { "site" } else { path };
            let ask = ChallengeRequest::new(resource, 10);
            let challenge = client.create_challenge(&ask).await.unwrap();
            let preimage = site.sandbox.pay(&challenge.invoice).unwrap();
            let forged = append_caveat(&challenge.macaroon, "amount_sats=50").unwrap();
            let answer = site.api.ask_with(path, &format!("L402 {forged}:{preimage}")).await;
            assert!(matches!(answer.status, 401 | 402), "{path} {read_out:?}: {}", answer.status);
        }
        assert_eq!(site.calls.so_far(), 0);
    }
}

#[actix_web::test]
async fn who_pays_the_dearer_gate_is_let_in_by_both() {
    let site = Site::with(Sandbox::start().await, |config| config).await;
    for (path, sats) in [("/site/dearer", 50), ("/floats/dearer", 60)] {
        let scope = site.api.ask(path).await;
        let answer = match sats {
            50 => site.api.ask_with(path, &pay(&site.sandbox, &scope.headers)).await,
            _ => scope,
        };
        assert_eq!(answer.status, 402);
        assert_eq!(answer.json()["l402"]["amount_sats"], sats, "enough for both gates");
        let token = pay(&site.sandbox, &answer.headers);
        for _ in 0..2 {
            let answer = site.api.ask_with(path, &token).await;
            assert_eq!((answer.status, answer.body), (200, sats.to_string()), "{path}");
        }
    }
}

/// A scope's middleware runs before its routes are matched, so that a function of the request can
/// answer one thing there and another in the handler. The token has the scope's.
#[actix_web::test]
async fn a_gate_takes_the_resource_that_the_config_computed_for_the_scope() {
    let by_city = |request: &HttpRequest| match request.match_info().get("city") {
        Some(city) => format!("city {city}"),
        None => "anywhere".to_owned(),
    };
    let site =
        Site::with(Sandbox::start().await, move |config| config.resource_with(by_city)).await;
    let token = site.buy("/floats/city/berlin").await;
    let answer = site.api.ask_with("/floats/city/berlin", &token).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "berlin anywhere"));
}

/// Both gates have to be passed with one credential, which is of one merchant.
#[actix_web::test]
async fn a_gate_with_another_account_than_its_scopes_is_a_mistake_and_never_a_price() {
    let site = Site::with(Sandbox::start().await, |config| config).await;
    let token = site.buy("/two-accounts/dearer").await;
    let mints = site.sandbox.mints();
    let answer = site.api.ask_with("/two-accounts/dearer", &token).await;
    assert_eq!(answer.status, 500);
    assert!(answer.all("www-authenticate").is_empty());
    assert_eq!((site.sandbox.mints(), site.calls.so_far()), (mints, 0));
}

/// It is used up at the scope, and a broker that says no more than yes, or repeats what it was
/// asked, would say so of the next one too. So what it costs within is asked for as a token.
#[actix_web::test]
async fn an_mpp_payment_that_was_enough_for_the_scope_is_asked_for_more_once_and_by_token() {
    let site = Site::with(Sandbox::start().await, |config| config.mpp(true)).await;
    for verdict in [json!({ "valid": true }), json!({})] {
        let payment = site.pay_by_mpp(&site.api.ask("/site/dearer").await);
        site.sandbox.fault(
            Fault::edit(move |reply| {
                if verdict != json!({}) {
                    *reply = verdict.clone();
                }
            })
            .on(Endpoint::Verify),
        );
        let answer = site.api.ask_with("/site/dearer", &payment).await;
        assert_eq!((answer.status, site.calls.so_far()), (402, 0));
        let [line] = answer.all("www-authenticate")[..] else { panic!("{answer:?}") };
        assert!(line.starts_with("L402 macaroon="), "{line}");
    }
    let challenge = site.api.ask("/site/dearer").await;
    let token = pay(
        &site.sandbox,
        &site.api.ask_with("/site/dearer", &site.pay_by_mpp(&challenge)).await.headers,
    );
    assert_eq!(site.api.ask_with("/site/dearer", &token).await.status, 200);
}

#[actix_web::test]
async fn an_mpp_payment_is_verified_once_and_opens_both_gates() {
    let site = Site::with(Sandbox::start().await, |config| config.mpp(true)).await;
    for facts in [true, false] {
        let payment = site.pay_by_mpp(&site.api.ask("/site/cheaper").await);
        let before = site.sandbox.verifies();
        if !facts {
            site.sandbox.fault(Fault::json(json!({ "valid": true })).on(Endpoint::Verify));
        }
        assert_eq!(site.api.ask_with("/site/cheaper", &payment).await.status, 200);
        assert_eq!(site.sandbox.verifies(), before + 1);
    }
}

/// What is offered at the second gate has to pass the first.
#[actix_web::test]
async fn mpp_is_offered_only_where_every_gate_takes_it() {
    let site = Site::with(Sandbox::start().await, |config| config).await;
    let scope = site.buy("/mpp-inside/dearer").await;
    let answer = site.api.ask_with("/mpp-inside/dearer", &scope).await;
    assert_eq!(answer.status, 402);
    let [line] = answer.all("www-authenticate")[..] else { panic!("{answer:?}") };
    assert!(line.starts_with("L402 macaroon="), "{line}");
}

/// Neither gate needs to enforce it for what is sold at the one to be refused by the other.
#[actix_web::test]
async fn another_resource_is_a_mistake_also_where_it_is_not_enforced() {
    let site = Site::with(Sandbox::start().await, |config| config).await;
    let scope = site.buy("/open-inside/own").await;
    let mints = site.sandbox.mints();
    let answer = site.api.ask_with("/open-inside/own", &scope).await;
    assert_eq!(answer.status, 500);
    assert!(answer.all("www-authenticate").is_empty());
    assert_eq!((site.sandbox.mints(), site.calls.so_far()), (mints, 0));
}

/// A broker that repeats what it was asked reads out the scope's price, whatever was paid. Its no is
/// heard before anybody is asked to pay more.
#[actix_web::test]
async fn a_broker_that_repeats_the_scopes_price_costs_no_second_payment() {
    let site = Site::with(Sandbox::start().await, |config| config).await;
    let scope = site.buy("/site/dearer").await;
    let token = pay(&site.sandbox, &site.api.ask_with("/site/dearer", &scope).await.headers);
    let mints = site.sandbox.mints();
    site.sandbox.fault(Fault::edit(|reply| reply["amountSats"] = 10.into()).on(Endpoint::Verify));
    let answer = site.api.ask_with("/site/dearer", &token).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "50"));
    assert_eq!(site.sandbox.mints(), mints);
}

#[actix_web::test]
async fn a_token_of_the_scopes_is_asked_for_more_whatever_is_done_with_invalid_ones() {
    for setting in [
        OnInvalidToken::Diagnose,
        OnInvalidToken::Unauthorized,
        OnInvalidToken::Rechallenge,
        OnInvalidToken::custom(async |_, _| actix_web::HttpResponse::ImATeapot()),
    ] {
        let settings = |config: L402Config| config.on_invalid_token(setting.clone());
        let site = Site::with(Sandbox::start().await, settings).await;
        for _ in 0..2 {
            let scope = site.buy("/site/dearer").await;
            let answer = site.api.ask_with("/site/dearer", &scope).await;
            assert_eq!(answer.status, 402, "{setting:?}");
            assert_eq!(answer.json()["l402"]["amount_sats"], 50);
        }
    }
}

/// Extractors that are tried before the second gate has decided see no payment: it may not be
/// enough, and whoever books it would book it twice.
#[actix_web::test]
async fn no_payment_is_shown_on_trial_under_a_scope() {
    let site = Site::with(Sandbox::start().await, |config| config).await;
    let post = async |credential: Option<&str>| {
        let request = site.api.request(reqwest::Method::POST, "/site/tried");
        let request = request.header("Content-Type", "application/json").body("1");
        Answer::to(
            credential
                .into_iter()
                .fold(request, |request, credential| request.header("Authorization", credential)),
        )
        .await
    };
    let challenge = post(None).await;
    let scope = pay(&site.sandbox, &challenge.headers);
    let challenge = post(Some(&scope)).await;
    assert_eq!(challenge.status, 402);
    assert!(site.books.lock().unwrap().is_empty(), "the scope's payment was shown");
    let answer = post(Some(&pay(&site.sandbox, &challenge.headers))).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "50"));
    assert_eq!(*site.books.lock().unwrap(), [50]);
}

/// Each gate may ask the broker, and the client waits for one deadline all the same.
#[actix_web::test]
async fn one_deadline_counts_for_all_gates_of_a_request() {
    let sandbox = Sandbox::start().await;
    let client = L402Client::builder(sandbox.api_key())
        .base_url(sandbox.url())
        .timeout(Duration::from_secs(4))
        .build()
        .unwrap();
    let site = Site::of(sandbox, l402_tests::config(client)).await;
    let scope = site.buy("/site/dearer").await;
    let challenge = site.api.ask_with("/site/dearer", &scope).await;
    let token = pay(&site.sandbox, &challenge.headers);
    let slow = || Fault::delay(Duration::from_millis(2500)).on(Endpoint::Verify);
    site.sandbox.fault(slow().times(2));
    assert_eq!(site.api.ask_with("/site/dearer", &token).await.status, 504);
    assert_eq!(site.api.ask_with("/site/dearer", &token).await.status, 200);
}

/// What was bought for a gate that costs more is asked about at both; garbage that has used up the
/// budget must keep out neither question.
#[actix_web::test]
async fn the_payer_of_a_dearer_gate_is_no_stranger_at_the_scope_around_it() {
    let budget = |config: L402Config| {
        config
            .broker_budget(BrokerBudget::per_minute(20))
            .on_invalid_token(OnInvalidToken::Unauthorized)
    };
    let site = Site::with(Sandbox::start().await, budget).await;
    let scope = site.buy("/site/dearer").await;
    let challenge = site.api.ask_with("/site/dearer", &scope).await;
    let mut client = 20;
    loop {
        let credential = format!("L402 AgEL:{client:064}");
        let request = site.api.get_from(client, "/site/cheaper");
        if Answer::to(request.header("Authorization", credential)).await.status == 503 {
            break;
        }
        client += 1;
        assert!(client < 60, "the budget never bites");
    }
    let token = pay(&site.sandbox, &challenge.headers);
    assert_eq!(site.api.ask_with("/site/dearer", &token).await.status, 200);
}
