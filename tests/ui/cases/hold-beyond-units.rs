use l402_actix::l402;

#[l402(price_sats = 100, units = 10, hold = 20)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
