//! Processes of a measurement: the children, and what the operating system says they have used.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::Error;

/// A broker or a server; it ends with this value.
#[derive(Debug)]
pub struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    /// Starts the program `name`, which lies beside this one, and waits until it serves.
    ///
    /// # Errors
    ///
    /// When it cannot be started or ends before it serves.
    pub fn start(name: &str, args: &[String]) -> Result<Self, Error> {
        let mut program: PathBuf = std::env::current_exe()?;
        program.set_file_name(name);
        let mut child = Command::new(&program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|err| format!("{}: {err}", program.display()))?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse().map_err(|_| format!("{name} did not start"))?;
        Ok(Self { child, address })
    }

    /// Where it serves.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// By which the operating system knows it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The processor time of all its threads since it was started, by the scheduler's own
    /// accounting, which counts nanoseconds; `/proc/<pid>/stat` counts hundredths of a second.
    /// Threads that have ended are not counted, so compare two readings of a process at work.
    ///
    /// # Errors
    ///
    /// Where there is no such accounting, as outside of Linux.
    pub fn cpu_time(&self) -> Result<Duration, Error> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread may end while the list is read.
            let Ok(stat) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
            nanos += stat.split(' ').next().ok_or("an empty schedstat")?.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanos))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing of it is left.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tells the parent process where this one serves, and ends this one when the parent is gone.
pub fn announce(address: SocketAddr) {
    println!("{address}");
    thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
}
