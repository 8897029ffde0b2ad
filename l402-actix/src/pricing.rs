//! What a request costs.

use crate::{__private::Offer, L402Config, error::Refusal};

/// The price in sats: the attribute's, else the config's default. There is no free by accident.
pub(crate) fn price_sats(config: &L402Config, offer: &Offer) -> Result<u64, Refusal> {
    match offer.price_sats.or(config.default_price_sats) {
        Some(0) => Err(Refusal::Misconfigured("a price of 0 sats; it must be at least 1")),
        Some(price_sats) => Ok(price_sats),
        None => Err(Refusal::Misconfigured(
            "no price; state `price_sats` in the attribute or `default_price_sats` in the config",
        )),
    }
}
