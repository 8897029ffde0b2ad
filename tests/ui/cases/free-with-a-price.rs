use l402_actix::l402;

#[l402(price_sats = 100)]
mod api {
    use actix_web::get;

    #[get("/a")]
    #[l402(free, price_sats = 5)]
    pub async fn handler() -> &'static str {
        "paid"
    }
}

fn main() {}
