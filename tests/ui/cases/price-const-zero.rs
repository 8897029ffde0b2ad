use l402_actix::l402;

const PRICE: u32 = 0;

#[l402(price_sats = PRICE)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
