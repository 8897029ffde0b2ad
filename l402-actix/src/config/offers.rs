//! What is sold: prices, what a token is bought for, and the words around it.

use std::sync::Arc;

use actix_web::HttpRequest;

use super::L402Config;
use crate::{
    hook::Hook,
    terms::{Computes, Price, ResourceBy},
};

/// # What is sold
impl L402Config {
    /// The price, in sats, of gated routes that state none: of a bare `#[l402]`. No default; a
    /// gated route without any price is answered 500, and so is a price of 0.
    pub fn default_price_sats(mut self, price_sats: u64) -> Self {
        self.terms.default_price_sats = Some(price_sats);
        self
    }

    /// Computes prices. Called for each gated request before anything else; what it answers wins
    /// over the attribute, and `None` leaves the price to the attribute and the default.
    ///
    /// Its arguments are extractors, as a handler's are; see [`Computes`]. An error is answered as it is,
    /// without a charge; challenge headers on it are taken out unless it is a 402.
    ///
    /// # Examples
    ///
    /// ```
    /// use actix_web::{Error, web};
    /// use l402_actix::{L402Config, Price};
    /// # use serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// struct Ask {
    ///     model: Option<String>,
    /// }
    ///
    /// async fn price(ask: web::Query<Ask>) -> Result<Option<Price>, Error> {
    ///     Ok(match ask.model.as_deref() {
    ///         Some("premium") => Some(Price::sats(500)),
    ///         Some("demo") => Some(Price::FREE),
    ///         _ => None,
    ///     })
    /// }
    ///
    /// # let client = l402_actix::L402Client::new("key")?;
    /// let config = L402Config::new(client).price_with(price).default_price_sats(100);
    /// # Ok::<(), l402_actix::L402Error>(())
    /// ```
    ///
    /// # Security
    ///
    /// Take what the price depends on from typed extractors. `request.query_string()`,
    /// `request.path()` and `match_info()` are as the client has spelled them: `?model=%70remium` is the
    /// same request as `?model=premium`, and a comparison of texts does not know.
    pub fn price_with<F, Form>(mut self, price: F) -> Self
    where
        F: Computes<Option<Price>, Form> + Send + Sync,
    {
        let compute = move |request, body| price.compute(request, body);
        self.terms.price_with = Some(Hook(Arc::new(compute)));
        self
    }

    /// Names what a token is bought for, on routes whose attribute does not. Default: what
    /// [`resource_by`](Self::resource_by) says.
    ///
    /// An `async fn` of extractors that answers `Result<String, Error>`, or an
    /// `fn(&HttpRequest) -> String`; see [`Computes`]. Called anew at the mint and at each verification, so it
    /// must answer the same for a request and its retry. An empty answer is a 500, one of more than
    /// 1 KiB a 414, one with control characters a 400.
    ///
    /// # Security
    ///
    /// Whatever answers the same resource shares tokens, as far as the price allows. A part of the
    /// request that is left out can be chosen freely by whoever holds a token.
    pub fn resource_with<F, Form>(mut self, resource: F) -> Self
    where
        F: Computes<String, Form> + Send + Sync,
    {
        let compute = move |request, body| resource.compute(request, body);
        self.terms.resource_with = Some(Hook(Arc::new(compute)));
        self
    }

    /// What a token is bought for where nothing names it: the path, the route's pattern, and each
    /// with the method if you like. Default: [`ResourceBy::Path`], which opens the least.
    ///
    /// With [`ResourceBy::Pattern`] a token for one city is a token for all, and a broker's plan counts
    /// one resource in place of one for each path.
    pub fn resource_by(mut self, by: ResourceBy) -> Self {
        self.terms.resource_by = by;
        self
    }

    /// How much of a body is held in memory while price functions, resource functions and
    /// `extract_first` look at it, in bytes. Default: 2 MiB, which is what Actix's own extractors take
    /// at most. A request whose body is read further than this is answered 413, before it is asked for money.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.terms.body_limit = bytes;
        self
    }

    /// Describes the purchase in the payer's wallet, on routes whose attribute does not. Default:
    /// none.
    pub fn description_with(
        mut self,
        description: impl Fn(&HttpRequest) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.terms.description_with = Some(Hook(Arc::new(description)));
        self
    }

    /// Makes repeated asking give one challenge: requests with the same key, resource and price
    /// get the same invoice until it expires. Default, and for `None`: a fresh key each time.
    ///
    /// The key is hashed with the resource and the price before it is sent, so it can never hand
    /// out another route's invoice.
    ///
    /// # Security
    ///
    /// An invoice can be paid once. A key that two payers share, such as an address behind NAT,
    /// hands both the same invoice, and whoever pays second is refused by the wallet.
    pub fn idempotency_key_with(
        mut self,
        key: impl Fn(&HttpRequest) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.terms.idempotency_key_with = Some(Hook(Arc::new(key)));
        self
    }
}
