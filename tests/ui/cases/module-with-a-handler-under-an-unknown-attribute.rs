use l402_actix::l402;

mod prelude {
    pub use l402_actix::l402 as pay;
}

#[l402(price_sats = 100)]
mod api {
    use actix_web::get;

    use crate::prelude::pay;

    #[get("/a")]
    #[pay(price_sats = 80)]
    async fn handler() -> &'static str {
        "paid twice"
    }

    #[pay(price_sats = 80)]
    #[l402]
    async fn other() -> &'static str {
        "paid twice"
    }

    pub fn routes(cfg: &mut actix_web::web::ServiceConfig) {
        cfg.service(handler).route("/b", actix_web::web::get().to(other));
    }
}

fn main() {
    actix_web::App::new().configure(api::routes);
}
