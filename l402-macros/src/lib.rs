//! The `#[l402]` attribute of [`l402-actix`](https://docs.rs/l402-actix); use it through that crate.
//!
//! Tokens are parsed into arguments (`args`), arguments and item are validated into a handler
//! (`handler`), and the handler is expanded into tokens (`expand`).

mod args;
mod expand;
mod handler;

use proc_macro::TokenStream;
use quote::quote;

use crate::{args::Args, handler::Handler};

/// Charges for a route: the handler is called only for requests that have paid.
///
/// Goes over an `async fn` that Actix can call, above or below its route attribute. The handler
/// keeps its arguments and its answer; it may take a `Payment`.
///
/// # Keys
///
/// | key | value | default |
/// | --- | --- | --- |
/// | `price_sats` | a whole number of sats, at least 1: a literal, or a constant expression of any integer type; checked at compile time | the config's `default_price_sats`; with neither the route answers 500, never free |
/// | `description` | a string: what the payer reads in the wallet | none |
/// | `resource` | a string of at most 1024 bytes: what a token is bought for; routes with the same resource share their tokens, as far as the price allows | the request's path without its query, so that a token opens the path it was bought for |
/// | `crate` | a string with the path of `l402-actix`, for a crate that renames it | `"::l402_actix"` |
///
/// # Examples
///
/// ```text
/// #[get("/weather")]
/// #[l402(price_sats = 100, description = "The weather")]
/// async fn weather(city: web::Query<City>, payment: Payment) -> impl Responder { … }
///
/// const BASE: u32 = 250;
///
/// #[l402(price_sats = 2 * BASE, resource = "reports")]
/// async fn report(id: web::Path<u64>) -> Result<web::Json<Report>, Error> { … }
///
/// #[l402]                                  // L402Config::default_price_sats
/// async fn anything() -> impl Responder { … }
/// ```
///
/// # Errors
///
/// At compile time: a price of 0, a value of the wrong kind, an unknown key or one that is set
/// twice, an item that is no handler, an argument that is no extractor, an answer that is no
/// responder. At run time the route answers as `l402-actix` lists it.
///
/// # Security
///
/// Put it on each handler that shall cost something: a handler without it is free.
#[proc_macro_attribute]
pub fn l402(args: TokenStream, item: TokenStream) -> TokenStream {
    match both(Args::parse(args.into()), Handler::parse(item.clone().into())) {
        Ok((args, handler)) => expand::expand(&args, &handler).into(),
        Err(err) => {
            // The item goes out unchanged, so that its absence causes no further errors.
            let (message, item) = (err.into_compile_error(), proc_macro2::TokenStream::from(item));
            quote!(#message #item).into()
        }
    }
}

/// Both results, or all of their errors: a user mends everything in one go.
fn both<A, B>(a: syn::Result<A>, b: syn::Result<B>) -> syn::Result<(A, B)> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(err), Ok(_)) | (Ok(_), Err(err)) => Err(err),
        (Err(mut first), Err(second)) => {
            first.combine(second);
            Err(first)
        }
    }
}
