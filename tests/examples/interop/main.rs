//! What the foreign clients of `tests/interop` buy from: the quickstart's routes in several
//! settings, on a sandbox, with a second port for the suite to see and to change what goes on.
//!
//! Prints three lines, `API`, `WALLET` and `CONTROL`, each with the address, and serves until it is
//! ended. `ORIGIN` is the origin of the page that may pay from a browser.

mod api;
mod control;

use std::{env, error::Error, future::ready, sync::Arc};

use actix_web::{App, HttpServer, dev::Service as _, rt, web};
use l402_actix::{L402Config, VerifyCache};
use l402_sandbox::{Event, Sandbox};
use tracing_subscriber::filter::LevelFilter;

use crate::control::{Control, Story};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(LevelFilter::WARN).with_writer(std::io::stderr).init();
    let story = Arc::new(Story::default());
    let told = Arc::clone(&story);
    let sandbox = Sandbox::builder()
        .on_event(move |event| {
            if let Event::Paid { .. } = event {
                told.tell("paid".to_owned());
            }
        })
        .start()
        .await?;
    let booked = Arc::new(Story::default());
    let book = Arc::clone(&booked);
    // So that a token that expires, or a broker that is lost, is seen at the next request.
    let config = L402Config::new(sandbox.client()).verify_cache(VerifyCache::off()).on_payment(
        move |payment, _| {
            book.tell(payment.payment_hash.unwrap_or_default());
            ready(())
        },
    );
    let origin = env::var("ORIGIN").unwrap_or_else(|_| "http://localhost".to_owned());

    let seen = Arc::clone(&story);
    let shop = HttpServer::new(move || {
        let seen = Arc::clone(&seen);
        App::new()
            .configure(api::routes(&config, &origin))
            // The outermost, so that it sees what CORS answers as well.
            .wrap_fn(move |request, service| {
                let (seen, asked) = (Arc::clone(&seen), control::asked(&request));
                let answer = service.call(request);
                async move {
                    let answer = answer.await?;
                    seen.tell(format!("{asked}{}", answer.status().as_u16()));
                    Ok(answer)
                }
            })
    })
    .workers(1)
    .bind(("127.0.0.1", 0))?;

    let wallet = sandbox.url().to_owned();
    let control = web::Data::new(Control { sandbox, story, booked });
    let desk =
        HttpServer::new(move || App::new().app_data(control.clone()).configure(control::routes))
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))?;

    println!("API http://{}", shop.addrs()[0]);
    println!("WALLET {wallet}");
    println!("CONTROL http://{}", desk.addrs()[0]);
    rt::spawn(desk.run());
    Ok(shop.run().await?)
}
