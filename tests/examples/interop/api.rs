//! What is sold: the same routes in each setting.

use actix_cors::Cors;
use actix_web::{
    Responder, get,
    http::header::{AUTHORIZATION, WWW_AUTHENTICATE},
    web::{self, ServiceConfig},
};
use l402_actix::{L402Config, OnInvalidToken, Payment, RequirePayment, l402};
use serde_json::json;

#[get("/free")]
async fn free() -> impl Responder {
    web::Json(json!({ "weather": "somewhere, something" }))
}

#[get("/weather")]
#[l402(price_sats = 100, description = "The weather, one hour")]
async fn weather() -> impl Responder {
    web::Json(json!({ "weather": "sunny", "celsius": 22 }))
}

/// Siblings for clients that cache a token for more than the path it was bought for.
#[get("/reports/{id}")]
#[l402(price_sats = 50)]
async fn report(id: web::Path<String>, payment: Payment) -> impl Responder {
    web::Json(json!({ "report": id.as_str(), "paid": payment.amount_sats }))
}

/// The lines of CORS that a page needs to pay, as in the example `browsers`.
#[derive(Clone, Copy, PartialEq)]
enum Line {
    Origin,
    Methods,
    Authorization,
    Expose,
}

/// Registers everything that is sold, in a scope for each setting. Pages of `origin` may pay
/// wherever no line is missing.
pub(crate) fn routes(config: &L402Config, origin: &str) -> impl FnOnce(&mut ServiceConfig) {
    let answering = |on_invalid_token| config.clone().on_invalid_token(on_invalid_token);
    let scopes = [
        ("/diagnose", answering(OnInvalidToken::Diagnose), None),
        ("/unauthorized", answering(OnInvalidToken::Unauthorized), None),
        ("/mpp", config.clone().mpp(true), None),
        ("/no-origin", config.clone(), Some(Line::Origin)),
        ("/no-methods", config.clone(), Some(Line::Methods)),
        ("/no-authorization", config.clone(), Some(Line::Authorization)),
        ("/no-expose", config.clone(), Some(Line::Expose)),
        // The last, since it takes every path.
        ("", config.clone(), None),
    ];
    let (config, origin) = (config.clone(), origin.to_owned());
    move |app| {
        // The gate where no gate may stand: it answers before CORS has its say.
        let inside_out = web::scope("/gate-outside")
            .app_data(config.clone())
            .wrap(cors(&origin, None))
            .wrap(RequirePayment::sats(100))
            .service(free);
        app.service(inside_out);
        for (path, config, missing) in scopes {
            let scope = web::scope(path)
                .app_data(config)
                .wrap(cors(&origin, missing))
                .service(free)
                .service(weather)
                .service(report);
            app.service(scope);
        }
    }
}

fn cors(origin: &str, missing: Option<Line>) -> Cors {
    let mut cors = Cors::default();
    if missing != Some(Line::Origin) {
        cors = cors.allowed_origin(origin);
    }
    if missing != Some(Line::Methods) {
        cors = cors.allowed_methods(["GET", "POST"]);
    }
    if missing != Some(Line::Authorization) {
        cors = cors.allowed_header(AUTHORIZATION);
    }
    if missing != Some(Line::Expose) {
        cors = cors.expose_headers([WWW_AUTHENTICATE]);
    }
    cors
}
