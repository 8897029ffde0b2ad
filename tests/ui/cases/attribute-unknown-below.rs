use l402_actix::l402;

mod prelude {
    pub use actix_web::get as handler;
}

use crate::prelude::handler;

#[l402(price_sats = 100)]
#[inline]
#[handler("/a")]
async fn below() -> &'static str {
    "paid"
}

#[l402(price_sats = 100)]
#[cfg_attr(all(), inline, cfg_attr(all(), crate::prelude::handler("/b")))]
async fn conditional() -> &'static str {
    "paid"
}

#[handler("/c")]
#[l402(price_sats = 100)]
async fn above() -> &'static str {
    "paid"
}

fn main() {
    actix_web::App::new().service((below, conditional, above));
}
