//! `key = value`, or `key` alone -> what is set, and by which key; each is set once.

use syn::{
    Error, Expr, Ident, Result, Token,
    ext::IdentExt as _,
    parse::{Parse as _, ParseStream},
};

/// A value with the key that has set it.
pub(crate) type Slot<T> = Option<(Ident, T)>;

/// The key that has set it.
pub(crate) type Flag = Option<Ident>;

/// Reads `key = value` into its slot, unless the key was set before.
pub(crate) fn set<T>(
    slot: &mut Slot<T>,
    input: ParseStream<'_>,
    example: &str,
    read: impl FnOnce(Expr) -> Result<T>,
) -> Result<()> {
    let key = input.call(Ident::parse_any)?;
    if input.is_empty() || input.peek(Token![,]) {
        let message = format!("`{key}` has no value; write `{key} = {example}`");
        return Err(Error::new(key.span(), message));
    }
    if !input.peek(Token![=]) {
        return Err(input.error(format!("expected `=`; write `{key} = {example}`")));
    }
    input.parse::<Token![=]>()?;
    if input.is_empty() || input.peek(Token![,]) {
        let message = format!("`{key}` has no value; write `{key} = {example}`");
        return Err(Error::new(key.span(), message));
    }
    let value = read(Expr::parse(input)?);
    is_free(slot.as_ref(), &key)?;
    *slot = Some((key, value?));
    Ok(())
}

pub(crate) fn put<T>(slot: &mut Slot<T>, key: Ident, value: T) -> Result<()> {
    is_free(slot.as_ref(), &key)?;
    *slot = Some((key, value));
    Ok(())
}

fn is_free<T>(slot: Option<&(Ident, T)>, key: &Ident) -> Result<()> {
    let Some((first, _)) = slot else { return Ok(()) };
    let message = if first == key {
        format!("`{key}` is set more than once; keep one")
    } else {
        format!("`{key}` cannot be combined with `{first}`; keep one")
    };
    Err(Error::new(key.span(), message))
}

/// Reads a key that has no value.
pub(crate) fn flag(flag: &mut Flag, input: ParseStream<'_>) -> Result<()> {
    let key = flag_key(input)?;
    if flag.is_some() {
        return Err(Error::new(key.span(), format!("`{key}` is set more than once; keep one")));
    }
    *flag = Some(key);
    Ok(())
}

pub(crate) fn flag_key(input: ParseStream<'_>) -> Result<Ident> {
    let key = input.call(Ident::parse_any)?;
    if !input.is_empty() && !input.peek(Token![,]) {
        return Err(input.error(format!("`{key}` takes no value; write `{key}` alone")));
    }
    Ok(key)
}
