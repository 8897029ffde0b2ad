//! What a priced module refuses, and what it lets pass: every shape of a handler that it could not
//! gate, and ordinary items beside.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};

use crate::{attribute, l402};

fn priced(items: &TokenStream) -> Result<TokenStream, Vec<String>> {
    l402(quote!(price_sats = 50), quote!(mod api { #items }))
}

/// The messages for a module of these items; none if it is taken.
fn errors(items: &TokenStream) -> Vec<String> {
    priced(items).err().unwrap_or_default()
}

/// The module of these items as it goes out.
fn gated(items: &TokenStream) -> String {
    priced(items).expect("gated").to_string()
}

/// A function as the compiler spaces it.
fn written(function: TokenStream) -> String {
    let function = syn::parse2::<syn::ItemFn>(function).expect("a function");
    function.to_token_stream().to_string()
}

/// Each of these is refused with one message, in which these words stand.
fn assert_refused(words: &str, shapes: impl IntoIterator<Item = TokenStream>) {
    for shape in shapes {
        let errors = errors(&shape);
        assert_eq!(errors.len(), 1, "{shape}: {errors:?}");
        assert!(errors[0].contains(words), "{shape}: {errors:?}");
    }
}

#[test]
fn a_route_attribute_under_another_name_is_refused_at_its_import() {
    assert_refused(
        "cannot be renamed in a priced module",
        [
            quote! { use actix_web::get as fetch; },
            quote! { use actix_web::{HttpResponse, web, post as fetch}; },
            quote! { use crate::{ prelude::{routes as many}, }; },
            quote! { use actix_web::r#get as fetch; },
            quote! { use crate::web::get as fetch; },
            // The handler under it is no second mistake.
            quote! {
                use actix_web::get as fetch;
                #[fetch("/s")] async fn s() {}
            },
            quote! {
                use actix_web::get as fetch;
                #[fetch("/s")] pub async fn s() {}
            },
            quote! {
                pub fn config(cfg: &mut ServiceConfig) {
                    use actix_web::get as fetch;
                    #[fetch("/s")] async fn s() {}
                    cfg.service(s);
                }
            },
            quote! {
                pub fn config(cfg: &mut ServiceConfig) {
                    if LISTED { use actix_web::get as fetch; }
                }
            },
        ],
    );
}

#[test]
fn what_is_handed_on_and_may_be_a_handler_is_refused_at_its_name() {
    assert_refused(
        "cannot export what it does not price",
        [
            quote! { pub use super::elsewhere::handler; },
            quote! { pub(crate) use super::elsewhere::{handler, City}; },
            quote! { pub(in crate::api) use super::elsewhere; },
            quote! { pub use super::elsewhere::Handler as handler; },
            quote! { pub(super) use super::elsewhere::r#match; },
            quote! { pub use super::elsewhere::*; },
        ],
    );
    let two = errors(&quote! { pub use super::elsewhere::{a, b as c}; });
    assert_eq!(two.len(), 2, "{two:?}");
}

#[test]
fn the_attribute_under_another_name_is_the_handlers_own() {
    let imports = [
        quote! { use l402_actix::l402 as pay; },
        quote! { use l402_actix::{Payment, l402 as pay}; },
        quote! { use crate::{prelude::{r#l402 as pay}, Payment}; },
    ];
    for import in imports {
        let own = quote! { #[get("/s")] #[pay(price_sats = 80)] async fn s() {} };
        let module = gated(&quote!(#import #own));
        assert!(module.contains("price_sats (80"), "{module}");
        assert!(!module.contains("price_sats (50"), "{module}");
        assert!(!module.contains("pay ("), "{module}");
        // The import is not called unused.
        assert!(module.contains("use pay as _"), "{module}");

        let free = quote! { #[pay(free)] pub async fn s() {} };
        let module = gated(&quote!(#import #free));
        assert!(module.contains("pub async fn s () { }"), "{module}");

        let twice = quote! { #import #[pay(price_sats = 80)] #[pay] async fn s() {} };
        assert_refused("applied more than once", [twice]);
    }
    let priced = quote! { #[pay(price_sats = 5)] #[get("/s")] async fn s() {} };
    let inside = quote! {
        pub fn config(cfg: &mut ServiceConfig) {
            #priced
            cfg.service(s);
            use l402_actix::l402 as pay;
        }
    };
    assert_eq!(errors(&inside), Vec::<String>::new());
    let around = quote! {
        use l402_actix::l402 as pay;
        pub fn config(cfg: &mut ServiceConfig) { #priced cfg.service(s); }
    };
    assert_eq!(errors(&around), Vec::<String>::new());
    // Renamed where it cannot be seen, it would charge a second time.
    assert_refused("may register the handler without its price", [priced]);
    assert_refused(
        "this attribute may make a handler",
        [quote! { use l402_actix::l402 as _; #[pay(price_sats = 5)] async fn s() {} }],
    );
}

#[test]
fn a_handler_under_an_attribute_that_nobody_knows_is_refused() {
    assert_refused(
        "may register the handler without its price",
        [
            quote! { #[get("/s")] #[register] async fn s() {} },
            quote! { #[register] #[get("/s")] async fn s() {} },
            quote! { #[register] #[l402] async fn s() {} },
            quote! { #[cfg_attr(x, cfg_attr(y, inventory::register("/s")))] #[l402] async fn s() {} },
        ],
    );
    let free = quote! { #[register] #[l402(free)] async fn s() {} };
    assert!(gated(&free).contains("register"));
}

#[test]
fn an_async_fn_under_an_attribute_that_nobody_knows_is_refused() {
    assert_refused(
        "this attribute may make a handler",
        [
            quote! { #[fetch("/s")] async fn s() {} },
            quote! { #[my::fetch] async fn s() {} },
            quote! { #[utoipa::path(get, path = "/s")] async fn s() {} },
            quote! { #[path(get, path = "/s")] async fn s() {} },
            quote! { #[protect("A")] async fn s() {} },
            quote! { #[inline] #[fetch("/s")] #[doc = "s"] async fn s() {} },
            quote! { #[cfg_attr(x, inline, fetch("/s"))] async fn s() {} },
            quote! { #[cfg_attr(x, cfg_attr(y, fetch("/s")))] async fn s() {} },
            // What cannot be read cannot be called harmless.
            quote! { #[cfg_attr(x, + )] async fn s() {} },
            quote! { #[fetch("/s")] fn s() -> impl Future<Output = HttpResponse> { served() } },
        ],
    );
}

#[test]
fn an_async_helper_under_attributes_that_are_harmless_is_left_alone() {
    let helper = quote! {
        #[doc = "A helper."]
        #[cfg(unix)]
        #[cfg_attr(x, allow(dead_code), cfg_attr(y, inline))]
        #[allow(clippy::unused_async)]
        #[expect(unused)]
        #[warn(unused)]
        #[deny(unused)]
        #[forbid(unused)]
        #[inline(always)]
        #[must_use]
        #[cold]
        #[deprecated]
        #[track_caller]
        #[tracing::instrument(skip_all)]
        #[rustfmt::skip]
        #[async_recursion]
        async fn helper() -> u8 { 1 }
    };
    assert!(gated(&helper).contains(&helper.to_string()));
    let test = quote! { #[actix_web::test] #[should_panic] #[ignore] async fn sells() {} };
    assert!(gated(&test).contains(&test.to_string()));
}

#[test]
fn a_public_fn_that_answers_with_a_future_is_refused_until_it_says_that_it_is_free() {
    let answers = [
        quote!(impl Future<Output = HttpResponse>),
        quote!(impl std::future::Future<Output = impl Responder> + 'static),
        quote!(futures::future::BoxFuture<'static, HttpResponse>),
        quote!(LocalBoxFuture<'static, HttpResponse>),
        quote!(std::future::Ready<HttpResponse>),
        quote!(Pin<Box<dyn Future<Output = HttpResponse>>>),
        quote!(impl Fn(HttpRequest) -> Ready<HttpResponse> + Clone),
    ];
    for answer in answers {
        let function = quote!(pub fn s(request: HttpRequest) -> #answer { served(request) });
        assert_refused("which Actix takes for a handler", [function.clone()]);
        assert_refused("which Actix takes for a handler", [quote!(#[inline] #function)]);
        let free = gated(&quote!(#[l402(free)] #function));
        assert!(free.contains(&written(function)), "{free}");
    }
    assert_refused(
        "which Actix takes for a handler",
        [quote! { pub(crate) fn s() -> Ready<HttpResponse> { served() } }],
    );
    let marked = quote! { #[l402] pub fn s() -> Ready<HttpResponse> { served() } };
    assert_refused("a handler must be async", [marked]);
}

#[test]
fn a_public_fn_that_answers_with_a_service_is_refused_until_it_says_that_it_is_free() {
    let answers = [
        quote!(impl HttpServiceFactory),
        quote!(impl actix_web::dev::HttpServiceFactory + 'static),
        quote!(Scope<impl ServiceFactory<ServiceRequest, Config = ()>>),
        quote!((impl HttpServiceFactory, u8)),
    ];
    for answer in answers {
        let function = quote!(pub fn s() -> #answer { served() });
        assert_refused("answers with a service", [function.clone()]);
        let free = gated(&quote!(#[l402(free)] #function));
        assert!(free.contains(&written(function)), "{free}");
        assert_eq!(errors(&quote!(fn s() -> #answer { served() })), [""; 0], "a helper");
    }
    let generic = [
        quote! { pub fn s<T>() -> Scope<T> { served() } },
        quote! { pub fn s<T: Into<String>>(name: T) -> Resource<T> { served() } },
    ];
    assert_refused("answers with a service", generic);
    let lazy =
        quote! { pub fn s() -> Lazy<impl FnOnce(&mut Context) -> HttpResponse> { served() } };
    assert_refused("which Actix takes for a handler", [lazy]);
}

#[test]
fn the_compiler_is_asked_what_a_name_stands_for_where_it_can_be() {
    let asked = |function: TokenStream| {
        let module = gated(&function);
        assert!(module.contains(&written(function)), "as it was: {module}");
        module.matches("IS_SERVICE").count() == 1
    };
    for function in [
        quote!(
            pub fn s() -> Lazy<Served> {
                served()
            }
        ),
        quote!(
            pub fn s() -> Scope {
                served()
            }
        ),
        quote!(
            pub(crate) fn s(text: &str) -> &str {
                text
            }
        ),
        quote!(
            pub fn s<T: Into<String>>(text: T) -> Mine {
                served()
            }
        ),
    ] {
        assert!(asked(function.clone()), "{function}");
    }
    for function in [
        quote!(
            pub fn s() {}
        ),
        quote!(
            pub fn s() -> ! {
                loop {}
            }
        ),
        quote!(
            pub fn s() -> impl Display {
                1
            }
        ),
        quote!(
            pub fn s<'a>(text: &'a str) -> &'a str {
                text
            }
        ),
        quote!(
            pub fn s<T>(item: T) -> Option<T> {
                None
            }
        ),
        quote!(
            fn s() -> Mine {
                served()
            }
        ),
    ] {
        assert!(!asked(function.clone()), "{function}");
    }
    let under = gated(&quote!(
        #[cfg(unix)]
        #[inline]
        pub fn s() -> Mine {
            served()
        }
    ));
    assert!(under.contains("# [cfg (unix)] const _"), "{under}");
}

#[test]
fn a_handler_in_a_functions_body_is_refused_unless_it_has_its_own_price() {
    let message = "cannot see into a function's body";
    let handlers = [
        quote! { #[get("/s")] async fn s() {} },
        quote! { #[actix_web::get("/s")] async fn s() {} },
        quote! { #[doc = "s"] #[inline] #[get("/s")] async fn s() {} },
        quote! { #[routes] #[get("/s")] #[post("/s")] async fn s() {} },
        quote! { #[r#get("/s")] async fn s() {} },
        quote! { #[cfg_attr(true, cfg_attr(x, inline, get("/s")))] async fn s() {} },
        // An `#[l402]` that may not be there charges nobody.
        quote! { #[cfg_attr(x, l402)] #[get("/s")] async fn s() {} },
        quote! { if free { { #[get("/s")] async fn s() {} cfg.service(s); } } },
        quote!(register!(#[get("/s")] async fn s() {});),
        quote! { #[l402(price_sats = 5)] async fn t() {} #[get("/s")] async fn s() {} },
    ];
    for handler in handlers {
        let body = quote!({ #handler cfg.service(s); });
        assert_refused(
            message,
            [
                quote!(pub fn config(cfg: &mut ServiceConfig) #body),
                quote!(fn config(cfg: &mut ServiceConfig) #body),
                quote!(async fn helper() #body),
                quote!(#[get("/t")] async fn t() #body),
                quote!(#[l402(free)] pub async fn t() #body),
                quote!(pub const CONFIG: fn(&mut ServiceConfig) = |cfg| #body;),
                quote!(pub static CONFIG: fn(&mut ServiceConfig) = |cfg| #body;),
                quote!(pub trait Config { fn config(cfg: &mut ServiceConfig) #body }),
            ],
        );
    }
    let priced = [
        quote! { #[l402(price_sats = 5)] #[get("/s")] async fn s() {} },
        quote! { #[get("/s")] #[doc = "s"] #[l402_actix::l402(price_sats = 5)] async fn s() {} },
    ];
    for handler in priced {
        let config = quote!(pub fn config(cfg: &mut ServiceConfig) { #handler cfg.service(s); });
        assert_eq!(errors(&config), Vec::<String>::new(), "{handler}");
    }
}

#[test]
fn a_route_under_several_conditions_is_gated_under_all_of_them() {
    let conditional = [
        quote!(#[cfg_attr(x, cfg_attr(y, get("/s")))]),
        quote!(#[cfg_attr(x, inline, cfg_attr(y, cold, get("/s")))]),
        quote!(#[cfg_attr(all(x, true), cfg_attr(y, get("/s")),)]),
        quote!(#[cfg_attr(true, r#get("/s"))]),
    ];
    for attribute in conditional {
        let module = gated(&quote!(#attribute async fn s() -> u8 { 1 }));
        assert!(module.contains("Gate"), "{module}");
        // The route is the gate's, and the handler within has none.
        let (route, gate) = (module.find("(\"/s\")"), module.find("__private"));
        assert!(route.expect("a route") < gate.expect("a gate"), "{module}");
        assert_eq!(module.matches("(\"/s\")").count(), 1, "{module}");
    }
    assert_refused(
        "applied more than once",
        [quote! { #[l402] #[cfg_attr(x, cfg_attr(y, l402))] async fn s() {} }],
    );
}

#[test]
fn all_mistakes_of_a_module_are_told_at_once() {
    let errors = errors(&quote! {
        use actix_web::{get as fetch, post as send};
        #[fetch("/a")] async fn a() {}
        #[other("/b")] async fn b() { #[get("/c")] async fn c() {} }
        pub fn d() -> Ready<HttpResponse> { #[get("/e")] async fn e() {} }
        pub async fn f() {}
        impl Api {}
    });
    assert_eq!(errors.len(), 8, "{errors:#?}");
}

#[test]
fn ordinary_items_pass_as_they_are() {
    let ordinary = quote! {
        use std::{future::Future, io as stdio, task::Poll};
        use actix_web::{get, post, web::{self, Data, get as by_get}, HttpResponse as Answer};
        use actix_web::web::post as by_post;
        use Shape as _;
        use actix_web::patch as _;
        use super::{elsewhere::handler, prelude::*};
        pub use super::{models::{self as _, City, r#Town as Place}, LIMITS};
        pub(self) use super::elsewhere::other;
        pub const LIMIT: usize = { let head = 1u8; head as usize };
        static NAME: &str = "api";
        #[derive(Debug)]
        pub struct Ready { #[serde(default)] pub up: bool }
        pub enum Shape { Round }
        pub type Reply = Result<Answer, actix_web::Error>;
        pub trait Described { fn describe(&self) -> String { String::new() } }
        pub fn routes(cfg: &mut web::ServiceConfig) {
            use actix_web::web::get as by_get;
            #[cfg(feature = "list")]
            cfg.route("/list", web::get().to(HttpResponse::Ok));
            #[allow(unused)]
            let (trace, options) = (1, 2);
            let sum = trace as u64 + options as u64;
            cfg.app_data(Data::new(sum));
        }
        #[must_use]
        pub fn readiness() -> Ready { Ready { up: true } }
        pub fn states() -> Result<Ready, Shape> { Err(Shape::Round) }
        pub fn poll() -> Poll<()> { Poll::Ready(()) }
        pub fn wait_for(work: impl Future<Output = ()>) -> usize { drop(work); 1 }
        fn later() -> impl Future<Output = ()> { async {} }
        async fn helper() -> Result<(), Answer> { later().await; Ok(()) }
    };
    assert!(gated(&ordinary).contains(&ordinary.to_string()));
}

#[test]
fn what_a_module_cannot_hold_is_refused_at_its_word() {
    for (words, item) in [
        ("cannot hold another module", quote! { mod inner { async fn s() {} } }),
        ("cannot hold an `impl`", quote! { impl Api { async fn s() {} } }),
        ("a trait that brings an `async fn`", quote! { trait Api { async fn s() {} } }),
        (
            "a trait that brings an `async fn`",
            quote! { trait Api { fn s() -> BoxFuture<u8> { f() } } },
        ),
        // It may make one.
        ("a trait that brings an `async fn`", quote! { trait Api { handlers!(); } }),
        ("cannot hold a macro", quote! { handlers!(); }),
        ("must say what it is", quote! { pub async fn s() {} }),
        // That it is async is what makes a handler of it, whatever it answers.
        ("must say what it is", quote! { pub async fn s() -> BoxFuture<'static, u8> { f() } }),
    ] {
        assert_refused(words, [item]);
    }
    let without_body = quote! { pub trait Api { async fn s(&self); } };
    assert!(gated(&without_body).contains(&without_body.to_string()));
}

#[test]
fn a_handler_is_listed_by_its_route_unless_a_scope_stands_before_it() {
    let handler = quote! { #[get("/s")] async fn s() {} };
    let listed = |module: TokenStream| {
        let module = l402(quote!(price_sats = 50), module).expect("gated").to_string();
        assert!(module.contains("Gate"), "{module}");
        module.contains("PricedRoute for s")
    };
    assert_eq!(listed(quote!(mod api { #handler })), cfg!(feature = "discovery"));
    assert_eq!(listed(quote!(#[doc = "s"] mod api { #handler })), cfg!(feature = "discovery"));
    assert!(!listed(quote!(#[scope("/v1")] mod api { #handler })));
    assert!(!listed(quote!(#[actix_web::scope("/v1")] mod api { #handler })));
}

#[test]
fn beside_an_error_the_module_goes_out_without_the_prices_in_it() {
    let written = quote! {
        mod api {
            #[get("/a")] #[l402(free)] async fn a() {}
            #[l402(price_sats = 0)] #[get("/b")] async fn b() {}
        }
    };
    let output = attribute::apply(quote!(price_sats = 50), written).to_string();
    assert!(output.contains("price_sats must be at least 1"), "{output}");
    let kept = quote! { mod api { #[get("/a")] async fn a() {} #[get("/b")] async fn b() {} } };
    assert!(output.ends_with(&kept.to_string()), "{output}");
}
