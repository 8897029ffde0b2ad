//! The attributes of a handler in every order, by itself and in a priced module: none of them lets the
//! handler be reached ungated, or at another price than its own.

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

/// For each attribute a scope with the six orders of it, the route and the price; and one with the same
/// in a module that has a price, where a handler need have none of its own.
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

        mod priced {
            $(#[l402_actix::l402(price_sats = 20)]
            pub(super) mod $scope {
                use actix_web::{get, web::Data};
                use l402_actix::l402;
                use l402_tests::Calls;

                #[get("/a")]
                #[l402(price_sats = 10)]
                #[$($attribute)*]
                pub(crate) async fn a(calls: Data<Calls>) -> &'static str {
                    calls.count();
                    "sold"
                }

                #[get("/b")]
                #[$($attribute)*]
                #[l402(price_sats = 10)]
                pub(crate) async fn b(calls: Data<Calls>) -> &'static str {
                    calls.count();
                    "sold"
                }

                #[l402(price_sats = 10)]
                #[get("/c")]
                #[$($attribute)*]
                pub(crate) async fn c(calls: Data<Calls>) -> &'static str {
                    calls.count();
                    "sold"
                }

                #[l402(price_sats = 10)]
                #[$($attribute)*]
                #[get("/d")]
                pub(crate) async fn d(calls: Data<Calls>) -> &'static str {
                    calls.count();
                    "sold"
                }

                #[$($attribute)*]
                #[get("/e")]
                #[l402(price_sats = 10)]
                pub(crate) async fn e(calls: Data<Calls>) -> &'static str {
                    calls.count();
                    "sold"
                }

                #[$($attribute)*]
                #[l402(price_sats = 10)]
                #[get("/f")]
                pub(crate) async fn f(calls: Data<Calls>) -> &'static str {
                    calls.count();
                    "sold"
                }

                #[get("/g")]
                #[$($attribute)*]
                pub(crate) async fn g(calls: Data<Calls>) -> &'static str {
                    calls.count();
                    "sold"
                }

                #[$($attribute)*]
                #[get("/h")]
                pub(crate) async fn h(calls: Data<Calls>) -> &'static str {
                    calls.count();
                    "sold"
                }
            })*
        }

        const SCOPES: &[&str] = &[$(stringify!($scope)),*];

        fn register(app: &mut web::ServiceConfig) {
            $(app.service(
                web::scope(concat!("/", stringify!($scope)))
                    .service(($scope::a, $scope::b, $scope::c))
                    .service(($scope::d, $scope::e, $scope::f)),
            );
            app.service(
                web::scope(concat!("/priced/", stringify!($scope)))
                    .service((priced::$scope::a, priced::$scope::b, priced::$scope::c))
                    .service((priced::$scope::d, priced::$scope::e, priced::$scope::f))
                    .service((priced::$scope::g, priced::$scope::h)),
            );)*
        }
    };
}

orders! {
    documented: [doc = "Sold."],
    inlined: [inline],
    used: [must_use],
    linted: [allow(clippy::unused_async)],
    denied: [deny(unsafe_code)],
    formatted: [rustfmt::skip],
    by_a_tool: [clippy::cognitive_complexity = "25"],
    instrumented: [tracing::instrument(skip_all)],
    conditional: [cfg(all())],
    conditionally_cold: [cfg_attr(all(), cold)],
    conditionally_several: [cfg_attr(all(), doc = "Sold.", cfg_attr(all(), inline, must_use))],
    conditionally_instrumented: [cfg_attr(all(), tracing::instrument(skip_all))],
    on_a_page: [utoipa::path(get, path = "/sold", responses((status = 200, description = "Sold")))],
}

/// `#[routes]` stands above its methods; the price stands anywhere.
mod routes {
    use actix_web::{routes, web::Data};
    use l402_actix::l402;
    use l402_tests::Calls;

    handler!(a: #[l402(price_sats = 10)] #[routes] #[get("/a")] #[post("/a")]);
    handler!(b: #[routes] #[l402(price_sats = 10)] #[get("/b")] #[post("/b")]);
    handler!(c: #[routes] #[get("/c")] #[l402(price_sats = 10)] #[post("/c")]);
    handler!(d: #[routes] #[get("/d")] #[post("/d")] #[l402(price_sats = 10)]);
}

/// Many at once, each order the other one's reverse.
mod crowded {
    use actix_web::{get, web::Data};
    use l402_actix::l402;
    use l402_tests::Calls;

    handler!(a: #[doc = "Sold."] #[cfg(all())] #[get("/a")] #[must_use] #[tracing::instrument(skip_all)] #[l402(price_sats = 10)] #[inline] #[cfg_attr(all(), cold)]);
    handler!(b: #[cfg_attr(all(), cold)] #[inline] #[l402(price_sats = 10)] #[tracing::instrument(skip_all)] #[must_use] #[get("/b")] #[cfg(all())] #[doc = "Sold."]);
    handler!(c: #[cfg(all())] #[cfg_attr(all(), get("/c"))] #[tracing::instrument(skip_all)] #[cfg_attr(all(), l402(price_sats = 10))]);
    handler!(d: #[cfg_attr(all(), l402(price_sats = 10), tracing::instrument(skip_all), get("/d"))]);
}

struct Shop {
    api: Api,
    sandbox: Sandbox,
    calls: Calls,
}

impl Shop {
    async fn open() -> Self {
        let sandbox = Sandbox::start().await;
        let config = config(sandbox.client());
        let calls = Calls::default();
        let counter = calls.clone();
        let api = Api::serve(move |app| {
            let routes = web::scope("/routes");
            let crowded = web::scope("/crowded");
            app.app_data(config.clone())
                .app_data(web::Data::new(counter.clone()))
                .configure(register)
                .service(routes.service((routes::a, routes::b, routes::c, routes::d)))
                .service(crowded.service((crowded::a, crowded::b, crowded::c, crowded::d)));
        })
        .await;
        Self { api, sandbox, calls }
    }

    /// Unpaid the handler is not reached, and for its price it is.
    async fn sells(&self, path: &str, sats: u64) {
        let before = self.calls.so_far();
        let unpaid = self.api.ask(path).await;
        assert_eq!(unpaid.status, 402, "{path}: {}", unpaid.body);
        assert_eq!(unpaid.json()["price_sats"], sats, "{path}");
        assert_eq!(self.calls.so_far(), before, "{path}");
        let credential = l402_tests::pay(&self.sandbox, &unpaid.headers);
        let paid = self.api.ask_with(path, &credential).await;
        assert_eq!((paid.status, paid.body.as_str()), (200, "sold"), "{path}");
    }
}

#[actix_web::test]
async fn harmless_attributes_in_every_order_leave_a_handler_its_price() {
    let shop = Shop::open().await;
    for scope in SCOPES {
        for order in ["a", "b", "c", "d", "e", "f"] {
            shop.sells(&format!("/{scope}/{order}"), 10).await;
        }
    }
}

#[actix_web::test]
async fn in_a_priced_module_they_leave_it_its_own_price_or_the_modules() {
    let shop = Shop::open().await;
    for scope in SCOPES {
        for order in ["a", "b", "c", "d", "e", "f"] {
            shop.sells(&format!("/priced/{scope}/{order}"), 10).await;
        }
        for order in ["g", "h"] {
            shop.sells(&format!("/priced/{scope}/{order}"), 20).await;
        }
    }
}

#[actix_web::test]
async fn many_attributes_at_once_and_several_routes_leave_it_too() {
    let shop = Shop::open().await;
    for scope in ["routes", "crowded"] {
        for order in ["a", "b", "c", "d"] {
            shop.sells(&format!("/{scope}/{order}"), 10).await;
        }
    }
}
