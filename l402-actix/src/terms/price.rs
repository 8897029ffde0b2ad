//! What a request costs.

use super::fault::TermsFault;

/// The price of one request, as a `price_with` function answers it.
///
/// # Examples
///
/// ```
/// use l402_actix::Price;
///
/// let fixed = Price::sats(100);
/// // 120 sats now, but tokens that paid at least 100 are still good.
/// let floating = Price::sats(120).accept(100);
/// let nothing = Price::FREE;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price(Option<Sats>);

/// What is charged, and what is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sats {
    pub(crate) price: u64,
    pub(crate) accept: u64,
}

impl Price {
    /// Free, on purpose: the broker is not asked, and a token that comes along is not looked at.
    pub const FREE: Self = Self(None);

    /// This many sats, at least 1. A price of 0 is answered 500: a mistake in a computation must
    /// not give anything away, so free has a name of its own.
    #[must_use]
    pub const fn sats(price: u64) -> Self {
        Self(Some(Sats { price, accept: price }))
    }

    /// Also accepts tokens that paid at least this many sats. For prices that float: between the
    /// 402 and the retry the price may have risen, and what was just paid must still be good.
    ///
    /// At least 1; more than the price counts as the price, since nobody can pay more than is
    /// asked.
    #[must_use]
    pub const fn accept(self, at_least: u64) -> Self {
        match self.0 {
            None => self,
            Some(Sats { price, .. }) => {
                let accept = if at_least > price { price } else { at_least };
                Self(Some(Sats { price, accept }))
            }
        }
    }
}

/// A price that can be asked; `None` if it is free, which never happens by accident.
pub(super) fn checked(price: Price) -> Result<Option<Sats>, TermsFault> {
    match price.0 {
        None => Ok(None),
        Some(Sats { price: 0, .. }) => Err(TermsFault::Misconfigured(
            "a price of 0 sats; if it is to be free, say `Price::FREE`",
        )),
        Some(Sats { accept: 0, .. }) => {
            Err(TermsFault::Misconfigured("a price that accepts 0 sats; it must accept at least 1"))
        }
        sats => Ok(sats),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_enough_is_never_more_than_the_price() {
        let sats = |price: Price| price.0.map(|sats| (sats.price, sats.accept));
        assert_eq!(sats(Price::sats(100)), Some((100, 100)));
        assert_eq!(sats(Price::sats(100).accept(80)), Some((100, 80)));
        assert_eq!(sats(Price::sats(100).accept(120)), Some((100, 100)));
        assert_eq!(sats(Price::FREE.accept(5)), None);
    }

    #[test]
    fn zero_is_never_free() {
        assert!(matches!(checked(Price::FREE), Ok(None)));
        assert!(matches!(checked(Price::sats(0)), Err(TermsFault::Misconfigured(_))));
        assert!(matches!(checked(Price::sats(5).accept(0)), Err(TermsFault::Misconfigured(_))));
        assert!(matches!(checked(Price::sats(1)), Ok(Some(_))));
    }
}
