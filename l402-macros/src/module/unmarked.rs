//! A function of a priced module that has neither a route nor an `#[l402]`: a helper, or a mistake.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Error, ItemFn, Meta, Result, ReturnType, Signature, Visibility, ext::IdentExt as _};

use super::compiled::{self, FUTURE, SERVICE};
use crate::{attrs, module::imports::Renames};

/// What a type is called that Actix can wait for. `Ready` is one with an argument: without, it may
/// be anybody's name for what is ready.
const FUTURES: [&str; 5] = ["Future", "TryFuture", "FusedFuture", "BoxFuture", "LocalBoxFuture"];

/// Others, which are also called so for other reasons: where the compiler cannot be asked.
const MORE_FUTURES: [&str; 2] = ["Lazy", "PollFn"];

/// What a type is called that brings handlers along.
const SERVICES: [&str; 2] = ["HttpServiceFactory", "ServiceFactory"];
const MORE_SERVICES: [&str; 3] = ["Route", "Resource", "Scope"];

/// Refuses what may be a handler, since left as it is it would be served free.
pub(crate) fn check(function: &ItemFn, renames: &Renames) -> Result<()> {
    let is_async = function.sig.asyncness.is_some();
    let metas: Vec<Meta> = attrs::effective(&function.attrs).collect();
    // The import is refused already, and with it the function is mended.
    if metas.iter().any(|meta| renames.is_route(meta)) {
        return Ok(());
    }
    if !matches!(function.vis, Visibility::Inherited) {
        if is_async {
            return Err(Error::new(
                function.sig.ident.span(),
                "a public `async fn` in a priced module must say what it is; write a route \
                 attribute, `#[l402]` to charge for it, or `#[l402(free)]`",
            ));
        }
        let named = named(&function.sig);
        return named.map_or(Ok(()), |(word, what)| Err(Error::new(word.span(), what)));
    }
    let may_be_handler = is_async || named(&function.sig).is_some_and(|(_, what)| what == FUTURE);
    if !may_be_handler {
        return Ok(());
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

/// Whether Actix could take a function for a handler, or what it makes for one.
pub(crate) fn makes_handler(signature: &Signature) -> bool {
    signature.asyncness.is_some() || named(signature).is_some()
}

/// Where the type of an answer names what Actix serves, and what is to be said of that.
fn named(signature: &Signature) -> Option<(Ident, &'static str)> {
    let asks_compiler = compiled::nameable_answer(signature).is_some();
    let is_future = |name: &Ident, has_argument| {
        is_one_of(name, &FUTURES)
            || (name.unraw() == "Ready" && has_argument)
            || (!asks_compiler && is_one_of(name, &MORE_FUTURES))
    };
    let is_service = |name: &Ident, _| {
        is_one_of(name, &SERVICES) || (!asks_compiler && is_one_of(name, &MORE_SERVICES))
    };
    let ReturnType::Type(_, ty) = &signature.output else { return None };
    let future = find(ty.to_token_stream(), &is_future).map(|word| (word, FUTURE));
    future.or_else(|| find(ty.to_token_stream(), &is_service).map(|word| (word, SERVICE)))
}

fn is_one_of(name: &Ident, names: &[&str]) -> bool {
    let name = name.unraw();
    names.iter().any(|other| name == other)
}

fn find(tokens: TokenStream, is_it: &impl Fn(&Ident, bool) -> bool) -> Option<Ident> {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let found = match token {
            TokenTree::Ident(ident) => {
                let has_argument = tokens.peek().is_some_and(opens_arguments);
                is_it(&ident, has_argument).then_some(ident)
            }
            TokenTree::Group(group) => find(group.stream(), is_it),
            TokenTree::Punct(_) | TokenTree::Literal(_) => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn opens_arguments(next: &TokenTree) -> bool {
    matches!(next, TokenTree::Punct(punct) if punct.as_char() == '<')
}
