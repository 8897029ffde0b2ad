//! A gate that is not on the list.

use std::{
    io,
    sync::{Arc, Mutex, Once},
};

use actix_web::{
    Responder, get,
    http::Method,
    web::{self, ServiceConfig},
};
use l402_actix::{L402Config, L402Manifest, RequirePayment, l402};
use l402_sandbox::Sandbox;
use l402_tests::{Answer, Api};

#[l402(price_sats = 5)]
#[get("/listed")]
async fn listed() -> impl Responder {
    "listed"
}

#[get("/unlisted/{id}")]
#[l402(price_sats = 6)]
async fn unlisted(id: web::Path<u32>) -> impl Responder {
    format!("unlisted {id}")
}

/// The log of the whole process, which the workers write too.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn of_this_process() -> Self {
        static LOG: Mutex<Option<Log>> = Mutex::new(None);
        static START: Once = Once::new();
        let log = LOG.lock().unwrap().get_or_insert_with(Self::default).clone();
        START.call_once(|| {
            let writer = log.clone();
            let make_writer = move || writer.clone();
            tracing_subscriber::fmt().with_ansi(false).with_writer(make_writer).init();
        });
        log
    }

    fn lines_with(&self, text: &str) -> Vec<String> {
        let bytes = self.0.lock().unwrap();
        let log = String::from_utf8_lossy(&bytes);
        log.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }
}

async fn open(sandbox: &Sandbox, prefix: &'static str, strict: bool) -> Api {
    let config = L402Config::new(sandbox.client());
    Api::serve(move |app: &mut ServiceConfig| {
        app.app_data(config.clone());
        app.service(
            web::scope(prefix)
                .service(unlisted)
                .service(web::scope("/files").wrap(RequirePayment::sats(3)).service(listed)),
        );
        L402Manifest::new("API", &config).strict(strict).register(app, |paid| {
            paid.service(listed);
        });
    })
    .await
}

#[actix_web::test]
async fn under_a_strict_manifest_an_unlisted_gate_asks_nobody_for_money() {
    let sandbox = Sandbox::start().await;
    let api = open(&sandbox, "/strict", true).await;
    for path in ["/strict/unlisted/1", "/strict/files/listed"] {
        let answer = api.ask(path).await;
        assert_eq!(answer.status, 500, "{path}");
        assert!(answer.all("www-authenticate").is_empty(), "{path}");
        assert!(!answer.body.contains("manifest"), "opaque: {}", answer.body);
    }
    assert!(sandbox.requests().is_empty(), "nothing was minted");
    assert_eq!(api.ask("/listed").await.status, 402);
}

#[actix_web::test]
async fn a_token_for_an_unlisted_route_is_good_even_under_a_strict_manifest() {
    let sandbox = Sandbox::start().await;
    let lenient = open(&sandbox, "/same", false).await;
    let credential = lenient.buy("/same/unlisted/1", &sandbox).await;
    let strict = open(&sandbox, "/same", true).await;
    let answer = strict.ask_with("/same/unlisted/1", &credential).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "unlisted 1"));
}

#[actix_web::test]
async fn an_unlisted_gate_is_an_error_in_the_log_once_for_each_route() {
    let log = Log::of_this_process();
    let sandbox = Sandbox::start().await;
    let api = open(&sandbox, "/logged", false).await;
    for path in ["/logged/unlisted/1", "/logged/unlisted/2", "/logged/unlisted/1"] {
        assert_eq!(api.ask(path).await.status, 402, "sold nevertheless");
    }
    assert_eq!(api.ask("/logged/files/listed").await.status, 402);
    assert_eq!(api.ask("/listed").await.status, 402);
    for pattern in ["/logged/unlisted/{id}", "/logged/files/listed"] {
        let lines = log.lines_with(pattern);
        let [line] = &lines[..] else { panic!("{lines:?}") };
        for part in [
            "ERROR",
            "a paid route is missing from the manifest",
            "kind=\"misconfigured\"",
            "method=\"GET\"",
            &format!("pattern=\"{pattern}\""),
        ] {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert!(!line.contains(" path="), "{line}");
    }
    assert!(log.lines_with("pattern=\"/listed\"").is_empty());
}

/// Before anybody asks: as the server starts.
#[actix_web::test]
async fn a_route_that_can_only_fail_is_an_error_in_the_log_when_it_is_registered() {
    #[l402]
    async fn bare() -> impl Responder {
        "priceless"
    }
    let log = Log::of_this_process();
    let sandbox = Sandbox::start().await;
    let config = L402Config::new(sandbox.client());
    let api = Api::serve(move |app: &mut ServiceConfig| {
        app.app_data(config.clone());
        L402Manifest::new("API", &config).register(app, |paid| {
            paid.route("/at-start/bare", Method::GET, bare);
            paid.scope_priced("/at-start/nothing", RequirePayment::sats(0), |_| {});
            paid.scope_priced("/at-start/unused", RequirePayment::sats(1).uses(0), |_| {});
        });
    })
    .await;
    for (pattern, fault) in [
        ("/at-start/bare", "no price; state one"),
        ("/at-start/nothing", "a price of 0 sats"),
        ("/at-start/unused", "`uses` of 0"),
    ] {
        let lines = eventually(|| log.lines_with(pattern)).await;
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert!(line.contains("ERROR") && line.contains(fault), "{line}");
    }
    assert_eq!(api.ask("/at-start/bare").await.status, 500);
}

/// What a worker that starts has logged.
async fn eventually(mut lines: impl FnMut() -> Vec<String>) -> Vec<String> {
    for _ in 0..100 {
        let found = lines();
        if !found.is_empty() {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    lines()
}

/// Scopes that charge and have no patterns in them, as a folder of files has none.
async fn open_scopes(sandbox: &Sandbox) -> Api {
    let config = L402Config::new(sandbox.client());
    Api::serve(move |app: &mut ServiceConfig| {
        app.app_data(config.clone());
        for prefix in ["/first", "/second"] {
            let anything = web::to(|| async { "anything" });
            let scope = web::scope(prefix).default_service(anything);
            app.service(scope.wrap(RequirePayment::sats(3)));
        }
        L402Manifest::new("API", &config).register(app, |_| {});
    })
    .await
}

#[actix_web::test]
async fn an_unlisted_scope_is_named_in_the_log_by_the_path_and_each_is() {
    let log = Log::of_this_process();
    let sandbox = Sandbox::start().await;
    let api = open_scopes(&sandbox).await;
    let endless = format!("/second/{}", "x".repeat(500));
    for path in ["/first/a.css", "/first/b.css", &endless] {
        assert_eq!(api.ask(path).await.status, 402, "{path}");
    }
    let first = log.lines_with("path=\"/first/");
    let [line] = &first[..] else { panic!("{first:?}") };
    assert!(line.contains("path=\"/first/a.css\"") && !line.contains("pattern="), "{line}");
    let second = log.lines_with("path=\"/second/");
    let [line] = &second[..] else { panic!("{second:?}") };
    assert!(line.contains(&"x".repeat(100)) && !line.contains(&"x".repeat(200)), "{line}");
}

#[actix_web::test]
async fn each_method_of_an_unlisted_gate_is_named_once_but_not_those_that_a_client_makes_up() {
    let log = Log::of_this_process();
    let sandbox = Sandbox::start().await;
    let api = open(&sandbox, "/methods", false).await;
    for method in ["GET", "POST", "POST", "HUMBUG", "BALDERDASH"] {
        let method = method.parse().unwrap();
        let answer = Answer::to(api.request(method, "/methods/files/listed")).await;
        assert_eq!(answer.status, 402);
    }
    let lines = log.lines_with("/methods/files/listed");
    let [get, post, other] = &lines[..] else { panic!("{lines:?}") };
    for (line, method) in [(get, "GET"), (post, "POST"), (other, "other")] {
        assert!(line.contains(&format!("method=\"{method}\"")), "{line}");
    }
}
