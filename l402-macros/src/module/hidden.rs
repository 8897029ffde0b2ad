//! Handlers that a priced module's attribute cannot find: routes under another name, and routes
//! within the bodies of functions.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{
    Error, Expr, Item, ItemUse, MacroDelimiter, Meta, TraitItem, UseTree, ext::IdentExt as _,
};

use crate::attrs;

/// A route attribute that is imported under another name.
pub(crate) struct Renamed {
    route: Ident,
    /// What it is called here.
    pub(crate) name: Ident,
}

impl Renamed {
    pub(crate) fn error(&self) -> Error {
        let (route, name) = (self.route.unraw(), &self.name);
        let message = format!(
            "`{route}` cannot be renamed in a priced module, which knows a handler by it; remove \
             `as {name}`"
        );
        Error::new(name.span(), message)
    }
}

/// The route attributes that these items rename.
pub(crate) fn renamed_by(items: &[Item]) -> Vec<Renamed> {
    let mut found = Vec::new();
    for item in items {
        if let Item::Use(item) = item {
            find_renamed(&item.tree, &mut Vec::new(), &mut found);
        }
    }
    found
}

fn find_renamed(tree: &UseTree, path: &mut Vec<Ident>, found: &mut Vec<Renamed>) {
    match tree {
        UseTree::Path(step) => {
            path.push(step.ident.clone());
            find_renamed(&step.tree, path, found);
            path.pop();
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                find_renamed(tree, path, found);
            }
        }
        UseTree::Rename(rename) => {
            // Actix's functions of these names, for `web::get().to(handler)`; and a name that
            // nobody can write.
            let function =
                matches!(&path[..], [krate, web] if krate == "actix_web" && web == "web");
            if attrs::names_route(&rename.ident) && !function && rename.rename != "_" {
                let (route, name) = (rename.ident.clone(), rename.rename.clone());
                found.push(Renamed { route, name });
            }
        }
        UseTree::Name(_) | UseTree::Glob(_) => {}
    }
}

/// An error for each route, and each renamed one, in the bodies that the item has.
pub(crate) fn in_bodies(item: &Item) -> Vec<Error> {
    let mut errors = Vec::new();
    match item {
        Item::Fn(function) => search(function.block.to_token_stream(), &mut errors),
        Item::Const(constant) => search_value(&constant.expr, &mut errors),
        Item::Static(value) => search_value(&value.expr, &mut errors),
        Item::Trait(definition) => {
            for item in &definition.items {
                if let TraitItem::Fn(function) = item {
                    search(function.default.to_token_stream(), &mut errors);
                }
            }
        }
        _ => {}
    }
    errors
}

fn search_value(value: &Expr, errors: &mut Vec<Error>) {
    search(value.to_token_stream(), errors);
}

/// Goes through tokens, and not through syntax, because a macro's are no syntax yet.
fn search(tokens: TokenStream, errors: &mut Vec<Error>) {
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
        errors.extend(unpriced_route(std::mem::take(&mut attributes)));
        match token {
            TokenTree::Group(group) => search(group.stream(), errors),
            TokenTree::Ident(word) if word == "use" => {
                let mut import = TokenStream::from(TokenTree::from(word));
                while let Some(token) = tokens.next_if(|token| !is_end(token)) {
                    import.extend([token]);
                }
                import.extend(tokens.next());
                // What is no import is `use<'a>`, of a type.
                if let Ok(import) = syn::parse2::<ItemUse>(import) {
                    let renamed = renamed_by(&[Item::Use(import)]);
                    errors.extend(renamed.iter().map(Renamed::error));
                }
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn is_end(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';')
}

fn unpriced_route(attributes: Vec<Meta>) -> Option<Error> {
    if attributes.iter().any(attrs::is_l402) {
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
