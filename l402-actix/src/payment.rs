//! What a payment was for.

/// The verified payment behind a request; an extractor for handlers under `#[l402]`.
///
/// A handler that is not gated has no payment: a plain `Payment` argument there is answered 500.
/// `Option<Payment>` is `None` there, and the handler is called; take it only on routes that can be free.
///
/// # Examples
///
/// ```
/// use actix_web::{get, web};
/// use l402_actix::{Payment, l402};
///
/// #[get("/forecast/{city}")]
/// #[l402(price_sats = 250)]
/// async fn forecast(city: web::Path<String>, payment: Payment) -> String {
///     format!("{city}: rain, for {} sats", payment.amount_sats)
/// }
/// # let _ = forecast;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Payment {
    /// The resource that the token was bought for.
    pub resource: String,
    /// The merchant that was paid, if the broker says so.
    pub merchant_id: Option<u64>,
    /// What the broker reads out of the token, in sats: at least what was asked for, as long as the
    /// config enforces the amount.
    ///
    /// # Security
    ///
    /// No base for credit, refunds or books: use the price that you have asked. Whoever holds a
    /// token can append caveats to it, and where the broker reads out the last one, the payer can
    /// make this larger than what was paid; never smaller than what was checked.
    pub amount_sats: u64,
    /// The payment hash, in hexadecimal, if the broker says so: one for each payment, so the
    /// name to keep in books.
    pub payment_hash: Option<String>,
}

impl Payment {
    /// A payment that nobody made, for unit tests of code that takes one.
    pub fn for_tests(resource: impl Into<String>, amount_sats: u64) -> Self {
        Self { resource: resource.into(), merchant_id: None, amount_sats, payment_hash: None }
    }
}

/// Where a payment was made; see [`L402Config::on_payment`](crate::L402Config::on_payment).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The pattern of the route, such as `/forecast/{city}`; `other` where no single one matches, as
    /// for files under a scope.
    pub pattern: String,
    /// What the payment was asked for, in sats, where this process sold it; else what this request
    /// costs. The number for books: unlike [`Payment::amount_sats`] no payer can make it larger.
    pub price_sats: u64,
}
