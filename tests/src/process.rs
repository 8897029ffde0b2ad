//! What the operating system says about a process: memory and open sockets.

use std::{fs, io};

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
