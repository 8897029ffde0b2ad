//! The attributes of a handler in every order: none of them lets the handler be reached ungated.

use actix_web::web;
use l402_sandbox::Sandbox;
use l402_tests::{Api, Calls, config};

/// A handler under these attributes, in this order.
macro_rules! handler {
    ($name:ident: $(#[$($attribute:tt)*])*) => {
        $(#[$($attribute)*])*
        pub(super) async fn $name(calls: Data<Calls>) -> &'static str {
            calls.count();
            "sold"
        }
    };
}

/// For each attribute a scope with the six orders of it, the route and the price.
macro_rules! orders {
    ($($scope:ident: [$($attribute:tt)*],)*) => {
        $(mod $scope {
            use actix_web::{get, web::Data};
            use l402_actix::l402;
            use l402_tests::Calls;

            handler!(a: #[get("/a")] #[l402(price_sats = 10)] #[$($attribute)*]);
            handler!(b: #[get("/b")] #[$($attribute)*] #[l402(price_sats = 10)]);
            handler!(c: #[l402(price_sats = 10)] #[get("/c")] #[$($attribute)*]);
            handler!(d: #[l402(price_sats = 10)] #[$($attribute)*] #[get("/d")]);
            handler!(e: #[$($attribute)*] #[get("/e")] #[l402(price_sats = 10)]);
            handler!(f: #[$($attribute)*] #[l402(price_sats = 10)] #[get("/f")]);
        })*

        const SCOPES: &[&str] = &[$(stringify!($scope)),*];

        fn register(app: &mut web::ServiceConfig) {
            $(app.service(
                web::scope(concat!("/", stringify!($scope)))
                    .service(($scope::a, $scope::b, $scope::c))
                    .service(($scope::d, $scope::e, $scope::f)),
            );)*
        }
    };
}

orders! {
    documented: [doc = "Sold."],
    inlined: [inline],
    used: [must_use],
    linted: [allow(clippy::unused_async)],
    formatted: [rustfmt::skip],
    instrumented: [tracing::instrument(skip_all)],
    conditional: [cfg(all())],
    conditionally_cold: [cfg_attr(all(), cold)],
}

#[actix_web::test]
async fn harmless_attributes_in_every_order_leave_a_handler_its_price() {
    let sandbox = Sandbox::start().await;
    let config = config(sandbox.client());
    let calls = Calls::default();
    let counter = calls.clone();
    let api = Api::serve(move |app| {
        app.app_data(config.clone()).app_data(web::Data::new(counter.clone())).configure(register);
    })
    .await;
    for scope in SCOPES {
        for order in ["a", "b", "c", "d", "e", "f"] {
            let path = format!("/{scope}/{order}");
            let before = calls.so_far();
            let credential = api.buy(&path, &sandbox).await;
            assert_eq!(calls.so_far(), before, "{path}");
            let paid = api.ask_with(&path, &credential).await;
            assert_eq!((paid.status, paid.body.as_str()), (200, "sold"), "{path}");
        }
    }
}
