use l402_actix::l402;

#[l402(price_sats = 100, single_use, uses = 2)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
