use l402_actix::l402;

struct Api;

impl Api {
    #[l402(price_sats = 100)]
    async fn handler(&self) -> &'static str {
        "paid"
    }
}

fn main() {}
