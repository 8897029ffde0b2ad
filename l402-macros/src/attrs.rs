//! A function's attributes, told apart by their names: routes, prices, checks, and what is harmless.
//!
//! The one list of what is known. An attribute that is on none of these may register the function
//! that it stands on, as an inventory of handlers does, and with it a handler that nobody pays for.

use proc_macro2::{Ident, TokenStream};
use syn::{
    AttrStyle, Attribute, Meta, Result, Token,
    ext::IdentExt as _,
    parse::{Parse as _, ParseStream, Parser as _},
    parse_quote,
    punctuated::Punctuated,
};

/// Attributes that speak of the item as the rest of the crate sees it: its name in the docs, its
/// lints, its registration as a route. Any other one is about the function itself.
const OUTER: [&str; 8] = ["doc", "cfg", "deprecated", "allow", "expect", "warn", "deny", "forbid"];

/// The attributes that register a function as a route.
const ROUTES: [&str; 12] = [
    "get", "post", "put", "delete", "head", "connect", "options", "trace", "patch", "query",
    "route", "routes",
];

/// The checks of actix-web-grants: only on the gate they turn strangers away before the price.
const CHECKS: [&str; 5] =
    ["protect", "has_permissions", "has_any_permission", "has_roles", "has_any_role"];

/// What makes no handler of a function, beside [`OUTER`]: attributes of the compiler, …
const HARMLESS: [&str; 9] = [
    "inline",
    "must_use",
    "cold",
    "track_caller",
    "target_feature",
    "coverage",
    "optimize",
    "should_panic",
    "ignore",
];

/// … macros, by whichever path, …
const HARMLESS_MACROS: [&str; 3] = ["instrument", "test", "async_recursion"];

/// … and whatever is said to these tools.
const TOOLS: [&str; 5] = ["rustfmt", "clippy", "diagnostic", "miri", "rust_analyzer"];

/// One attribute, as it is when all of its conditions hold.
pub(crate) struct Part {
    conditions: Vec<TokenStream>,
    pub(crate) meta: Meta,
}

/// `cfg_attr(p, a, cfg_attr(q, b))` -> `a` under `p`, and `b` under `p` and `q`: each part may
/// belong to another function. What cannot be read stays whole, for the compiler.
pub(crate) fn parts(meta: Meta) -> Vec<Part> {
    let Some((condition, metas)) = cfg_attr_parts(&meta) else {
        return vec![Part { conditions: Vec::new(), meta }];
    };
    let mut parts: Vec<Part> = metas.into_iter().flat_map(parts).collect();
    for part in &mut parts {
        part.conditions.insert(0, condition.clone());
    }
    parts
}

/// Each part as an attribute of its own above an item, and what it is when its conditions hold.
pub(crate) fn split(attr: &Attribute) -> Vec<(Attribute, Meta)> {
    let parts = parts(attr.meta.clone());
    let with_attribute = |Part { conditions, meta }| {
        let attr = match &conditions[..] {
            // As it was written, for the places of the compiler's messages.
            [] => Attribute { style: AttrStyle::Outer, ..attr.clone() },
            [condition] => parse_quote!(#[cfg_attr(#condition, #meta)]),
            _ => parse_quote!(#[cfg_attr(all(#(#conditions),*), #meta)]),
        };
        (attr, meta)
    };
    parts.into_iter().map(with_attribute).collect()
}

/// What these attributes are when all conditions hold.
pub(crate) fn effective(attrs: &[Attribute]) -> impl Iterator<Item = Meta> {
    attrs.iter().flat_map(|attr| parts(attr.meta.clone())).map(|part| part.meta)
}

fn cfg_attr_parts(meta: &Meta) -> Option<(TokenStream, Vec<Meta>)> {
    let Meta::List(list) = meta else { return None };
    if !list.path.is_ident("cfg_attr") {
        return None;
    }
    let read = |input: ParseStream<'_>| -> Result<_> {
        // Tokens, because `true` is a condition too.
        let mut condition = TokenStream::new();
        while !input.is_empty() && !input.peek(Token![,]) {
            condition.extend([proc_macro2::TokenTree::parse(input)?]);
        }
        input.parse::<Option<Token![,]>>()?;
        let metas = Punctuated::<Meta, Token![,]>::parse_terminated(input)?;
        Ok((condition, metas.into_iter().collect()))
    };
    read.parse2(list.tokens.clone()).ok()
}

/// The attribute's own name, whichever path leads to it.
pub(crate) fn name(meta: &Meta) -> Option<&Ident> {
    meta.path().segments.last().map(|segment| &segment.ident)
}

/// Whether an attribute of this name registers a route.
pub(crate) fn names_route(name: &Ident) -> bool {
    is_one_of(name, &ROUTES)
}

/// Whether an attribute of this name is ours.
pub(crate) fn names_l402(name: &Ident) -> bool {
    is_one_of(name, &["l402"])
}

pub(crate) fn is_l402(meta: &Meta) -> bool {
    name(meta).is_some_and(names_l402)
}

pub(crate) fn is_route(meta: &Meta) -> bool {
    name(meta).is_some_and(names_route)
}

/// Whether it is the gate's, and not the handler's within.
pub(crate) fn is_outer(meta: &Meta) -> bool {
    let path = meta.path();
    // `#[path]` alone is the compiler's own; utoipa's documents a route.
    let documents = path.segments.len() > 1 && name(meta).is_some_and(|name| name == "path");
    documents || is_route(meta) || is_check(meta) || OUTER.iter().any(|name| path.is_ident(name))
}

/// Whether it turns away who has no right to call the handler.
pub(crate) fn is_check(meta: &Meta) -> bool {
    name(meta).is_some_and(|name| is_one_of(name, &CHECKS))
}

/// Whether it is known to make no handler of a function.
pub(crate) fn is_harmless(meta: &Meta) -> bool {
    let path = meta.path();
    let tool = path.segments.first().is_some_and(|first| is_one_of(&first.ident, &TOOLS));
    OUTER.iter().chain(&HARMLESS).any(|name| path.is_ident(name))
        || name(meta).is_some_and(|name| is_one_of(name, &HARMLESS_MACROS))
        || (tool && path.segments.len() > 1)
}

fn is_one_of(ident: &Ident, names: &[&str]) -> bool {
    let ident = ident.unraw();
    names.iter().any(|name| ident == name)
}
