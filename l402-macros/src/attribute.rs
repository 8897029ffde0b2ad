//! The tokens of the attribute and of its item -> what stands in their place.
//!
//! It is not in the root, because what stands there only the compiler can call. Tests call this.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemMod;

use crate::{args::Args, expand::expand, handler::Handler, module};

pub(crate) fn apply(args: TokenStream, item: TokenStream) -> TokenStream {
    let args = Args::parse(args);
    let (gated, item) = if let Ok(module) = syn::parse2::<ItemMod>(item.clone()) {
        let gated = args.and_then(|args| module::gate(&not_free(args)?, module.clone()));
        (gated, module::stripped(module))
    } else {
        let parsed = both(args.and_then(not_free), Handler::parse(item.clone()));
        (parsed.map(|(args, handler)| expand(&args, &handler)), item)
    };
    // Beside an error the item goes out unchanged, so that its absence causes no further ones.
    gated.unwrap_or_else(|err| {
        let message = err.into_compile_error();
        quote!(#message #item)
    })
}

/// `free` is an exception from a priced module, which takes it off before anybody else sees it.
fn not_free(args: Args) -> syn::Result<Args> {
    let message = "`free` is for a handler in a priced module; remove `#[l402]` to serve it free";
    args.free().map_or(Ok(args), |span| Err(syn::Error::new(span, message)))
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
