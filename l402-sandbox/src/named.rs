//! Faults by name: the refusals of the hosted broker's, and what may be wrong with an account.

use serde_json::{Value, json};

use crate::{faults::Fault, reply::Reply, seen::Endpoint};

/// A fault by its name.
pub(crate) struct Named {
    pub(crate) name: &'static str,
    pub(crate) status: u16,
    title: &'static str,
    detail: &'static str,
    /// What else the body says.
    more: &'static [(&'static str, &'static str)],
    /// What it is wrong with.
    pub(crate) on: &'static [Endpoint],
    /// What `GET /api/merchant/me` shows of it, where it is the account that it is wrong with. Such a
    /// fault lasts.
    pub(crate) account: Option<fn(&mut Value)>,
}

const UPGRADE: (&str, &str) =
    ("upgrade_url", "https://api.lightningenable.com/checkout?plan=individual");
const FREE: (&str, &str) = ("current_plan", "free");

const MINT: &[Endpoint] = &[Endpoint::Mint];
const CALLS: &[Endpoint] = &[Endpoint::Mint, Endpoint::Verify];
const SELLING: &[Endpoint] = &[Endpoint::Mint, Endpoint::Verify, Endpoint::Merchant];

pub(crate) const NAMED: &[Named] = &[
    Named {
        name: "api_key_refused",
        status: 401,
        title: "Unauthorized",
        detail: "The API key is not known.",
        more: &[],
        on: &[Endpoint::Mint, Endpoint::Verify, Endpoint::Merchant, Endpoint::Challenges],
        account: None,
    },
    Named {
        name: "plan_proxy_limit",
        status: 402,
        title: "Proxy limit reached",
        detail: "Plan 'free' caps proxy configs at 1. Upgrade for unlimited.",
        more: &[UPGRADE, FREE],
        on: MINT,
        account: None,
    },
    Named {
        name: "plan_endpoint_limit",
        status: 402,
        title: "Endpoint limit reached",
        detail: "Plan 'free' caps distinct resources at 3. Upgrade for more.",
        more: &[UPGRADE, FREE],
        on: MINT,
        account: None,
    },
    Named {
        name: "plan_price_limit",
        status: 402,
        title: "Price limit reached",
        detail: "Plan 'free' caps the price of a challenge at 1000 sats. Upgrade for more.",
        more: &[UPGRADE, FREE],
        on: MINT,
        account: None,
    },
    Named {
        name: "plan_volume_limit",
        status: 402,
        title: "Volume limit reached",
        detail: "Plan 'free' caps challenges at 200 a month. Upgrade for more.",
        more: &[UPGRADE, FREE],
        on: MINT,
        account: None,
    },
    Named {
        name: "l402_not_enabled",
        status: 403,
        title: "L402 is not enabled",
        detail: "L402 is not part of your plan.",
        more: &[FREE],
        on: SELLING,
        account: Some(|account| account["features"]["l402Enabled"] = json!(false)),
    },
    // What a mint is answered then is not known; this is the nearest that is.
    Named {
        name: "plan_ended",
        status: 403,
        title: "L402 is not enabled",
        detail: "Your subscription has ended.",
        more: &[],
        on: SELLING,
        account: Some(|account| {
            account["subscriptionStatus"] = json!("expired");
            account["isActive"] = json!(false);
        }),
    },
    Named {
        name: "no_wallet",
        status: 500,
        title: "No receiving wallet",
        detail: "No wallet that receives is configured.",
        more: &[],
        on: &[Endpoint::Mint, Endpoint::Merchant],
        account: Some(|account| {
            account["onboarding"]["hasNwcConnection"] = json!(false);
            account["onboarding"]["isFullyConfigured"] = json!(false);
        }),
    },
    Named {
        name: "challenge_persist_failed",
        status: 500,
        title: "Internal Server Error",
        detail: "The challenge could not be stored.",
        more: &[],
        on: MINT,
        account: None,
    },
    Named {
        name: "idempotency_key_reuse",
        status: 409,
        title: "Conflict",
        detail: "The idempotency key was used with other parameters.",
        more: &[],
        on: MINT,
        account: None,
    },
    Named {
        name: "rate_limited",
        status: 429,
        title: "Too many requests",
        detail: "",
        more: &[],
        on: CALLS,
        account: None,
    },
    Named {
        name: "unavailable",
        status: 503,
        title: "Service Unavailable",
        detail: "Come back later.",
        more: &[],
        on: CALLS,
        account: None,
    },
    // Before both existed.
    Named {
        name: "older_broker",
        status: 404,
        title: "Not Found",
        detail: "no such endpoint",
        more: &[],
        on: &[Endpoint::Merchant, Endpoint::Challenges],
        account: None,
    },
];

impl Named {
    /// The broker's name of the problem, where it is known. Ours are not sent.
    fn slug(&self) -> Option<&'static str> {
        match self.name {
            "plan_ended" => Some("l402_not_enabled"),
            "no_wallet" => Some("sandbox_no_wallet"),
            "api_key_refused" | "rate_limited" | "unavailable" | "older_broker" => None,
            name => Some(name),
        }
    }

    pub(crate) fn reply(&self) -> Reply {
        let mut reply = Reply::problem(self.status, self.slug(), self.title, self.detail);
        for (name, value) in self.more {
            reply = reply.member(name, value);
        }
        reply
    }
}

/// A fault that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no fault `{name}`; there are {}", Fault::NAMES.join(", "))]
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
                let named = NAMED.iter().find(|named| named.name == name);
                let named = named.ok_or_else(|| UnknownFault { name: name.to_owned() })?;
                let fault = Self::refusing(named);
                let lasts = named.account.is_some() || named.name == "older_broker";
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
        for named in NAMED {
            assert!(Fault::NAMES.contains(&named.name), "{}", named.name);
        }
        let unknown = Fault::named("plan_volum_limit").expect_err("misspelt").to_string();
        assert!(unknown.contains("`plan_volum_limit`") && unknown.contains("plan_volume_limit"));
    }
}
