//! What comes with a payment beside the handler's answer.

use std::{pin::Pin, sync::Arc};

use super::L402Config;
#[cfg(feature = "paywall-page")]
use crate::answer::PaywallPage;
use crate::{
    hook::Hook,
    payment::{Payment, Route},
};

/// # What else an answer does
impl L402Config {
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

    /// Answers browsers with a page in the place of the 402's JSON: price, QR code, and a button
    /// for wallets in the browser. Default: JSON for everybody.
    ///
    /// Only a `GET` that prefers `text/html` by name over JSON gets it; see
    /// [`PaywallPage`](crate::PaywallPage). Needs the feature `paywall-page`.
    #[cfg(feature = "paywall-page")]
    pub fn paywall_page(mut self, page: PaywallPage) -> Self {
        self.answer.paywall_page = Some(page);
        self
    }
}
