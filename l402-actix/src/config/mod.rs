//! What a merchant sets once and every gated route reads.
//!
//! In: setters, each file those of one question.
//! Out: the settings of each room, which reads its own.
//! Never: what follows from them; that is the rooms' work.

mod answers;
mod balances;
mod calls;
mod credentials;
mod offers;

use actix_web::{HttpRequest, web};
use l402_server::{L402Client, L402Error};

use crate::{
    answer::{self, OnInvalidToken},
    balance, broker,
    hook::OnPayment,
    terms::Selectors,
};

/// How gated routes charge: the broker's client and the settings around it.
///
/// Put one into `App::app_data`, bare or in [`web::Data`]. A scope's or a resource's own config
/// wins over the app's; of two at one level Actix keeps the last. Keep to one of the two forms: with both in sight of a request the nearer
/// one cannot be told, and the request is answered 500.
///
/// # Workers
///
/// `HttpServer::new` calls its closure in each worker. Make the config before it and clone it within:
/// each worker has connections of its own to the broker all the same, and what counts payments is shared
/// by all workers of the process.
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
    pub(crate) terms: Selectors,
    pub(crate) broker: broker::Settings,
    pub(crate) balance: balance::Settings,
    pub(crate) answer: answer::Settings,
    pub(crate) on_invalid_token: OnInvalidToken,
    pub(crate) on_payment: Option<OnPayment>,
    pub(crate) mpp: bool,
    pub(crate) enforce_resource: bool,
    pub(crate) enforce_amount: bool,
}

impl L402Config {
    /// Charges through `client`. The client's timeout is also the deadline of the whole gate: all
    /// broker calls that one request needs have to end within it.
    pub fn new(client: L402Client) -> Self {
        Self {
            terms: Selectors::default(),
            broker: broker::Settings::new(client),
            balance: balance::Settings::new(),
            answer: answer::Settings::default(),
            on_invalid_token: OnInvalidToken::default(),
            on_payment: None,
            mpp: false,
            enforce_resource: true,
            enforce_amount: true,
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

    /// The config that is nearest to the request's route, or why none can be told.
    pub(crate) fn in_sight_of(request: &HttpRequest) -> Result<&Self, &'static str> {
        match (request.app_data::<Self>(), request.app_data::<web::Data<Self>>()) {
            (Some(config), None) => Ok(config),
            (None, Some(config)) => Ok(config),
            (None, None) => {
                Err("no L402Config in sight of the route; put one into `App::app_data`")
            }
            (Some(_), Some(_)) => Err(
                "an L402Config and a `web::Data<L402Config>` in sight of the same route, of which \
                 the nearer cannot be told; keep to one of the two forms",
            ),
        }
    }
}
