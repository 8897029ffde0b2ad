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
