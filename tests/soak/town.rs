//! Where it all happens: the broker, both processes, their Redis, and how to ask one of them.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use l402_sandbox::Sandbox;
use reqwest::{RequestBuilder, header::HeaderMap};

use crate::{
    api::{CLIENT, UNIT},
    fleet::{End, Fleet, Life},
    illness::{Illness, Moment},
    redis::Outages,
    seen::Seen,
};

pub(crate) struct Town {
    pub(crate) sandbox: Sandbox,
    pub(crate) illness: Illness,
    pub(crate) fleet: Fleet,
    pub(crate) outages: Outages,
    pub(crate) seen: Seen,
    http: Mutex<reqwest::Client>,
}

/// One that asked, from when to when, and the broker's states at both ends.
pub(crate) struct Asked {
    pub(crate) life: Arc<Life>,
    pub(crate) begun: Instant,
    pub(crate) states: [Moment; 2],
    pub(crate) said: Said,
}

pub(crate) enum Said {
    Answer(Reply),
    /// Nobody listens there.
    Refused,
    /// The answer never came, or broke off after so many units.
    Nothing {
        units: u64,
        why: String,
    },
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
    }
}

impl Asked {
    /// How the process ended, if it has.
    pub(crate) fn end(&self) -> Option<End> {
        self.life.end().map(|(end, _)| end)
    }
}

impl Town {
    pub(crate) fn new(sandbox: Sandbox) -> Self {
        Self {
            sandbox,
            illness: Illness::none(),
            fleet: Fleet::default(),
            outages: Outages::default(),
            seen: Seen::default(),
            http: Mutex::new(client()),
        }
    }

    /// Asks the process in this slot, as from this address; `None` while there is none.
    pub(crate) async fn ask(
        &self,
        slot: usize,
        path: &str,
        from: &str,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Option<Asked> {
        let life = self.fleet.now(slot)?;
        let http = self.http.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (begun, state) = (Instant::now(), self.illness.now());
        let request = http.get(format!("http://{}{path}", life.address));
        let said = hear(with(request.header(CLIENT.as_str(), from))).await;
        Some(Asked { life, begun, states: [state, self.illness.now()], said })
    }

    /// Closes idle connections.
    pub(crate) fn leave(&self) {
        *self.http.lock().unwrap_or_else(PoisonError::into_inner) = client();
    }
}

async fn hear(request: RequestBuilder) -> Said {
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(err) if err.is_connect() => return Said::Refused,
        Err(err) => return Said::Nothing { units: 0, why: format!("{err:?}") },
    };
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(piece)) => body.extend_from_slice(&piece),
            Ok(None) => break,
            Err(err) => {
                let units = units(&String::from_utf8_lossy(&body));
                return Said::Nothing { units, why: format!("{err:?}") };
            }
        }
    }
    Said::Answer(Reply { status, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

/// How many units a body has brought.
pub(crate) fn units(body: &str) -> u64 {
    body.matches(UNIT).count() as u64
}

fn client() -> reqwest::Client {
    // Actix closes an idle connection after five seconds; who asks on it then gets no answer.
    let client = reqwest::Client::builder().no_proxy().pool_idle_timeout(Duration::from_secs(2));
    client.timeout(Duration::from_secs(60)).build().unwrap_or_default()
}
