use actix_web::{Responder, get};
use l402_actix::{PaidRoutes, l402};

#[get("/")]
#[l402(price_sats = 100)]
async fn handler() -> impl Responder {
    "paid"
}

fn register(paid: &mut PaidRoutes<'_>) {
    paid.service(handler);
}

fn main() {}
