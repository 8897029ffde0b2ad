use l402_actix::l402;

#[l402(price_sats = 100)]
#[cfg_attr(all(), l402(price_sats = 200))]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
