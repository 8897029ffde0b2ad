//! What a payment is good for, and where it is written down what is left of it.

use std::time::Duration;

use actix_web::http::StatusCode;

use super::L402Config;
use crate::balance::Balances;
#[cfg(feature = "redis")]
use crate::shared::RedisState;

/// # What is left of a payment
impl L402Config {
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
    /// 3. An answer below 500 is drawn before it is sent, save a 304, one to `HEAD` that hands out
    ///    nothing in its headers (see the guide's page on [packs](crate::guide::packs)), and what
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
    /// | the challenges that clients hold, with [`reuse_challenges`](crate::ClientIdentity::reuse_challenges) | until they are paid, or the invoice nears its end | each process hands out its own |
    /// | keys of [`idempotency_key_with`](Self::idempotency_key_with) whose invoice is paid | until the invoice expires | one more mint at each process |
    /// | how many calls of strangers have come to nothing in the last minute, of each and of all | a minute | each process estimates what the others see |
    ///
    /// So whoever has paid at one process goes first at every other one, and after a restart. What each
    /// client, and all of them together, may ask in vain is counted for all processes: for all of them
    /// two thirds of the limit, less what those who have paid and called in the last minute have by right, and half of it in any case. Verdicts
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
    /// is never drawn, and neither is a 304, or an answer to `HEAD` below 300, without `Location`,
    /// `Refresh` and `Set-Cookie`. What a handler has drawn itself stays drawn.
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
    /// Under [`RequirePayment::uses`](crate::RequirePayment::uses) a mistyped path, a wrong method and a
    /// redirect draw too, unless this leaves out 404, 405 and what is a redirect.
    ///
    /// # Security
    ///
    /// What is not drawn can be asked again without end for one payment.
    pub fn draw_on(mut self, draws: fn(StatusCode) -> bool) -> Self {
        self.balance.draw_on = draws;
        self
    }
}
