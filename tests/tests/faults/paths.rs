//! Spellings of a path that clients tidy up before they send them, sent as they are.

use std::collections::BTreeMap;

use actix_web::{
    App, HttpServer, get,
    middleware::{NormalizePath, TrailingSlash},
    rt, web,
};
use l402_actix::{RequirePayment, l402};
use l402_sandbox::Sandbox;
use l402_tests::{
    Api, Calls, config,
    raw::{self, RawAnswer},
};

#[get("/a")]
#[l402(price_sats = 100)]
async fn short(calls: web::Data<Calls>) -> &'static str {
    calls.count();
    "short"
}

#[get("/a/b")]
#[l402(price_sats = 100)]
async fn long(calls: web::Data<Calls>) -> &'static str {
    calls.count();
    "long"
}

#[get("/tail/{tail:.*}")]
#[l402(price_sats = 100)]
async fn rest(tail: web::Path<String>, calls: web::Data<Calls>) -> String {
    calls.count();
    format!("tail {tail:?}")
}

#[get("/{tail:.*}")]
async fn scoped(tail: web::Path<String>, calls: web::Data<Calls>) -> String {
    calls.count();
    format!("scoped {tail:?}")
}

fn register(app: &mut web::ServiceConfig) {
    let scope = web::scope("/scope").wrap(RequirePayment::sats(100)).service(scoped);
    app.service(short).service(long).service(rest).service(scope);
}

/// Spellings of the paths above, and of nothing at all.
fn spellings() -> Vec<Vec<u8>> {
    let mut spellings: Vec<Vec<u8>> = [
        "/a",
        "/%61",
        "/a/",
        "//a",
        "///a",
        "/a?q",
        "/a?/a/b",
        "/a#f",
        "/A",
        "/a%",
        "/a%2",
        "/a%zz",
        "/a/b",
        "/a%2fb",
        "/a%2Fb",
        "/a%252fb",
        "/a//b",
        "/a/./b",
        "/a/%2e/b",
        "/./a/b",
        "/a\\b",
        "/a/../a/b",
        "/a/%2e%2e/a/b",
        "/a/b/..",
        "/a/b/../",
        "/a/b%2f..",
        "/x/../a",
        "/a;x=1",
        "/a/b;x",
        "/a%00",
        "/a/b%00",
        "/a%20",
        "/a%0d%0a",
        "/a\t",
        "/a b",
        "/%ff",
        "/a%ff",
        "/a%c0%af",
        "/tail/",
        "/tail/x",
        "/tail/%78",
        "/tail//x",
        "/tail/x/../../a",
        "/tail/%2e%2e/a",
        "/tail/%ff",
        "/tail/%fe",
        "/tail/k%C3%B6ln",
        "/tail/k\u{f6}ln",
        "/scope/",
        "/scope/x",
        "/scope/%78",
        "/scope//x",
        "/scope/../a",
        "/scope/%2e%2e%2fa",
        "/scope/%ff",
        "http://localhost/a",
        "http://elsewhere.test/a/b",
        "https://user@localhost:1/tail/x",
        "a",
        "*",
        "",
        "?",
        "/",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    for raw in
        [&b"/a\xff"[..], b"/tail/\xff", b"/tail/\xc3", b"/scope/\xff\xfe", b"/a\x00", b"\xff"]
    {
        spellings.push(raw.to_vec());
    }
    for length in [1023, 1024, 1025, 8 * 1024] {
        spellings.push([b"/tail/".as_slice(), &vec![b'x'; length - "/tail/".len()]].concat());
        spellings.push([b"/tail/".as_slice(), &b"%2f".repeat((length - 6) / 3)].concat());
    }
    spellings
}

struct Shop {
    address: std::net::SocketAddr,
    sandbox: Sandbox,
    handle: actix_web::dev::ServerHandle,
    calls: Calls,
}

impl Drop for Shop {
    fn drop(&mut self) {
        rt::spawn(self.handle.stop(false));
    }
}

impl Shop {
    /// With a merchant's own tidying up in front of the gate, or without any.
    async fn open(normalize: Option<TrailingSlash>) -> Self {
        let sandbox = Sandbox::start().await;
        let config = config(sandbox.client());
        let calls = Calls::default();
        let counter = calls.clone();
        let server = HttpServer::new(move || {
            let tidy = NormalizePath::new(normalize.unwrap_or_default());
            App::new()
                .wrap(actix_web::middleware::Condition::new(normalize.is_some(), tidy))
                .app_data(config.clone())
                .app_data(web::Data::new(counter.clone()))
                .configure(register)
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        rt::spawn(server);
        Self { address, sandbox, handle, calls }
    }

    async fn get(&self, target: &[u8], credential: Option<&str>) -> Option<RawAnswer> {
        raw::get(self.address, target, credential).await.unwrap()
    }

    /// What a credential for this target is bound to, and the credential.
    fn bought(&self, answer: &RawAnswer) -> (String, String) {
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let text = |name: &str| body["l402"][name].as_str().unwrap().to_owned();
        let preimage = self.sandbox.pay(&text("invoice")).unwrap();
        (text("resource"), format!("L402 {}:{preimage}", text("macaroon")))
    }
}

async fn no_spelling_opens_anything_else(shop: &Shop) {
    // Unpaid: a price, or a refusal that is none of ours.
    let mut bought = BTreeMap::new();
    for target in spellings() {
        let shown = String::from_utf8_lossy(&target).into_owned();
        let Some(answer) = shop.get(&target, None).await else { continue };
        assert!(
            matches!(answer.status, 400 | 402 | 404 | 414),
            "{shown:.60}: {} {}",
            answer.status,
            answer.text()
        );
        if answer.status == 402 {
            bought.insert(target, shop.bought(&answer));
        }
    }
    assert_eq!(shop.calls.so_far(), 0);
    assert!(bought.len() >= 20, "most of them lead to a gate: {}", bought.len());

    // Paid: opens what it was bought for, and nothing else.
    let mut content = BTreeMap::new();
    for (target, (resource, credential)) in &bought {
        let shown = String::from_utf8_lossy(target);
        let answer = shop.get(target, Some(credential)).await.expect("an answer");
        // A scope charges for whatever is under it, found or not.
        let opened = answer.status == 200 || answer.status == 404 && resource.starts_with("/scope");
        assert!(opened, "{shown:.60}: what is bound at mint is bound at verify: {}", answer.status);
        let first = content.entry(resource.clone()).or_insert_with(|| answer.text());
        assert_eq!(*first, answer.text(), "{shown:.60}: one resource, two contents");
    }
    let plain = |resource: &str| ["/a", "/a/b", "/tail/x", "/scope/x"].contains(&resource);
    for (target, (resource, _)) in &bought {
        for (other, (bound, credential)) in &bought {
            if bound == resource || !(plain(bound) || plain(resource)) {
                continue;
            }
            let answer = shop.get(target, Some(credential)).await.expect("an answer");
            let (target, other) = (String::from_utf8_lossy(target), String::from_utf8_lossy(other));
            assert_eq!(answer.status, 402, "{other} opens {target}");
        }
    }
}

#[actix_web::test]
async fn no_spelling_of_a_path_opens_another_routes_content() {
    no_spelling_opens_anything_else(&Shop::open(None).await).await;
}

#[actix_web::test]
async fn nor_does_it_behind_a_layer_that_normalizes_paths() {
    for slashes in [TrailingSlash::Trim, TrailingSlash::MergeOnly] {
        no_spelling_opens_anything_else(&Shop::open(Some(slashes)).await).await;
    }
}

#[actix_web::test]
async fn a_path_of_8_kib_is_refused_before_a_mint() {
    let shop = Shop::open(None).await;
    for piece in [&b"x"[..], b"%2f", b"/", b"../"] {
        let path = [b"/tail/", piece.repeat(8 * 1024 / piece.len()).as_slice()].concat();
        for credential in [None, Some("L402 AgEL:00")] {
            assert_eq!(shop.get(&path, credential).await.unwrap().status, 414);
        }
    }
    assert!(shop.sandbox.requests().is_empty());
    assert_eq!(shop.calls.so_far(), 0);
}

/// Whoever finds these must not fill the log with errors, and whoever has paid for one is served.
#[actix_web::test]
async fn an_address_without_a_path_is_the_root() {
    #[l402(price_sats = 100)]
    async fn anything() -> &'static str {
        "anything"
    }
    let sandbox = Sandbox::start().await;
    let config = config(sandbox.client());
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).default_service(web::to(anything));
    })
    .await;
    for target in ["http://shop.test", "a"] {
        let answer = raw::get(api.address(), target.as_bytes(), None).await.unwrap().unwrap();
        assert_eq!(answer.status, 402, "{target}: {}", answer.text());
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["l402"]["resource"], "/", "{target}");
    }
}
