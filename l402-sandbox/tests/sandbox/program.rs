//! The program, by what it prints.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    process::{Command, Stdio},
    thread::{self, JoinHandle},
};

use l402_sandbox::Sandbox;
use l402_server::{L402Error, VerifyRequest};
use serde_json::Value;

use super::mint;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l402-sandbox"));
    command.args(arguments).env_remove("LND_REST_HOST");
    command
}

/// Whether it succeeded, what it printed, and what it complained about.
fn run(command: &mut Command) -> (bool, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

fn complaint(command: &mut Command) -> String {
    let (success, _, complaint) = run(command);
    assert!(!success && !complaint.contains("panicked"), "{complaint}");
    complaint
}

#[test]
fn it_helps_and_says_its_version() {
    let (success, help, _) = run(&mut program(&["--help"]));
    assert!(success, "{help}");
    for named in [
        "pay INVOICE",
        "get URL",
        "audit URL",
        "--port PORT",
        "--api-key KEY",
        "--rate-limit N",
        "--fault NAME",
        "plan_volume_limit",
        "-X METHOD",
    ] {
        assert!(help.contains(named), "{named}: {help}");
    }
    let (success, version, _) = run(&mut program(&["--version"]));
    assert!(success && version.contains(env!("CARGO_PKG_VERSION")), "{version}");
}

#[test]
fn what_it_cannot_do_it_says_in_a_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let nobody = "http://127.0.0.1:1";
    for (arguments, expected) in [
        (&["--port", &port][..], "--port"),
        (&["--port", "http"], "--help"),
        (&["--prot", "1"], "--prot"),
        (&["--rate-limit"], "--rate-limit"),
        (&["--rate-limit", "0"], "at least 1"),
        (&["--rate-limit", "many"], "--help"),
        (&["sell"], "`sell`"),
        (&["pay"], "pay INVOICE"),
        (&["get", "a", "b"], "get URL"),
        (&["--fault", "plan_volum_limit"], "plan_volume_limit"),
        (&["-X", "POST"], "`get URL`"),
        (&["pay", "lnbcrt1", "-d", "a"], "`get URL`"),
        (&["get", "http://127.0.0.1:1/", "-H", "no header"], "-H 'Name: value'"),
        (&["get", "http://127.0.0.1:1/", "-X", "A B"], "`A B`"),
        (&["get", "http://127.0.0.1:1/", "-d", "@/no/such/file"], "/no/such/file"),
        (&["pay", "lnbc1realmoney"], "regtest"),
        (&["audit", "http://127.0.0.1:1"], "audit URL"),
        (&["get", "weather"], "URL"),
        (&["get", "http://127.0.0.1:1/weather"], "nobody answers"),
    ] {
        let said = complaint(&mut program(arguments));
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    let said = complaint(program(&["pay", "lnbcrt1"]).env("LND_REST_HOST", nobody));
    assert!(said.contains("no sandbox answers") && said.contains(nobody), "{said}");
}

#[tokio::test]
async fn it_pays_an_invoice_and_prints_the_preimage_alone() {
    let sandbox = Sandbox::start().await;
    let challenge = mint(&sandbox, "/a", 1, "k").await;
    let invoice = challenge["invoice"].as_str().unwrap();
    let (success, preimage, _) =
        run(program(&["pay", invoice]).env("LND_REST_HOST", sandbox.url()));
    assert!(success);
    assert_eq!(preimage.trim_end().len(), 64, "{preimage}");
    assert_eq!(sandbox.payments(), 1);

    let said = complaint(program(&["pay", invoice]).env("LND_REST_HOST", sandbox.url()));
    assert!(said.contains("already paid"), "{said}");
    assert_eq!(sandbox.payments(), 1);
}

/// The sandbox is an API too, all of which is free.
#[tokio::test]
async fn it_audits_an_api_and_fails_where_a_route_would() {
    let sandbox = Sandbox::start().await;
    let audit =
        |url: &str| run(&mut program(&["audit", url, "GET /a", "POST /api/l402/challenges"]));
    let (success, said, _) = audit(sandbox.url());
    assert!(success && said.contains("GET /a ") && said.contains("asked for (404)"), "{said}");
    assert!(said.contains("asked for (401)"), "{said}");
    let (success, said, _) = audit("http://127.0.0.1:1");
    assert!(!success && said.contains("nobody answers at 127.0.0.1:1"), "{said}");
}

#[test]
fn it_prints_what_to_export_and_then_what_happens() {
    let mut child = program(&["--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut exported = |name: &str| {
        let line = lines.next().unwrap();
        line.strip_prefix(&format!("export {name}=")).unwrap_or_else(|| panic!("{line}")).to_owned()
    };
    let url = exported("LIGHTNING_ENABLE_API_URL");
    assert_eq!(exported("LIGHTNING_ENABLE_API_KEY"), "sandbox-key");
    assert_eq!(exported("LND_REST_HOST"), url);
    assert_eq!(exported("LND_MACAROON_HEX"), "00");
    assert!(lines.next().unwrap().contains("regtest"));

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = l402_server::L402Client::builder("sandbox-key").base_url(&url).build().unwrap();
    let request = l402_server::ChallengeRequest::new("/weather", 100);
    runtime.block_on(client.create_challenge(&request)).unwrap();
    assert_eq!(lines.next().unwrap(), "minted    100 sats for /weather");

    // What others name can hold anything, and must not steer the terminal.
    let request = l402_server::ChallengeRequest::new("/\u{1b}[2Jcleared\nminted", 1);
    let challenge = runtime.block_on(client.create_challenge(&request)).unwrap();
    assert_eq!(lines.next().unwrap(), "minted    1 sats for /\u{fffd}[2Jcleared\u{fffd}minted");
    for said in ["paid      1 sats for /\u{fffd}", "not paid  the invoice is already paid"] {
        run(program(&["pay", &challenge.invoice]).env("LND_REST_HOST", &url));
        let line = lines.next().unwrap();
        assert!(line.starts_with(said), "{line}");
    }
    runtime.block_on(client.check()).unwrap();
    assert_eq!(lines.next().unwrap(), "checked   the API key");
    let stranger = l402_server::L402Client::builder("s3cret").base_url(&url).build().unwrap();
    assert!(runtime.block_on(stranger.check()).is_err());
    assert_eq!(lines.next().unwrap(), "refused   an API key that is not the sandbox's");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn it_limits_the_calls_a_minute_when_it_is_asked_to() {
    let mut child = program(&["--port", "0", "--rate-limit", "1"]).stdout(Stdio::piped()).spawn();
    let child = child.as_mut().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let url = line.strip_prefix("export LIGHTNING_ENABLE_API_URL=").unwrap();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = l402_server::L402Client::builder("sandbox-key").base_url(url).build().unwrap();
    let nobody = VerifyRequest::new("AA", "0".repeat(64));
    runtime.block_on(client.verify_token(&nobody)).unwrap();
    let limit = client.rate_limit().unwrap();
    assert_eq!((limit.limit, limit.remaining), (1, 0));
    let refused = runtime.block_on(client.verify_token(&nobody));
    assert!(matches!(refused, Err(L402Error::RateLimited { .. })), "{refused:?}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn it_does_wrong_what_it_is_asked_to_by_name_each_time() {
    let faults = ["--fault", "plan_volume_limit", "--fault", "no_wallet"];
    let mut child = program(&[&["--port", "0"][..], &faults[..]].concat());
    let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = lines.next().unwrap();
    let url = line.strip_prefix("export LIGHTNING_ENABLE_API_URL=").unwrap();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = l402_server::L402Client::builder("sandbox-key").base_url(url).build().unwrap();
    for _ in 0..2 {
        let request = l402_server::ChallengeRequest::new("/weather", 100);
        let refused = runtime.block_on(client.create_challenge(&request));
        assert!(matches!(&refused, Err(L402Error::Plan { slug: Some(slug), .. })
            if slug == "plan_volume_limit"));
    }
    let checked = runtime.block_on(client.check());
    assert!(matches!(checked, Err(L402Error::NoWallet { .. })), "{checked:?}");
    let told = lines.nth(4).unwrap();
    assert_eq!(told, "refused   a call, as asked for: plan_volume_limit");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Answers one request for each head, with that head, and returns the `Authorization` of each.
fn shop(heads: Vec<String>) -> (String, JoinHandle<Vec<Option<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/weather", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let mut seen = Vec::new();
        for head in heads {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
            let mut lines = lines.take_while(|line| !line.is_empty());
            let authorization = lines.find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("authorization").then(|| value.to_owned())
            });
            // What is left unread would turn the close into a reset.
            lines.for_each(drop);
            seen.push(authorization);
            write!(
                stream,
                "HTTP/1.1 {head}\r\nContent-Length: 5\r\nConnection: close\r\n\r\nsunny"
            )
            .unwrap();
        }
        seen
    });
    (url, served)
}

fn challenged(challenge: &Value) -> String {
    let text = |name: &str| challenge[name].as_str().unwrap();
    let (macaroon, invoice) = (text("macaroon"), text("invoice"));
    format!(
        "402 Payment Required\r\nWWW-Authenticate: Bearer realm=\"x\"\r\n\
         WWW-Authenticate: L402 macaroon=\"{macaroon}\", invoice=\"{invoice}\""
    )
}

#[tokio::test]
async fn get_prints_each_step_and_what_was_bought() {
    let sandbox = Sandbox::start().await;
    let challenge = mint(&sandbox, "/weather", 100, "k").await;
    let (url, served) = shop(vec![challenged(&challenge), "200 OK".to_owned()]);
    let (success, printed, complaint) =
        run(program(&["get", &url]).env("LND_REST_HOST", sandbox.url()));
    assert!(success, "{complaint}");

    let macaroon = &challenge["macaroon"].as_str().unwrap()[..16];
    let mut rest = printed.as_str();
    for expected in [
        "1. Ask",
        &format!("-> GET {url}"),
        "<- 402 Payment Required",
        &format!("<- WWW-Authenticate: L402 macaroon=\"{macaroon}…\", invoice=\"lnbcrt"),
        "2. Take the challenge apart",
        "asks for 100 sats",
        "- path=/weather",
        "- amount_sats=100",
        "- expires=",
        " min)",
        "3. Pay the invoice",
        "<- preimage: ",
        "so it proves the payment",
        "4. Ask again",
        &format!("-> Authorization: L402 {macaroon}…:"),
        "<- 200 OK",
        "Spent: 100 sats (regtest: no real money). The answer:",
        "sunny\n",
    ] {
        let (_, after) =
            rest.split_once(expected).unwrap_or_else(|| panic!("{expected}: {printed}"));
        rest = after;
    }
    assert_eq!(rest, "");
    assert_eq!(sandbox.payments(), 1);

    let seen = served.join().unwrap();
    assert_eq!(seen[0], None);
    let credential = VerifyRequest::from_credential(seen[1].as_deref().unwrap()).unwrap();
    let credential = credential.resource("/weather").amount_sats(100);
    assert!(sandbox.client().verify_token(&credential).await.unwrap().valid);
}

#[tokio::test]
async fn get_tells_an_answer_that_cannot_be_read_from_no_answer() {
    for (head, why) in [
        ("NOT-HTTP\r\n\r\n", "invalid HTTP version"),
        ("HTTP/1.1 200 OK\r\nContent-", "closed before"),
        (
            "HTTP/1.1 302 Found\r\nLocation: /weather\r\nContent-Length: 0\r\n\
             Connection: close\r\n\r\n",
            "redirects",
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/weather", listener.local_addr().unwrap());
        // Ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
                let _ = stream.write_all(head.as_bytes());
            }
        });
        let said = complaint(&mut program(&["get", &url]));
        let sentence = format!("what answers at {url} cannot be read: ");
        assert!(said.contains(&sentence) && said.contains(why), "{head}: {said}");
    }
}

#[tokio::test]
async fn get_pays_nothing_where_nothing_is_asked_for_and_says_when_it_is_refused() {
    let sandbox = Sandbox::start().await;
    let (url, _served) = shop(vec!["200 OK".to_owned()]);
    let (success, printed, _) = run(program(&["get", &url]).env("LND_REST_HOST", sandbox.url()));
    assert!(success && printed.contains("nothing is paid"), "{printed}");
    assert_eq!(sandbox.payments(), 0);

    let challenge = mint(&sandbox, "/weather", 100, "k").await;
    let (url, _served) = shop(vec![challenged(&challenge), "401 Unauthorized".to_owned()]);
    let (success, printed, _) = run(program(&["get", &url]).env("LND_REST_HOST", sandbox.url()));
    assert!(!success && printed.contains("<- 401 Unauthorized"), "{printed}");
    assert!(printed.contains("Spent: 100 sats"), "{printed}");
    let macaroon = challenge["macaroon"].as_str().unwrap();
    let kept = format!("Ask again with -H 'Authorization: L402 {macaroon}:");
    assert!(printed.contains(&kept), "what was paid for is not lost: {printed}");

    let (url, _served) = shop(vec!["402 Payment Required".to_owned()]);
    let said = complaint(program(&["get", &url]).env("LND_REST_HOST", sandbox.url()));
    assert!(said.contains("no L402 challenge"), "{said}");
    assert_eq!(sandbox.payments(), 1);
}

#[tokio::test]
async fn get_sends_a_file_as_it_is_and_hands_out_what_is_good_for_more() {
    let sandbox = Sandbox::start().await;
    let file = std::env::temp_dir().join(format!("l402-sandbox-{}", std::process::id()));
    std::fs::write(&file, b"\xff\r\n\0").unwrap();
    for (option, body) in [("--data-binary", r"\xff\r\n\x00"), ("-d", r"\xff\x00")] {
        let challenge = mint(&sandbox, "/prompt", 7, option).await;
        let paid = "200 OK\r\nRateLimit: \"uses\";r=4";
        let (url, served) = posted_to(&challenge, paid);
        let arguments = ["get", &url, option, &format!("@{}", file.display())];
        let (success, printed, complaint) =
            run(program(&arguments).env("LND_REST_HOST", sandbox.url()));
        assert!(success, "{complaint}");
        let asked = served.join().unwrap();
        assert!(asked.iter().all(|asked| asked.ends_with(&format!("\n{body}"))), "{asked:?}");
        assert!(printed.contains("<- RateLimit: \"uses\";r=4"), "{printed}");
        let macaroon = challenge["macaroon"].as_str().unwrap();
        assert!(printed.contains(&format!("-H 'Authorization: L402 {macaroon}:")), "{printed}");
    }
    std::fs::remove_file(file).unwrap();
}

/// A shop that answers 402, then `paid`, and what it was asked.
fn posted_to(challenge: &Value, paid: &'static str) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/prompt", listener.local_addr().unwrap());
    let heads = [challenged(challenge), paid.to_owned()];
    let served = thread::spawn(move || {
        let answers = heads.into_iter().map(|head| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut asked, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line.trim_end().is_empty() {
                    break;
                }
                if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
                    length = value.trim().parse().unwrap();
                }
                asked += &line;
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let head = format!("HTTP/1.1 {head}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
            write!(stream, "{head}ok").unwrap();
            asked + "\n" + &body.escape_ascii().to_string()
        });
        answers.collect()
    });
    (url, served)
}

#[tokio::test]
async fn get_asks_twice_what_it_is_told_to_as_curl_does() {
    let sandbox = Sandbox::start().await;
    for (number, options, line, kind, body) in [
        (
            0,
            &["-d", "a=1", "-d", "b=2"][..],
            "POST",
            "application/x-www-form-urlencoded",
            "a=1&b=2",
        ),
        (
            1,
            &["-X", "PUT", "-H", "Content-Type: application/json", "-d", "{\"a\":1}"][..],
            "PUT",
            "application/json",
            r#"{\"a\":1}"#,
        ),
    ] {
        let challenge = mint(&sandbox, "/prompt", 7, &number.to_string()).await;
        let (url, served) = posted_to(&challenge, "200 OK");
        let own = ["-H", "X-Mine: yes", "-H", "Authorization: Bearer mine"];
        let arguments = [&["get", url.as_str()][..], options, &own[..]].concat();
        let (success, printed, complaint) =
            run(program(&arguments).env("LND_REST_HOST", sandbox.url()));
        assert!(success, "{complaint}");
        assert!(printed.contains("Spent: 7 sats") && printed.ends_with("ok\n"), "{printed}");
        let asked = served.join().unwrap();
        for asked in &asked {
            assert!(asked.starts_with(&format!("{line} /prompt HTTP/1.1")), "{asked}");
            let lower = asked.to_lowercase();
            assert!(lower.contains(&format!("content-type: {kind}")), "{asked}");
            assert!(lower.contains("x-mine: yes") && lower.contains("bearer mine"), "{asked}");
            assert!(asked.ends_with(&format!("\n{body}")), "{asked}");
        }
        assert!(!asked[0].contains("L402 ") && asked[1].contains("L402 "), "{asked:?}");
    }
}

#[tokio::test]
async fn get_with_a_token_that_does_not_do_buys_another_and_says_so() {
    let sandbox = Sandbox::start().await;
    let challenge = mint(&sandbox, "/weather", 1, "k").await;
    let (url, served) = shop(vec![challenged(&challenge), "200 OK".to_owned()]);
    let mut asks = program(&["get", &url, "-H", "authorization: l402 old:00"]);
    let (success, printed, _) = run(asks.env("LND_REST_HOST", sandbox.url()));
    assert!(success && printed.contains("Spent: 1 sat ("), "{printed}");
    let seen = served.join().unwrap();
    assert_eq!(seen[0].as_deref(), Some("l402 old:00"));
    assert!(seen[1].as_deref().is_some_and(|bought| !bought.contains("old")), "{seen:?}");
}
