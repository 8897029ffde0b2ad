use l402_actix::l402;

#[l402(price_sats = 0, price = 5, description = 5)]
fn handler(self) -> &'static str {
    "paid"
}

fn main() {}
