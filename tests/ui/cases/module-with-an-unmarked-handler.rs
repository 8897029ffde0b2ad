use l402_actix::l402;

#[l402(price_sats = 100)]
mod api {
    pub async fn handler() -> &'static str {
        "paid"
    }

    pub(crate) async fn other() -> &'static str {
        "paid"
    }

    async fn helper() {}
}

fn main() {}
