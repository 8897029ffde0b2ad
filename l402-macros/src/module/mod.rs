//! The form on a module: one price for every handler in it, and none that is left out unseen.
//! In come the module's arguments, and the module as syntax.
//! Out goes the module with each handler gated, or an error for each item that may hide one.
//! It never knows what a gated handler looks like, nor which value an argument has.

mod hidden;
mod unmarked;

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::{
    Attribute, Error, Item, ItemFn, ItemMod, ItemTrait, Meta, Path, Result, TraitItem, parse_quote,
    spanned::Spanned as _,
};

use self::hidden::Renamed;
use crate::{
    args::Args,
    attrs::{self, is_l402},
    expand::expand,
    handler::Handler,
};

/// Gates every handler of the module. A function that is left out would be served free without a
/// word, so what cannot be looked into is an error.
pub(crate) fn gate(args: &Args, mut module: ItemMod) -> Result<TokenStream> {
    // Actix's `#[scope]` below puts its prefix before the paths of the routes, and is not yet done.
    let listed = !module.attrs.iter().any(is_scope);
    let Some((_, items)) = &mut module.content else {
        return Err(Error::new(
            module.mod_token.span(),
            "a priced module must be inline; write `mod … { … }`, or price each handler in its file",
        ));
    };
    // The compiler would call the import of an attribute unused that is taken off here.
    let imports: Vec<Item> = items.iter().filter_map(own_attribute).map(keep_used).collect();
    let renamed = hidden::renamed_by(items);
    let mut errors: Vec<Error> = renamed.iter().map(Renamed::error).collect();
    for item in items.iter_mut() {
        errors.extend(hidden::in_bodies(item));
        match gate_item(args, listed, &renamed, item) {
            Ok(Some(gated)) => *item = Item::Verbatim(gated),
            Ok(None) => {}
            Err(err) => errors.push(err),
        }
    }
    items.extend(imports);
    let combined = errors.into_iter().reduce(|mut all, err| {
        all.combine(err);
        all
    });
    combined.map_or_else(|| Ok(module.into_token_stream()), Err)
}

fn is_scope(attr: &Attribute) -> bool {
    attr.path().segments.last().is_some_and(|segment| segment.ident == "scope")
}

/// The handler's own `#[l402]`, as it names it.
fn own_attribute(item: &Item) -> Option<&Path> {
    let Item::Fn(function) = item else { return None };
    function.attrs.iter().find(|attr| is_l402(&attr.meta)).map(Attribute::path)
}

fn keep_used(attribute: &Path) -> Item {
    parse_quote! {
        const _: () = {
            #[allow(unused_imports)]
            use #attribute as _;
        };
    }
}

/// What goes in the item's place; `None` if it stays.
fn gate_item(
    args: &Args,
    listed: bool,
    renamed: &[Renamed],
    item: &Item,
) -> Result<Option<TokenStream>> {
    let refuse = |span, message| Err(Error::new(span, message));
    match item {
        Item::Fn(function) => gate_function(args, listed, renamed, function.clone()),
        Item::Mod(module) => refuse(
            module.mod_token.span(),
            "a priced module cannot hold another module; move it out, and price it by itself",
        ),
        Item::Impl(block) => refuse(
            block.impl_token.span(),
            "a priced module cannot hold an `impl`; move it out, and price its handlers one by one",
        ),
        Item::Trait(block) if has_handler(block) => refuse(
            block.trait_token.span(),
            "a priced module cannot hold a trait that brings an `async fn`; move it out, and price \
             its handlers one by one",
        ),
        Item::Macro(call) => refuse(
            call.mac.path.span(),
            "a priced module cannot hold a macro, which may make handlers; move it out",
        ),
        _ => Ok(None),
    }
}

/// Whether a trait brings a function with it that could be a handler.
fn has_handler(block: &ItemTrait) -> bool {
    block.items.iter().any(|item| match item {
        TraitItem::Fn(function) => {
            function.default.is_some() && unmarked::answers_with_future(&function.sig)
        }
        // It may make one.
        TraitItem::Macro(_) => true,
        _ => false,
    })
}

fn gate_function(
    module: &Args,
    listed: bool,
    renamed: &[Renamed],
    mut function: ItemFn,
) -> Result<Option<TokenStream>> {
    let own = take_own(&mut function)?;
    if let Some(own) = &own
        && own.free().is_some()
    {
        return Ok(Some(function.into_token_stream()));
    }
    let expanded = |args: &Args, function| {
        let mut handler = Handler::new(function)?;
        if !listed {
            handler.routes.clear();
        }
        Ok(Some(expand(args, &handler)))
    };
    match own {
        Some(own) => expanded(&own.or(module), function),
        None if attrs::effective(&function.attrs).any(|meta| attrs::is_route(&meta)) => {
            expanded(&Args::default().or(module), function)
        }
        None => unmarked::check(&function, renamed).map(|()| None),
    }
}

/// Takes the handler's own `#[l402(..)]` off it.
fn take_own(function: &mut ItemFn) -> Result<Option<Args>> {
    let Some(index) = function.attrs.iter().position(|attr| is_l402(&attr.meta)) else {
        return Ok(None);
    };
    let attr = function.attrs.remove(index);
    Args::parse(match attr.meta {
        Meta::List(list) => list.tokens,
        Meta::Path(_) | Meta::NameValue(_) => TokenStream::new(),
    })
    .map(Some)
}

/// The module without any `#[l402]` in it: what goes out beside an error, so that the attributes
/// that only mean something in a priced module cause no further ones.
pub(crate) fn stripped(mut module: ItemMod) -> TokenStream {
    for item in module.content.iter_mut().flat_map(|(_, items)| items) {
        if let Item::Fn(function) = item {
            function.attrs.retain(|attr| !is_l402(&attr.meta));
        }
    }
    quote!(#module)
}
