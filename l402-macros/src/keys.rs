//! The keys by their names: which one is meant by an unknown one, and what an editor offers.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt as _;

/// Every key but `crate`, which is a word of the language, and what an editor says of it.
pub(crate) const KEYS: [(&str, &str); 11] = [
    ("price_sats", "`price_sats = 100`: a whole number of sats, at least 1."),
    ("price_with", "`price_with = my_price`: an async function that answers with the price."),
    ("description", "`description = \"The weather\"`: what the payer reads in the wallet."),
    ("resource", "`resource = \"reports\"`: what a token is bought for; else the request's path."),
    ("resource_with", "`resource_with = my_resource`: a function that answers with the resource."),
    ("single_use", "`single_use`: a payment buys one answer."),
    ("uses", "`uses = 10`: how many answers a payment buys."),
    ("units", "`units = 1_000_000, hold = 4096`: how much a payment buys of what you count."),
    ("hold", "`hold = 4096`: how many of the `units` one request holds while it runs."),
    ("extract_first", "`extract_first`: run the handler's extractors before money is asked for."),
    ("free", "`free`: a handler in a priced module that costs nothing."),
];

/// `price_sat`, `price`, `sats` -> `price_sats`.
pub(crate) fn nearest(unknown: &str) -> Option<&'static str> {
    let similar = |key: &str| {
        let edits = edits(unknown, key);
        let is_part = unknown.len() > 2 && key.contains(unknown);
        let longer = unknown.len().max(key.len());
        (is_part || edits * 2 <= longer).then_some(edits)
    };
    let similar = KEYS.iter().filter_map(|(key, _)| Some((similar(key)?, *key)));
    similar.min_by_key(|(edits, _)| *edits).map(|(_, key)| key)
}

/// How many letters have to be put in, taken out or changed to make the one of the other.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, other) in to.chars().enumerate() {
            let change = diagonal + usize::from(letter != other);
            diagonal = row[column + 1];
            row[column + 1] = change.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// What makes rust-analyzer offer the keys where one is being written: an import of these words,
/// where they stand, out of a module that has the keys. The compiler never looks at it. It is a
/// function named after the item, because beside a method no other item can stand.
pub(crate) fn completions(args: TokenStream, item: TokenStream) -> TokenStream {
    let words = words(args);
    let Some(item) = name(item).filter(|_| !words.is_empty()) else {
        return TokenStream::new();
    };
    let function = Ident::new(&format!("__l402_keys_of_{}", item.unraw()), Span::mixed_site());
    let names = KEYS.map(|(key, _)| Ident::new(key, Span::call_site()));
    let says = KEYS.map(|(_, says)| says);
    quote! {
        #[allow(dead_code, unexpected_cfgs)]
        fn #function() {
            #[cfg(rust_analyzer)]
            mod keys {
                #(#[doc = #says] pub const #names: () = ();)*
                mod words {
                    use super::{#(#names),*};
                    use self::{#(#words as _),*};
                }
            }
        }
    }
}

/// What the item is called.
fn name(item: TokenStream) -> Option<Ident> {
    let starts = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word == "fn" || word == "mod");
    match item.into_iter().skip_while(|token| !starts(token)).nth(1)? {
        TokenTree::Ident(name) => Some(name),
        _ => None,
    }
}

/// The words that stand where a key does.
fn words(args: TokenStream) -> Vec<Ident> {
    let mut words = Vec::new();
    let mut is_key = true;
    for token in args {
        if let TokenTree::Ident(word) = &token
            && is_key
            // A word of the language cannot be imported.
            && syn::parse2::<Ident>(token.clone().into()).is_ok()
        {
            words.push(word.clone());
        }
        is_key = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',');
    }
    words
}
