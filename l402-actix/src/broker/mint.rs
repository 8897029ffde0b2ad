//! A challenge for a sale: the one that the client holds, or a new one.

use std::sync::Arc;

use l402_server::L402Error;

use super::{
    Broker, budget::BrokerBudget, checked::CheckedChallenge, held::Minted, refusal::BrokerRefusal,
};
use crate::{
    key::{Key, key},
    observe::{self, Cache, Endpoint, Wait},
    terms::{Sale, Terms},
};

/// Who is asked to pay.
#[derive(Clone, Copy)]
pub(crate) enum Asker {
    /// A client that has presented nothing.
    Newcomer,
    /// One whose credential did not do. Its next payment must not run into an old challenge.
    Refused,
}

impl Broker<'_> {
    /// The challenge for a sale. `terms` are what its payer's token will be verified for, at each
    /// gate.
    ///
    /// With `Asker::Newcomer` it may be the one that the client holds.
    pub(crate) async fn mint(&self, sale: &Sale<'_>, asker: Asker, terms: &[Terms<'_>]) -> Minted {
        self.identify();
        let wait = self.watch.wait();
        let minted = match (self.holder(sale), asker) {
            (Some(holder), Asker::Newcomer) => {
                self.settings.account.held.challenge(holder, || self.mint_call(sale, &wait)).await
            }
            _ => self.mint_call(sale, &wait)?.await,
        };
        wait.over(Cache::Challenge, &minted);
        let budget = &self.settings.account.budget;
        match &minted {
            Ok(challenge) if self.settings.budget != BrokerBudget::unlimited() => {
                for terms in terms {
                    let by_token = terms.payer(challenge, Some(&challenge.macaroon));
                    let by_mpp = terms.payer(challenge, None).filter(|_| sale.mpp);
                    for payer in [by_token, by_mpp].into_iter().flatten() {
                        budget.await_payer(payer);
                    }
                }
            }
            Err(BrokerRefusal::Mint(err)) => budget.heed(err, self.settings.budget),
            _ => {}
        }
        minted
    }

    fn mint_call(
        &self,
        sale: &Sale<'_>,
        wait: &Wait<'_>,
    ) -> Result<impl Future<Output = Minted> + Send + use<>, BrokerRefusal> {
        self.allow_client()?;
        let allowed = self.settings.account.budget.mint(self.settings.budget);
        allowed.map_err(|retry_after| BrokerRefusal::OverBudget { retry_after })?;
        let (client, account) = (self.settings.client.clone(), Arc::clone(&self.settings.account));
        wait.asks();
        let key = sale.idempotency_key.as_deref().filter(|key| !account.is_used_up(key));
        let (ask, anew) = match key {
            Some(key) => (sale.request(), Some((key.to_owned(), sale.request_without_key()))),
            None => (sale.request_without_key(), None),
        };
        Ok(async move {
            let minted = observe::timed(Endpoint::Challenges, client.create_challenge(&ask)).await;
            let minted = minted.map_err(failed)?;
            // The merchant's key brings back its invoice until that expires, paid or not.
            match anew {
                Some((key, ask)) if account.is_settled(&minted) => {
                    account.use_up(&key, &minted);
                    // Once for each payment, so it is counted and not held up.
                    account.budget.note_mint();
                    let call = client.create_challenge(&ask);
                    let minted = observe::timed(Endpoint::Challenges, call).await;
                    CheckedChallenge::check(minted.map_err(failed)?)
                }
                _ => CheckedChallenge::check(minted),
            }
        })
    }

    /// Lets the client have a new challenge the next time: what it holds has not served it.
    pub(crate) fn end_reuse<'s>(&self, sale: impl FnOnce() -> Sale<'s>) {
        if self.reuses()
            && let Some(holder) = self.holder(&sale())
        {
            self.settings.account.held.forget(&holder);
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

fn failed(err: L402Error) -> BrokerRefusal {
    BrokerRefusal::Mint(Arc::new(err))
}
