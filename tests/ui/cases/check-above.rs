use actix_web::get;
use actix_web_grants::protect;
use l402_actix::l402;

#[protect("EDITOR")]
#[get("/a")]
#[l402(price_sats = 100)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {
    actix_web::App::new().service(handler);
}
