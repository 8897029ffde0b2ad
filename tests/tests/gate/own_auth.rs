//! The merchant's own authentication stays where it is.

use actix_web::http::header::HeaderName;
use l402_sandbox::Sandbox;
use l402_tests::Answer;

use super::Shop;

#[actix_web::test]
async fn a_header_of_the_merchants_choice_carries_the_credential_too() {
    let own = HeaderName::from_static("x-l402");
    let settings = move |config: super::L402Config| config.credential_header(own.clone());
    let shop = Shop::with(Sandbox::start().await, settings).await;
    let credential = shop.buy("/weather").await;
    for authorization in [None, Some("Bearer mine"), Some("L402 malformed")] {
        let mut request = shop.api.get("/weather").header("X-L402", &credential);
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        let answer = Answer::to(request).await;
        assert_eq!(answer.status, 200, "{authorization:?}");
        assert_eq!(answer.all("vary"), ["Authorization", "x-l402"]);
    }
    let forged = shop.api.get("/weather").header("X-L402", &credential);
    let forged = Answer::to(forged.header("Authorization", "LSAT forged:00")).await;
    assert_eq!(forged.status, 401, "Authorization is looked at first");
    assert_eq!(shop.api.ask("/weather").await.all("vary"), ["Authorization", "x-l402"]);
}

#[actix_web::test]
async fn no_other_header_is_looked_at_unless_it_was_chosen() {
    let shop = Shop::open().await;
    let credential = shop.buy("/weather").await;
    let answer = Answer::to(shop.api.get("/weather").header("X-L402", &credential)).await;
    assert_eq!(answer.status, 402);
}
