use l402_actix::l402;

#[l402(price_sats = 1.5)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
