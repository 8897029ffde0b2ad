//! Handlers that a priced module's attribute cannot find: routes within the bodies of functions.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Error, Item, ItemUse, MacroDelimiter, Meta, TraitItem};

use crate::{attrs, module::imports::Renames};

/// An error for each route, and each renamed one, in the bodies that the item has.
pub(crate) fn in_bodies(item: &Item, module: &Renames) -> Vec<Error> {
    let mut errors = Vec::new();
    let mut look_into = |body: TokenStream| {
        let mut imports = Vec::new();
        find_imports(body.clone(), &mut imports);
        let renames = Renames::of(&imports);
        errors.extend(renames.errors());
        search(body, &renames.within(module), &mut errors);
    };
    match item {
        Item::Fn(function) => look_into(function.block.to_token_stream()),
        Item::Const(constant) => look_into(constant.expr.to_token_stream()),
        Item::Static(value) => look_into(value.expr.to_token_stream()),
        Item::Trait(definition) => {
            for item in &definition.items {
                if let TraitItem::Fn(function) = item {
                    look_into(function.default.to_token_stream());
                }
            }
        }
        _ => {}
    }
    errors
}

fn find_imports(tokens: TokenStream, imports: &mut Vec<ItemUse>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => find_imports(group.stream(), imports),
            TokenTree::Ident(word) if word == "use" => {
                let mut import = TokenStream::from(TokenTree::from(word));
                while let Some(token) = tokens.next_if(|token| !is_end(token)) {
                    import.extend([token]);
                }
                import.extend(tokens.next());
                // What is no import is `use<'a>`, of a type.
                imports.extend(syn::parse2::<ItemUse>(import));
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Goes through tokens, and not through syntax, because a macro's are no syntax yet.
fn search(tokens: TokenStream, renames: &Renames, errors: &mut Vec<Error>) {
    let mut tokens = tokens.into_iter().peekable();
    // The attributes that stand one after the other, over one item.
    let mut attributes = Vec::new();
    while let Some(token) = tokens.next() {
        if let (TokenTree::Punct(punct), Some(TokenTree::Group(group))) = (&token, tokens.peek())
            && punct.as_char() == '#'
            && group.delimiter() == Delimiter::Bracket
        {
            attributes.extend(syn::parse2::<Meta>(group.stream()));
            tokens.next();
            continue;
        }
        errors.extend(unpriced_route(std::mem::take(&mut attributes), renames));
        if let TokenTree::Group(group) = token {
            search(group.stream(), renames, errors);
        }
    }
}

fn is_end(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';')
}

fn unpriced_route(attributes: Vec<Meta>, renames: &Renames) -> Option<Error> {
    if attributes.iter().any(|meta| renames.is_l402(meta)) {
        return None;
    }
    let parts = attributes.into_iter().flat_map(attrs::parts);
    let route = parts.map(|part| part.meta).find(|meta| {
        let called = matches!(
            meta,
            Meta::List(list) if matches!(list.delimiter, MacroDelimiter::Paren(_))
        );
        called && attrs::is_route(meta)
    })?;
    let message = "a priced module cannot see into a function's body; put the handler into the \
                   module, or give it an `#[l402(..)]` of its own";
    attrs::name(&route).map(|name| Error::new(name.span(), message))
}
