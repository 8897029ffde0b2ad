//! The callers: each has one connection and asks again as soon as it is answered.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    Request,
    client::conn::http1::{self, SendRequest},
    header::{AUTHORIZATION, HOST},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::Barrier, task::JoinSet};

use crate::{Error, broker::CREDENTIAL, routes::Variant};

/// No round of a measurement takes longer.
const MAX_ROUND: Duration = Duration::from_secs(60);

/// How long callers look away: longer than 32 answers take that need no broker.
const LOOK_AWAY: Duration = Duration::from_millis(2);

/// A caller hands its request to the task of its connection, which then sends it.
const YIELDS_UNTIL_SENT: usize = 8;

/// When a caller asks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As soon as it is answered, which leaves no caller idle.
    AtOnce,
    /// All together, and then all look away for a moment. To wake a caller costs the server, and how
    /// often that happens depends on how fast a route is: the callers of a route that outruns them
    /// never sleep. This way nobody is woken on any route that is done in time.
    InStep,
    /// Once in each period, over which the callers are spread evenly.
    Spread(Duration),
}

/// How one round went.
#[derive(Debug)]
pub struct Round {
    /// From the first request to the last answer.
    pub wall: Duration,
    /// How long each request took, in ascending order.
    pub latencies: Vec<Duration>,
}

impl Round {
    /// What at least this share of the requests did not exceed.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let index = (self.latencies.len() * percent).div_ceil(100).saturating_sub(1);
        self.latencies.get(index).copied().unwrap_or_default()
    }
}

/// Connections to one server.
#[derive(Debug)]
pub struct Callers {
    connections: Vec<SendRequest<Empty<Bytes>>>,
}

impl Callers {
    /// Connects `count` of them.
    ///
    /// # Errors
    ///
    /// When the server does not take a connection.
    pub async fn connect(server: SocketAddr, count: usize) -> Result<Self, Error> {
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            let stream = TcpStream::connect(server).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            connections.push(sender);
        }
        Ok(Self { connections })
    }

    /// Sends `requests` to one route, the same number by each caller.
    ///
    /// # Errors
    ///
    /// For an answer with another status than the route's, and after `MAX_ROUND`.
    pub async fn round(
        &mut self,
        variant: Variant,
        requests: usize,
        pace: Pace,
    ) -> Result<Round, Error> {
        // The broker's first reply says what it allows; until then all together would be too many.
        if let Some(connection) = self.connections.first_mut() {
            call(connection, variant).await?;
        }
        let count = u32::try_from(self.connections.len())?;
        let looks_away = pace == Pace::InStep;
        let share = requests.div_ceil(self.connections.len());
        let together = Arc::new(Barrier::new(self.connections.len() + usize::from(looks_away)));
        let start = Instant::now();
        let mut callers: JoinSet<Result<_, Error>> = JoinSet::new();
        for (index, mut connection) in (0_u32..).zip(self.connections.drain(..)) {
            let together = Arc::clone(&together);
            callers.spawn(async move {
                let mut latencies = Vec::with_capacity(share);
                for turn in (0_u32..).take(share) {
                    match pace {
                        Pace::AtOnce => {}
                        Pace::InStep => {
                            together.wait().await;
                        }
                        Pace::Spread(period) => {
                            let turn = start + period * turn + period / count * index;
                            tokio::time::sleep_until(turn.into()).await;
                        }
                    }
                    let asked = Instant::now();
                    call(&mut connection, variant).await?;
                    latencies.push(asked.elapsed());
                }
                Ok((connection, latencies))
            });
        }
        // Ends with the round, in its last wait.
        let mut eyes = JoinSet::new();
        if looks_away {
            eyes.spawn(async move {
                loop {
                    together.wait().await;
                    for _ in 0..YIELDS_UNTIL_SENT {
                        tokio::task::yield_now().await;
                    }
                    // This whole thread, which is that of all callers.
                    std::thread::sleep(LOOK_AWAY);
                }
            });
        }
        let mut latencies = Vec::with_capacity(requests);
        let all = async {
            while let Some(caller) = callers.join_next().await {
                let (connection, own) = caller??;
                self.connections.push(connection);
                latencies.extend(own);
            }
            Ok::<_, Error>(())
        };
        tokio::time::timeout(MAX_ROUND, all).await??;
        let wall = start.elapsed();
        latencies.sort_unstable();
        Ok(Round { wall, latencies })
    }

    /// The text at a path.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn read(&mut self, path: &str) -> Result<String, Error> {
        let connection = self.connections.first_mut().ok_or("no connection")?;
        let request = Request::get(path).header(HOST, "localhost").body(Empty::new())?;
        let body = connection.send_request(request).await?.into_body().collect().await?;
        Ok(String::from_utf8(body.to_bytes().to_vec())?)
    }
}

async fn call(connection: &mut SendRequest<Empty<Bytes>>, variant: Variant) -> Result<(), Error> {
    let mut request = Request::get(variant.path).header(HOST, "localhost");
    if variant.paid {
        request = request.header(AUTHORIZATION, CREDENTIAL);
    }
    let response = connection.send_request(request.body(Empty::new())?).await?;
    if response.status() != variant.status {
        return Err(format!("{} answered {}", variant.name, response.status()).into());
    }
    response.into_body().collect().await?;
    connection.ready().await?;
    Ok(())
}
