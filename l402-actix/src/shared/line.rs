//! Scripts on the line to Redis, and what comes of them.

use std::{
    error::Error,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use redis::{Cmd, FromRedisValue, RedisError, RedisResult, Value};

use super::{
    connection::{Connections, is_of_the_connection},
    eviction::{Eviction, INFO},
    patience::{Aside, within},
    run::Run,
};
use crate::notice::Notice;

/// One for all lines of the process.
static AWAY: Notice = Notice::new();

/// Why Redis did not do it. Whether it has done it all the same is not known of [`Away`](Self::Away).
#[derive(Debug)]
pub(crate) enum Fault {
    /// It has no room.
    Full,
    /// It was silent a moment ago, and was not asked.
    LeftAside,
    /// It cannot be reached, cannot be trusted, or did not answer in time.
    Away(Box<dyn Error + Send + Sync>),
}

impl Fault {
    pub(super) fn away(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Away(cause.into())
    }

    fn of(err: RedisError) -> Self {
        if err.code() == Some("OOM") { Self::Full } else { Self::away(err) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("it is full"),
            Self::LeftAside => f.write_str("it was silent and is left aside for a while"),
            Self::Away(cause) => write!(f, "{cause}"),
        }
    }
}

pub(super) struct Line {
    connections: Connections,
    pub(super) patience: Duration,
    aside: Aside,
    eviction: Eviction,
    server: Run,
}

impl Line {
    pub(super) fn of(connections: Connections, patience: Duration) -> Self {
        let (aside, eviction, server) = <(Aside, Eviction, Run)>::default();
        Self { connections, patience, aside, eviction, server }
    }

    pub(super) fn connections(&self) -> Connections {
        self.connections.clone()
    }

    pub(super) fn was_away_lately(&self, now: Instant) -> bool {
        self.aside.was_away_lately(now)
    }

    /// Runs a script, unless Redis is left aside.
    pub(super) async fn run(
        self: Arc<Self>,
        script: &'static str,
        keys: Vec<String>,
        arguments: Vec<String>,
        lasts: bool,
    ) -> Result<Value, Fault> {
        let result = async {
            if lasts && !self.eviction.is_checked() {
                let info = self.ask(eval(INFO, &keys, &[]), &keys).await?;
                let info = String::from_redis_value(info).map_err(Fault::away)?;
                self.server.is_as_before(&info);
                self.eviction.check(&info).map_err(Fault::away)?;
            }
            self.ask(eval(script, &keys, &arguments), &keys).await
        }
        .await;
        if let Err(fault) = &result
            && let Some(times) = AWAY.due()
        {
            tracing::warn!(times, "Redis cannot be used: {fault}");
        }
        result
    }

    async fn ask(&self, command: Cmd, keys: &[String]) -> Result<Value, Fault> {
        if !self.aside.may_ask(Instant::now()) {
            return Err(Fault::LeftAside);
        }
        match within(self.patience, self.ask_anew(command, keys)).await {
            Some(Err(err)) if is_of_the_connection(&err) => {
                self.aside.put(Instant::now());
                Err(Fault::of(err))
            }
            Some(answer) => {
                self.aside.has_answered();
                answer.map_err(Fault::of)
            }
            None => {
                self.aside.put(Instant::now());
                self.connections.forget();
                let patience = self.patience.as_millis();
                Err(Fault::away(format!("no answer within {patience} ms")))
            }
        }
    }

    /// Twice if the connection turns out to be dead, as one does that was idle for long or whose
    /// server was started anew: each script can be run again.
    async fn ask_anew(&self, command: Cmd, keys: &[String]) -> RedisResult<Value> {
        let (number, connection) = self.connections.alive(None).await?;
        match connection.ask(command.clone()).await {
            Err(err) if is_of_the_connection(&err) => {
                let (_, connection) = self.connections.alive(Some(number)).await?;
                let info = connection.ask(eval(INFO, keys, &[])).await;
                let info = info.and_then(|info| Ok(String::from_redis_value(info)?));
                // Else it is there all the time, and has closed what was idle.
                if !info.is_ok_and(|info| self.server.is_as_before(&info)) {
                    self.aside.was_away(Instant::now());
                }
                connection.ask(command).await
            }
            answer => answer,
        }
    }
}

/// The text each time: its digest alone would save half a kilobyte and cost a second round trip
/// after each restart and failover, when there is least time for one.
fn eval(script: &str, keys: &[String], arguments: &[String]) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(script).arg(keys.len()).arg(keys).arg(arguments);
    command
}
