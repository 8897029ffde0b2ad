//! How much code the attribute adds to an app, counted in lines as rustfmt would write them.

use proc_macro2::TokenStream;
use quote::quote;

use crate::l402;

/// The most lines that the attribute may add to a handler.
const LIMIT: usize = 40;

/// What a listing in the manifest adds, an item beside the handler; without the feature there is
/// none.
const LISTING: usize = if cfg!(feature = "discovery") { 6 } else { 0 };

fn lines(tokens: TokenStream) -> usize {
    let file = syn::parse2(tokens).expect("the expansion is a file of items");
    prettyplease::unparse(&file).lines().filter(|line| !line.trim().is_empty()).count()
}

fn gated(args: TokenStream, item: TokenStream) -> TokenStream {
    l402(args, item).expect("gated")
}

fn handler(name: &str) -> TokenStream {
    let name = quote::format_ident!("{name}");
    quote! {
        #[get("/forecast/{city}")]
        pub async fn #name(city: web::Path<String>, payment: Payment) -> impl Responder {
            format!("{city}: sunny, for {} sats", payment.amount_sats)
        }
    }
}

#[test]
fn a_usual_handler_becomes_under_twenty_lines_and_one_with_every_key_grows_by_forty_at_most() {
    let usual = lines(gated(quote!(price_sats = 100), handler("forecast")));
    assert!(usual < LIMIT / 2 + LISTING, "{usual}");

    let fullest = quote! {
        price_sats = 2 * BASE,
        description = "The weather of one city",
        resource_with = by_city,
        extract_first,
        crate = "crate::payments::l402_actix"
    };
    let added = lines(gated(fullest, handler("forecast"))) - lines(handler("forecast"));
    assert!(added <= LIMIT + LISTING, "{added}");
}

#[test]
fn a_priced_module_of_three_handlers_is_no_longer_than_the_three_by_hand() {
    let names = ["first", "second", "third"];
    let [first, second, third] = names.map(handler);
    let module = quote!(mod api { #first #second #third });
    let priced = lines(gated(quote!(price_sats = 100), module));

    let handlers = names.map(|name| gated(quote!(price_sats = 100), handler(name)));
    let by_hand = lines(quote!(mod api { #(#handlers)* }));
    assert!(priced <= by_hand, "{priced} lines against {by_hand}");
}
