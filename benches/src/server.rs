//! The server under measurement, a process of its own.

use actix_web::{App, HttpServer, web};

use crate::{
    Error, process,
    routes::{self, Shared},
};

/// Where a counting server says how many allocations there were.
pub const ALLOCATIONS_PATH: &str = "/allocations";

/// How a server is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the broker is, as a base URL.
    pub broker: String,
    /// How many of Actix's workers.
    pub workers: usize,
}

impl Settings {
    /// For the command line of a server's process; [`Settings::from_args`] reads it.
    #[must_use]
    pub fn to_args(&self) -> Vec<String> {
        vec![self.broker.clone(), self.workers.to_string()]
    }

    /// Reads what [`Settings::to_args`] has written.
    ///
    /// # Errors
    ///
    /// For anything else.
    pub fn from_args(args: &[String]) -> Result<Self, Error> {
        let [broker, workers] = args else {
            return Err("expected: <broker> <workers>".into());
        };
        Ok(Self { broker: broker.clone(), workers: workers.parse()? })
    }
}

/// Serves until the parent process is gone. `allocations` says how many there were so far, where
/// they are counted.
///
/// # Errors
///
/// When a client or a port cannot be had.
pub async fn run(settings: Settings, allocations: Option<fn() -> usize>) -> Result<(), Error> {
    let Settings { broker, workers } = settings;
    let shared = Shared::new(&broker)?;
    let server = HttpServer::new(move || {
        let shared = shared.clone();
        App::new().configure(move |app| routes::configure(app, &shared)).route(
            ALLOCATIONS_PATH,
            web::get()
                .to(move || async move { allocations.map_or(0, |count| count()).to_string() }),
        )
    })
    .workers(workers)
    .bind(("127.0.0.1", 0))?;
    let address = *server.addrs().first().ok_or("no address")?;
    process::announce(address);
    Ok(server.run().await?)
}
