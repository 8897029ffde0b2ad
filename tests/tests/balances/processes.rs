//! Servers in processes of their own, which are killed and started anew.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use l402_sandbox::Sandbox;
use l402_tests::{Answer, pay};
use reqwest::{Client, Response};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinSet};

use super::{Folder, eventually};

/// A running `single_use_server`; killed on drop, as by `kill -9`.
pub(super) struct Process {
    child: Child,
    url: String,
    client: Client,
}

impl Process {
    /// Starts one on a store, such as `redb:/tmp/balances.redb`.
    pub(super) fn start(sandbox: &Sandbox, store: &str) -> Self {
        let server = env!("CARGO_BIN_EXE_single_use_server");
        Self::start_in(&mut Command::new(server), sandbox, store)
    }

    /// The same within something that ends as the server itself.
    pub(super) fn start_in(command: &mut Command, sandbox: &Sandbox, store: &str) -> Self {
        let mut child = command
            .args([sandbox.url(), sandbox.api_key(), store])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let client = Client::builder().no_proxy().build().unwrap();
        Self { child, url: url.trim().to_owned(), client }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, such as `-TERM`.
    #[cfg(unix)]
    pub(super) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.id().to_string()]).status();
        assert!(sent.unwrap().success(), "{signal}");
    }

    /// Until it has ended by itself; whether it did so well.
    pub(super) async fn ends(&mut self) -> bool {
        let mut end = None;
        eventually("the process ends", async || {
            end = self.child.try_wait().unwrap();
            end.is_some()
        })
        .await;
        end.unwrap().success()
    }

    pub(super) fn on_file(sandbox: &Sandbox, file: &Path) -> Self {
        Self::start(sandbox, &format!("redb:{}", file.display()))
    }

    pub(super) async fn buy(&self, sandbox: &Sandbox) -> String {
        self.buy_at("/once", sandbox).await
    }

    pub(super) async fn buy_at(&self, path: &str, sandbox: &Sandbox) -> String {
        let answer = Answer::to(self.client.get(format!("{}{path}", self.url))).await;
        assert_eq!(answer.status, 402, "{}", answer.body);
        pay(sandbox, &answer.headers)
    }

    /// A request with the token: its status, or 0 when the process was killed.
    pub(super) fn ask(&self, credential: &str) -> impl Future<Output = u16> + Send + use<> {
        self.ask_at("/once", credential)
    }

    pub(super) fn ask_at(
        &self,
        path: &str,
        credential: &str,
    ) -> impl Future<Output = u16> + Send + use<> {
        let asked = self.begin(path, credential);
        async { asked.await.map_or(0, |answer| answer.status().as_u16()) }
    }

    /// A request with the token, until its answer has begun.
    pub(super) fn begin(
        &self,
        path: &str,
        credential: &str,
    ) -> impl Future<Output = reqwest::Result<Response>> + Send + use<> {
        let request = self.client.get(format!("{}{path}", self.url));
        request.header("authorization", credential).send()
    }

    /// A request with the token whose client can leave at any time.
    pub(super) async fn connect(&self, path: &str, credential: &str) -> TcpStream {
        let address = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: test\r\nauthorization: {credential}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// What a `HEAD` with the token is answered.
    #[cfg(feature = "redis-server")]
    pub(super) async fn head(&self, credential: &str) -> u16 {
        let request = self.client.head(format!("{}/once", self.url));
        Answer::to(request.header("authorization", credential)).await.status
    }

    /// Starts so many requests with the token.
    pub(super) fn crowd(&self, size: usize, credential: &str) -> JoinSet<u16> {
        (0..size).map(|_| self.ask(credential)).collect()
    }

    /// Lets handlers answer.
    pub(super) async fn release(&self) {
        let request = self.client.post(format!("{}/release", self.url));
        assert_eq!(Answer::to(request).await.body, "released");
    }

    pub(super) async fn calls(&self) -> usize {
        let answer = Answer::to(self.client.get(format!("{}/calls", self.url))).await;
        answer.body.parse().unwrap()
    }

    /// What its wall clock says, in seconds.
    #[cfg(feature = "redis-server")]
    pub(super) async fn now(&self) -> i64 {
        Answer::to(self.client.get(format!("{}/now", self.url))).await.body.parse().unwrap()
    }

    pub(super) fn kill(&mut self) {
        // SIGKILL, on Unix.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[actix_web::test]
async fn a_token_that_was_spent_is_spent_after_a_kill_9() {
    let (sandbox, folder) = (Sandbox::start().await, Folder::new());
    let file = folder.file("balances.redb");
    let mut server = Process::on_file(&sandbox, &file);
    let credential = server.buy(&sandbox).await;
    server.release().await;
    assert_eq!(server.ask(&credential).await, 200);
    server.kill();
    for _ in 0..2 {
        let mut server = Process::on_file(&sandbox, &file);
        assert_eq!(server.ask(&credential).await, 402);
        assert_eq!(server.calls().await, 0);
        server.kill();
    }
}

/// What has been answered was on the disk before, however many tokens were being written.
#[actix_web::test]
async fn no_token_that_was_answered_is_good_again_after_a_kill_9_amid_the_writing() {
    let (sandbox, folder) = (Sandbox::start().await, Folder::new());
    let file = folder.file("balances.redb");
    let mut server = Process::on_file(&sandbox, &file);
    server.release().await;
    let mut credentials = Vec::new();
    for _ in 0..40 {
        credentials.push(server.buy(&sandbox).await);
    }
    let mut asked: JoinSet<_> = credentials
        .iter()
        .map(|credential| {
            let status = server.ask(credential);
            let credential = credential.clone();
            async { (status.await, credential) }
        })
        .collect();
    let mut answered = Vec::new();
    for _ in 0..10 {
        answered.push(asked.join_next().await.unwrap().unwrap());
    }
    server.kill();
    answered.extend(asked.join_all().await);
    assert!(answered.iter().all(|(status, _)| [0, 200].contains(status)));

    let server = Process::on_file(&sandbox, &file);
    for (_, credential) in answered.iter().filter(|(status, _)| *status == 200) {
        assert_eq!(server.ask(credential).await, 402);
    }
    assert_eq!(server.calls().await, 0);
}

#[actix_web::test]
async fn a_file_that_another_process_has_open_is_refused() {
    let (sandbox, folder) = (Sandbox::start().await, Folder::new());
    let file = folder.file("balances.redb");
    let first = Process::on_file(&sandbox, &file);
    let second = Process::on_file(&sandbox, &file);
    assert_eq!(second.url, "", "it does not start");
    assert_eq!(first.calls().await, 0, "the first one is not disturbed");
}

/// 500 requests before the kill and 500 after it; between the two nobody has spent the token.
#[actix_web::test]
async fn a_thousand_requests_with_a_kill_9_in_the_middle_get_one_answer_from_the_redb_store() {
    let (sandbox, folder) = (Sandbox::start().await, Folder::new());
    let file = folder.file("balances.redb");
    let mut server = Process::on_file(&sandbox, &file);
    let credential = server.buy(&sandbox).await;
    let mut crowd = server.crowd(500, &credential);
    for _ in 1..500 {
        assert_eq!(crowd.join_next().await.unwrap().unwrap(), 409);
    }
    assert_eq!(server.calls().await, 1, "reserved, and the handler runs");
    server.kill();
    assert_eq!(crowd.join_next().await.unwrap().unwrap(), 0);

    let server = Process::on_file(&sandbox, &file);
    let mut answered = 0;
    let mut crowd = server.crowd(500, &credential);
    // What the killed process held was in its memory, so one is let in at once, and all others are
    // turned away while its handler runs.
    eventually("one is let in", async || {
        crowd.spawn(server.ask(&credential));
        while let Some(status) = crowd.try_join_next() {
            assert_eq!(status.unwrap(), 409, "neither content nor a price");
            answered += 1;
        }
        server.calls().await == 1
    })
    .await;
    let waiting = crowd.len();
    server.release().await;
    let statuses = crowd.join_all().await;
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!(count(200), 1, "{answered} before, {waiting} waiting: {statuses:?}");
    assert_eq!(count(200) + count(402) + count(409), statuses.len());
    assert_eq!(server.calls().await, 1);
    assert_eq!(server.ask(&credential).await, 402);
}
