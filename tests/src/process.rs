//! What the operating system says about a process: memory and open sockets. And a process for a
//! test that changes what all tests of a process share.

use std::{
    env, fs,
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    process::{Command, Stdio},
    thread,
};

const ALONE: &str = "L402_TESTS_ALONE";

/// Whether a test may set what there is once in a process, such as the logger. If not, this has run
/// it in a process of its own, where it may; `name` is the test's, with its modules.
///
/// # Panics
///
/// If there is no such test, or it did not pass there.
#[must_use]
pub fn is_alone(name: &str) -> bool {
    if env::var_os(ALONE).is_some() {
        return true;
    }
    let this = env::current_exe().unwrap_or_else(|err| panic!("which program is this? {err}"));
    let mut child = Command::new(this);
    child.args(["--exact", name, "--nocapture"]).env(ALONE, "1").stderr(Stdio::inherit());
    let done = child.output().unwrap_or_else(|err| panic!("cannot run {name}: {err}"));
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.contains("1 passed"), "{name} alone: {said}");
    false
}

/// Tells the test that has started this process where it serves, and ends with it: when standard input does.
///
/// # Errors
///
/// If nobody listens.
pub fn serves_a_test(at: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "http://{at}")?;
    out.flush()?;
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    Ok(())
}

/// The resident memory of a process, in KiB, from `/proc`.
///
/// # Errors
///
/// If there is no such process, or no `/proc`.
pub fn memory_kib(pid: &str) -> io::Result<u64> {
    status_field(pid, "VmRSS:")
}

/// The most resident memory that a process has had since [`forget_peak`], in KiB.
///
/// # Errors
///
/// As [`memory_kib`].
pub fn peak_kib(pid: &str) -> io::Result<u64> {
    status_field(pid, "VmHWM:")
}

/// Lets this process's peak start again from what it has now.
///
/// # Errors
///
/// If the system does not allow it.
pub fn forget_peak() -> io::Result<()> {
    fs::write("/proc/self/clear_refs", "5")
}

/// How many files, sockets and pipes a process has open.
///
/// # Errors
///
/// As [`memory_kib`].
pub fn open_handles(pid: &str) -> io::Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd"))?.count())
}

/// How many sockets a process has open.
///
/// # Errors
///
/// As [`memory_kib`].
pub fn open_sockets(pid: &str) -> io::Result<usize> {
    let handles = fs::read_dir(format!("/proc/{pid}/fd"))?;
    let is_socket = |handle: io::Result<fs::DirEntry>| {
        let target = fs::read_link(handle.ok()?.path()).ok()?;
        target.to_string_lossy().starts_with("socket:").then_some(())
    };
    Ok(handles.filter_map(is_socket).count())
}

fn status_field(pid: &str, name: &str) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
        .ok_or_else(|| io::Error::other(format!("no {name} in the status")))
}
