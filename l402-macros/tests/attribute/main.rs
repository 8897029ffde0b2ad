//! What `#[l402]` makes of an item, from tokens to tokens.
//!
//! A macro crate exports nothing that a test could call, so its source is compiled into this one.

#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

#[path = "../../src/args.rs"]
mod args;
#[path = "../../src/attribute.rs"]
mod attribute;
#[path = "../../src/attrs.rs"]
mod attrs;
#[path = "../../src/expand.rs"]
mod expand;
#[path = "../../src/grants.rs"]
mod grants;
#[path = "../../src/handler.rs"]
mod handler;
#[path = "../../src/keys.rs"]
mod keys;
#[path = "../../src/module/mod.rs"]
mod module;
#[path = "../../src/route.rs"]
mod route;
#[path = "../../src/slot.rs"]
mod slot;
#[path = "../../src/values.rs"]
mod values;

mod alone;
mod cases;
mod messages;
mod priced;
mod size;

use proc_macro2::TokenStream;
use syn::{File, Item, LitStr};

/// What goes out in place of the attribute and its item, or the messages of its errors.
fn l402(args: TokenStream, item: TokenStream) -> Result<TokenStream, Vec<String>> {
    let output = attribute::apply(args, item);
    let file: File = syn::parse2(output.clone()).expect("items");
    let errors: Vec<String> = file.items.iter().filter_map(error).collect();
    if errors.is_empty() { Ok(output) } else { Err(errors) }
}

/// `compile_error! { "…" }` -> what it says.
fn error(item: &Item) -> Option<String> {
    let Item::Macro(call) = item else { return None };
    let name = &call.mac.path.segments.last()?.ident;
    let text = || call.mac.parse_body::<LitStr>().expect("a message").value();
    (name == "compile_error").then(text)
}
