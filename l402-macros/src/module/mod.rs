//! The form on a module: one price for every handler in it, and none that is left out unseen.
//! In come the module's arguments, and the module as syntax.
//! Out goes the module with each handler gated, or an error for each item that may hide one.
//! It never knows what a gated handler looks like, nor which value an argument has.

mod compiled;
mod hidden;
mod imports;
mod unmarked;

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::{
    Attribute, Error, Ident, Item, ItemFn, ItemMod, ItemTrait, Meta, Path, Result, TraitItem,
    parse_quote, spanned::Spanned as _,
};

use self::imports::Renames;
use crate::{args::Args, attrs, expand::expand, handler::Handler};

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
    let renames = Renames::of(imports::imports(items));
    let own = items.iter().filter_map(|item| own_attribute(item, &renames));
    let used: Vec<Item> = own.map(Attribute::path).map(keep_used).collect();
    let krate = args.krate().cloned().unwrap_or_else(|| parse_quote!(::l402_actix));
    let mut checks = Vec::new();
    let mut errors: Vec<Error> = renames.errors().collect();
    for item in items.iter_mut() {
        errors.extend(hidden::in_bodies(item, &renames));
        match gate_item(args, listed, &renames, item) {
            Ok(Some(gated)) => *item = Item::Verbatim(gated),
            Ok(None) => checks.extend(compiled::check(item, &krate)),
            Err(err) => errors.push(err),
        }
    }
    items.extend(used);
    items.extend(checks);
    errors.into_iter().reduce(combined).map_or_else(|| Ok(module.into_token_stream()), Err)
}

fn combined(mut all: Error, err: Error) -> Error {
    all.combine(err);
    all
}

fn is_scope(attr: &Attribute) -> bool {
    attr.path().segments.last().is_some_and(|segment| segment.ident == "scope")
}

/// The handler's own `#[l402]`.
fn own_attribute<'a>(item: &'a Item, renames: &Renames) -> Option<&'a Attribute> {
    let Item::Fn(function) = item else { return None };
    function.attrs.iter().find(|attr| renames.is_l402(&attr.meta))
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
    renames: &Renames,
    item: &Item,
) -> Result<Option<TokenStream>> {
    let refuse = |span, message| Err(Error::new(span, message));
    match item {
        Item::Fn(function) => gate_function(args, listed, renames, function.clone()),
        Item::Use(import) => {
            let errors = imports::exported(import).into_iter().reduce(combined);
            errors.map_or(Ok(None), Err)
        }
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
            function.default.is_some() && unmarked::makes_handler(&function.sig)
        }
        // It may make one.
        TraitItem::Macro(_) => true,
        _ => false,
    })
}

fn gate_function(
    module: &Args,
    listed: bool,
    renames: &Renames,
    mut function: ItemFn,
) -> Result<Option<TokenStream>> {
    let own = take_own(&mut function, renames)?;
    if let Some(own) = &own
        && own.free().is_some()
    {
        return Ok(Some(function.into_token_stream()));
    }
    let expanded = |args: &Args, function| {
        let mut handler = Handler::of_module(function)?;
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
        None => unmarked::check(&function, renames).map(|()| None),
    }
}

/// Takes the handler's own `#[l402(..)]` off it.
fn take_own(function: &mut ItemFn, renames: &Renames) -> Result<Option<Args>> {
    let own = |attr: &Attribute| renames.is_l402(&attr.meta);
    let Some(index) = function.attrs.iter().position(own) else {
        return Ok(None);
    };
    let attr = function.attrs.remove(index);
    // A second one is known by its own name only.
    for attr in function.attrs.iter_mut().filter(|attr| own(attr)) {
        let name = Ident::new("l402", attr.path().span());
        *attr = parse_quote!(#[#name]);
    }
    Args::parse(arguments(&attr.meta)).map(Some)
}

fn arguments(meta: &Meta) -> TokenStream {
    match meta {
        Meta::List(list) => list.tokens.clone(),
        Meta::Path(_) | Meta::NameValue(_) => TokenStream::new(),
    }
}

/// What the handlers' own attributes say, as it was written.
pub(crate) fn own_arguments(module: &ItemMod) -> Vec<TokenStream> {
    let items = module.content.as_ref().map_or(&[][..], |(_, items)| items);
    let renames = Renames::of(imports::imports(items));
    let attrs = items.iter().filter_map(|item| own_attribute(item, &renames));
    attrs.map(|attr| arguments(&attr.meta)).collect()
}

/// The module without any `#[l402]` in it: what goes out beside an error, so that the attributes
/// that only mean something in a priced module cause no further ones.
pub(crate) fn stripped(mut module: ItemMod) -> TokenStream {
    let items = module.content.as_mut().map_or(&mut [][..], |(_, items)| items);
    let renames = Renames::of(imports::imports(items));
    for item in items {
        if let Item::Fn(function) = item {
            function.attrs.retain(|attr| !renames.is_l402(&attr.meta));
        }
    }
    quote!(#module)
}
