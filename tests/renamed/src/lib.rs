//! An app that knows `l402-actix` under another name.

use actix_web::{Responder, get};

/// Charges one sat.
#[get("/weather")]
#[paid::l402(price_sats = 1, description = "The weather", crate = "paid")]
pub async fn weather() -> impl Responder {
    "sunny"
}

#[cfg(test)]
mod tests {
    use actix_web::{App, test};
    use l402_sandbox::Sandbox;

    #[actix_web::test]
    async fn the_attribute_finds_a_renamed_crate() {
        let sandbox = Sandbox::start().await;
        let config = paid::L402Config::new(sandbox.client());
        let app = test::init_service(App::new().app_data(config).service(super::weather)).await;
        let ask = || test::TestRequest::get().uri("/weather");
        let unpaid = test::call_service(&app, ask().to_request()).await;
        assert_eq!(unpaid.status(), 402);

        let credential = sandbox.pay_challenge(unpaid.headers()).expect("paid");
        let request = ask().insert_header(("Authorization", credential)).to_request();
        assert_eq!(test::call_and_read_body(&app, request).await, "sunny");
    }
}
