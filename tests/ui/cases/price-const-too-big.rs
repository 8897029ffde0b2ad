use l402_actix::l402;

const PRICE: u128 = u64::MAX as u128 + 1;

#[l402(price_sats = PRICE)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
