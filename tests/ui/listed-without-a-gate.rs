use actix_web::{Responder, http::Method};
use l402_actix::PaidRoutes;

async fn handler() -> impl Responder {
    "free"
}

fn register(paid: &mut PaidRoutes<'_>) {
    paid.route("/", Method::GET, handler);
}

fn main() {}
