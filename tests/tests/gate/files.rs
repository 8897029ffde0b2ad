//! Prices by the path of a file, which has more spellings than one.

use std::{fs, path::PathBuf};

use actix_files::Files;
use actix_web::{Error, HttpRequest, get, web};
use l402_actix::{FilePath, Price, RequirePayment, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Api, raw};

const SECRET: &[u8] = b"what is sold";

/// `site/premium/a.html` and `site/open/a.html`, in a folder that goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("l402-files-{name}-{}", std::process::id()));
        for (folder, content) in [("premium", SECRET), ("open", b"for all"), ("x", b"for all")] {
            fs::create_dir_all(root.join(folder)).unwrap();
            fs::write(root.join(folder).join("a.html"), content).unwrap();
        }
        Self(root)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn by_file_path(file: FilePath) -> Result<Price, Error> {
    Ok(if file.starts_with("premium") { Price::sats(500) } else { Price::FREE })
}

async fn by_raw_path(request: HttpRequest) -> Result<Price, Error> {
    let is_premium = request.path().starts_with("/files/premium/");
    Ok(if is_premium { Price::sats(500) } else { Price::FREE })
}

#[get("/docs/{path:.*}")]
#[l402(price_with = by_file_path)]
async fn docs(path: FilePath, folder: web::Data<PathBuf>) -> Result<String, Error> {
    Ok(fs::read_to_string(folder.join(path))?)
}

#[get("/tail/{path}*")]
#[l402(price_with = by_file_path)]
async fn tail(path: FilePath) -> String {
    path.display().to_string()
}

#[get("/named/{name}")]
#[l402(price_with = by_file_path)]
async fn named(path: FilePath) -> String {
    path.display().to_string()
}

async fn serve(folder: &Folder) -> (Api, Sandbox) {
    let sandbox = Sandbox::start().await;
    let config = l402_tests::config(sandbox.client());
    let root = folder.0.clone();
    let api = Api::serve(move |app| {
        let files = || Files::new("", root.clone());
        let by_file = web::scope("/files").wrap(RequirePayment::price_with(by_file_path));
        let by_raw = web::scope("/naive").wrap(RequirePayment::price_with(by_raw_path));
        let tenants = web::scope("/of/{tenant}").wrap(RequirePayment::price_with(by_file_path));
        app.app_data(config.clone())
            .app_data(web::Data::new(root.clone()))
            .service((by_file.service(files()), by_raw.service(files())))
            .service((tenants.service(files()), docs, tail, named));
    })
    .await;
    (api, sandbox)
}

/// Every path of up to two of these pieces and a file.
fn spellings() -> Vec<String> {
    let pieces = [
        "premium",
        "%70remium",
        "%2570remium",
        "PREMIUM",
        "open",
        "x",
        "",
        ".",
        "..",
        "%2e%2e",
        "%2F",
        "x%2Fpremium",
        "x\\premium",
        "x%5Cpremium",
        "premium%00",
        "premium;",
        "premium%20",
        "%ff",
    ];
    let files =
        ["a.html", "%61.html", "premium%2Fa.html", "premium%2fa.html", "a.html/", "a.html;"];
    let mut folders = vec![String::new()];
    let mut longest = folders.clone();
    for _ in 0..2 {
        let ends = |path: &String| pieces.map(|piece| format!("{path}/{piece}"));
        longest = longest.iter().flat_map(ends).collect();
        folders.extend(longest.iter().cloned());
    }
    let ends = |folder: &String| files.map(|file| format!("{folder}/{file}"));
    folders.iter().flat_map(ends).collect()
}

async fn evading(api: &Api, scope: &str) -> Vec<String> {
    let mut evading = Vec::new();
    for spelling in spellings() {
        let target = format!("{scope}{spelling}");
        let answer = raw::get(api.address(), target.as_bytes(), None).await.unwrap();
        if answer.is_some_and(|answer| answer.body.ends_with(SECRET)) {
            evading.push(target);
        }
    }
    evading
}

#[actix_web::test]
async fn a_price_by_file_path_is_evaded_by_no_spelling() {
    let folder = Folder::new("evade");
    let (api, _sandbox) = serve(&folder).await;
    for scope in ["/files", "/docs", "/of/acme"] {
        assert_eq!(evading(&api, scope).await, [""; 0], "{scope}");
    }
    let naive = evading(&api, "/naive").await;
    for spelling in ["/naive/%70remium/a.html", "/naive//premium/a.html"] {
        assert!(naive.iter().any(|path| path == spelling), "what this is about: {naive:?}");
    }
}

#[actix_web::test]
async fn what_no_file_is_meant_by_is_400_before_money_is_asked_for() {
    let folder = Folder::new("refuse");
    let (api, sandbox) = serve(&folder).await;
    for scope in ["/files", "/docs"] {
        for path in [
            "//premium/a.html",
            "/premium//a.html",
            "/premium/a.html//",
            "/x/../premium/a.html",
            "/x/%2e%2e/premium/a.html",
            "/./premium/a.html",
            "/premium%2Fa.html",
            "/premium/a%00.html",
            "/premium/a%0a.html",
            "/.hidden",
            "/premium/*",
            "/a:",
            "/premium/%2Fa.html",
        ] {
            let target = format!("{scope}{path}");
            let answer = raw::get(api.address(), target.as_bytes(), None).await.unwrap().unwrap();
            assert_eq!(answer.status, 400, "{target}");
        }
    }
    assert_eq!(sandbox.mints(), 0);
}

#[actix_web::test]
async fn what_is_priced_is_what_is_served() {
    let folder = Folder::new("serve");
    let (api, sandbox) = serve(&folder).await;
    for scope in ["/files", "/docs", "/of/acme"] {
        for name in ["premium/a.html", "%70remium/%61.html", "premium/a%2Ehtml"] {
            let path = format!("{scope}/{name}");
            let token = api.buy(&path, &sandbox).await;
            let answer = api.ask_with(&path, &token).await;
            assert_eq!((answer.status, answer.body.as_bytes()), (200, SECRET), "{path}");
        }
        assert_eq!(api.ask(&format!("{scope}/open/a.html")).await.status, 200, "{scope}");
        assert_eq!(api.ask(&format!("{scope}/premium/")).await.status, 402, "{scope}");
        assert_eq!(api.ask(&format!("{scope}/premium")).await.status, 402, "{scope}");
    }
    assert_eq!(api.ask("/files").await.status, 404, "the folder itself, which is free");
    assert_eq!(api.ask("/tail/open/%2561").await.body, "open/%61", "decoded once");
    assert_eq!(api.ask("/tail/premium/x").await.status, 402);
}

#[actix_web::test]
async fn a_pattern_without_a_tail_is_a_mistake_and_never_a_price() {
    let folder = Folder::new("tail");
    let (api, sandbox) = serve(&folder).await;
    assert_eq!(api.ask("/named/premium").await.status, 500);
    assert_eq!(sandbox.mints(), 0);
}
