use l402_actix::l402;

#[l402(price_sats = 100)]
async fn handler(_state: actix_web::web::Data<impl Send>) -> &'static str {
    "paid"
}

fn main() {}
