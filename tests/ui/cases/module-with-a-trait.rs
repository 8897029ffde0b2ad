use l402_actix::l402;

#[l402(price_sats = 100)]
mod api {
    pub trait Harmless {
        async fn stated(&self);

        fn helper(&self) -> u32 {
            1
        }
    }

    pub trait Pages {
        async fn page() -> &'static str {
            "free"
        }
    }
}

fn main() {}
