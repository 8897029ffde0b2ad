#![allow(unused_imports)]

use l402_actix::l402;

mod elsewhere {
    pub async fn handler() -> &'static str {
        "free"
    }

    pub mod more {}

    pub struct City;
}

#[l402(price_sats = 100)]
mod api {
    pub use crate::elsewhere::{City, handler};
    pub(crate) use crate::elsewhere::{handler as other, more::*};
    pub use crate::elsewhere::handler as Handler;
    use crate::elsewhere::handler as own;

    pub fn routes(cfg: &mut actix_web::web::ServiceConfig) {
        cfg.route("/own", actix_web::web::get().to(own));
    }
}

fn main() {
    actix_web::App::new().configure(api::routes);
}
