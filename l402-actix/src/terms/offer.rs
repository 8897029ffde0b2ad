//! What a route states about its price.

use super::{function::Function, price::Price};

/// The terms that one `#[l402(..)]` or one middleware states.
#[derive(Clone, Copy)]
pub struct Offer<'a> {
    pub(crate) price_sats: Option<u64>,
    pub(crate) price_with: Option<&'a Function<Price>>,
    pub(crate) description: Option<&'a str>,
    pub(crate) resource: Option<&'a str>,
    pub(crate) resource_with: Option<&'a Function<String>>,
    /// What one payment is good for; `None` for as many answers as its token lives.
    pub(crate) good_for: Option<GoodFor>,
}

/// What one payment is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GoodFor {
    /// So many answers.
    Uses(u64),
    /// So much of what the merchant counts, of which a request holds `hold`.
    Units { units: u64, hold: u64 },
}

impl GoodFor {
    /// Whether both count answers, or both units.
    pub(crate) fn counts_as(self, other: Self) -> bool {
        matches!(self, Self::Uses(_)) == matches!(other, Self::Uses(_))
    }

    /// What is sold once is sold on a verdict of that moment: a verdict that stands must not do.
    pub(crate) fn is_single_use(self) -> bool {
        self == Self::Uses(1)
    }
}

#[allow(clippy::new_without_default, reason = "made in constants, where `default` cannot be")]
impl<'a> Offer<'a> {
    /// Terms that leave everything to the config.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            price_sats: None,
            price_with: None,
            description: None,
            resource: None,
            resource_with: None,
            good_for: None,
        }
    }

    /// `price_sats = …`, at least 1.
    #[must_use]
    pub const fn price_sats(mut self, sats: u64) -> Self {
        self.price_sats = Some(sats);
        self
    }

    /// `price_with = …`.
    #[must_use]
    pub const fn price_with(mut self, price: &'a Function<Price>) -> Self {
        self.price_with = Some(price);
        self
    }

    /// `description = "…"`.
    #[must_use]
    pub const fn description(mut self, text: &'a str) -> Self {
        self.description = Some(text);
        self
    }

    /// `resource = "…"`.
    #[must_use]
    pub const fn resource(mut self, resource: &'a str) -> Self {
        self.resource = Some(resource);
        self
    }

    /// `resource_with = …`.
    #[must_use]
    pub const fn resource_with(mut self, resource: &'a Function<String>) -> Self {
        self.resource_with = Some(resource);
        self
    }

    /// `uses = …`, at least 1; `single_use` is 1.
    #[must_use]
    pub const fn uses(mut self, uses: u64) -> Self {
        self.good_for = Some(GoodFor::Uses(uses));
        self
    }

    /// `units = …, hold = …`, each at least 1.
    #[must_use]
    pub const fn units(mut self, units: u64, hold: u64) -> Self {
        self.good_for = Some(GoodFor::Units { units, hold });
        self
    }
}

impl std::fmt::Debug for Offer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Offer")
            .field("price_sats", &self.price_sats)
            .field("description", &self.description)
            .field("resource", &self.resource)
            .field("good_for", &self.good_for)
            .finish_non_exhaustive()
    }
}
