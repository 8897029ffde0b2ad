//! What the servers of this process have logged.

use std::{
    io,
    sync::{LazyLock, Mutex, PoisonError},
};

use tracing_subscriber::fmt::MakeWriter;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Begins to write down, once for all tests: servers log on threads of their own.
static BEGUN: LazyLock<()> = LazyLock::new(|| {
    tracing_subscriber::fmt().with_ansi(false).with_writer(Lines).init();
});

pub(super) fn begin() {
    LazyLock::force(&BEGUN);
}

/// The line that holds the words.
pub(super) fn line_with(words: &str) -> Option<String> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let lines = String::from_utf8_lossy(&lines);
    lines.lines().find(|line| line.contains(words)).map(str::to_owned)
}

/// All lines that hold the words.
#[cfg(feature = "redis-server")]
pub(super) fn lines_with(words: &str) -> Vec<String> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let lines = String::from_utf8_lossy(&lines);
    lines.lines().filter(|line| line.contains(words)).map(str::to_owned).collect()
}

struct Lines;

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
