use actix_web::HttpRequest;
use l402_actix::l402;

fn resource(request: &HttpRequest) -> String {
    request.path().to_owned()
}

#[l402(resource = "reports", resource_with = resource)]
async fn handler() -> &'static str {
    "paid"
}

fn main() {}
