use l402_actix::l402;

#[l402(price_sats = 100, units = 0, hold = 1)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
