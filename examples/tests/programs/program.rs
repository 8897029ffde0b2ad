//! An example as a newcomer runs it: as a program, by what it prints, over real HTTP.

#![allow(dead_code, reason = "the quickstart, which is a package of its own, takes half of it")]

use std::{
    env,
    ffi::OsStr,
    io::{BufRead as _, BufReader, Read as _},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

use l402_sandbox::Sandbox;
use reqwest::{Client, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

/// A program among those that Cargo builds along with the tests, into the folder above theirs,
/// unless it was told to build one test only.
fn built(path_from_there: &[&str], build: &[&str]) -> PathBuf {
    let mut path: PathBuf = env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.extend(path_from_there);
    path.set_extension(env::consts::EXE_EXTENSION);
    if !path.exists() {
        let build = Command::new(env!("CARGO")).args(["build", "--quiet"]).args(build).status();
        assert!(build.unwrap().success());
    }
    path
}

/// An example's program.
pub(crate) fn command(example: &str) -> Command {
    let build = ["--package", "l402-examples", "--example", example];
    program(built(&["examples", example], &build))
}

/// A program on free ports.
pub(crate) fn program(path: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(path);
    command
        .env_remove("LIGHTNING_ENABLE_API_KEY")
        .env_remove("LIGHTNING_ENABLE_API_URL")
        .env("PORT", "0")
        .env("SANDBOX_PORT", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Lets a program take a sandbox for the hosted broker.
pub(crate) fn on<'a>(command: &'a mut Command, sandbox: &Sandbox) -> &'a mut Command {
    command
        .env("LIGHTNING_ENABLE_API_KEY", sandbox.api_key())
        .env("LIGHTNING_ENABLE_API_URL", sandbox.url())
}

pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a program prints until it ends, and how it ends.
pub(crate) fn to_its_end(command: &mut Command) -> (String, String, Option<i32>) {
    let mut child = Running(command.spawn().unwrap());
    let (mut printed, mut complaint) = (String::new(), String::new());
    child.0.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    child.0.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    assert!(!complaint.contains("panicked"), "{complaint}");
    (printed, complaint, child.0.wait().unwrap().code())
}

/// An example that serves, and the wallet of its sandbox.
pub(crate) struct Api {
    url: String,
    wallet: String,
    client: Client,
    child: Running,
    // Kept open: a program that prints into a closed pipe ends.
    _stdout: BufReader<ChildStdout>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Api {
    /// Starts it and reads where it serves from the lines that it prints for people to try.
    pub(crate) fn start(example: &str) -> Self {
        Self::run(example, &mut command(example), None)
    }

    /// The same, with the test's own sandbox in the hosted broker's place.
    pub(crate) fn start_on(example: &str, sandbox: &Sandbox) -> Self {
        let wallet = sandbox.url().to_owned();
        Self::run(example, on(&mut command(example), sandbox), Some(wallet))
    }

    /// The same, with a variable of its environment.
    pub(crate) fn start_with(
        example: &str,
        sandbox: &Sandbox,
        variable: &str,
        value: &std::ffi::OsStr,
    ) -> Self {
        let mut command = command(example);
        on(&mut command, sandbox).env(variable, value);
        Self::run(example, &mut command, Some(sandbox.url().to_owned()))
    }

    fn run(example: &str, command: &mut Command, wallet: Option<String>) -> Self {
        let mut child = Running(command.spawn().unwrap());
        let mut stdout = BufReader::new(child.0.stdout.take().unwrap());
        let (mut printed, mut line) = (String::new(), String::new());
        let url = loop {
            line.clear();
            if stdout.read_line(&mut line).unwrap() == 0 {
                let mut complaint = String::new();
                child.0.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
                panic!("{example} prints {printed:?} and ends: {complaint}");
            }
            printed.push_str(&line);
            if let Some((_, url)) = line.split_once("  curl ").and_then(|_| line.split_once("http"))
            {
                let authority = url.split('/').nth(2).unwrap();
                break format!("http://{authority}");
            }
        };
        let wallet = wallet.unwrap_or_else(|| {
            let (_, wallet) = printed.split_once("LND_REST_HOST=").unwrap();
            wallet.split(' ').next().unwrap().to_owned()
        });
        let client = Client::builder().no_proxy().build().unwrap();
        Self { url, wallet, client, child, _stdout: stdout }
    }

    /// Where it serves.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.url))
    }

    pub(crate) fn post(&self, path: &str, json: &Value) -> RequestBuilder {
        let request = self.client.post(format!("{}{path}", self.url));
        request.header("Content-Type", "application/json").body(json.to_string())
    }

    /// Pays the invoice of a 402 by the wallet's LND route and returns the credential.
    pub(crate) async fn pay(&self, unpaid: &Answer) -> String {
        let challenge = unpaid.json();
        let order = json!({ "payment_request": challenge["l402"]["invoice"] }).to_string();
        let router = format!("{}/v2/router/send", self.wallet);
        let stream = ask(self.client.post(router).body(order)).await.body;
        let last: Value = serde_json::from_str(stream.lines().last().unwrap()).unwrap();
        assert_eq!(last["result"]["status"], "SUCCEEDED", "{stream}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let macaroon = text(&challenge["l402"]["macaroon"]);
        format!("L402 {macaroon}:{}", text(&last["result"]["payment_preimage"]))
    }

    /// Asks without a credential, which costs `sats`, pays, and asks again.
    pub(crate) async fn buy(&self, request: RequestBuilder, sats: u64) -> (String, Answer) {
        let unpaid = ask(request.try_clone().unwrap()).await;
        assert_eq!(unpaid.price(), sats);
        let credential = self.pay(&unpaid).await;
        let answer = ask(request.header("Authorization", &credential)).await;
        (credential, answer)
    }

    /// What `l402-sandbox get` prints of buying from it, as in a newcomer's terminal.
    pub(crate) fn bought_by_get(&self, path: &str) -> String {
        let program = built(&["l402-sandbox"], &["--package", "l402-sandbox"]);
        let mut get = Command::new(program);
        get.args(["get", &format!("{}{path}", self.url)]).env("LND_REST_HOST", &self.wallet);
        let (printed, complaint, code) =
            to_its_end(get.stdout(Stdio::piped()).stderr(Stdio::piped()));
        assert_eq!(code, Some(0), "{printed}{complaint}");
        assert!(printed.contains("<- 402 Payment Required"), "{printed}");
        printed
    }

    /// Ends it and returns what it has logged.
    pub(crate) fn stop(mut self) -> String {
        let _ = self.child.0.kill();
        let mut logged = String::new();
        self.child.0.stderr.take().unwrap().read_to_string(&mut logged).unwrap();
        logged
    }
}

pub(crate) async fn ask(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.text().await.unwrap() }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|err| panic!("{err}: {}", self.body))
    }

    /// What a 402 asks for.
    pub(crate) fn price(&self) -> u64 {
        assert_eq!(self.status, 402, "{}", self.body);
        self.json()["l402"]["amount_sats"].as_u64().unwrap()
    }
}
