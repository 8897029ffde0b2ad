//! The program, by what it prints.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Command, Stdio},
};

use l402_sandbox::Sandbox;

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
    assert!(success && help.contains("pay INVOICE") && help.contains("get URL"), "{help}");
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
        (&["sell"], "`sell`"),
        (&["pay"], "pay INVOICE"),
        (&["get", "a", "b"], "get URL"),
        (&["pay", "lnbc1realmoney"], "regtest"),
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
    let client = l402_server::L402Client::builder("sandbox-key").base_url(url).build().unwrap();
    let request = l402_server::ChallengeRequest::new("/weather", 100);
    runtime.block_on(client.create_challenge(&request)).unwrap();
    assert_eq!(lines.next().unwrap(), "minted    100 sats for /weather");
    child.kill().unwrap();
    child.wait().unwrap();
}
