use actix_web::{get, web::Path};
use actix_web_grants::protect;
use l402_actix::l402;

#[get("/{id}")]
#[l402(price_sats = 100)]
#[protect("EDITOR", expr = "*id == 1")]
async fn handler(id: Path<u8>) -> String {
    id.to_string()
}

fn main() {
    actix_web::App::new().service(handler);
}
