//! Several configs of one account, and where each has balances kept: in one place, or a payment is worth
//! as much in each.

use actix_web::{get, web};
use l402_actix::{L402Config, MemoryStore, RedbStore, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Api, pay};

use super::{Folder, log};

#[get("/pack")]
#[l402(price_sats = 100, resource = "pack", uses = 2)]
async fn pack() -> &'static str {
    "one of two"
}

/// Serves the same behind two configs.
async fn serve<F>(configs: F) -> Api
where
    F: Fn() -> [L402Config; 2] + Clone + Send + 'static,
{
    Api::serve_on(2, move |app| {
        let [a, b] = configs();
        app.service(web::scope("/a").app_data(a).service(pack))
            .service(web::scope("/b").app_data(b).service(pack));
    })
    .await
}

async fn statuses(api: &Api, credential: &str) -> Vec<u16> {
    let mut statuses = Vec::new();
    for path in ["/a/pack", "/b/pack", "/a/pack", "/b/pack"] {
        statuses.push(api.ask_with(path, credential).await.status);
    }
    statuses
}

#[actix_web::test]
async fn a_config_that_keeps_balances_elsewhere_sells_nothing() {
    log::begin();
    let (sandbox, folder) = (Sandbox::start().await, Folder::new());
    let (client, file) = (sandbox.client(), folder.file("balances.redb"));
    let api = serve(move || {
        let config = || l402_tests::config(client.clone());
        [config().balances(RedbStore::open(&file).unwrap()), config()]
    })
    .await;
    let credential = api.buy("/a/pack", &sandbox).await;
    let unpaid = api.ask("/b/pack").await;
    assert_eq!(unpaid.status, 500, "nobody is asked to pay for what would be a fault");
    assert!(unpaid.all("www-authenticate").is_empty());
    assert_eq!(statuses(&api, &credential).await, [200, 500, 200, 500]);
    assert_eq!(api.ask_with("/a/pack", &credential).await.status, 402);
    let line = log::line_with("balances.redb by one config, and in memory by another").unwrap();
    assert!(line.contains("ERROR"), "{line}");
}

#[actix_web::test]
async fn two_files_are_two_places_and_one_file_under_two_names_is_one() {
    let (sandbox, folder) = (Sandbox::start().await, Folder::new());
    let folder = std::sync::Arc::new(folder);
    for (names, expected) in [
        (["one.redb", "two.redb"], [200, 500, 200, 500]),
        (["one.redb", "../same/one.redb"], [200, 200, 402, 402]),
    ] {
        let same = folder.file("same");
        std::fs::create_dir_all(&same).unwrap();
        let client = sandbox.client();
        let api = serve(move || {
            names.map(|name| {
                let store = RedbStore::open(same.join(name)).unwrap();
                l402_tests::config(client.clone()).balances(store)
            })
        })
        .await;
        let credential = api.buy("/a/pack", &sandbox).await;
        assert_eq!(statuses(&api, &credential).await, expected, "{names:?}");
        api.stop().await;
    }
}

/// Each worker makes configs and stores of its own.
#[actix_web::test]
async fn memory_is_one_place_however_it_is_named() {
    let sandbox = Sandbox::start().await;
    let client = sandbox.client();
    let api = serve(move || {
        let config = || l402_tests::config(client.clone());
        [config(), config().balances(MemoryStore::with_capacity(10))]
    })
    .await;
    let answer = api.ask("/a/pack").await;
    let credential = pay(&sandbox, &answer.headers);
    assert_eq!(statuses(&api, &credential).await, [200, 200, 402, 402]);
}

/// What is in no route's sight counts nothing.
#[actix_web::test]
async fn a_config_that_was_never_used_or_is_gone_is_in_nobodys_way() {
    let (sandbox, folder) = (Sandbox::start().await, Folder::new());
    let unused = l402_tests::config(sandbox.client()).balances(MemoryStore::new());
    let (client, file) = (sandbox.client(), folder.file("balances.redb"));
    let api = serve(move || {
        let store = || RedbStore::open(&file).unwrap();
        [(); 2].map(|()| l402_tests::config(client.clone()).balances(store()))
    })
    .await;
    let credential = api.buy("/a/pack", &sandbox).await;
    assert_eq!(statuses(&api, &credential).await, [200, 200, 402, 402]);
    drop(unused);
}
