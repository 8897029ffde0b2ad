//! Real `redis-server`s on this machine: one, a cluster of three, and a master behind Sentinel.
//!
//! Each on a port of its own, without a trace on the disk that outlives the test. `redis-server` and
//! `redis-cli` have to be installed.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::{
    fs,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

/// What a server is given to be ready.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder for a test's files; removed on drop.
#[derive(Debug)]
pub struct Folder(pub PathBuf);

impl Folder {
    /// An empty one, with a name that nobody else has.
    ///
    /// # Panics
    ///
    /// If there cannot be one.
    #[must_use]
    pub fn new() -> Self {
        static FOLDERS: AtomicUsize = AtomicUsize::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::SeqCst);
        let name = format!("l402-tests-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A `redis-server`, with an empty memory; stops on drop.
#[derive(Debug)]
pub struct Redis {
    child: Option<Child>,
    folder: Folder,
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
}

impl Redis {
    /// Starts one with these settings beside what a test needs.
    ///
    /// # Panics
    ///
    /// If it does not start.
    #[must_use]
    pub fn start(settings: &[&str]) -> Self {
        let mut redis = Self { child: None, folder: Folder::new(), port: free_port() };
        redis.run(settings);
        redis
    }

    /// Starts it again, in the same place.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn run(&mut self, settings: &[&str]) {
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--save", "", "--port", &self.port.to_string()])
            .args(["--dir", &self.folder.0.to_string_lossy()])
            .args(settings);
        self.spawn(command);
    }

    fn spawn(&mut self, mut command: Command) {
        let child = command.stdout(Stdio::null()).spawn();
        let child = child.expect("`redis-server` has to be installed for these tests");
        // And not one that somebody else has started on this port.
        let id = format!("process_id:{}\r", child.id());
        self.child = Some(child);
        eventually("Redis answers", || self.command(&["info", "server"]).contains(&id));
    }

    /// As by `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// A copy of its append-only file, as a backup has one.
    ///
    /// # Panics
    ///
    /// If it has none.
    #[must_use]
    pub fn copy(&self) -> Vec<u8> {
        fs::read(self.append_only_file()).expect("a file")
    }

    /// Kills it and starts it again from such a copy.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn restore(&mut self, copy: &[u8], settings: &[&str]) {
        self.kill();
        fs::write(self.append_only_file(), copy).expect("a file");
        self.run(settings);
    }

    fn append_only_file(&self) -> PathBuf {
        let files = fs::read_dir(self.folder.0.join("appendonlydir")).expect("a folder");
        let mut files = files.filter_map(|file| Some(file.ok()?.path()));
        let is_written = |file: &PathBuf| file.to_string_lossy().ends_with(".incr.aof");
        files.find(is_written).expect("an append-only file")
    }

    /// Lets it answer nothing more, as by a cable that is pulled.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    ///
    /// # Panics
    ///
    /// If it does not run.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.as_ref().expect("a running Redis").id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().expect("kill");
        assert!(sent.success());
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// What it answers to a command, by `redis-cli`; nothing while it is away.
    ///
    /// # Panics
    ///
    /// If `redis-cli` is not installed.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> String {
        let output = Command::new("redis-cli")
            .args(["-p", &self.port.to_string()])
            .args(words)
            .stderr(Stdio::null())
            .output()
            .expect("`redis-cli` has to be installed for these tests");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The names of its keys that match a pattern.
    #[must_use]
    pub fn keys(&self, pattern: &str) -> Vec<String> {
        self.command(&["keys", pattern])
            .lines()
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Three servers that share the slots of a cluster.
#[derive(Debug)]
pub struct Cluster(pub [Redis; 3]);

impl Cluster {
    /// Starts them and waits until each slot has its server.
    ///
    /// # Panics
    ///
    /// If they do not come together.
    #[must_use]
    pub fn start() -> Self {
        let servers = [(); 3].map(|()| {
            let mut redis = Redis { child: None, folder: Folder::new(), port: free_port() };
            redis.run(&["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]);
            redis
        });
        let nodes = servers.each_ref().map(|redis| format!("127.0.0.1:{}", redis.port));
        let created = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(&nodes)
            .arg("--cluster-yes")
            .stdout(Stdio::null())
            .status()
            .expect("`redis-cli`");
        assert!(created.success(), "the cluster");
        eventually("the cluster is whole", || {
            servers.iter().all(|redis| redis.command(&["cluster", "info"]).contains("state:ok"))
        });
        Self(servers)
    }

    /// The URL of each server.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.0.iter().map(Redis::url).collect()
    }
}

/// A master, its replica, and a Sentinel that watches them.
#[derive(Debug)]
pub struct Sentinel {
    /// It can be killed.
    pub master: Redis,
    /// It takes over then.
    pub replica: Redis,
    /// Where to ask who is the master.
    pub sentinel: Redis,
}

impl Sentinel {
    /// The name that Sentinel knows the master by.
    pub const MASTER: &str = "mymaster";

    /// Starts the three and waits until the replica follows.
    ///
    /// # Panics
    ///
    /// If they do not come together.
    #[must_use]
    pub fn start() -> Self {
        let master = Redis::start(&[]);
        let of_master = format!("127.0.0.1 {}", master.port);
        let replica = Redis::start(&["--replicaof", &of_master]);
        eventually("the replica follows", || {
            replica.command(&["info", "replication"]).contains("master_link_status:up")
        });
        let mut sentinel = Redis { child: None, folder: Folder::new(), port: free_port() };
        let name = Self::MASTER;
        let config = sentinel.folder.0.join("sentinel.conf");
        let settings = format!(
            "port {}\nbind 127.0.0.1\nsentinel monitor {name} {of_master} 1\n\
             sentinel down-after-milliseconds {name} 1000\n\
             sentinel failover-timeout {name} 5000\n",
            sentinel.port,
        );
        fs::write(&config, settings).expect("a file");
        let mut command = Command::new("redis-server");
        command.arg(&config).arg("--sentinel");
        sentinel.spawn(command);
        eventually("Sentinel knows the replica", || {
            sentinel.command(&["sentinel", "replicas", name]).contains(&replica.port.to_string())
        });
        Self { master, replica, sentinel }
    }
}

/// Below those that the system hands out, or a connection might have it while a server is away that is
/// started anew. A node of a cluster talks to the others on a second port, 10,000 above.
fn free_port() -> u16 {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let begin = std::process::id() as usize * 101;
    loop {
        let next = 10_000 + (begin + NEXT.fetch_add(1, Ordering::SeqCst)) % 12_000;
        let port = u16::try_from(next).expect("a port");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "not in time: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
