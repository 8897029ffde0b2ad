//! What has been paid, and what the gates within a scope have to know of it.

use std::{cell::Cell, rc::Rc, sync::Arc, time::Duration};

use actix_web::http::header::HeaderName;

use crate::{
    answer::Receipt,
    balance::{Hold, Mark},
    credential::Credential,
    key::Key,
    payment::Payment,
    terms::{GoodFor, Terms},
};

/// What a request has come in with.
pub(crate) struct Admission {
    pub(crate) paid: Paid,
    /// The hold on a payment that is good for so much only.
    pub(crate) hold: Option<Hold>,
}

/// A payment that is good for this request.
#[derive(Clone)]
pub(crate) struct Paid {
    pub(crate) payment: Arc<Payment>,
    pub(super) proof: Proof,
    /// Set where it was verified for this very request.
    pub(crate) receipt: Option<Box<Receipt>>,
}

impl Paid {
    pub(super) fn by(token: Rc<Credential>, payment: Arc<Payment>, is_fresh: bool) -> Self {
        Self { payment, proof: Proof::Token { token, is_fresh }, receipt: None }
    }

    /// The token that it was verified by, unless it is MPP's.
    pub(super) fn token(&self) -> Option<&Credential> {
        match &self.proof {
            Proof::Token { token, .. } => Some(token),
            Proof::Mpp { .. } => None,
        }
    }

    /// What its preimage hashes to: the payment hash, and that is proven.
    pub(super) fn proven_hash(&self) -> Option<Key> {
        match &self.proof {
            Proof::Token { token, .. } => token.payment_hash,
            Proof::Mpp { payment_hash } => *payment_hash,
        }
    }

    /// What the figures count of it.
    pub(super) fn counted(&self) -> Option<([u8; 32], u64)> {
        let stated = || self.payment.payment_hash.as_deref().and_then(Mark::read_hash);
        let hash = self.proven_hash().or_else(stated)?;
        Some((hash, self.payment.amount_sats))
    }
}

/// What a payment is known by.
#[derive(Clone)]
pub(super) enum Proof {
    /// A token. Its holder can append caveats, so what the broker has read out of it is believed as
    /// far as the broker was asked for it. It is fresh if that was for this very request.
    Token { token: Rc<Credential>, is_fresh: bool },
    /// What the broker has on its books, or what it was asked for and said yes to.
    Mpp { payment_hash: Option<[u8; 32]> },
}

/// One hold, which whoever needs it takes.
pub(crate) type Unstated = Rc<Cell<Option<Hold>>>;

/// A payment that the scope around a gate has found good for this request.
#[derive(Clone)]
pub(crate) struct Passed {
    pub(crate) paid: Paid,
    /// What the token is bought for, whoever has stated it.
    pub(super) resource: Arc<str>,
    /// The same where the scope states it.
    pub(super) stated: Option<Arc<str>>,
    /// The scope around the scope.
    pub(super) outer: Option<Rc<Passed>>,
    pub(super) account: Key,
    pub(super) own_header: Option<HeaderName>,
    /// What a payment is good for there, if that is stated.
    pub(super) good_for: Option<GoodFor>,
    /// What a payment that the broker takes once holds there, where nothing is stated: the gate within
    /// that states what it is good for holds that instead.
    pub(super) unstated: Option<Unstated>,
    /// Whether the request draws there from what its payment is good for: it does so once.
    pub(super) holds: bool,
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
