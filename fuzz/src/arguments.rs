//! Any tokens in `#[l402(..)]` and under it: the macro never panics, what it makes can be read as Rust,
//! and beside an error the item stays as it was.
//!
//! The input is text: the arguments up to the first `\n`, then the item.

use proc_macro2::TokenStream;

use crate::attribute::apply;

/// Panics if the macro does, or makes no Rust of Rust.
pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let (args, item) = text.split_once('\n').unwrap_or((text, "async fn a() -> String { b() }"));
    let (Ok(args), Ok(item)) = (args.parse::<TokenStream>(), item.parse::<TokenStream>()) else {
        return;
    };
    let made = apply(args, item.clone());
    let text = made.to_string();
    assert!(
        !text.contains("which is a fault of l402-actix") || item.to_string().contains("fault"),
        "{text}"
    );
    if syn::parse2::<syn::File>(item.clone()).is_ok() {
        let made = syn::parse2::<syn::File>(made);
        assert!(made.is_ok(), "no Rust: {text}");
    }
}
