//! Spellings of a path that clients tidy up before they send them, sent as they are.

use std::collections::BTreeMap;

use actix_files::Files;
use actix_web::{
    App, HttpServer, get,
    middleware::{NormalizePath, TrailingSlash},
    rt, web,
};
use l402_actix::{RequirePayment, ResourceBy, l402};
use l402_sandbox::Sandbox;
use l402_tests::{
    Api, Calls, config,
    raw::{self, RawAnswer},
};

use super::spellings::spellings;

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

#[get("/item/{id}")]
#[l402(price_sats = 100)]
async fn item(id: web::Path<String>, calls: web::Data<Calls>) -> String {
    calls.count();
    format!("item {id:?}")
}

#[get("/x")]
#[l402(price_sats = 100)]
async fn within(tenant: web::Path<String>, calls: web::Data<Calls>) -> String {
    calls.count();
    format!("within {tenant:?}")
}

#[get("/{tail:.*}")]
async fn scoped(tail: web::Path<String>, calls: web::Data<Calls>) -> String {
    calls.count();
    format!("scoped {tail:?}")
}

fn register(app: &mut web::ServiceConfig) {
    let scope = web::scope("/scope").wrap(RequirePayment::sats(100)).service(scoped);
    let charged = || RequirePayment::sats(100);
    let tenants =
        web::scope("/of/{tenant}").wrap(charged()).service(web::scope("/in").service(within));
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/site");
    let files = web::scope("/files").wrap(charged()).service(Files::new("", folder));
    app.service((short, long, rest, item)).service((scope, tenants, files));
}

/// What charges for whatever is under it, found or not.
const SCOPES: [&str; 3] = ["/scope", "/of/", "/files"];

/// A path of each route that is no other spelling.
const PLAIN: [&str; 7] =
    ["/a", "/a/b", "/tail/x", "/scope/x", "/of/acme/in/x", "/item/x", "/files/style.css"];

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
        Self::selling(ResourceBy::Path, normalize).await
    }

    async fn selling(by: ResourceBy, normalize: Option<TrailingSlash>) -> Self {
        let sandbox = Sandbox::start().await;
        let config = config(sandbox.client()).resource_by(by);
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

/// `part` is what all content of one resource has in common.
async fn no_spelling_opens_anything_else(shop: &Shop, part: fn(&str) -> &str) {
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
        let charges_for_nothing = SCOPES.iter().any(|scope| resource.starts_with(scope));
        let opened =
            answer.status == 200 || charges_for_nothing && [400, 404].contains(&answer.status);
        assert!(opened, "{shown:.60}: what is bound at mint is bound at verify: {}", answer.status);
        if answer.status != 200 {
            continue;
        }
        let text = part(&answer.text()).to_owned();
        let first = content.entry(resource.clone()).or_insert_with(|| text.clone());
        assert_eq!(*first, text, "{shown:.60}: one resource, two contents");
    }
    for path in PLAIN.map(str::as_bytes) {
        let (resource, credential) = &bought[path];
        let answer = shop.get(path, Some(credential)).await.expect("an answer");
        assert_eq!(answer.status, 200, "{resource}");
        for (target, (other, _)) in bought.iter().filter(|(_, (other, _))| other != resource) {
            let answer = shop.get(target, Some(credential)).await.expect("an answer");
            assert_eq!(answer.status, 402, "{resource} opens {}", String::from_utf8_lossy(target));
            let credential = &bought[target].1;
            let answer = shop.get(path, Some(credential)).await.expect("an answer");
            assert_eq!(answer.status, 402, "{other} opens {resource}");
        }
    }
}

#[actix_web::test]
async fn no_spelling_of_a_path_opens_another_routes_content() {
    no_spelling_opens_anything_else(&Shop::open(None).await, |content| content).await;
}

#[actix_web::test]
async fn nor_does_it_behind_a_layer_that_normalizes_paths() {
    for slashes in [TrailingSlash::Trim, TrailingSlash::MergeOnly] {
        let shop = Shop::open(Some(slashes)).await;
        no_spelling_opens_anything_else(&shop, |content| content).await;
    }
}

#[actix_web::test]
async fn nor_does_it_where_a_token_opens_all_that_a_pattern_fits() {
    // `tail "x"` and `tail "y"` are of one pattern.
    fn handler(content: &str) -> &str {
        content.split(' ').next().unwrap_or_default()
    }
    let shop = Shop::selling(ResourceBy::Pattern, None).await;
    no_spelling_opens_anything_else(&shop, handler).await;
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
