//! The checks of actix-web-grants, `#[protect(..)]` and its forerunners: only where one is the outer
//! function's does a stranger hear 403 before a price.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{Meta, Pat, PatType, Type};

/// What is said of a check that cannot be the outer function's, which has none of the arguments.
pub(crate) const READS_ARGUMENTS: &str = "this check reads the handler's arguments, which are there \
                                          only after the payment; refuse in a `price_with` \
                                          function, whose error is answered before money is asked \
                                          for";

/// What is said of a check that has been expanded already.
pub(crate) const ABOVE: &str = "a check above `#[l402]` turns strangers away after they have paid; \
                                put it below `#[l402]`, under its own name";

/// `#[protect("A", expr = "id.into_inner() == user.id")]` -> where `expr` stands; in older versions
/// it was called `secure`.
pub(crate) fn reads_arguments(check: &Meta) -> Option<Span> {
    fn find(tokens: TokenStream) -> Option<Span> {
        tokens.into_iter().find_map(|token| match token {
            TokenTree::Ident(key) if key == "expr" || key == "secure" => Some(key.span()),
            TokenTree::Group(group) => find(group.stream()),
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
        })
    }
    match check {
        Meta::List(list) => find(list.tokens.clone()),
        Meta::Path(_) | Meta::NameValue(_) => None,
    }
}

/// `_auth_details_1: actix_web_grants::authorities::AuthDetails<String>`, which a check above has
/// put before the handler's own arguments -> where the check stands.
pub(crate) fn made_argument(argument: &PatType) -> Option<Span> {
    let (Pat::Ident(pattern), Type::Path(ty)) = (&*argument.pat, &*argument.ty) else {
        return None;
    };
    let made = pattern.ident.to_string().starts_with("_auth_details_")
        && ty.path.segments.last().is_some_and(|last| last.ident == "AuthDetails");
    made.then(|| pattern.ident.span())
}
