use l402_actix::l402;

#[l402(price_sats)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
