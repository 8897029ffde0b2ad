//! What a config says of the terms of its routes.

use std::borrow::Cow;

use actix_web::HttpRequest;

use super::{
    fault::TermsFault,
    offer::Offer,
    price::{Price, Priced, Sats, checked},
};
use crate::hook::{Hook, TextWith};

type PriceWith = dyn Fn(HttpRequest) -> Priced<Option<Price>> + Send + Sync;
type ResourceWith = dyn Fn(&HttpRequest) -> String + Send + Sync;

/// The config's functions and defaults, each beside what an offer states.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selectors {
    pub(crate) default_price_sats: Option<u64>,
    pub(crate) price_with: Option<Hook<PriceWith>>,
    pub(crate) resource_with: Option<Hook<ResourceWith>>,
    pub(crate) description_with: Option<Hook<TextWith>>,
    pub(crate) idempotency_key_with: Option<Hook<TextWith>>,
}

impl Selectors {
    /// The price of a request; `None` if it is free. In this order: the config's function if it
    /// has an opinion, the attribute, the config's default. There is no free by accident.
    pub(crate) async fn price(
        &self,
        request: &HttpRequest,
        offer: &Offer<'_>,
    ) -> Result<Option<Sats>, TermsFault> {
        if let Some(price_with) = &self.price_with {
            let priced = (price_with.0)(request.clone()).await;
            if let Some(price) = priced.map_err(TermsFault::ByMerchant)? {
                return checked(price);
            }
        }
        if let Some(price_with) = offer.price_with {
            return checked(price_with(request.clone()).await.map_err(TermsFault::ByMerchant)?);
        }
        let stated = offer.price_sats.or(self.default_price_sats);
        checked(Price::sats(stated.ok_or(TermsFault::Misconfigured(
            "no price; state one in the attribute or `default_price_sats` in the config",
        ))?))
    }

    /// The attribute's description, else what the config's function says.
    pub(crate) fn description<'a>(
        &self,
        request: &HttpRequest,
        offer: &Offer<'a>,
    ) -> Option<Cow<'a, str>> {
        let stated = offer.description.map(Cow::Borrowed);
        stated.or_else(|| {
            let description_with = self.description_with.as_ref()?;
            (description_with.0)(request).map(Cow::Owned)
        })
    }

    /// Whether the price or the resource is computed anew for each request.
    pub(crate) fn compute(&self, offer: &Offer<'_>) -> bool {
        self.price_with.is_some()
            || offer.price_with.is_some()
            || offer.resource_with.is_some()
            || (offer.resource.is_none() && self.resource_with.is_some())
    }
}
