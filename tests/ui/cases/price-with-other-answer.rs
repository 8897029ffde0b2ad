use actix_web::HttpRequest;
use l402_actix::l402;

async fn price(_: HttpRequest) -> u64 {
    1
}

#[l402(price_with = price)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
