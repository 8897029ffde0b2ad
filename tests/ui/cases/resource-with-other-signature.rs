use actix_web::HttpRequest;
use l402_actix::l402;

async fn resource(_: HttpRequest) -> String {
    String::new()
}

#[l402(resource_with = resource)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
