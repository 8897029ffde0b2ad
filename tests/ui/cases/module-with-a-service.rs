use l402_actix::l402;

#[l402(price_sats = 100)]
mod api {
    use actix_web::{Scope, dev::HttpServiceFactory, web};

    pub fn opaque() -> impl HttpServiceFactory {
        web::resource("/opaque").to(|| async { "paid" })
    }

    #[l402_actix::l402(free)]
    pub fn marked() -> Scope {
        web::scope("/marked")
    }
}

fn main() {}
