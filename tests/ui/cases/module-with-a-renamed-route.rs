use l402_actix::l402;

#[l402(price_sats = 100)]
mod api {
    use actix_web::{get as fetch, web};

    #[fetch("/a")]
    async fn handler() -> &'static str {
        "paid"
    }

    pub fn routes(cfg: &mut web::ServiceConfig) {
        cfg.service(handler);
    }
}

fn main() {}
