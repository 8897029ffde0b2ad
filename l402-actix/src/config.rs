//! What a merchant sets once and every gated route reads.

use actix_web::{HttpRequest, web};
use l402_server::{L402Client, L402Error};

use crate::error::Refusal;

/// How gated routes charge: the broker's client and the settings around it.
///
/// Put one into `App::app_data`, bare or in [`web::Data`]. A scope's or a resource's own config
/// wins over the app's. Keep to one of the two forms: with both in sight of a request the nearer
/// one cannot be told, and the request is answered 500.
///
/// # Examples
///
/// ```
/// use actix_web::{App, get, web};
/// use l402_actix::{L402Config, l402};
///
/// #[get("/weather")]
/// #[l402(price_sats = 100)]
/// async fn weather() -> &'static str {
///     "sunny"
/// }
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sandbox = l402_sandbox::Sandbox::start().await;
/// # let client = sandbox.client();
/// // In production: let config = L402Config::from_env()?;
/// let config = L402Config::new(client);
/// let app = App::new().app_data(config).service(weather);
/// # let app = actix_web::test::init_service(app).await;
/// # let request = actix_web::test::TestRequest::get().uri("/weather").to_request();
/// # assert_eq!(actix_web::test::call_service(&app, request).await.status(), 402);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a config does nothing until it is put into `app_data`"]
pub struct L402Config {
    pub(crate) client: L402Client,
    pub(crate) default_price_sats: Option<u64>,
    pub(crate) enforce_resource: bool,
    pub(crate) enforce_amount: bool,
    pub(crate) shared_cache: bool,
}

impl L402Config {
    /// Charges through `client`. The client's timeout is also the deadline of the whole gate: all
    /// broker calls that one request needs have to end within it.
    pub fn new(client: L402Client) -> Self {
        Self {
            client,
            default_price_sats: None,
            enforce_resource: true,
            enforce_amount: true,
            shared_cache: false,
        }
    }

    /// Charges through the broker that `LIGHTNING_ENABLE_API_KEY` and, if it is set,
    /// `LIGHTNING_ENABLE_API_URL` name.
    ///
    /// # Errors
    ///
    /// As [`L402Client::from_env`].
    pub fn from_env() -> Result<Self, L402Error> {
        L402Client::from_env().map(Self::new)
    }

    /// The price, in sats, of gated routes that state none: of a bare `#[l402]`. No default; a
    /// gated route without any price is answered 500, and so is a price of 0.
    pub fn default_price_sats(mut self, price_sats: u64) -> Self {
        self.default_price_sats = Some(price_sats);
        self
    }

    /// Whether a token opens only the resource that it was bought for. Default: `true`.
    ///
    /// # Security
    ///
    /// Switched off, a token bought for any route of this merchant opens every route whose price
    /// it covers. To let a few routes share a token, give them the same `resource = "…"` instead.
    pub fn enforce_resource(mut self, enforce: bool) -> Self {
        self.enforce_resource = enforce;
        self
    }

    /// Whether a token must have paid at least the price that the request costs now. Default:
    /// `true`.
    ///
    /// # Security
    ///
    /// Switched off, a token bought at any price opens its resource at every price, so the cheapest
    /// variant of a path opens the dearest.
    pub fn enforce_amount(mut self, enforce: bool) -> Self {
        self.enforce_amount = enforce;
        self
    }

    /// Whether a handler's `Cache-Control` may let shared caches keep its answers. Default:
    /// `false`; `public` and `s-maxage` are then taken out of it and `private` is put in.
    ///
    /// # Security
    ///
    /// A shared cache serves what one client paid for to clients that paid nothing.
    pub fn shared_cache(mut self, allow: bool) -> Self {
        self.shared_cache = allow;
        self
    }

    /// The config that is nearest to the request's route.
    pub(crate) fn in_sight_of(request: &HttpRequest) -> Result<&Self, Refusal> {
        match (request.app_data::<Self>(), request.app_data::<web::Data<Self>>()) {
            (Some(config), None) => Ok(config),
            (None, Some(config)) => Ok(config),
            (None, None) => Err(Refusal::Misconfigured(
                "no L402Config in sight of the route; put one into `App::app_data`",
            )),
            (Some(_), Some(_)) => Err(Refusal::Misconfigured(
                "an L402Config and a `web::Data<L402Config>` in sight of the same route, of which \
                 the nearer cannot be told; keep to one of the two forms",
            )),
        }
    }
}
