//! Why a request cannot be told its terms.

/// Found before anybody is asked to pay.
#[derive(Debug)]
pub(crate) enum TermsFault {
    /// An error of a function of the merchant's, which is answered as it is.
    ByMerchant(actix_web::Error),
    /// A fault in the merchant's set-up.
    Misconfigured(&'static str),
    /// The resource is longer than a token could carry.
    ResourceTooLong,
}
