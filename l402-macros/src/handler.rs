//! A function's tokens -> a handler that can be gated.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{
    Attribute, Error, FnArg, GenericParam, ItemFn, Result, Safety, Token, Type, Visibility,
    parse::{Parse as _, ParseStream, Parser as _},
    spanned::Spanned as _,
};

use crate::{
    attrs, grants,
    route::{self, Route},
};

/// How many arguments a handler can have: Actix's own limit.
const MAX_ARGUMENTS: usize = 16;

/// What is said of an attribute that nobody knows, for a handler that stands by itself, …
const BELOW: &str = "this attribute stands below `#[l402]`, where it may register the function \
                     without its price; put it above `#[l402]`";

/// … and for one in a priced module, which sees it wherever it stands.
const IN_MODULE: &str = "in a priced module this attribute may register the handler without its \
                         price; move the handler out, and put the attribute above an `#[l402(..)]` \
                         of its own";

/// An `async fn` that Actix could call, taken apart for the function that goes around it.
pub(crate) struct Handler {
    /// For the function around it.
    pub(crate) outer_attrs: Vec<Attribute>,
    /// For the function around it.
    pub(crate) vis: Visibility,
    /// As it was written, but for what has moved out.
    pub(crate) inner: ItemFn,
    /// What the route attributes below state; above, they are not to be seen.
    pub(crate) routes: Vec<Route>,
}

impl Handler {
    /// All errors of the function in one.
    pub(crate) fn parse(item: TokenStream) -> Result<Self> {
        parse_function.parse2(item).and_then(|function| Self::new(function, BELOW))
    }

    /// As [`parse`](Self::parse), for a function of a priced module.
    pub(crate) fn of_module(function: ItemFn) -> Result<Self> {
        Self::new(function, IN_MODULE)
    }

    fn new(mut inner: ItemFn, unknown: &str) -> Result<Self> {
        let mut errors: Option<Error> = None;
        let mut note = |span: Span, message: &str| {
            let err = Error::new(span, message);
            match &mut errors {
                Some(errors) => errors.combine(err),
                None => errors = Some(err),
            }
        };

        check_signature(&inner, &mut note);
        let (mut outer_attrs, mut inner_attrs) = (Vec::new(), Vec::new());
        for (attr, meta) in inner.attrs.iter().flat_map(attrs::split) {
            if attrs::is_l402(&meta) {
                note(meta.span(), "`#[l402]` is applied more than once; keep one");
            } else if attrs::is_outer(&meta) {
                if attrs::is_check(&meta)
                    && let Some(span) = grants::reads_arguments(&meta)
                {
                    note(span, grants::READS_ARGUMENTS);
                }
                outer_attrs.push(attr);
            } else if attrs::is_harmless(&meta) {
                inner_attrs.push(attr);
            } else {
                note(attrs::name(&meta).map_or_else(|| meta.span(), Ident::span), unknown);
            }
        }
        if let Some(errors) = errors {
            return Err(errors);
        }
        inner.attrs = inner_attrs;
        let vis = std::mem::replace(&mut inner.vis, Visibility::Inherited);
        let routes = route::stated(&outer_attrs);
        Ok(Self { outer_attrs, vis, inner, routes })
    }

    /// The types of the arguments, as they were written.
    pub(crate) fn argument_types(&self) -> impl Iterator<Item = &Type> {
        self.inner.sig.inputs.iter().filter_map(|argument| match argument {
            FnArg::Typed(argument) => Some(&*argument.ty),
            FnArg::Receiver(_) => None,
        })
    }
}

fn parse_function(input: ParseStream<'_>) -> Result<ItemFn> {
    let ahead = input.fork();
    ahead.call(Attribute::parse_outer)?;
    ahead.parse::<Visibility>()?;
    let starts_function = ahead.peek(Token![fn])
        || ahead.peek(Token![async])
        || ahead.peek(Token![unsafe])
        || ahead.peek(Token![extern])
        || (ahead.peek(Token![const])
            && (ahead.peek2(Token![fn])
                || ahead.peek2(Token![async])
                || ahead.peek2(Token![unsafe])
                || ahead.peek2(Token![extern])));
    if !starts_function {
        return Err(ahead.error("`#[l402]` goes over a handler or a module of handlers; put it on an `async fn` or a `mod`"));
    }
    ItemFn::parse(input)
}

fn check_signature(function: &ItemFn, note: &mut impl FnMut(Span, &str)) {
    let sig = &function.sig;
    if let Some(constness) = &sig.constness {
        note(constness.span(), "a handler cannot be `const`; remove it");
    }
    if let Safety::Unsafe(token) = &sig.safety {
        note(token.span(), "a handler cannot be `unsafe`; remove it");
    }
    if let Some(abi) = &sig.abi {
        note(abi.span(), "a handler cannot be `extern`; remove it");
    }
    if sig.asyncness.is_none() {
        note(sig.fn_token.span(), "a handler must be async; write `async fn`");
    }
    for parameter in &sig.generics.params {
        if let GenericParam::Lifetime(lifetime) = parameter {
            note(
                lifetime.span(),
                "a handler cannot have lifetime parameters; take owned types, such as `String`",
            );
        }
    }
    if let Some(variadic) = &sig.variadic {
        note(variadic.span(), "a handler cannot be variadic; name each argument");
    }
    for (index, argument) in sig.inputs.iter().enumerate() {
        match argument {
            FnArg::Receiver(receiver) => note(
                receiver.span(),
                "a handler cannot take `self`; take shared state as `web::Data<T>`",
            ),
            FnArg::Typed(_) if index == MAX_ARGUMENTS => note(
                argument.span(),
                "a handler can have at most 16 arguments; put several extractors into one tuple",
            ),
            FnArg::Typed(argument) => {
                if let Some(span) = grants::made_argument(argument) {
                    note(span, grants::ABOVE);
                }
                if let Some(span) = find_impl_trait(&argument.ty) {
                    note(span, "an extractor's type must be named; write it in place of `impl`");
                }
            }
        }
    }
}

/// Where in the type an `impl Trait` stands.
fn find_impl_trait(ty: &Type) -> Option<Span> {
    fn find(tokens: TokenStream) -> Option<Span> {
        tokens.into_iter().find_map(|token| match token {
            TokenTree::Ident(ident) if ident == "impl" => Some(ident.span()),
            TokenTree::Group(group) => find(group.stream()),
            _ => None,
        })
    }
    find(ty.to_token_stream())
}
