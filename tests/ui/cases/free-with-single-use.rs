use l402_actix::l402;

#[l402(price_sats = 100)]
mod api {
    use actix_web::get;

    #[get("/a")]
    #[l402(free, single_use)]
    pub async fn handler() -> &'static str {
        "paid"
    }
}

fn main() {}
