//! A payment that the broker takes once, and so is asked about once.

use std::{cell::Cell, time::Duration};

use l402_server::VerifyRequest;

use super::{
    Broker, Purpose, ask,
    budget::Permit,
    flight::{Flights, Shared},
    refusal::BrokerRefusal,
    sales::Known,
    verdicts::{Answer, Verdict},
};
use crate::terms::Question;

/// Nobody takes over a call: the broker would say no to the second one.
const PATIENCE: Duration = Duration::MAX;

/// How long the broker's answer is waited for, by the client's timeout. Its yes stands whether or not
/// somebody has heard it, so that it is worth more than what the request waits for.
const TIMEOUTS: u32 = 3;

/// The calls under way. They end with the process, and not with their request or its worker.
pub(super) struct Taking(Flights<Option<Verdict>>);

impl Default for Taking {
    fn default() -> Self {
        Self(Flights::lasting())
    }
}

impl Broker<'_> {
    /// Leave to ask. None is needed for what is being asked.
    pub(crate) async fn allow_once(
        &self,
        name: &Question,
    ) -> Result<Option<Permit>, BrokerRefusal> {
        if self.settings.line.account.taking.0.is_under_way(&name.name(), PATIENCE) {
            return Ok(None);
        }
        self.allow_verify(name, Purpose::OnlyOnce).await.map(Some)
    }

    /// Has an MPP payment verified, which a yes uses up. The call goes on when the request is gone, and
    /// whoever asks the same meanwhile waits for it. `taken` makes of the answer what all of them get,
    /// after it has written down what has to outlive them.
    ///
    /// `None` if the payment has been accepted since it was `known` not to be: look again.
    pub(crate) async fn verify_once<F>(
        &self,
        permit: Option<Permit>,
        (name, question): (&Question, &VerifyRequest),
        known: Known,
        taken: impl FnOnce(Answer) -> F + Send + 'static,
    ) -> Result<Option<Answer>, BrokerRefusal>
    where
        F: Future<Output = Answer> + Send,
    {
        self.identify();
        let _wait = self.watch.wait();
        let (line, payer) = (&self.settings.line, name.payment_hash);
        let (permit, taken) = (Cell::new(permit), Cell::new(Some(taken)));
        let since = || (!known.accepted && line.known(name).accepted).then_some(None);
        let call = || {
            // A call that has ended without an answer may have been heard.
            let taken = taken.take().ok_or(BrokerRefusal::Unanswered)?;
            // Or another request's call has ended since this one was to wait for it.
            let own = || self.permit(name, Purpose::OnlyOnce, None);
            let permit = permit.take().map_or_else(own, Ok)?;
            let (line, question) = (line.clone(), question.clone());
            let within = line.client.timeout().saturating_mul(TIMEOUTS);
            Ok(async move {
                let verdict = ask(&line, permit, None, &question, within).await;
                Some(match verdict {
                    Ok(answer) => {
                        if let Some(payer) = payer.filter(|_| answer.is_yes()) {
                            line.account.budget.used_up(&payer);
                        }
                        Ok(taken(answer).await)
                    }
                    err => err,
                })
            })
        };
        let taking = &line.account.taking.0;
        let (Shared::Own(verdict) | Shared::Others(verdict)) =
            Box::pin(taking.share(name.name(), PATIENCE, since, call)).await?;
        verdict.transpose().map_err(BrokerRefusal::Verify)
    }
}
