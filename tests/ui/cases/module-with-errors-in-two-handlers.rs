use l402_actix::l402;

#[l402(price_sats = 100)]
mod api {
    use l402_actix::l402;

    #[l402(price_sats = 0)]
    pub async fn first() -> &'static str {
        "paid"
    }

    #[l402]
    pub fn second() -> &'static str {
        "paid"
    }
}

fn main() {}
