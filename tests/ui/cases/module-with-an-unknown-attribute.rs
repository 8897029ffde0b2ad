use l402_actix::l402;

mod prelude {
    pub use actix_web::get as fetch;
}

#[l402(price_sats = 100)]
mod api {
    use actix_web::web;

    use crate::prelude::fetch;

    #[inline]
    #[fetch("/a")]
    async fn handler() -> &'static str {
        "paid"
    }

    #[cfg_attr(all(), cfg_attr(all(), fetch("/b")))]
    async fn conditional() -> &'static str {
        "paid"
    }

    pub fn routes(cfg: &mut web::ServiceConfig) {
        cfg.service((handler, conditional));
    }
}

fn main() {}
