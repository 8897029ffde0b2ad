//! The one connection to Redis, made with the first use and anew when it has died.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value, aio::ConnectionLike};
use tokio::{sync::Mutex, time::timeout};

/// How long a connection may take to be made. Whoever needs it waits for less; it is there for the
/// next one then.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) type Answering = Pin<Box<dyn Future<Output = RedisResult<Value>> + Send>>;
type Connecting = Pin<Box<dyn Future<Output = RedisResult<Arc<dyn Connection>>> + Send>>;
type Connect = Arc<dyn Fn() -> Connecting + Send + Sync>;

/// A connection that commands of many requests can be under way on: to one server, or to a cluster.
pub(super) trait Connection: Send + Sync {
    fn ask(&self, command: Cmd) -> Answering;
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Connection for C {
    fn ask(&self, command: Cmd) -> Answering {
        let mut own = self.clone();
        Box::pin(async move { command.query_async(&mut own).await })
    }
}

/// How connections are made, and the one that was made last.
#[derive(Clone)]
pub(super) struct Connections {
    connect: Connect,
    last: Arc<Mutex<Last>>,
}

#[derive(Default)]
struct Last {
    /// Counts connections, so that of all who find one dead only the first makes another.
    number: u64,
    connection: Option<Arc<dyn Connection>>,
}

impl Connections {
    pub(super) fn by<F, Fut, C>(connect: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = RedisResult<C>> + Send + 'static,
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        let connect = move || -> Connecting {
            let connecting = connect();
            Box::pin(async move { Ok(Arc::new(connecting.await?) as Arc<dyn Connection>) })
        };
        Self { connect: Arc::new(connect), last: Arc::default() }
    }

    /// The connection and its number; another one than that which was found `dead`.
    pub(super) async fn alive(
        &self,
        dead: Option<u64>,
    ) -> RedisResult<(u64, Arc<dyn Connection>)> {
        let own = self.clone();
        // In a task of its own: whoever waits for it may give up, and then it is there for the next.
        let made = tokio::spawn(async move {
            let mut last = own.last.lock().await;
            if let Some(connection) = &last.connection
                && dead != Some(last.number)
            {
                return Ok((last.number, Arc::clone(connection)));
            }
            last.connection = None;
            let made = timeout(CONNECT_TIMEOUT, (own.connect)()).await;
            let late = |_| Err((ErrorKind::Io, "no connection in time").into());
            let connection = made.unwrap_or_else(late)?;
            last.number += 1;
            last.connection = Some(Arc::clone(&connection));
            Ok((last.number, connection))
        });
        let panicked = |_| Err((ErrorKind::Client, "the function that connects has panicked").into());
        made.await.unwrap_or_else(panicked)
    }

    /// Lets go of a connection that has been silent: the machine at its other end may be gone, and
    /// nobody says so.
    pub(super) fn forget(&self) {
        // Whoever holds the lock is making another one.
        if let Ok(mut last) = self.last.try_lock() {
            last.connection = None;
        }
    }
}

/// Whether another connection would do better: this one is dead, or leads to a server that is the
/// master no more.
pub(super) fn is_of_the_connection(err: &RedisError) -> bool {
    err.is_io_error()
        || err.is_unrecoverable_error()
        || matches!(
            err.kind(),
            ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown)
        )
}
