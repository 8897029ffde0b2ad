//! A challenge for a sale: the one that the client holds, or a new one.

use std::{sync::Arc, time::Instant};

use l402_server::{Challenge, ChallengeRequest, L402Error};

use super::{
    Broker,
    budget::{Asker, Call, Permit},
    checked::CheckedChallenge,
    held::Minted,
    identity::Client,
    refusal::BrokerRefusal,
    sales::Sold,
    settings::Line,
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
        let minted = match (self.holder(sale), buyer) {
            (Some(holder), Buyer::Newcomer) => {
                self.settings
                    .line
                    .account
                    .held
                    .challenge(holder, || self.mint_call(sale, &wait))
                    .await
            }
            _ => self.mint_call(sale, &wait)?.await,
        };
        wait.over(Cache::Challenge, &minted);
        minted
    }

    fn mint_call(
        &self,
        sale: &Sale<'_>,
        wait: &Wait<'_>,
    ) -> Result<impl Future<Output = Minted> + Send + use<>, BrokerRefusal> {
        let permit = self.allow(Call::Mint, None)?;
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
            let minted = mint(&line, &ask, sold, permit).await;
            let Some((key, ask)) = anew else { return CheckedChallenge::check(minted?) };
            // The merchant's key brings back its invoice until that expires, paid or not.
            let paid = match minted {
                Ok(minted) if line.account.is_settled(&minted) => Some(minted),
                Ok(minted) => return CheckedChallenge::check(minted),
                // Or nothing at all, where the merchant has used it for something else.
                Err(BrokerRefusal::Mint(err)) if is_key_reuse(&err) => None,
                Err(refusal) => return Err(refusal),
            };
            // A second call, which comes once for each payment, or for each of the key's lifetimes.
            let allowed = line.account.budget.allow(budget, Call::Mint, asker);
            let permit = allowed.map_err(|denied| BrokerRefusal::denied(denied, Call::Mint))?;
            let fresh = mint(&line, &ask, sold, permit).await;
            if let Some(until) = paid.as_ref().or(fresh.as_ref().ok()) {
                line.account.use_up(&key, until);
            }
            CheckedChallenge::check(fresh?)
        })
    }

    /// Lets the client have a new challenge the next time: what it holds has not served it.
    pub(crate) fn end_reuse<'s>(&self, sale: impl FnOnce() -> Sale<'s>) {
        if self.reuses()
            && let Some(holder) = self.holder(&sale())
        {
            self.settings.line.account.held.forget(&holder);
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

async fn mint(
    line: &Line,
    ask: &ChallengeRequest,
    sold: Sold,
    mut permit: Permit,
) -> Result<Challenge, BrokerRefusal> {
    permit.sent();
    let minted = observe::timed(Endpoint::Challenges, line.client.create_challenge(ask)).await;
    let said = line.client.rate_limit();
    match minted {
        Ok(challenge) => {
            let payment_hash = payment_hash(&challenge);
            if let Some(payment_hash) = payment_hash {
                line.account.sales.minted(payment_hash, sold);
            }
            permit.minted(said, payment_hash);
            Ok(challenge)
        }
        Err(err) => {
            permit.failed(said, &err);
            Err(BrokerRefusal::Mint(Arc::new(err)))
        }
    }
}
