//! A price for a folder of files, which have no handler of yours.
//!
//! `cargo run -p l402-examples --example static_files`

use actix_files::Files;
use actix_web::{App, HttpServer, web};
use l402_actix::{L402Config, RequirePayment};
use l402_examples_setup::{Failure, Setup};

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let config = L402Config::new(setup.client());
    let listener = setup.listen(&["{api}/report/index.html", "{api}/report/style.css"])?;
    let server = HttpServer::new(move || {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/site");
        let report = web::scope("/report")
            // With a resource, one payment opens the page and everything that it loads. Without
            // it each path is a payment of its own, its style sheet and its images included.
            .wrap(RequirePayment::sats(20).resource("report-2025").description("Report, an hour"))
            .service(Files::new("", folder).index_file("index.html"));
        App::new().app_data(config.clone()).service(report)
    });
    Ok(server.listen(listener)?.run().await?)
}
