//! The callers: each has one connection and asks again as soon as it is answered.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
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
use tokio::{net::TcpStream, task::JoinSet};

use crate::{Error, broker::CREDENTIAL, routes::Variant};

/// No round of a measurement takes longer.
const MAX_ROUND: Duration = Duration::from_secs(60);

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

    /// Sends `requests` to one route. Each caller asks again at once, so that all keep the server
    /// busy; with a `period`, once in each period, and the callers are spread evenly over it.
    ///
    /// # Errors
    ///
    /// For an answer with another status than the route's, and after `MAX_ROUND`.
    pub async fn round(
        &mut self,
        variant: Variant,
        requests: usize,
        period: Option<Duration>,
    ) -> Result<Round, Error> {
        let count = u32::try_from(self.connections.len())?;
        let spread = period.map(|period| (period, period / count));
        let left = Arc::new(AtomicUsize::new(requests));
        let start = Instant::now();
        let mut callers: JoinSet<Result<_, Error>> = JoinSet::new();
        for (index, mut connection) in (0_u32..).zip(self.connections.drain(..)) {
            let mut next = spread.map(|(_, step)| start + step * index);
            let left = Arc::clone(&left);
            callers.spawn(async move {
                let mut latencies = Vec::new();
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
                    .is_ok()
                {
                    if let (Some(turn), Some((period, _))) = (&mut next, spread) {
                        tokio::time::sleep_until((*turn).into()).await;
                        *turn += period;
                    }
                    let asked = Instant::now();
                    call(&mut connection, variant).await?;
                    latencies.push(asked.elapsed());
                }
                Ok((connection, latencies))
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
