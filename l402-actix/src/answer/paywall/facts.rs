//! What a page can say, and the page that comes with this crate.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{
    html::{escape, fill, grouped, readable},
    qr,
};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What a [`template`](super::PaywallPage::template) is given: one challenge and what is sold.
///
/// All are plain text; none but [`nonce`](Self::nonce) and [`qr_svg`](Self::qr_svg) is safe in HTML
/// without [`PaywallPage::escape`](super::PaywallPage::escape).
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct PaywallFacts<'a> {
    /// The page's heading.
    pub title: &'a str,
    /// The price, in sats.
    pub price_sats: u64,
    /// What is sold, in the merchant's words.
    pub description: Option<&'a str>,
    /// What the token will be bound to: by default the request's path, which the client chooses.
    pub resource: &'a str,
    /// The BOLT11 invoice.
    pub invoice: &'a str,
    /// The macaroon, in base64: the first half of the credential.
    pub macaroon: &'a str,
    /// The invoice's payment hash, in hexadecimal.
    pub payment_hash: &'a str,
    /// When the invoice expires, in ISO 8601.
    pub expires_at: &'a str,
    /// The header to present the credential in, as `L402 <macaroon>:<preimage>`.
    pub credential_header: &'a str,
    /// Whether the credential may be kept in a cookie: asked for with `X-L402-Cookie: 1` beside it, a
    /// 204 that carries `X-L402-Cookie` has set it.
    pub cookie: bool,
    /// Whether a link of another site has led here, so that the browser has withheld a cookie that it
    /// may hold: reload once before a price is shown.
    pub may_be_withheld: bool,
    /// For the `nonce` attribute of each `<script>` and `<style>`: those without do not run.
    pub nonce: &'a str,
}

/// Without the macaroon: half of a credential has no place in a log.
impl fmt::Debug for PaywallFacts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaywallFacts")
            .field("title", &self.title)
            .field("price_sats", &self.price_sats)
            .field("description", &self.description)
            .field("resource", &self.resource)
            .field("payment_hash", &self.payment_hash)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl PaywallFacts<'_> {
    /// The invoice as a QR code: one `<svg>` of the class `qr`, black on white with its border.
    /// `None` for an invoice that is too long for a code.
    #[must_use]
    pub fn qr_svg(&self) -> Option<String> {
        qr::svg(self.invoice)
    }

    /// The whole page that comes with this crate, for a template that only now and then differs.
    #[must_use]
    pub fn standard_page(&self) -> String {
        fill(PAGE, |place| match place {
            "style" => STYLE.to_owned(),
            "script" => SCRIPT.to_owned(),
            "nonce" => self.nonce.to_owned(),
            "title" => escape(self.title),
            "price" => grouped(self.price_sats),
            "sats" => self.price_sats.to_string(),
            "unit" => if self.price_sats == 1 { "sat" } else { "sats" }.to_owned(),
            "description" => self.description_html(),
            "resource" => escape(self.resource),
            "invoice" => escape(self.invoice),
            "macaroon" => escape(self.macaroon),
            "payment-hash" => escape(self.payment_hash),
            "expires-at" => escape(self.expires_at),
            "expires-readable" => escape(&readable(self.expires_at)),
            "now-ms" => now_ms().to_string(),
            "header" => escape(self.credential_header),
            "cookie" => self.cookie.to_string(),
            "withheld" => self.may_be_withheld.to_string(),
            "qr" => self.qr_svg().unwrap_or_default(),
            _ => String::new(),
        })
    }

    fn description_html(&self) -> String {
        let Some(description) = self.description.filter(|text| !text.trim().is_empty()) else {
            return String::new();
        };
        // `bdi` keeps its direction, overrides included, from spilling into the page.
        format!("<p class=\"description\"><bdi>{}</bdi></p>", escape(description))
    }
}

/// This machine's clock, for the page to correct the browser's by.
fn now_ms() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}
