//! What has been paid, and what the gates within a scope have to know of it.

use std::{sync::Arc, time::Duration};

use actix_web::http::header::HeaderName;
use l402_server::VerifyRequest;

use crate::{
    balance::{Mark, Reservation},
    key::Key,
    payment::Payment,
    terms::Terms,
};

/// What a request has come in with.
pub(crate) struct Admission {
    pub(crate) paid: Paid,
    /// The hold on a token that is good for one use.
    pub(crate) reservation: Option<Reservation>,
}

/// A payment that is good for this request.
#[derive(Clone)]
pub(crate) struct Paid {
    pub(crate) payment: Arc<Payment>,
    pub(super) proof: Proof,
}

impl Paid {
    /// What it is marked by when it is spent, if that is known.
    pub(super) fn mark(&self) -> Option<Mark> {
        // What the preimage hashes to is the payment hash, and that is proven. What the broker
        // states may be read out of a token, to which its holder can append.
        let proven = match &self.proof {
            Proof::Token { token, .. } => token.payment_hash(),
            Proof::Mpp { payment_hash } => *payment_hash,
        };
        let stated = || self.payment.payment_hash.as_deref().and_then(Mark::from_hex);
        proven.map(Mark::new).or_else(stated)
    }

    /// What the figures count of it.
    pub(super) fn counted(&self) -> Option<([u8; 32], u64)> {
        self.mark().map(|mark| (*mark.as_bytes(), self.payment.amount_sats))
    }
}

/// What a payment is known by.
#[derive(Clone)]
pub(super) enum Proof {
    /// A token. Its holder can append caveats, so what the broker has read out of it is believed as
    /// far as the broker was asked for it.
    Token { token: VerifyRequest, may_be_cached: bool },
    /// What the broker has on its books, or what it was asked for and said yes to.
    Mpp { payment_hash: Option<[u8; 32]> },
}

/// A payment that the scope around a gate has found good for this request.
#[derive(Clone)]
pub(crate) struct Passed {
    pub(crate) paid: Paid,
    /// What the token is bought for, whoever has stated it.
    pub(super) resource: Arc<str>,
    pub(super) account: Key,
    pub(super) own_header: Option<HeaderName>,
    /// Whether MPP payments are taken, at all gates so far.
    pub(super) mpp: bool,
    /// What the broker was asked for: whether this resource, and how much.
    pub(super) resource_asked: bool,
    pub(super) amount_asked: Option<u64>,
    /// What the request costs, at the dearest gate that has let it in.
    pub(super) price_sats: u64,
    /// What is left of the deadline.
    pub(super) time_left: Duration,
}

impl Passed {
    /// What the broker was asked for.
    pub(super) fn terms(&self) -> Terms<'_> {
        Terms {
            account: &self.account,
            resource: self.resource_asked.then_some(&*self.resource),
            amount_sats: self.amount_asked,
        }
    }
}
