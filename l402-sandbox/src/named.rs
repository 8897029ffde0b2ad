//! Faults by name.

use crate::{faults::Fault, problems::PROBLEMS};

/// A fault that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, derive_more::Display, derive_more::Error)]
#[display("there is no fault `{name}`; there are {}", Fault::NAMES.join(", "))]
pub struct UnknownFault {
    name: String,
}

impl Fault {
    /// The names that [`named`](Self::named) knows.
    pub const NAMES: &[&str] = &[
        "api_key_refused",
        "plan_proxy_limit",
        "plan_endpoint_limit",
        "plan_price_limit",
        "plan_volume_limit",
        "l402_not_enabled",
        "plan_ended",
        "no_wallet",
        "challenge_persist_failed",
        "idempotency_key_reuse",
        "rate_limited",
        "unavailable",
        "older_broker",
        "hang",
        "reset",
        "garbage",
        "truncated",
        "oversize",
    ];

    /// A fault by its name, as `l402-sandbox --fault NAME` takes it: a refusal as the hosted broker
    /// words it, on the calls that it answers so, or one of [`hang`](Self::hang),
    /// [`reset`](Self::reset), [`garbage`](Self::garbage), [`truncated`](Self::truncated) and
    /// [`oversize`](Self::oversize).
    ///
    /// `l402_not_enabled`, `plan_ended` and `no_wallet` are wrong with the account, which
    /// `GET /api/merchant/me` shows too. They and `older_broker`, which does not know that question,
    /// last until [`clear_faults`](crate::Sandbox::clear_faults), unless
    /// [`times`](Self::times) says otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use l402_sandbox::{Fault, Sandbox};
    /// use l402_server::{ChallengeRequest, L402Error};
    ///
    /// let sandbox = Sandbox::start().await;
    /// sandbox.fault(Fault::named("plan_volume_limit")?);
    /// let refused = sandbox.client().create_challenge(&ChallengeRequest::new("/a", 1)).await;
    /// assert!(matches!(refused, Err(L402Error::Plan { upgrade_url: Some(_), .. })));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`UnknownFault`], which lists the names.
    pub fn named(name: &str) -> Result<Self, UnknownFault> {
        Ok(match name {
            "hang" => Self::hang(),
            "reset" => Self::reset(),
            "garbage" => Self::garbage(),
            "truncated" => Self::truncated(),
            "oversize" => Self::oversize(),
            _ => {
                let problem = PROBLEMS.iter().find(|problem| problem.name == name);
                let problem = problem.ok_or_else(|| UnknownFault { name: name.to_owned() })?;
                let fault = Self::refusing(problem);
                let lasts = problem.account.is_some() || problem.name == "older_broker";
                if lasts { fault.always() } else { fault }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_a_fault_and_each_fault_by_name_is_listed() {
        for name in Fault::NAMES {
            assert!(Fault::named(name).is_ok(), "{name}");
        }
        for problem in PROBLEMS {
            assert!(Fault::NAMES.contains(&problem.name), "{}", problem.name);
        }
        let unknown = Fault::named("plan_volum_limit").expect_err("misspelt").to_string();
        assert!(unknown.contains("`plan_volum_limit`") && unknown.contains("plan_volume_limit"));
    }
}
