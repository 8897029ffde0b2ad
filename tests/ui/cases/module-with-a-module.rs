use l402_actix::l402;

#[l402(price_sats = 100)]
mod api {
    mod inner {
        pub async fn handler() -> &'static str {
            "paid"
        }
    }
}

fn main() {}
