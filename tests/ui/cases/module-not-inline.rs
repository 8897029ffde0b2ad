use l402_actix::l402;

#[l402(price_sats = 100)]
mod api;

fn main() {}
