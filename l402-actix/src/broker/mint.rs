//! A challenge for a sale: the one that the client holds, or a new one.

use std::{sync::Arc, time::Instant};

use l402_server::{Challenge, ChallengeRequest, L402Error};

use super::{
    Broker,
    budget::{Asker, Call, Permit},
    checked::CheckedChallenge,
    held::{Minted, may_be_held_for},
    identity::Client,
    refusal::BrokerRefusal,
    sales::Sold,
    settings::Line,
    word::{Asked, Word},
};
use crate::{
    key::{Key, key, payment_hash},
    observe::{self, Cache, Endpoint, Wait},
    terms::Sale,
};

/// Who is asked to pay.
#[derive(Clone, Copy)]
pub(crate) enum Buyer {
    /// A client that has presented nothing.
    Newcomer,
    /// One whose credential did not do. Its next payment must not run into an old challenge.
    Refused,
}

impl Broker<'_> {
    /// The challenge for a sale. With `Buyer::Newcomer` it may be the one that the client holds.
    pub(crate) async fn mint(&self, sale: &Sale<'_>, buyer: Buyer) -> Minted {
        self.identify();
        let wait = self.watch.wait();
        let holder = match buyer {
            Buyer::Newcomer => self.holder(sale),
            Buyer::Refused => None,
        };
        let word = self.hear_of_sale(sale, holder).await;
        let minted = match (word.held.clone(), holder) {
            (Some(held), Some(_)) => Ok(held),
            (None, Some(holder)) => {
                let call = || self.mint_call(sale, &wait, &word, Some(holder));
                self.settings.line.account.held.challenge(holder, call).await
            }
            (_, None) => self.mint_call(sale, &wait, &word, None)?.await,
        };
        self.has_heard(&word);
        wait.over(Cache::Challenge, &minted);
        minted
    }

    /// What other processes know before a mint, in one round trip: whether there is a place for it,
    /// what the client holds, and whether the merchant's key is used up.
    ///
    /// Of a held challenge they know more than this process: whether it was paid for elsewhere.
    async fn hear_of_sale(&self, sale: &Sale<'_>, holder: Option<Key>) -> Word {
        let account = &self.settings.line.account;
        let Some(elsewhere) = account.elsewhere() else { return Word::default() };
        let idempotency_key = sale.idempotency_key.as_deref();
        let place = self.places_for(Call::Mint);
        if place.is_none() && holder.is_none() && idempotency_key.is_none() {
            return Word::default();
        }
        let held_here = holder.and_then(|holder| account.held.held(&holder));
        let asked = Asked { holder, idempotency_key, place, ..Asked::default() };
        let mut word = elsewhere.ask(asked).await;
        if let (Some(until), Some(key)) = (word.used_up_until, idempotency_key) {
            account.used_up_until(key, until);
        }
        let is_unpaid = |held: &CheckedChallenge| {
            let paid = |hash| account.sales.is_paid(&hash);
            may_be_held_for(held).is_some() && !payment_hash(held).is_some_and(paid)
        };
        word.held = word.held.filter(is_unpaid);
        match (&word.held, holder) {
            (Some(held), Some(holder)) => account.held.keep(holder, held),
            (None, Some(holder)) if word.is_heard => account.held.forget_this(&holder, held_here),
            _ => {}
        }
        word
    }

    fn mint_call(
        &self,
        sale: &Sale<'_>,
        wait: &Wait<'_>,
        word: &Word,
        holder: Option<Key>,
    ) -> Result<impl Future<Output = Minted> + Send + use<>, BrokerRefusal> {
        let permit = self.allow(Call::Mint, None, word.take_place())?;
        let (line, budget) = (self.settings.line.clone(), self.settings.budget);
        let asker = Asker { client: self.client().map(Client::with_neighbours), payer: None };
        let resource = key(&[Some(sale.resource.as_bytes())]);
        let sold = Sold { resource, sats: sale.price_sats, minted_at: Instant::now() };
        wait.asks();
        let merchants_key =
            sale.idempotency_key.as_deref().filter(|key| !line.account.is_used_up(key));
        let (ask, anew) = match merchants_key {
            Some(key) => (sale.request(), Some((key.to_owned(), sale.request_without_key()))),
            None => (sale.request_without_key(), None),
        };
        Ok(async move {
            // It is never closed; if it were, nothing would be bounded and all be served.
            let _place = line.places.acquire().await;
            let hand_out = |(challenge, place)| {
                let challenge = CheckedChallenge::check(challenge)?;
                tell(&line, &challenge, sold, place, holder);
                Ok(challenge)
            };
            let minted = mint(&line, &ask, sold, permit).await;
            let Some((key, ask)) = anew else { return hand_out(minted?) };
            // The merchant's key brings back its invoice until that expires, paid or not.
            let paid = match minted {
                Ok(minted) if line.account.is_settled(&minted.0).await => Some(minted),
                Ok(minted) => return hand_out(minted),
                // Or nothing at all, where the merchant has used it for something else.
                Err(BrokerRefusal::Mint(err)) if is_key_reuse(&err) => None,
                Err(refusal) => return Err(refusal),
            };
            // A second call, which comes once for each payment, or for each of the key's lifetimes.
            let allowed = line.account.budget.allow(budget, Call::Mint, asker, None);
            let permit = allowed.map_err(|denied| BrokerRefusal::denied(denied, Call::Mint))?;
            let fresh = mint(&line, &ask, sold, permit).await;
            if let Some((until, _)) = paid.as_ref().or(fresh.as_ref().ok()) {
                line.account.use_up(&key, until);
            }
            hand_out(fresh?)
        })
    }

    /// Lets the client have a new challenge the next time: what it holds has not served it.
    pub(crate) fn end_reuse<'s>(&self, sale: impl FnOnce() -> Sale<'s>) {
        if self.reuses()
            && let Some(holder) = self.holder(&sale())
        {
            let account = &self.settings.line.account;
            account.held.forget(&holder);
            if let Some(elsewhere) = account.elsewhere() {
                elsewhere.release(&holder);
            }
        }
    }

    fn reuses(&self) -> bool {
        self.settings.client_identity.as_ref().is_some_and(|identity| identity.reuse_challenges)
    }

    /// Who would hold the challenge for this sale, where challenges are reused.
    fn holder(&self, sale: &Sale<'_>) -> Option<Key> {
        if !self.reuses() {
            return None;
        }
        let client = self.client()?.one();
        Some(key(&[
            Some(&client),
            Some(sale.resource.as_bytes()),
            Some(&sale.price_sats.to_be_bytes()),
            sale.description.as_deref().map(str::as_bytes),
            sale.idempotency_key.as_deref().map(str::as_bytes),
        ]))
    }
}

fn is_key_reuse(err: &L402Error) -> bool {
    matches!(err, L402Error::IdempotencyKeyReuse { .. })
}

/// Tells the other processes of a challenge that is about to be handed out.
fn tell(
    line: &Line,
    challenge: &CheckedChallenge,
    sold: Sold,
    place: Option<u64>,
    holder: Option<Key>,
) {
    if let (Some(elsewhere), Some(payment_hash)) =
        (line.account.elsewhere(), payment_hash(challenge))
    {
        let held = holder.and_then(|holder| Some((holder, challenge, may_be_held_for(challenge)?)));
        elsewhere.minted(&payment_hash, sold, place, held);
    }
}

/// The challenge, and the name of the call's place among those of all processes.
async fn mint(
    line: &Line,
    ask: &ChallengeRequest,
    sold: Sold,
    mut permit: Permit,
) -> Result<(Challenge, Option<u64>), BrokerRefusal> {
    permit.sent();
    let minted = observe::timed(Endpoint::Challenges, line.client.create_challenge(ask)).await;
    let said = line.client.rate_limit();
    match minted {
        Ok(challenge) => {
            let payment_hash = payment_hash(&challenge);
            if let Some(payment_hash) = payment_hash {
                line.account.sales.minted(payment_hash, sold);
            }
            let place = permit.place();
            permit.minted(said, payment_hash);
            Ok((challenge, place))
        }
        Err(err) => {
            permit.failed(said, &err);
            Err(BrokerRefusal::Mint(Arc::new(err)))
        }
    }
}
