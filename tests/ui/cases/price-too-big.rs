use l402_actix::l402;

#[l402(price_sats = 18_446_744_073_709_551_616)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
