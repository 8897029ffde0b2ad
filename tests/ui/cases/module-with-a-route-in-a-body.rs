use l402_actix::l402;

#[l402(price_sats = 100)]
mod api {
    use actix_web::{get, web};
    use l402_actix::l402;

    pub fn routes(cfg: &mut web::ServiceConfig) {
        #[get("/a")]
        async fn handler() -> &'static str {
            "paid"
        }

        #[get("/b")]
        #[l402(price_sats = 5)]
        async fn with_its_own_price() -> &'static str {
            "paid"
        }

        cfg.service((handler, with_its_own_price));
    }
}

fn main() {}
