//! What stands below the attribute on a handler that stands by itself.

use proc_macro2::TokenStream;
use quote::quote;

use crate::l402;

fn gated(handler: TokenStream) -> String {
    l402(quote!(price_sats = 50), handler).expect("gated").to_string()
}

/// Each of these is refused with one message, in which these words stand.
fn assert_refused(words: &str, handlers: impl IntoIterator<Item = TokenStream>) {
    for handler in handlers {
        let written = handler.to_string();
        let errors = l402(quote!(price_sats = 50), handler).expect_err(&written);
        assert_eq!(errors.len(), 1, "{written}: {errors:?}");
        assert!(errors[0].contains(words), "{written}: {errors:?}");
    }
}

#[test]
fn an_attribute_that_nobody_knows_is_refused_below() {
    assert_refused(
        "put it above `#[l402]`",
        [
            quote! { #[register] async fn s() {} },
            quote! { #[inventory::register(path = "/s")] async fn s() {} },
            quote! { #[get("/s")] #[register] async fn s() {} },
            quote! { #[inline] #[cached] async fn s() {} },
            quote! { #[once] async fn s() {} },
            quote! { #[api_operation(summary = "s")] async fn s() {} },
            quote! { #[cfg_attr(x, inline, cfg_attr(y, register))] async fn s() {} },
            quote! { #[cfg_attr(x, + )] async fn s() {} },
            quote! { #[inline::register] async fn s() {} },
            quote! { #[clippy] async fn s() {} },
        ],
    );
    let two = quote! { #[register] #[get("/s")] #[cfg_attr(x, also)] async fn s() {} };
    assert_eq!(l402(TokenStream::new(), two).expect_err("two").len(), 2);
}

#[test]
fn attributes_that_are_known_to_be_harmless_stay_with_the_handler() {
    for attribute in [
        quote!(#[inline]),
        quote!(#[must_use = "s"]),
        quote!(#[cold]),
        quote!(#[track_caller]),
        quote!(#[target_feature(enable = "avx2")]),
        quote!(#[cfg_attr(coverage_nightly, coverage(off))]),
        quote!(#[instrument]),
        quote!(#[tracing::instrument(skip_all)]),
        quote!(#[async_recursion(?Send)]),
        quote!(#[async_recursion::async_recursion]),
        quote!(#[actix_web::test]),
        quote!(#[should_panic]),
        quote!(#[ignore = "s"]),
        quote!(#[rustfmt::skip]),
        quote!(#[clippy::msrv = "1.89"]),
        quote!(#[diagnostic::do_not_recommend]),
        quote!(#[cfg_attr(x, cfg_attr(y, inline))]),
    ] {
        let gated = gated(quote!(#attribute async fn s() {}));
        // Within, so that it comes after the gate.
        let (gate, inner) = (gated.find("Gate"), gated.find('#'));
        assert!(gate.expect("a gate") < inner.expect("an attribute"), "{gated}");
    }
}

#[test]
fn what_speaks_of_the_item_goes_to_the_gate() {
    for attribute in [
        quote!(#[doc = "s"]),
        quote!(#[cfg(unix)]),
        quote!(#[deprecated]),
        quote!(#[allow(unused)]),
        quote!(#[expect(unused)]),
        quote!(#[get("/s")]),
        quote!(#[utoipa::path(get, path = "/s")]),
        quote!(#[protect("ADMIN", ty = "Role", error = "denied")]),
        quote!(#[actix_web_grants::protect(any("ADMIN", all("A", "B")))]),
        quote!(#[has_permissions["READ"]]),
        quote!(#[has_any_permission("READ", "WRITE")]),
        quote!(#[has_roles("ADMIN")]),
        quote!(#[cfg_attr(x, has_any_role("ADMIN"))]),
    ] {
        let gated = gated(quote!(#attribute async fn s() {}));
        let (gate, outer) = (gated.find("Gate"), gated.find('#'));
        assert!(outer.expect("an attribute") < gate.expect("a gate"), "{gated}");
        assert_eq!(gated.matches(&attribute.to_string()).count(), 1, "{gated}");
    }
}

#[test]
fn a_check_that_the_gate_could_not_make_is_refused() {
    assert_refused(
        "reads the handler's arguments",
        [
            quote! { #[protect("A", expr = "id.into_inner() == user.id")] async fn s() {} },
            quote! { #[protect(any("A", expr = "id.0 == 1"))] #[get("/s")] async fn s() {} },
            quote! { #[cfg_attr(x, has_roles("A", secure = "id.0 == 1"))] async fn s() {} },
        ],
    );
    // As the check leaves it when it stands above.
    assert_refused(
        "turns strangers away after they have paid",
        [
            quote! {
                async fn s(
                    _auth_details_1: actix_web_grants::authorities::AuthDetails<String>,
                    city: Path<String>,
                ) -> actix_web::Either<String, actix_web::HttpResponse> { served() }
            },
            quote! {
                async fn s(_auth_details_0: actix_web_grants::permissions::AuthDetails<Role>) {}
            },
        ],
    );
    let by_hand = gated(quote! { async fn s(details: AuthDetails) {} });
    assert!(by_hand.contains("Gate"));
}

#[test]
fn each_key_reaches_the_gate() {
    let handler = || quote! { async fn s(city: Path<String>, all: Query<All>) {} };
    let gated = |args| l402(args, handler()).expect("gated").to_string();
    let plain = gated(quote!(price_sats = 100));
    for (args, reaches) in [
        (quote!(price_sats = 100), ". price_sats (100u64)"),
        (quote!(price_sats = PRICE), ". price_sats ((PRICE) as"),
        (quote!(price_with = by_model), ". price_with (& |"),
        (quote!(description = "the weather"), ". description (\"the weather\")"),
        (quote!(resource = "reports"), ". resource (\"reports\")"),
        (quote!(resource_with = by_body), ". resource_with (& |"),
        (quote!(single_use), ". uses (1u64)"),
        (quote!(uses = USES), ". uses ((USES) as"),
        (quote!(units = 1000, hold = HOLD), ". units (1000u64 , (HOLD) as"),
        (quote!(extract_first), ". serve_after (async |"),
        (quote!(crate = "pay::inner"), "pay :: inner :: __private :: Gate"),
    ] {
        let gated = gated(args.clone());
        assert!(gated.contains(reaches), "{args}: {gated}");
        assert!(reaches.contains("price_sats (100u64") || !plain.contains(reaches), "{reaches}");
        // And the types of the arguments, for the compiler's words about one that is no extractor.
        for ty in ["Path < String >", "Query < All >"] {
            assert!(gated.contains(&format!(":: argument :: < {ty} > ()")), "{args}: {gated}");
        }
    }
}

#[test]
fn each_constant_is_checked_by_the_compiler_and_no_literal() {
    for (args, constants) in [
        (quote!(price_sats = 100, uses = 5), 0),
        (quote!(price_sats = PRICE), 1),
        (quote!(price_sats = 2 * BASE, uses = USES), 2),
        (quote!(price_sats = PRICE, units = UNITS, hold = HOLD), 3),
        (quote!(price_sats = 5, units = 100, hold = HOLD), 1),
        (quote!(price_with = by_model, units = UNITS, hold = 5), 1),
    ] {
        let gated = l402(args.clone(), quote! { async fn s() {} }).expect("gated").to_string();
        assert_eq!(gated.matches("let __l402_number =").count(), constants, "{args}: {gated}");
    }
}

#[test]
fn a_type_without_a_name_is_refused_wherever_in_an_argument_it_stands() {
    assert_refused(
        "an extractor's type must be named",
        [
            quote! { async fn s(city: impl FromRequest) {} },
            quote! { async fn s(both: (Path<u8>, impl FromRequest)) {} },
            quote! { async fn s(all: [impl FromRequest; 2]) {} },
        ],
    );
}
