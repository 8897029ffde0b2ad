//! Which credentials are looked at, and what they have to have paid for.

use actix_web::http::header::{AUTHORIZATION, HeaderName};

use super::L402Config;
use crate::answer::OnInvalidToken;

/// # Which credentials are taken
impl L402Config {
    /// How a credential is answered that the broker refuses. Default:
    /// [`OnInvalidToken::Diagnose`].
    pub fn on_invalid_token(mut self, answer: OnInvalidToken) -> Self {
        self.on_invalid_token = answer;
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
        // That one is looked at anyway; twice, its one payment would be two.
        self.answer.credential_header = (name != AUTHORIZATION).then_some(name);
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
    /// What is sold by its path, or by its method and path, is kept for that path. Any other resource is
    /// kept for the whole site, so one more is not kept where the browser's `Cookie` line would come over
    /// 6 KiB with it, some 16 payments: many servers and proxies refuse a line of 8 KiB. Such a page
    /// opens by its header alone, and the log says so.
    ///
    /// # Security
    ///
    /// A cookie is sent without being asked for, so it is ignored where another site has caused the
    /// request. That is what `Sec-Fetch-Site` says. Without it an `Origin` must be the host that Actix
    /// takes from `Forwarded`, `X-Forwarded-Host` or `Host`.
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
}
