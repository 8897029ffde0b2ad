use l402_actix::l402;

const PRICE: i64 = -100;

#[l402(price_sats = PRICE)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
