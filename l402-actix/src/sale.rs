//! What a request that has not paid is offered.

use std::borrow::Cow;

use crate::{
    broker::{Asker, Sale},
    error::Refusal,
    form::Form,
    gate::{Paid, Visit},
    idempotency,
};

impl Visit<'_> {
    /// A challenge, or why there is none: a failure here must not look like a price.
    pub(crate) async fn challenge(&self, asker: Asker) -> Refusal {
        self.sell(&self.sale(), asker).await
    }

    /// A challenge for somebody whose token is spent. Without the merchant's idempotency key, which
    /// would return the invoice that was paid for that token; and good for the scope around too,
    /// which would else refuse what is bought here.
    pub(crate) async fn challenge_after_use(&self, spent: &Paid) -> Refusal {
        self.broker.end_reuse(|| self.sale());
        let sale = Sale { price_sats: spent.price_sats, idempotency_key: None, ..self.sale() };
        self.sell(&sale, Asker::Refused).await
    }

    async fn sell(&self, sale: &Sale<'_>, asker: Asker) -> Refusal {
        #[cfg(feature = "discovery")]
        if let Some(refusal) = crate::discovery::refuse_unlisted(self.request) {
            return refusal;
        }
        match self.broker.mint(sale, asker, self.terms()).await {
            Ok(mut challenge) => {
                challenge.mpp_challenge.take_if(|_| !self.config.mpp);
                let form = Form::of(self.request, self.config, sale.description.as_deref());
                Refusal::PaymentRequired(Box::new(challenge), form)
            }
            Err(refusal) => refusal,
        }
    }

    pub(crate) fn sale(&self) -> Sale<'_> {
        Sale {
            resource: &self.resource,
            price_sats: self.sats.price,
            description: self.description(),
            idempotency_key: idempotency::key(self.request, self.config, &self.resource, self.sats),
        }
    }

    /// The attribute's description, else what the config's function says.
    fn description(&self) -> Option<Cow<'_, str>> {
        let stated = self.offer.description.map(Cow::Borrowed);
        stated.or_else(|| {
            let description_with = self.config.description_with.as_ref()?;
            (description_with.0)(self.request).map(Cow::Owned)
        })
    }
}
