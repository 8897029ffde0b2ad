use l402_actix::l402;

#[l402(free = true)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
