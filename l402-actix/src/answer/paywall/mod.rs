//! The 402 as a page, for a person with a browser.

mod choice;
mod facts;
mod html;
mod qr;

use std::{borrow::Cow, sync::Arc};

pub(crate) use choice::Choice;
pub use choice::prefers_html;
pub use facts::PaywallFacts;

use crate::hook::Hook;

/// The heading of a page that is given none.
const DEFAULT_TITLE: &str = "Payment required";

type Template = dyn Fn(&PaywallFacts<'_>) -> String + Send + Sync;

/// A page in the place of the 402's JSON, for browsers; see
/// [`L402Config::paywall_page`](crate::L402Config::paywall_page).
///
/// The page shows the price, the description, the invoice as a QR code and how long it can be paid.
/// A wallet in the browser (`window.webln`) pays at the press of a button; whoever pays elsewhere pastes the
/// payment's preimage. Then it asks again with the credential and shows the answer.
///
/// # Who gets it
///
/// A `GET` or `HEAD` whose `Accept` names `text/html` and prefers it over `application/json`.
/// Programs that send `*/*`, or no `Accept`, get the JSON. So does every other method: a page
/// cannot send a form's body again, and whoever paid there would get nothing. Status and headers
/// are those of the JSON answer, and `Vary` names `Accept` on both.
///
/// # What it can show
///
/// Text and JSON as text, images, and HTML in a frame without scripts, whose own styles apply and
/// whose images and style sheets may come from the same origin; anything else as a file to save.
/// Images under the gate are not shown: a browser has no credential for them. Neither is a redirect
/// to another origin, which the page's policy does not let it follow. What was paid stays in
/// the browser's local storage for a day, so that neither a reload nor a failure nor a second tab
/// asks for money again.
///
/// # Examples
///
/// ```
/// use l402_actix::{L402Config, PaywallPage};
///
/// # let client = l402_actix::L402Client::new("key")?;
/// let config = L402Config::new(client).paywall_page(PaywallPage::new().title("The Daily Sat"));
/// # Ok::<(), l402_actix::L402Error>(())
/// ```
///
/// # Security
///
/// The page loads nothing from elsewhere, may not be framed, and its `Content-Security-Policy`
/// lets only its own script run. All texts are escaped, so a description may be any text.
#[derive(Debug, Clone)]
#[must_use = "a page does nothing until it is given to a config"]
pub struct PaywallPage {
    title: Cow<'static, str>,
    template: Option<Hook<Template>>,
}

impl PaywallPage {
    /// The page that comes with this crate, with "Payment required" for a heading.
    pub fn new() -> Self {
        Self { title: Cow::Borrowed(DEFAULT_TITLE), template: None }
    }

    /// The page's heading, as plain text: it is escaped here.
    pub fn title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.title = title.into();
        self
    }

    /// A page of your own: facts in, HTML out.
    ///
    /// If it panics the connection drops without an answer, after the challenge was minted.
    ///
    /// # Examples
    ///
    /// ```
    /// use l402_actix::{PaywallFacts, PaywallPage};
    ///
    /// fn page(facts: &PaywallFacts<'_>) -> String {
    ///     let description = facts.description.unwrap_or("this page");
    ///     format!(
    ///         r#"<!doctype html><title>Pay</title><style nonce="{}">b {{ color: green }}</style>
    ///         <p><b>{} sats</b> for {}</p>{}"#,
    ///         facts.nonce,
    ///         facts.price_sats,
    ///         PaywallPage::escape(description),
    ///         facts.qr_svg().unwrap_or_default(),
    ///     )
    /// }
    ///
    /// let page = PaywallPage::new().template(page);
    /// ```
    ///
    /// # Security
    ///
    /// Put every text through [`escape`](Self::escape). The policy that goes with the page runs
    /// only scripts and styles that carry [`PaywallFacts::nonce`], and loads images only from the
    /// same origin or from `data:`.
    pub fn template(
        mut self,
        template: impl Fn(&PaywallFacts<'_>) -> String + Send + Sync + 'static,
    ) -> Self {
        self.template = Some(Hook(Arc::new(template)));
        self
    }

    /// Any text -> text that stays text in HTML, between tags and in a quoted attribute.
    ///
    /// Control characters, which no page shows and some parsers trip over, become U+FFFD, save for
    /// tabs and the ends of lines, of which CRLF becomes LF.
    #[must_use]
    pub fn escape(text: &str) -> String {
        html::escape(text)
    }

    fn render(&self, facts: &PaywallFacts<'_>) -> String {
        match &self.template {
            Some(template) => (template.0)(facts),
            None => facts.standard_page(),
        }
    }
}

impl Default for PaywallPage {
    fn default() -> Self {
        Self::new()
    }
}
