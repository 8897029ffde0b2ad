use l402_actix::l402;

#[l402(extract_first, price_sats = 100, extract_first)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
