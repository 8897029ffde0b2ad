//! The tokens of the attribute and of its item -> what stands in their place.
//!
//! It is not in the root, because what stands there only the compiler can call. Tests call this.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Error, ItemMod};

use crate::{args::Args, expand::expand, handler::Handler, keys, module};

pub(crate) fn apply(args: TokenStream, item: TokenStream) -> TokenStream {
    unless_it_panics(&item.clone(), || gated(args, item))
}

fn gated(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut written = args.clone();
    let args = Args::parse(args);
    let (gated, item) = if let Ok(module) = syn::parse2::<ItemMod>(item.clone()) {
        for own in module::own_arguments(&module) {
            written.extend(quote!(, #own));
        }
        let gated = args.and_then(|args| module::gate(&not_free(args)?, module.clone()));
        (gated, module::stripped(module))
    } else {
        let parsed = both(args.and_then(not_free), Handler::parse(item.clone()));
        (parsed.map(|(args, handler)| expand(&args, &handler)), item)
    };
    // Beside an error the item goes out unchanged, so that its absence causes no further ones.
    gated.unwrap_or_else(|err| {
        // The completions go first: an editor takes a place to be the same however much of the
        // word is written, and the message grows with the word.
        let completions = keys::completions(written, item.clone());
        let message = err.into_compile_error();
        quote!(#completions #message #item)
    })
}

/// What the work makes, or the item beside an error that asks for a report.
pub(crate) fn unless_it_panics(
    item: &TokenStream,
    work: impl FnOnce() -> TokenStream,
) -> TokenStream {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = format!(
            "`#[l402]` has panicked, which is a fault of l402-actix: {}; report it together with \
             this item",
            said(&*panic)
        );
        let message = Error::new(Span::call_site(), message).into_compile_error();
        quote!(#message #item)
    })
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// `free` is an exception from a priced module, which takes it off before anybody else sees it.
fn not_free(args: Args) -> syn::Result<Args> {
    let message = "`free` is for a handler in a priced module; remove `#[l402]` to serve it free";
    args.free().map_or(Ok(args), |span| Err(Error::new(span, message)))
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
