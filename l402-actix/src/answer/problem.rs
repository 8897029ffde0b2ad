//! RFC 9457 problems: what clients of the `Payment` scheme read beside the challenge.

use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Serialize;

/// What is the matter, by the scheme's draft and its Lightning method's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    PaymentRequired,
    /// A `Payment` credential that cannot be read.
    MalformedCredential,
    /// Its challenge was not issued for this, or is used up.
    UnknownChallenge,
    /// Its preimage is not that of the invoice that it names.
    InvalidPreimage,
    /// The invoice that it names was not paid in time.
    ExpiredInvoice,
}

/// The members of a problem, beside others.
#[derive(Serialize)]
pub(super) struct Members {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: &'static str,
}

impl Problem {
    pub(super) fn members(self, status: u16) -> Members {
        let (kind, title, detail) = match self {
            Self::PaymentRequired => (
                "https://paymentauth.org/problems/payment-required",
                "Payment Required",
                "Pay the invoice, then repeat the request with the proof.",
            ),
            Self::MalformedCredential => (
                "https://paymentauth.org/problems/lightning/malformed-credential",
                "Malformed Credential",
                "The credential in the Payment scheme cannot be read.",
            ),
            Self::UnknownChallenge => (
                "https://paymentauth.org/problems/lightning/unknown-challenge",
                "Unknown Challenge",
                "The payment is not for this request, or it is used up.",
            ),
            Self::InvalidPreimage => (
                "https://paymentauth.org/problems/lightning/invalid-preimage",
                "Invalid Preimage",
                "The preimage is not that of the challenge's invoice.",
            ),
            Self::ExpiredInvoice => (
                "https://paymentauth.org/problems/lightning/expired-invoice",
                "Expired Invoice",
                "The challenge's invoice has expired without a payment.",
            ),
        };
        Members { kind, title, status, detail }
    }

    /// Whether a credential of the scheme is what is refused.
    pub(super) fn is_about_a_credential(self) -> bool {
        self != Self::PaymentRequired
    }
}

/// Says that the body is a problem.
pub(super) fn mark(headers: &mut HeaderMap) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
}
