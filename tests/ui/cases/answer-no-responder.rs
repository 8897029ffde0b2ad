use l402_actix::l402;

struct Weather;

#[l402(price_sats = 100)]
async fn handler() -> Weather {
    Weather
}

fn main() {}
