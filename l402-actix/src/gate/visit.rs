//! One request and what it has to pay for.

use std::{
    borrow::Cow,
    cell::{Cell, OnceCell},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::HttpRequest;

use super::{
    list::{MintedFor, Mode},
    paid::{Paid, Passed, Proof, Unstated},
};
use crate::{
    answer::{OnInvalidToken, Problem, Receipt, Refusal},
    balance::{Balances, Mark},
    broker::{Broker, Known, Sold, VerifyCache},
    config::L402Config,
    key::{Key, key},
    observe::Watch,
    payment::Payment,
    terms::{GoodFor, Offer, Sats, Terms, TermsFault},
};

pub(crate) struct Visit<'a> {
    pub(super) request: &'a HttpRequest,
    pub(super) config: &'a L402Config,
    pub(super) offer: &'a Offer<'a>,
    pub(super) sats: Sats,
    pub(super) resource: Cow<'a, str>,
    /// What was paid at the scope around, if that charges.
    pub(super) around: Option<Rc<Passed>>,
    pub(super) broker: Broker<'a>,
    pub(super) watch: &'a Watch,
    /// Whether the credential came in a cookie.
    pub(super) from_cookie: Cell<bool>,
    /// What a 402 says to clients of the `Payment` scheme.
    pub(super) problem: Cell<Problem>,
    /// Not set where nobody has to be waited for.
    waits_since: OnceCell<Instant>,
    limit: Duration,
}

impl<'a> Visit<'a> {
    pub(super) fn of(
        request: &'a HttpRequest,
        config: &'a L402Config,
        offer: &'a Offer<'a>,
        sats: Sats,
        resource: Cow<'a, str>,
        around: Option<Rc<Passed>>,
        watch: &'a Watch,
    ) -> Result<Self, TermsFault> {
        if offer.good_for == Some(GoodFor::Uses(0)) {
            return Err(TermsFault::Misconfigured("`uses` must be at least 1"));
        }
        if offer.good_for.is_some_and(|good_for| !good_for.is_single_use()) {
            config.balance.warn_of_memory();
        }
        if offer.good_for.is_some() || config.mpp {
            let account = config.broker.line.account.id;
            config.balance.store(account).map_err(TermsFault::Misconfigured)?;
        }
        let counts_around = around.as_ref().and_then(|passed| passed.good_for);
        if let (Some(around), Some(own)) = (counts_around, offer.good_for)
            && !around.counts_as(own)
        {
            return Err(TermsFault::Misconfigured(
                "a gate that counts units under `RequirePayment::uses`, which counts answers; count \
                 at one of them",
            ));
        }
        let broker = Broker::new(request, &config.broker, watch);
        // However many calls it takes, and at however many gates, the client waits for one deadline.
        let timeout = config.broker.line.client.timeout();
        let limit = around.as_ref().map_or(timeout, |passed| passed.time_left);
        let waits_since = OnceCell::new();
        let visit = Self {
            request,
            config,
            offer,
            sats,
            resource,
            around,
            broker,
            watch,
            from_cookie: Cell::new(false),
            problem: Cell::new(Problem::PaymentRequired),
            waits_since,
            limit,
        };
        watch.price(visit.price_sats());
        Ok(visit)
    }

    /// In time or not at all.
    pub(super) async fn in_time<T>(
        &self,
        decision: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        self.waits_since.get_or_init(Instant::now);
        tokio::time::timeout(self.limit, decision).await.unwrap_or(Err(Refusal::Deadline))
    }

    /// What it costs, at the dearest of its gates: what is bought here has to pass them all.
    pub(super) fn price_sats(&self) -> u64 {
        self.around.as_ref().map_or(0, |passed| passed.price_sats).max(self.sats.price)
    }

    /// Whether a payment in the `Payment` scheme would be taken, at each of its gates so far. Not by who
    /// has brought one that was no good at this one: by what the broker says, the next might be none
    /// either.
    pub(super) fn takes_mpp(&self) -> bool {
        let around = self.around.as_ref();
        let has_come_by_it = |passed: &Passed| matches!(passed.paid.proof, Proof::Mpp { .. });
        self.config.mpp && around.is_none_or(|passed| passed.mpp && !has_come_by_it(passed))
    }

    /// What a token has to cover.
    pub(super) fn terms(&self) -> Terms<'_> {
        Terms {
            account: &self.config.broker.line.account.id,
            resource: self.config.enforce_resource.then_some(self.resource.as_ref()),
            amount_sats: self.config.enforce_amount.then_some(self.sats.accept),
        }
    }

    pub(super) fn is_covered_by(&self, payment: &Payment) -> bool {
        self.terms().are_covered_by(payment)
    }

    /// What a payment was minted for, as far as that is known here, beside what this request wants.
    pub(super) fn minted_for(&self, known: Known) -> MintedFor {
        let Some(sold) = known.sold else { return MintedFor::Unknown };
        let is_for_this = self.is_of_this_resource(&sold)
            && (!self.config.enforce_amount || sold.sats >= self.sats.accept);
        match is_for_this {
            false => MintedFor::SomethingElse,
            true if sold.is_recent() => MintedFor::JustThis,
            true => MintedFor::ThisLongAgo,
        }
    }

    /// For how much this was sold, as far as that is known here.
    pub(super) fn sold_sats(&self, known: Known) -> Option<u64> {
        known.sold.filter(|sold| self.is_of_this_resource(sold)).map(|sold| sold.sats)
    }

    /// Where that is enforced.
    fn is_of_this_resource(&self, sold: &Sold) -> bool {
        !self.config.enforce_resource || sold.resource == key(&[Some(self.resource.as_bytes())])
    }

    /// What a token has paid for the scope around, where that is less than this gate wants.
    pub(super) fn too_little(&self) -> Option<u64> {
        let paid = &self.around.as_ref()?.paid;
        let is_token = matches!(paid.proof, Proof::Token { .. });
        (is_token && !self.is_covered_by(&paid.payment)).then_some(paid.payment.amount_sats)
    }

    /// The cache whose verdicts may stand in for a call on this route. None may where a token is
    /// good for one use: what is sold once is sold on a verdict of that moment.
    pub(super) fn cache(&self) -> Option<VerifyCache> {
        let cache = self.config.broker.verify_cache;
        let is_sold_once = self.good_for().is_some_and(GoodFor::is_single_use);
        (!cache.is_off() && !is_sold_once).then_some(cache)
    }

    /// What a payment is good for here, unless a gate around draws from it already.
    pub(super) fn good_for(&self) -> Option<GoodFor> {
        self.offer.good_for.filter(|_| !self.is_held_around())
    }

    /// What a payment is good for at the outermost gate that says so.
    pub(super) fn sells(&self) -> Option<GoodFor> {
        let around = self.around.as_ref().and_then(|passed| passed.good_for);
        around.or(self.offer.good_for)
    }

    pub(super) fn is_held_around(&self) -> bool {
        self.around.as_ref().is_some_and(|passed| passed.holds)
    }

    pub(super) fn store(&self) -> Result<Arc<dyn Balances>, Refusal> {
        let account = self.config.broker.line.account.id;
        self.config.balance.store(account).map_err(Refusal::Misconfigured)
    }

    pub(super) fn mark(&self, payment_hash: Key) -> Mark {
        Mark::new(self.config.broker.line.account.id, payment_hash)
    }

    /// What the config answers to refused tokens.
    pub(super) fn mode(&self) -> Mode {
        match self.config.on_invalid_token {
            OnInvalidToken::Diagnose | OnInvalidToken::Custom(_) => Mode::Diagnose,
            OnInvalidToken::Unauthorized => Mode::Unauthorized,
            OnInvalidToken::Rechallenge => Mode::Rechallenge,
        }
    }

    /// Takes note of an accepted payment, where a key of the merchant's could bring back its
    /// invoice.
    pub(super) fn settled(&self, payment_hash: Option<Key>) {
        if self.settles() {
            self.config.broker.line.settled(payment_hash);
        }
    }

    /// Whether that has to be noted.
    pub(super) fn settles(&self) -> bool {
        self.config.terms.idempotency_key_with.is_some()
    }

    /// The receipt for a payment that was verified for this very request. None where caches that
    /// clients share may keep the answer.
    pub(super) fn receipt(
        &self,
        payment_hash: Option<Key>,
        challenge_id: Option<String>,
    ) -> Option<Box<Receipt>> {
        let payment_hash = payment_hash.filter(|_| !self.config.answer.shared_cache)?;
        Some(Box::new(Receipt::of(payment_hash, challenge_id)))
    }

    /// What the gates in this scope have to know.
    pub(crate) fn passed(&self, paid: Paid, holds: bool, unstated: Option<Unstated>) -> Passed {
        let terms = self.terms();
        let waited = self.waits_since.get().map_or(Duration::ZERO, Instant::elapsed);
        let resource = Arc::from(self.resource.as_ref());
        Passed {
            paid,
            stated: self.offer.resource.map(|_| Arc::clone(&resource)),
            resource,
            outer: self.around.clone(),
            account: *terms.account,
            own_header: self.config.answer.credential_header.clone(),
            good_for: self.sells(),
            unstated: unstated.or_else(|| self.around.as_ref()?.unstated.clone()),
            holds: holds || self.is_held_around(),
            mpp: self.takes_mpp(),
            resource_asked: terms.resource.is_some(),
            amount_asked: terms.amount_sats,
            price_sats: self.price_sats(),
            time_left: self.limit.saturating_sub(waited),
        }
    }
}
