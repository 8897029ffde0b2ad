//! The mistakes of `tests/ui/cases`, told where and as their snapshots say, without a compiler: these
//! take no time, so that each run of the tests has them.

use std::{fmt::Write as _, fs, path::Path};

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::{Attribute, File, ImplItem, Item, Meta};

use crate::attribute;

/// Needs what another macro makes of the handler.
const NEEDS_A_COMPILER: &str = "check-above.rs";

/// What the compiler says itself, beside an error of ours.
const THE_COMPILERS_OWN: &str = "error: `self` parameter is only allowed";

#[test]
fn each_mistake_is_told_where_and_as_its_snapshot_says() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ui/cases");
    let mut looked_at = 0;
    for entry in fs::read_dir(cases).expect("the cases") {
        let source = entry.expect("a case").path();
        let is_source = source.extension().is_some_and(|extension| extension == "rs");
        if !is_source || source.ends_with(NEEDS_A_COMPILER) {
            continue;
        }
        let read = |path: &Path| fs::read_to_string(path).expect("a file");
        let snapshot = read(&source.with_extension("stderr"));
        let name = source.file_name().expect("a name").to_string_lossy();
        assert_eq!(told(&read(&source), &name), ours(&snapshot), "{name}");
        looked_at += 1;
    }
    assert!(looked_at > 80, "{looked_at}");
}

/// The errors without a code, which are those that macros make: the message, and where it points.
fn ours(snapshot: &str) -> String {
    let mut lines = snapshot.lines();
    let mut told = String::new();
    while let Some(line) = lines.next() {
        if line.starts_with("error: ") && !line.starts_with(THE_COMPILERS_OWN) {
            let place = lines.next().expect("a place").trim();
            let _ = writeln!(told, "{line}\n {place}");
        }
    }
    told
}

/// The same, of what `#[l402]` makes of each item that it stands over.
fn told(source: &str, name: &str) -> String {
    let file: File = syn::parse_file(source).expect("Rust");
    let mut places = Vec::new();
    for item in file.items {
        let Some((args, item)) = without_the_first(item) else { continue };
        let output: File = syn::parse2(attribute::apply(args, item)).expect("items");
        for item in &output.items {
            let Some(message) = crate::error(item) else { continue };
            let Item::Macro(call) = item else { continue };
            let start = call.mac.path.segments[0].ident.span().start();
            places.push((start.line, start.column + 1, message));
        }
    }
    // The compiler sorts them.
    places.sort();
    places.iter().fold(String::new(), |told, (line, column, message)| {
        format!("{told}error: {message}\n --> cases/{name}:{line}:{column}\n")
    })
}

/// The arguments of the first `#[l402]`, and the item below it: what stands above is not to be seen.
fn without_the_first(mut item: Item) -> Option<(TokenStream, TokenStream)> {
    let attrs = match &mut item {
        Item::Fn(item) => &mut item.attrs,
        Item::Mod(item) => &mut item.attrs,
        Item::Struct(item) => &mut item.attrs,
        Item::Const(item) => &mut item.attrs,
        Item::Impl(block) => {
            let ImplItem::Fn(method) = block.items.first_mut()? else { return None };
            let args = take_first(&mut method.attrs)?;
            return Some((args, method.to_token_stream()));
        }
        _ => return None,
    };
    let args = take_first(attrs)?;
    Some((args, item.into_token_stream()))
}

fn take_first(attrs: &mut Vec<Attribute>) -> Option<TokenStream> {
    let index = attrs.iter().position(|attr| attr.path().is_ident("l402"))?;
    match attrs.drain(..=index).next_back()?.meta {
        Meta::List(list) => Some(list.tokens),
        Meta::Path(_) | Meta::NameValue(_) => Some(TokenStream::new()),
    }
}
