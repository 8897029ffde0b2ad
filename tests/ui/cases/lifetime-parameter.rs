use l402_actix::l402;

#[l402(price_sats = 100)]
async fn handler<'a>(_text: std::borrow::Cow<'a, str>) -> &'static str {
    "paid"
}

fn main() {}
