use l402_actix::l402;

const PRICE: f64 = 1.5;

#[l402(price_sats = PRICE)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
