//! A ledger of one's own: each payment is a line in a file.
//!
//! `cargo run -p l402-examples --example on_payment`, and read the file of `LEDGER`, by default
//! `ledger.redb` in the folder for temporary files, at `/ledger`.
//!
//! A payment is told at least once: again after a restart, and on each process of several. So the book
//! is keyed by the payment hash, and what stands in it stays.

use std::{
    env,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use actix_web::{App, HttpServer, Responder, error, get, web};
use l402_actix::{L402Config, Payment, Route, l402};
use l402_examples_setup::{Failure, Setup};
use redb::{Database, Error, ReadableDatabase as _, ReadableTable as _, TableDefinition};

/// Payment hash -> when it was booked, in seconds since 1970, its price in sats, and the route.
const BOOK: TableDefinition<'_, &str, (u64, u64, &str)> = TableDefinition::new("payments");

#[derive(Clone)]
struct Ledger(Arc<Database>);

impl Ledger {
    fn open() -> Result<Self, Error> {
        let file = env::var_os("LEDGER").map(PathBuf::from);
        let file = file.unwrap_or_else(|| env::temp_dir().join("ledger.redb"));
        let book = Database::create(file)?;
        let begin = book.begin_write()?;
        begin.open_table(BOOK)?;
        begin.commit()?;
        Ok(Self(Arc::new(book)))
    }

    /// Waits for the disk, which here holds up nobody.
    fn book(&self, hash: &str, route: &Route) -> Result<(), Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let write = self.0.begin_write()?;
        {
            let mut book = write.open_table(BOOK)?;
            let is_booked = book.get(hash)?.is_some();
            if !is_booked {
                // The price, and not `payment.amount_sats`, which a payer can make larger.
                book.insert(hash, (now, route.price_sats, route.pattern.as_str()))?;
            }
        }
        Ok(write.commit()?)
    }

    fn lines(&self) -> Result<String, Error> {
        let mut lines = Vec::new();
        for line in self.0.begin_read()?.open_table(BOOK)?.iter()? {
            let (hash, entry) = line?;
            let (at, sats, route) = entry.value();
            lines.push(format!("{at} {sats} sats {route} {}\n", hash.value()));
        }
        Ok(lines.concat())
    }
}

#[get("/weather/{city}")]
#[l402(price_sats = 100)]
async fn weather(city: web::Path<String>) -> String {
    format!("sunny in {city}\n")
}

/// To be seen here by whoever tries this. What you earn is nobody else's business: put it behind your
/// login, or leave it out.
#[get("/ledger")]
async fn ledger(ledger: web::Data<Ledger>) -> Result<impl Responder, actix_web::Error> {
    let ledger = ledger.get_ref().clone();
    let lines = web::block(move || ledger.lines()).await?;
    lines.map_err(error::ErrorInternalServerError)
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let book = Ledger::open()?;
    let writes = book.clone();
    let config =
        L402Config::new(setup.client()).on_payment(move |payment: Payment, route: Route| {
            let book = writes.clone();
            async move {
                let hash = payment.payment_hash.unwrap_or_default();
                if let Err(err) = book.book(&hash, &route) {
                    eprintln!("{hash} is not in the ledger: {err}");
                }
            }
        });
    let listener = setup.listen(&["{api}/weather/rome", "{api}/ledger"])?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(config.clone())
            .app_data(web::Data::new(book.clone()))
            .service(weather)
            .service(ledger)
    });
    server.listen(listener)?.run().await?;
    // The last payments are in the ledger before the process ends.
    l402_actix::flush(Duration::from_secs(10)).await;
    Ok(())
}
