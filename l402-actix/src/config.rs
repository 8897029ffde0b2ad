//! What a merchant sets once and every gated route reads.

use std::{pin::Pin, sync::Arc, time::Duration};

use actix_web::{
    HttpRequest,
    http::{StatusCode, header::HeaderName},
    web,
};
use l402_server::{L402Client, L402Error};

#[cfg(feature = "redis")]
use crate::shared::RedisState;
use crate::{
    answer::{self, OnInvalidToken},
    balance::{self, Balances},
    broker::{self, BrokerBudget, ClientIdentity, VerifyCache},
    hook::{Hook, OnPayment},
    payment::{Payment, Route},
    terms::{Computes, Price, ResourceBy, Selectors},
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

    /// How a credential is answered that the broker refuses. Default:
    /// [`OnInvalidToken::Diagnose`].
    pub fn on_invalid_token(mut self, answer: OnInvalidToken) -> Self {
        self.on_invalid_token = answer;
        self
    }

    /// Tells a function of each payment, for books of your own. Default: nobody is told.
    ///
    /// It is started when the broker has said yes to a payment for the first time, before the handler
    /// answers, and nobody waits for it: it runs on a thread of its own beside the server, so that it
    /// may take its time or block. What it panics with is a line in the log.
    ///
    /// *At least once*: which payments were told is kept in this process, so that after a restart, and
    /// on each process of several, the next request with the same payment is told again. Key your book
    /// by [`Payment::payment_hash`], and do nothing for one that is in it. Wait for the last ones with
    /// [`flush`](crate::flush) before `main` ends. A process that is killed tells nobody of its last
    /// payments, unless their payers come back: the broker's own list of paid challenges has them all.
    ///
    /// # Examples
    ///
    /// ```
    /// use l402_actix::{L402Config, Payment, Route};
    ///
    /// async fn book(payment: Payment, route: Route) {
    ///     println!("{:?}: {} sats for {}", payment.payment_hash, route.price_sats, route.pattern);
    /// }
    ///
    /// # let client = l402_actix::L402Client::new("key")?;
    /// let config = L402Config::new(client).on_payment(book);
    /// # Ok::<(), l402_actix::L402Error>(())
    /// ```
    pub fn on_payment<F, Fut>(mut self, tell: F) -> Self
    where
        F: Fn(Payment, Route) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let tell = move |payment, route| Box::pin(tell(payment, route)) as Pin<Box<_>>;
        self.on_payment = Some(Hook(Arc::new(tell)));
        self
    }

    /// Another header that may carry the credential, in the same form as `Authorization`
    /// (`L402 <macaroon>:<preimage>`), for callers whose only `Authorization` is taken. Looked at
    /// first where it carries one. Default: none.
    ///
    /// # Examples
    ///
    /// ```
    /// use actix_web::http::header::HeaderName;
    /// # use l402_actix::L402Config;
    /// # let client = l402_actix::L402Client::new("key")?;
    /// let config = L402Config::new(client)
    ///     .credential_header(HeaderName::from_static("x-l402-authorization"));
    /// # Ok::<(), l402_actix::L402Error>(())
    /// ```
    pub fn credential_header(mut self, name: HeaderName) -> Self {
        self.answer.credential_header = Some(name);
        self
    }

    /// Whether a browser may keep its credential in a cookie, so that a person who has paid on the
    /// [paywall page](Self::paywall_page) uses the site as any other: images, video, downloads,
    /// `EventSource` and `WebSocket` are paid for too. Default: `false`.
    ///
    /// The page asks its own address with the credential and `X-L402-Cookie: 1`. The gate verifies
    /// that, draws nothing, does not call the handler, and answers 204 with the cookie: one for each
    /// resource, `HttpOnly`, `Secure` and `SameSite=Strict`, for as long as the token says that it
    /// lives, else an hour. Without https there is none, save on the browser's own machine. A header
    /// wins over a cookie.
    ///
    /// # Security
    ///
    /// A cookie is sent without being asked for, so it is ignored where another site has caused the
    /// request (`Sec-Fetch-Site`, `Origin`). The host that the origin is compared with is the one that
    /// Actix takes from `Forwarded`, `X-Forwarded-Host` or `Host`.
    pub fn credential_cookie(mut self, keep: bool) -> Self {
        self.answer.credential_cookie = keep;
        self
    }

    /// Whether payments in the `Payment` scheme (MPP) are offered and taken, beside L402. Default:
    /// `false`.
    ///
    /// Switched on, a 402 carries the broker's MPP challenge as a second `WWW-Authenticate` line,
    /// if the broker sends one, and `Authorization: Payment …` is verified by its preimage, with
    /// the resource and the price.
    ///
    /// # Security
    ///
    /// MPP promises less than L402. The broker takes each payment once. From its yes on the store of
    /// [`balances`](Self::balances) answers for it, so that it is good again after a 5xx; but it is lost to
    /// a client if the broker's answer does not arrive, or with what the store forgets. And the preimage
    /// alone is the credential, which every node on the payment's route learns before the payer does.
    /// Offer it where one call is worth little.
    pub fn mpp(mut self, accept: bool) -> Self {
        self.mpp = accept;
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
    /// `false`; `public` and `s-maxage` are then taken out of it and `private` is put in, and what
    /// single caches heed in its place is taken off, such as `CDN-Cache-Control`.
    ///
    /// # Security
    ///
    /// A shared cache serves what one client paid for to clients that paid nothing.
    pub fn shared_cache(mut self, allow: bool) -> Self {
        self.answer.shared_cache = allow;
        self
    }

    /// How many calls a minute may be made to the broker, and for whom. Default:
    /// [`BrokerBudget::by_broker`]: what the broker says is left of the account's minute, whichever
    /// process or machine has used the rest.
    ///
    /// Whoever has paid goes first:
    ///
    /// | who asks | may cause a call | else |
    /// | --- | --- | --- |
    /// | somebody who has paid | ten a minute of a limit of 100, by right; more while there is more for others too, unless the broker has just said no to it twice | 429 |
    /// | a client that has not | while more is left than a tenth and twice what it has caused in vain in the last minute | 429 |
    /// | all clients together | two thirds of the limit in vain | 503 |
    /// | anybody | while the account's minute is not used up; then one who has paid tries once a second | 503 |
    ///
    /// In vain are challenges that nobody has paid yet, credentials that were refused, and the second
    /// question about one. A challenge that is paid gives its call back. So a client that buys is in
    /// nobody's way, and one that only asks is in its own. Nobody waits in a queue: who is refused
    /// is refused at once, with a `Retry-After`. A warning in the log says once a minute that the
    /// budget is used up.
    ///
    /// A client is told by [`client_identity`](Self::client_identity), else by the address of its
    /// connection. Somebody has paid who was accepted here, or who shows the preimage of a challenge
    /// that this process has handed out. With `L402Config::shared_state` (feature `redis`) every
    /// process of the account knows it, also after a restart. Without it that is kept in this process:
    /// after a restart, and on another process than the one that sold, a payer is a stranger until the
    /// first yes.
    ///
    /// After a 429 of the broker strangers wait for its `Retry-After`, at most a minute.
    pub fn broker_budget(mut self, budget: BrokerBudget) -> Self {
        self.broker.budget = budget;
        self
    }

    /// For how long a credential is trusted after the broker has verified it, so that an agent that
    /// makes many calls with one token costs few of the broker's. Default:
    /// [`VerifyCache::new()`](VerifyCache::new), which is 10 seconds. [`VerifyCache::off()`]
    /// asks for each request.
    ///
    /// A verdict stands for the same credential and resource, and for any price up to the one that was
    /// asked about. It is compared with the request again each time. Requests that ask the same at
    /// the same time share one call, and its failure if it fails; when that call has taken a second,
    /// one of those who wait asks anew. Only what was accepted is kept. Tokens of `single_use`
    /// routes and payments in the `Payment` scheme are never cached. A balance is counted all the same.
    ///
    /// # Security
    ///
    /// A token that has expired or was revoked opens its route for up to 10 seconds more.
    pub fn verify_cache(mut self, cache: VerifyCache) -> Self {
        self.broker.verify_cache = cache;
        self
    }

    /// Tells clients apart: for the [budget](Self::broker_budget), and for the two things that are
    /// switched on with it, handing a client the challenge that it holds instead of a new one and a
    /// limit for each client. Default: by the address of the connection, for the budget alone.
    ///
    /// Behind a proxy, name it: else all clients are one, and each is refused for what the others
    /// have asked in vain.
    pub fn client_identity(mut self, identity: ClientIdentity) -> Self {
        self.broker.client_identity = Some(identity);
        self
    }

    /// Where it is written down what has been drawn from each payment, for routes with
    /// `#[l402(.., uses = N)]`, `single_use`, which is one use, or `units = N, hold = n`. Default: a
    /// [`MemoryStore`](crate::MemoryStore).
    ///
    /// Without these a token opens its resource again and again until it expires. With `uses = N` a
    /// payment buys `N` answers, with `units = N` so much of what you count: tokens of a model, bytes,
    /// seconds. The token still expires with the broker's hour, and what is not drawn by then is lost.
    ///
    /// 1. Once the token is verified the request holds one use, or `hold` units or what is left of
    ///    them. Where nothing is left it is answered 402, with a fresh challenge; where all that is left
    ///    is held by other requests, 409 with `Retry-After`.
    /// 2. The handler's arguments are extracted and the handler is called. With `units` it draws what
    ///    its answer costs from its [`Balance`](crate::Balance).
    /// 3. An answer below 500 is drawn before it is sent, save one to `HEAD`, a 304, and what
    ///    [`draw_on`](Self::draw_on) leaves out. With `uses` a stream is drawn with its head; with
    ///    `units` it goes on drawing, and each piece is sent only when the draws before it are written.
    /// 4. A 5xx, a panic, and an error of an extractor give everything back.
    ///
    /// `RateLimit-Policy` and `RateLimit` tell the payer what is left. An answer whose draw cannot be
    /// written down is not sent: the payer is answered 503 and keeps the token. So is every request
    /// while the store is away or full. A free pass draws nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use actix_web::{App, get};
    /// use l402_actix::{L402Config, MemoryStore, l402};
    ///
    /// #[get("/draw")]
    /// #[l402(price_sats = 100, uses = 20)]
    /// async fn draw() -> &'static str {
    ///     "twenty pictures for a payment"
    /// }
    ///
    /// # let client = l402_actix::L402Client::new("key")?;
    /// let config = L402Config::new(client).balances(MemoryStore::with_capacity(500_000));
    /// let app = App::new().app_data(config).service(draw);
    /// # let _ = app;
    /// # Ok::<(), l402_actix::L402Error>(())
    /// ```
    ///
    /// # Security
    ///
    /// - The default store ends with the process: a restart forgets what was drawn before it, so tokens
    ///   that have not expired are good again, and a second process sells each payment once more.
    ///   `RedbStore` survives restarts, `RedisStore` serves several processes.
    /// - Once the handler has been called, a client that goes away has drawn a use, or the units that
    ///   the handler has drawn: the handler may have had its effects. So has one whose request is cut
    ///   off by a server that is stopped without grace, or by a middleware of yours that drops a slow
    ///   request: put time limits into the handler, where they become an answer.
    /// - All configs of an account keep balances in one place, or a payment would be worth as much in each.
    ///   One that names another place than those that are in use is answered 500 on such routes, before
    ///   anybody pays.
    /// - A balance is named by its payment, not by the route: where routes share a resource, what one
    ///   of them draws is gone for the others. They have to count the same; uses on one and units on
    ///   another are answered 500. A route with the same resource that counts nothing takes the token as
    ///   often as it likes.
    /// - With [`mpp`](Self::mpp), a payment is held in the store before the broker takes it, so that a
    ///   store that is away costs nobody a payment. From then on the store answers for it: after a 5xx it
    ///   is good again. On a route that counts nothing it is good for one answer.
    pub fn balances(mut self, store: impl Balances) -> Self {
        self.balance.set_store(store, self.broker.line.account.id);
        self
    }

    /// Shares with the other processes and machines of this API, through Redis, what they have to agree
    /// on. Needs the feature `redis`. Default: nothing is shared but what the broker knows.
    ///
    /// | what | kept for | while Redis is away |
    /// | --- | --- | --- |
    /// | balances of routes with `uses`, `units` or `single_use`, unless [`balances`](Self::balances) says where | [`keep_balances_for`](Self::keep_balances_for) | such routes answer 503 |
    /// | what was sold, who has paid, who was accepted | an hour | each process knows whom it has sold to and accepted |
    /// | the challenges that clients hold, with [`reuse_challenges`](ClientIdentity::reuse_challenges) | until they are paid, or the invoice nears its end | each process hands out its own |
    /// | keys of [`idempotency_key_with`](Self::idempotency_key_with) whose invoice is paid | until the invoice expires | one more mint at each process |
    /// | how many calls of strangers have come to nothing in the last minute | a minute | each process estimates what the others see |
    ///
    /// So whoever has paid at one process goes first at every other one, and after a restart. What all
    /// clients together may ask in vain is counted for all processes: two thirds of the limit, less what
    /// those who have paid and called in the last minute have by right, and half of it in any case. Verdicts
    /// and refusals stay in each process: a shared verdict would let whoever can write to Redis open
    /// routes.
    ///
    /// It costs one round trip before a broker call, unless who asks was accepted by this process, and
    /// one after it, for which nobody waits. A request that is served by a verdict that stands costs
    /// none. A Redis that is silent for 100 ms is left aside for five seconds.
    ///
    /// Where configs of one account name different states, the first one holds for all but
    /// balances.
    ///
    /// # Examples
    ///
    /// ```
    /// use l402_actix::{L402Config, RedisState};
    ///
    /// # let client = l402_actix::L402Client::new("key")?;
    /// let config = L402Config::new(client).shared_state(RedisState::new("redis://10.0.0.5/")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Security
    ///
    /// What Redis says never makes a payment valid. What it holds is sealed with a secret made of the
    /// API key, but for balances and counts: whoever can write to it can make used-up payments good
    /// again, or refuse strangers. Invoices and macaroons of challenges that are not paid can be read
    /// there; preimages and the API key are not written.
    #[cfg(feature = "redis")]
    pub fn shared_state(mut self, state: RedisState) -> Self {
        self.broker.share(&state);
        self.balance.share(state, self.broker.line.account.id);
        self
    }

    /// How long a balance is kept after it was last drawn from. Default:
    /// [`DEFAULT_KEPT_FOR`](crate::DEFAULT_KEPT_FOR), which is 24 hours.
    ///
    /// It must be at least as long as the broker's tokens live, or a used-up one is good again when it is
    /// forgotten. That is an hour by the broker's default, so less than an hour counts as an hour.
    pub fn keep_balances_for(mut self, kept_for: Duration) -> Self {
        self.balance.set_kept_for(kept_for);
        self
    }

    /// Which answers draw, by their status. Default: all below 500. Only asked below 500: a failure
    /// is never drawn, and neither is an answer to `HEAD` or a 304. What a handler has drawn itself
    /// stays drawn.
    ///
    /// # Examples
    ///
    /// A 404 costs nothing:
    ///
    /// ```
    /// # use l402_actix::L402Config;
    /// use actix_web::http::StatusCode;
    ///
    /// # let client = l402_actix::L402Client::new("key")?;
    /// let config = L402Config::new(client).draw_on(|status| status != StatusCode::NOT_FOUND);
    /// # Ok::<(), l402_actix::L402Error>(())
    /// ```
    ///
    /// # Security
    ///
    /// What is not drawn can be asked again without end for one payment.
    pub fn draw_on(mut self, draws: fn(StatusCode) -> bool) -> Self {
        self.balance.draw_on = draws;
        self
    }

    /// Answers browsers with a page in the place of the 402's JSON: price, QR code, and a button
    /// for wallets in the browser. Default: JSON for everybody.
    ///
    /// Only a `GET` that prefers `text/html` by name over JSON gets it; see
    /// [`PaywallPage`](crate::PaywallPage). Needs the feature `paywall-page`.
    #[cfg(feature = "paywall-page")]
    pub fn paywall_page(mut self, page: answer::PaywallPage) -> Self {
        self.answer.paywall_page = Some(page);
        self
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
