use l402_actix::l402;

struct City;

#[l402(price_sats = 100, extract_first)]
async fn handler(_city: City) -> &'static str {
    "paid"
}

fn main() {}
