//! What is said of a key and of a value that cannot be, and of what must not happen.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Item;

use crate::{attribute, keys, l402};

fn told(args: TokenStream) -> String {
    let errors = l402(args, quote! { async fn s() {} }).expect_err("refused");
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.concat()
}

#[test]
fn an_unknown_key_names_the_nearest_known_one_and_then_all() {
    let all = "expected one of: `price_sats`, `price_with`, `description`, `resource`, \
               `resource_with`, `crate`, `single_use`, `uses`, `units`, `hold`, `extract_first`, \
               `free`";
    for (unknown, meant) in [
        ("price_sat", "price_sats"),
        ("price", "price_sats"),
        ("sats", "price_sats"),
        ("pricesats", "price_sats"),
        ("priceSats", "price_sats"),
        ("desc", "description"),
        ("resource_by", "resource"),
        ("resourcewith", "resource_with"),
        ("singleuse", "single_use"),
        ("use", "uses"),
        ("r#use", "uses"),
        ("unit", "units"),
        ("extract", "extract_first"),
    ] {
        let tokens = unknown.parse().expect("a word");
        let message = format!("unknown key `{unknown}`; did you mean `{meant}`? {all}");
        assert_eq!(told(tokens), message);
    }
    for unknown in ["no", "colour", "currency", "é"] {
        let message = format!("unknown key `{unknown}`; {all}");
        assert_eq!(told(unknown.parse().expect("a word")), message);
    }
    for (key, _) in keys::KEYS {
        assert!(all.contains(&format!("`{key}`")), "{key}");
        assert_eq!(keys::nearest(&format!("{key}x")), Some(key));
    }
    assert_eq!(all.matches(", ").count(), keys::KEYS.len(), "each of them, and `crate`");
}

#[test]
fn a_number_out_of_range_says_the_range() {
    for (args, words) in [
        (quote!(price_sats = 18446744073709551616), "a smaller number of sats"),
        (quote!(price_sats = 0xffff_ffff_ffff_ffff_f_u128), "a smaller number of sats"),
        (quote!(uses = 99999999999999999999), "a smaller number of answers"),
        (quote!(units = 99999999999999999999), "a smaller number of what you count"),
        (quote!(units = 1, hold = 99999999999999999999), "a smaller number of units"),
    ] {
        let said = told(args);
        assert!(said.contains("must be at most 18446744073709551615; write"), "{said}");
        assert!(said.ends_with(words), "{said}");
    }
    let largest = quote!(price_sats = 18446744073709551615);
    assert!(l402(largest, quote! { async fn s() {} }).is_ok());
}

/// The items beside the errors of a build that fails.
fn beside_the_errors(args: TokenStream, item: TokenStream) -> Vec<Item> {
    let output = attribute::apply(args, item);
    let file: syn::File = syn::parse2(output).expect("items");
    file.items.into_iter().filter(|item| crate::error(item).is_none()).collect()
}

#[test]
fn what_is_being_written_of_a_key_can_be_completed_although_it_does_not_parse() {
    let handler = quote! { async fn s() {} };
    let written = quote!(price_sats = 1 + one, desc, crate = "x", fn, -, res => 1);
    let items = beside_the_errors(written, handler.clone());
    let [hint, item] = &items[..] else { panic!("{} items", items.len()) };
    assert_eq!(quote!(#item).to_string(), handler.to_string());
    let hint = quote!(#hint).to_string();
    // Only the words that stand where a key does, and only where an editor looks.
    assert!(hint.contains("use self :: { price_sats as _ , desc as _ , res as _ }"), "{hint}");
    assert!(hint.contains("# [cfg (rust_analyzer)]"), "{hint}");
    for (key, _) in keys::KEYS {
        assert!(hint.contains(&format!("pub const {key} : () = ()")), "{key}");
    }

    let module = quote! { mod api { #[get("/s")] #[l402(fr)] async fn s() {} } };
    let items = beside_the_errors(TokenStream::new(), module);
    let hint = items.first().map(|hint| quote!(#hint).to_string()).expect("a hint");
    assert!(hint.contains("use self :: { fr as _ }"), "{hint}");

    // An editor compares places, and the message repeats the word that is being written.
    let output = attribute::apply(quote!(desc), handler.clone()).to_string();
    assert!(output.find("desc as _") < output.find("compile_error"), "{output}");

    // Also beside a method, where few items can stand.
    let method = attribute::apply(quote!(desc), quote! { async fn s(&self) {} });
    assert!(syn::parse2::<syn::ItemImpl>(quote!(impl Api { #method })).is_ok(), "{method}");

    // Without a key there is nothing to complete.
    assert_eq!(beside_the_errors(quote!(100), handler).len(), 1);
}

type Work = fn() -> TokenStream;

#[test]
fn a_panic_leaves_the_item_and_asks_for_a_report() {
    let item = quote! { async fn s() {} };
    let panics: [(Work, &str); 3] = [
        (|| panic!("no {}", "luck"), "no luck"),
        (|| panic!("plain"), "plain"),
        (|| std::panic::panic_any(1), "no message"),
    ];
    for (panic, said) in panics {
        let output = attribute::unless_it_panics(&item, panic);
        let file: syn::File = syn::parse2(output.clone()).expect("items");
        let [error, kept] = &file.items[..] else { panic!("{output}") };
        let message = crate::error(error).expect("an error");
        assert!(
            message.contains(&format!("a fault of l402-actix: {said}; report it")),
            "{message}"
        );
        assert_eq!(quote!(#kept).to_string(), item.to_string());
    }
}
