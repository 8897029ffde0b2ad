//! What a function of a priced module answers with, where only the compiler can tell: a name says
//! nothing of what it stands for.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{
    GenericParam, Ident, Item, Path, ReturnType, Signature, Type, Visibility, parse_quote,
    spanned::Spanned as _,
};

/// What is said of a function that makes a future.
pub(crate) const FUTURE: &str = "a public function of a priced module answers with a \
    future, which Actix takes for a handler; make it an `async fn` with a route attribute or \
    `#[l402]`, write `#[l402(free)]`, or move it out";

/// What is said of one that makes a service.
pub(crate) const SERVICE: &str = "a public function of a priced module answers with a \
    service, whose handlers the module cannot see; register them in a function of \
    `&mut ServiceConfig`, write `#[l402(free)]`, or move it out";

/// Checks of the type as it is written:
/// ```text
/// const _: () = {
///     use l402_actix::__private::OtherAnswer as _;
///     assert!(!l402_actix::__private::Unmarked::<Served>::IS_FUTURE, "…");
///     assert!(!l402_actix::__private::Unmarked::<Served>::IS_SERVICE, "…");
/// };
/// ```
pub(crate) fn check(item: &Item, krate: &Path) -> Option<Item> {
    let Item::Fn(function) = item else { return None };
    if matches!(function.vis, Visibility::Inherited) {
        return None;
    }
    let ty = nameable_answer(&function.sig)?;
    let private = quote!(#krate::__private);
    let conditions = function.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
    // On the type, so that the message points there.
    let checks = quote_spanned! {ty.span()=>
        ::core::assert!(!#private::Unmarked::<#ty>::IS_FUTURE, #FUTURE);
        ::core::assert!(!#private::Unmarked::<#ty>::IS_SERVICE, #SERVICE);
        ::core::assert!(!#private::Unmarked::<#ty>::IS_ROUTE, #SERVICE);
    };
    Some(parse_quote! {
        #(#conditions)*
        const _: () = {
            #[allow(unused_imports)]
            use #private::OtherAnswer as _;
            #checks
        };
    })
}

/// The type of the answer, if it has a name outside of the function.
pub(crate) fn nameable_answer(signature: &Signature) -> Option<&Type> {
    let ReturnType::Type(_, ty) = &signature.output else { return None };
    let own: Vec<&Ident> = signature.generics.params.iter().map(name).collect();
    let is_nameable = signature.asyncness.is_none()
        && !matches!(**ty, Type::Never(_))
        && !holds(ty.to_token_stream(), &|word| word == "impl" || own.contains(&word));
    is_nameable.then_some(ty)
}

fn name(parameter: &GenericParam) -> &Ident {
    match parameter {
        GenericParam::Lifetime(parameter) => &parameter.lifetime.ident,
        GenericParam::Type(parameter) => &parameter.ident,
        GenericParam::Const(parameter) => &parameter.ident,
    }
}

fn holds(tokens: TokenStream, is_it: &impl Fn(&Ident) -> bool) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => is_it(&word),
        TokenTree::Group(group) => holds(group.stream(), is_it),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}
