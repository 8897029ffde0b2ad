//! An API in a process of its own, which is killed and started anew.

use std::{
    io::{BufRead as _, BufReader},
    net::IpAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use l402_sandbox::Sandbox;
use l402_tests::{Answer, pay, redis::Redis};
use reqwest::Client;

/// A running `shared_state_server`; killed on drop, as by `kill -9`.
pub(crate) struct Process {
    child: Child,
    url: String,
    client: Client,
    log: Arc<Mutex<Vec<String>>>,
}

impl Process {
    pub(crate) fn start(sandbox: &Sandbox, redis: &Redis, switches: &[&str]) -> Self {
        Self::at(sandbox, &redis.url(), switches)
    }

    /// Shares nothing.
    pub(crate) fn alone(sandbox: &Sandbox, switches: &[&str]) -> Self {
        Self::at(sandbox, "-", switches)
    }

    fn at(sandbox: &Sandbox, redis: &str, switches: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_shared_state_server"))
            .args([sandbox.url(), sandbox.api_key(), redis])
            .args(switches)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let log = Arc::<Mutex<Vec<String>>>::default();
        let (lines, kept) = (child.stderr.take().unwrap(), Arc::clone(&log));
        thread::spawn(move || {
            for line in BufReader::new(lines).lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        let client = Client::builder().no_proxy().build().unwrap();
        Self { child, url: url.trim().to_owned(), client, log }
    }

    pub(crate) async fn ask(&self, path: &str, credential: Option<&str>) -> Answer {
        let mut request = self.client.get(format!("{}{path}", self.url));
        if let Some(credential) = credential {
            request = request.header("authorization", credential);
        }
        Answer::to(request).await
    }

    /// The status for somebody at another address of this machine, `127.0.0.last`, who has presented
    /// nothing.
    pub(crate) async fn status_from(&self, last: u8, path: &str) -> u16 {
        // Without certificates, which take longer to load than all the rest.
        let client = Client::builder().no_proxy().tls_certs_only([]);
        let client = client.local_address(IpAddr::from([127, 0, 0, last])).build().unwrap();
        Answer::to(client.get(format!("{}{path}", self.url))).await.status
    }

    pub(crate) async fn status(&self, path: &str, credential: &str) -> u16 {
        self.ask(path, Some(credential)).await.status
    }

    pub(crate) async fn buy(&self, path: &str, sandbox: &Sandbox) -> String {
        let answer = self.ask(path, None).await;
        assert_eq!(answer.status, 402, "{}", answer.body);
        pay(sandbox, &answer.headers)
    }

    /// The payment hash of the challenge that somebody is handed who has presented nothing.
    pub(crate) async fn offered(&self) -> String {
        let answer = self.ask("/weather", None).await;
        assert_eq!(answer.status, 402, "{}", answer.body);
        answer.json()["paymentHash"].as_str().unwrap().to_owned()
    }

    /// The lines of its log that hold a text.
    pub(crate) fn logged(&self, text: &str) -> usize {
        self.log.lock().unwrap().iter().filter(|line| line.contains(text)).count()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
