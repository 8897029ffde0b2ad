use l402_actix::l402;

const USES: u8 = 0;

#[l402(price_sats = 100, uses = USES)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
