//! An expression -> the value that its key wants, or an error on that expression.

use syn::{Error, Expr, ExprLit, ExprPath, Lit, LitStr, Path, Result, spanned::Spanned as _};

/// The longest resource that the gate sells, in bytes.
const MAX_RESOURCE_BYTES: usize = 1024;

/// What is said of an amount that is 0, of one that is none, and of one that is too big.
pub(crate) struct Words {
    pub(crate) zero: &'static str,
    kind: &'static str,
    pub(crate) range: &'static str,
}

pub(crate) const PRICE: &Words = &Words {
    zero: "price_sats must be at least 1; remove `#[l402]` to serve the route free",
    kind: "price_sats expects a whole number of sats, such as `100`",
    range: "price_sats must be at most 18446744073709551615; write a smaller number of sats",
};

pub(crate) const USES: &Words = &Words {
    zero: "uses must be at least 1; leave it out for as many answers as a token lives",
    kind: "uses expects a whole number of answers, such as `100`",
    range: "uses must be at most 18446744073709551615; write a smaller number of answers",
};

pub(crate) const UNITS: &Words = &Words {
    zero: "units must be at least 1; leave it out for as many answers as a token lives",
    kind: "units expects a whole number of what you count, such as `1_000_000`",
    range: "units must be at most 18446744073709551615; write a smaller number of what you count",
};

pub(crate) const HOLD: &Words = &Words {
    zero: "hold must be at least 1; write the most that one answer draws, such as `4096`",
    kind: "hold expects a whole number of units, such as `4096`",
    range: "hold must be at most 18446744073709551615; write a smaller number of units",
};

#[derive(Clone)]
pub(crate) enum Price {
    Sats(Amount),
    /// A function.
    With(ExprPath),
}

/// A whole number, at least 1.
#[derive(Clone)]
pub(crate) enum Amount {
    /// Checked here.
    Literal(u64),
    /// To be checked by the compiler.
    Constant(Box<Expr>, &'static Words),
}

/// What one payment is good for.
#[derive(Clone)]
pub(crate) enum GoodFor {
    Uses(Amount),
    Units { units: Amount, hold: Amount },
}

#[derive(Clone)]
pub(crate) enum Resource {
    Literal(LitStr),
    /// A function.
    With(ExprPath),
}

/// `100` -> 100; `PRICE` -> as it is; `0`, `-1`, `1.5`, `"100"` -> an error on the value.
pub(crate) fn amount(value: Expr, words: &'static Words) -> Result<Amount> {
    let wrong_kind = |span| Error::new(span, words.kind);
    match peeled(value) {
        Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) => {
            if !matches!(
                int.suffix(),
                "" | "u8"
                    | "u16"
                    | "u32"
                    | "u64"
                    | "u128"
                    | "usize"
                    | "i8"
                    | "i16"
                    | "i32"
                    | "i64"
                    | "i128"
                    | "isize"
            ) {
                return Err(wrong_kind(int.span()));
            }
            match int.base10_parse::<u64>() {
                Ok(0) => Err(Error::new(int.span(), words.zero)),
                Ok(number) => Ok(Amount::Literal(number)),
                Err(_) => Err(Error::new(int.span(), words.range)),
            }
        }
        Expr::Unary(unary)
            if matches!(unary.op, syn::UnOp::Neg(_)) && matches!(*unary.expr, Expr::Lit(_)) =>
        {
            Err(wrong_kind(unary.span()))
        }
        Expr::Lit(other) => Err(wrong_kind(other.span())),
        constant => Ok(Amount::Constant(Box::new(constant), words)),
    }
}

/// Takes off the invisible group that a `macro_rules` variable leaves around its value.
fn peeled(value: Expr) -> Expr {
    match value {
        Expr::Group(group) => peeled(*group.expr),
        value => value,
    }
}

pub(crate) fn string(value: Expr, message: &str) -> Result<LitStr> {
    match peeled(value) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text),
        other => Err(Error::new(other.span(), message)),
    }
}

/// `prices::my_price` -> as it is.
pub(crate) fn function(value: Expr, key: &str, example: &str) -> Result<ExprPath> {
    match peeled(value) {
        Expr::Path(path) => Ok(path),
        other => {
            let message = format!("{key} expects the path of a function, such as `{example}`");
            Err(Error::new(other.span(), message))
        }
    }
}

pub(crate) fn resource(value: Expr) -> Result<Resource> {
    let text = string(value, "resource expects a string, such as `\"reports\"`")?;
    if text.value().trim().is_empty() {
        let message = "resource is empty; name what a token is bought for, or leave the key out \
                       for the request's path";
        return Err(Error::new(text.span(), message));
    }
    if text.value().len() > MAX_RESOURCE_BYTES {
        let message = "resource is longer than 1024 bytes; write a shorter name";
        return Err(Error::new(text.span(), message));
    }
    Ok(Resource::Literal(text))
}

pub(crate) fn krate(value: Expr) -> Result<Path> {
    let message = "crate expects a path in a string, such as `\"my_l402\"`";
    let text = string(value, message)?;
    text.parse_with(Path::parse_mod_style).map_err(|_| Error::new(text.span(), message))
}
