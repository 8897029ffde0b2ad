//! The `#[l402]` attribute.
/// Placeholder.
#[proc_macro_attribute]
pub fn l402(
    _args: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    item
}
