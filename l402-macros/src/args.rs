//! `price_sats = 100, resource = "/a"` -> typed arguments.

use proc_macro2::{Span, TokenStream};
use syn::{
    Error, Expr, Ident, LitStr, Path, Result, Token,
    ext::IdentExt as _,
    parse::{Lookahead1, ParseStream, Parser as _},
};

use crate::{
    keys,
    slot::{Flag, Slot, flag, flag_key, put, set},
    values::{
        Amount, GoodFor, HOLD, PRICE, Price, Resource, UNITS, USES, Words, amount, function, krate,
        resource, string,
    },
};

mod kw {
    syn::custom_keyword!(price_sats);
    syn::custom_keyword!(price_with);
    syn::custom_keyword!(description);
    syn::custom_keyword!(resource);
    syn::custom_keyword!(resource_with);
    syn::custom_keyword!(single_use);
    syn::custom_keyword!(uses);
    syn::custom_keyword!(units);
    syn::custom_keyword!(hold);
    syn::custom_keyword!(extract_first);
    syn::custom_keyword!(free);
}

/// What one `#[l402(..)]` states.
#[derive(Default)]
pub(crate) struct Args {
    price: Slot<Price>,
    description: Slot<LitStr>,
    resource: Slot<Resource>,
    krate: Slot<Path>,
    good_for: Slot<GoodFor>,
    extract_first: Flag,
    free: Flag,
}

impl Args {
    /// All errors of the arguments in one: a value that is wrong does not hide the next key.
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self> {
        let parser = |input: ParseStream<'_>| {
            let mut args = Self::default();
            let mut hold = None;
            let mut errors = None;
            while !input.is_empty() {
                if let Err(err) = args.parse_one(input, &mut hold) {
                    note(&mut errors, err);
                    skip_to_comma(input)?;
                }
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            if errors.is_none() {
                args.good_for = with_hold(args.good_for, hold)?;
            }
            errors.map_or(Ok(args), Err)
        };
        let args = parser.parse2(tokens)?;
        if let Some(key) = &args.free
            && args.charges()
        {
            let message = "`free` cannot be combined with what is charged; keep one";
            return Err(Error::new(key.span(), message));
        }
        Ok(args)
    }

    /// One `key = value`.
    fn parse_one(&mut self, input: ParseStream<'_>, hold: &mut Slot<Amount>) -> Result<()> {
        let key = input.lookahead1();
        if key.peek(kw::price_sats) {
            set(&mut self.price, input, "100", |value| amount(value, PRICE).map(Price::Sats))
        } else if key.peek(kw::price_with) {
            set(&mut self.price, input, "my_price", |value| {
                function(value, "price_with", "my_price").map(Price::With)
            })
        } else if key.peek(kw::description) {
            set(&mut self.description, input, "\"The weather\"", |value| {
                string(value, "description expects a string, such as `\"The weather\"`")
            })
        } else if key.peek(kw::resource) {
            set(&mut self.resource, input, "\"reports\"", resource)
        } else if key.peek(kw::resource_with) {
            set(&mut self.resource, input, "my_resource", |value| {
                function(value, "resource_with", "my_resource").map(Resource::With)
            })
        } else if key.peek(Token![crate]) {
            set(&mut self.krate, input, "\"my_l402\"", krate)
        } else if key.peek(kw::single_use) {
            let key = flag_key(input)?;
            put(&mut self.good_for, key, GoodFor::Uses(Amount::Literal(1)))
        } else if key.peek(kw::uses) {
            set(&mut self.good_for, input, "100", |value| amount(value, USES).map(GoodFor::Uses))
        } else if key.peek(kw::units) {
            // What a request holds is put in at the end.
            set(&mut self.good_for, input, "1_000_000", |value| {
                amount(value, UNITS).map(|units| GoodFor::Units { units, hold: Amount::Literal(0) })
            })
        } else if key.peek(kw::hold) {
            set(hold, input, "4096", |value| amount(value, HOLD))
        } else if key.peek(kw::extract_first) {
            flag(&mut self.extract_first, input)
        } else if key.peek(kw::free) {
            flag(&mut self.free, input)
        } else {
            Err(unknown(input, key))
        }
    }

    /// These arguments, and the module's where these say nothing.
    pub(crate) fn or(self, module: &Self) -> Self {
        Self {
            price: self.price.or_else(|| module.price.clone()),
            description: self.description.or_else(|| module.description.clone()),
            resource: self.resource.or_else(|| module.resource.clone()),
            krate: self.krate.or_else(|| module.krate.clone()),
            good_for: self.good_for.or_else(|| module.good_for.clone()),
            extract_first: self.extract_first.or_else(|| module.extract_first.clone()),
            free: self.free,
        }
    }

    /// Whether it states anything that only means something where a price is asked.
    fn charges(&self) -> bool {
        self.price.is_some()
            || self.description.is_some()
            || self.resource.is_some()
            || self.good_for.is_some()
            || self.extract_first.is_some()
    }

    /// Where it says `free`.
    pub(crate) fn free(&self) -> Option<Span> {
        self.free.as_ref().map(Ident::span)
    }

    pub(crate) fn good_for(&self) -> Option<&GoodFor> {
        self.good_for.as_ref().map(|(_, good_for)| good_for)
    }

    /// What the compiler has to check.
    pub(crate) fn constants(&self) -> impl Iterator<Item = (&Expr, &'static Words)> {
        let price = match self.price() {
            Some(Price::Sats(sats)) => Some(sats),
            _ => None,
        };
        let (some, hold) = match self.good_for() {
            None => (None, None),
            Some(GoodFor::Uses(uses)) => (Some(uses), None),
            Some(GoodFor::Units { units, hold }) => (Some(units), Some(hold)),
        };
        [price, some, hold].into_iter().flatten().filter_map(|amount| match amount {
            Amount::Constant(value, words) => Some((value.as_ref(), *words)),
            Amount::Literal(_) => None,
        })
    }

    pub(crate) fn extract_first(&self) -> bool {
        self.extract_first.is_some()
    }

    pub(crate) fn price(&self) -> Option<&Price> {
        self.price.as_ref().map(|(_, price)| price)
    }

    pub(crate) fn description(&self) -> Option<&LitStr> {
        self.description.as_ref().map(|(_, text)| text)
    }

    pub(crate) fn resource(&self) -> Option<&Resource> {
        self.resource.as_ref().map(|(_, resource)| resource)
    }

    pub(crate) fn krate(&self) -> Option<&Path> {
        self.krate.as_ref().map(|(_, path)| path)
    }
}

fn note(errors: &mut Option<Error>, err: Error) {
    match errors {
        Some(errors) => errors.combine(err),
        None => *errors = Some(err),
    }
}

fn skip_to_comma(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}

/// `price = 5` -> "unknown key `price`; did you mean `price_sats`? expected one of: …"; `100` -> what
/// to write.
fn unknown(input: ParseStream<'_>, known: Lookahead1<'_>) -> Error {
    let alternatives = known.error();
    match input.fork().call(Ident::parse_any) {
        Ok(key) => {
            let nearest = keys::nearest(&key.unraw().to_string())
                .map(|nearest| format!("did you mean `{nearest}`? "))
                .unwrap_or_default();
            Error::new(key.span(), format!("unknown key `{key}`; {nearest}{alternatives}"))
        }
        Err(_) => input.error("expected a key; write `price_sats = 100`"),
    }
}

/// `units = 100` and `hold = 10` -> both in one; either alone is an error.
fn with_hold(good_for: Slot<GoodFor>, hold: Slot<Amount>) -> Result<Slot<GoodFor>> {
    match (good_for, hold) {
        (
            Some((_, GoodFor::Units { units: Amount::Literal(units), .. })),
            Some((key, Amount::Literal(hold))),
        ) if hold > units => {
            let message = "`hold` is more than `units`; write the most that one answer draws";
            Err(Error::new(key.span(), message))
        }
        (Some((key, GoodFor::Units { units, .. })), Some((_, hold))) => {
            Ok(Some((key, GoodFor::Units { units, hold })))
        }
        (Some((key, GoodFor::Units { .. })), None) => {
            let message = "`units` needs `hold`; write the most that one answer draws, such as \
                           `hold = 4096`";
            Err(Error::new(key.span(), message))
        }
        (_, Some((key, _))) => {
            let message = "`hold` goes with `units`; write `units = 1_000_000` beside it, or remove \
                           it";
            Err(Error::new(key.span(), message))
        }
        (good_for, None) => Ok(good_for),
    }
}
