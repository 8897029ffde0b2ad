use l402_actix::l402;

type Served = std::pin::Pin<Box<dyn Future<Output = &'static str>>>;

#[l402(price_sats = 100)]
mod api {
    use actix_web::{Resource, Route, Scope, web};
    use l402_actix::l402;

    pub fn route() -> Route {
        web::get().to(|| async { "paid" })
    }

    pub fn resource() -> Resource {
        web::resource("/resource").to(|| async { "paid" })
    }

    pub(crate) fn scope() -> Scope {
        web::scope("/scope").route("/a", route())
    }

    pub fn under_a_name() -> super::Served {
        Box::pin(async { "paid" })
    }

    pub fn unlisted() -> std::future::Pending<&'static str> {
        std::future::pending()
    }

    #[l402(free)]
    pub fn marked() -> Scope {
        web::scope("/marked")
    }

    fn helper() -> Route {
        web::get().to(|| async { "not on its own" })
    }

    pub fn config(cfg: &mut web::ServiceConfig) {
        cfg.route("/helper", helper());
    }

    pub fn text(of: &str) -> &str {
        of
    }
}

fn main() {}
