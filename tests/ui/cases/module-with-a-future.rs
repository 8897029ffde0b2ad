use l402_actix::l402;

#[l402(price_sats = 100)]
mod api {
    use std::{future, pin::Pin};

    pub fn opaque() -> impl Future<Output = &'static str> {
        async { "paid" }
    }

    pub fn boxed() -> Pin<Box<dyn Future<Output = &'static str>>> {
        Box::pin(async { "paid" })
    }

    pub(crate) fn ready() -> future::Ready<&'static str> {
        future::ready("paid")
    }

    fn helper() -> future::Ready<&'static str> {
        future::ready("not on its own")
    }
}

fn main() {}
