use l402_actix::l402;

#[l402(free)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
