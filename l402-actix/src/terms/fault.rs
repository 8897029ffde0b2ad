//! Why a request cannot be told its terms.

/// Found before anybody is asked to pay.
#[derive(Debug)]
pub(crate) enum TermsFault {
    /// An error of a function of the merchant's, which is answered as it is.
    ByMerchant(actix_web::Error),
    /// A fault in the merchant's set-up.
    Misconfigured(&'static str),
    /// The request cannot be sold for, whoever asks.
    Unfit(Unfit),
}

/// What of a request stands in the way of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// The resource that a function has made of the request is blank.
    ResourceBlank,
    /// The resource is longer than a token could carry.
    ResourceTooLong,
    /// The resource has a control character, which no header carries.
    ResourceUnprintable,
    /// The body is longer than what is held for those who look at it before it is paid for.
    BodyTooLong,
}
