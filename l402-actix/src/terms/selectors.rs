//! What a config says of the terms of its routes.

use std::borrow::Cow;

use actix_web::{HttpRequest, dev::Payload};

use super::{
    fault::TermsFault,
    function::{Computed, computed},
    offer::Offer,
    price::{Price, Sats, checked},
    resource_by::ResourceBy,
};
use crate::{
    hook::{Hook, TextWith},
    tape::{BODY_LIMIT, Body},
};

/// A function of the merchant's, for all workers.
pub(crate) type SharedFunction<T> = dyn Fn(HttpRequest, Payload) -> Computed<T> + Send + Sync;

/// The config's functions and defaults, each beside what an offer states.
#[derive(Debug, Clone)]
pub(crate) struct Selectors {
    pub(crate) default_price_sats: Option<u64>,
    pub(crate) price_with: Option<Hook<SharedFunction<Option<Price>>>>,
    pub(crate) resource_with: Option<Hook<SharedFunction<String>>>,
    pub(crate) resource_by: ResourceBy,
    pub(crate) description_with: Option<Hook<TextWith>>,
    pub(crate) idempotency_key_with: Option<Hook<TextWith>>,
    /// How much of a body is held for the functions and for `extract_first`, in bytes.
    pub(crate) body_limit: usize,
}

impl Default for Selectors {
    fn default() -> Self {
        Self {
            default_price_sats: None,
            price_with: None,
            resource_with: None,
            resource_by: ResourceBy::default(),
            description_with: None,
            idempotency_key_with: None,
            body_limit: BODY_LIMIT,
        }
    }
}

impl Selectors {
    /// The price of a request; `None` if it is free. In this order: the config's function if it
    /// has an opinion, the attribute, the config's default. There is no free by accident.
    pub(crate) async fn price(
        &self,
        request: &HttpRequest,
        offer: &Offer<'_>,
        body: &Body,
    ) -> Result<Option<Sats>, TermsFault> {
        if let Some(price_with) = &self.price_with
            && let Some(price) = computed(&*price_with.0, request, body).await?
        {
            return checked(price);
        }
        if let Some(price_with) = offer.price_with {
            return checked(computed(price_with, request, body).await?);
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

    /// How much of the body is held for the functions, where there are any.
    pub(crate) fn records(&self, offer: &Offer<'_>) -> Option<usize> {
        self.compute(offer).then_some(self.body_limit)
    }

    /// Whether the price or the resource is computed anew for each request.
    pub(crate) fn compute(&self, offer: &Offer<'_>) -> bool {
        self.price_with.is_some()
            || offer.price_with.is_some()
            || offer.resource_with.is_some()
            || (offer.resource.is_none() && self.resource_with.is_some())
    }
}
