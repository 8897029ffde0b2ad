use l402_actix::l402;

#[l402(price_sats = 100, uses = 2, units = 10, hold = 1)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
