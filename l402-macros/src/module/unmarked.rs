//! A function of a priced module that has neither a route nor an `#[l402]`: a helper, or a mistake.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Error, ItemFn, Meta, Result, ReturnType, Signature, Visibility, ext::IdentExt as _};

use crate::{attrs, module::imports::Renames};

/// What a type is called that Actix can wait for. `Ready` is one with an argument: without, it may
/// be anybody's name for what is ready.
const FUTURES: [&str; 5] = ["Future", "TryFuture", "FusedFuture", "BoxFuture", "LocalBoxFuture"];

/// Refuses what may be a handler, since left as it is it would be served free.
pub(crate) fn check(function: &ItemFn, renames: &Renames) -> Result<()> {
    if !answers_with_future(&function.sig) {
        return Ok(());
    }
    let future = future_in(&function.sig.output);
    let is_async = function.sig.asyncness.is_some();
    let metas: Vec<Meta> = attrs::effective(&function.attrs).collect();
    // The import is refused already, and with it the function is mended.
    if metas.iter().any(|meta| renames.is_route(meta)) {
        return Ok(());
    }
    if !matches!(function.vis, Visibility::Inherited) {
        return match future {
            Some(future) if !is_async => Err(Error::new(
                future.span(),
                "a public function of a priced module answers with a future, which Actix takes for \
                 a handler; make it an `async fn` with a route attribute or `#[l402]`, write \
                 `#[l402(free)]`, or move it out",
            )),
            _ => Err(Error::new(
                function.sig.ident.span(),
                "a public `async fn` in a priced module must say what it is; write a route \
                 attribute, `#[l402]` to charge for it, or `#[l402(free)]`",
            )),
        };
    }
    match metas.iter().find(|meta| !attrs::is_harmless(meta)).and_then(attrs::name) {
        Some(name) => Err(Error::new(
            name.span(),
            "in a priced module this attribute may make a handler that nobody pays for; write \
             `#[l402]` to charge for it, or `#[l402(free)]`, or move the function out",
        )),
        None => Ok(()),
    }
}

/// Whether Actix could take a function for a handler.
pub(crate) fn answers_with_future(signature: &Signature) -> bool {
    signature.asyncness.is_some() || future_in(&signature.output).is_some()
}

/// Where the type of an answer names a future.
fn future_in(output: &ReturnType) -> Option<Ident> {
    fn find(tokens: TokenStream) -> Option<Ident> {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let found = match token {
                TokenTree::Ident(ident) => {
                    let has_argument = tokens.peek().is_some_and(opens_arguments);
                    is_future(&ident, has_argument).then_some(ident)
                }
                TokenTree::Group(group) => find(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => None,
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }
    find(output.to_token_stream())
}

fn opens_arguments(next: &TokenTree) -> bool {
    matches!(next, TokenTree::Punct(punct) if punct.as_char() == '<')
}

fn is_future(name: &Ident, has_argument: bool) -> bool {
    let name = name.unraw();
    FUTURES.iter().any(|future| name == future) || (name == "Ready" && has_argument)
}
