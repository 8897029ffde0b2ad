//! Two instances of one API that share, through Redis, what they have to agree on: which `single_use`
//! payments are used up, and who has paid.
//!
//! `docker compose -f examples/examples/two_instances/compose.yaml up --build` starts Redis, a sandbox
//! in the broker's place, and two instances on ports 8081 and 8082. The same by hand, each in a
//! terminal of its own:
//!
//! ```text
//! redis-server --appendonly yes --maxmemory-policy noeviction
//! cargo run --bin l402-sandbox
//!
//! export LIGHTNING_ENABLE_API_KEY=sandbox-key LIGHTNING_ENABLE_API_URL=http://127.0.0.1:8402
//! PORT=8081 cargo run -p l402-examples --example two_instances
//! PORT=8082 cargo run -p l402-examples --example two_instances
//! ```
//!
//! `REDIS_URL` (`redis://127.0.0.1:6379/`) is the Redis, `HOST` (`127.0.0.1`) and `PORT` (8081) are
//! where the instance listens.

use std::env;

use actix_web::{App, HttpServer, Responder, get, web};
use l402_actix::{L402Config, RedisState, l402};
use l402_examples_setup::{Failure, Setup};

/// Which instance has answered.
struct Instance(String);

#[get("/weather")]
#[l402(price_sats = 100)]
async fn weather(instance: web::Data<Instance>) -> impl Responder {
    format!("sunny, says {}\n", instance.0)
}

/// One answer for each payment, whichever instance is asked.
#[get("/draw")]
#[l402(price_sats = 100, single_use)]
async fn draw(instance: web::Data<Instance>) -> impl Responder {
    format!("a picture of your own, drawn by {}\n", instance.0)
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let (host, port) = (setting("HOST", "127.0.0.1"), setting("PORT", "8081"));
    let setup = Setup::from_env().await?;
    let redis = RedisState::new(setting("REDIS_URL", "redis://127.0.0.1:6379/"))?;
    // Each instance has the same config, and this line is all that they need to share.
    let config = L402Config::new(setup.client()).shared_state(redis);
    let instance = web::Data::new(Instance(format!("the instance on {port}")));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(config.clone())
            .app_data(instance.clone())
            .service(weather)
            .service(draw)
    })
    .bind(format!("{host}:{port}"))?;
    println!("{}.\n", setup.charging());
    println!("Try:\n");
    for address in server.addrs() {
        println!("  curl -i http://{address}/weather\n  curl -i http://{address}/draw");
    }
    Ok(server.run().await?)
}

fn setting(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}
