use l402_actix::l402;

#[l402(price_sats = 100)]
async fn handler() -> impl std::fmt::Display {
    "paid"
}

fn main() {}
