use l402_actix::l402;

#[l402(single_use, price_sats = 100, single_use)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
