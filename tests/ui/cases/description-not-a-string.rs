use l402_actix::l402;

#[l402(price_sats = 100, description = 5)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
