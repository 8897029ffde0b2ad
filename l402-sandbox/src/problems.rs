//! The refusals of the hosted broker's, and what may be wrong with an account.

use serde_json::{Value, json};

use crate::{reply::Reply, seen::Endpoint};

/// Something that is wrong, by its name.
pub(crate) struct Problem {
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

pub(crate) const PROBLEMS: &[Problem] = &[
    Problem {
        name: "api_key_refused",
        status: 401,
        title: "Unauthorized",
        detail: "The API key is not known.",
        more: &[],
        on: &[Endpoint::Mint, Endpoint::Verify, Endpoint::Merchant, Endpoint::Challenges],
        account: None,
    },
    Problem {
        name: "plan_proxy_limit",
        status: 402,
        title: "Proxy limit reached",
        detail: "Plan 'free' caps proxy configs at 1. Upgrade for unlimited.",
        more: &[UPGRADE, FREE],
        on: MINT,
        account: None,
    },
    Problem {
        name: "plan_endpoint_limit",
        status: 402,
        title: "Endpoint limit reached",
        detail: "Plan 'free' caps distinct resources at 3. Upgrade for more.",
        more: &[UPGRADE, FREE],
        on: MINT,
        account: None,
    },
    Problem {
        name: "plan_price_limit",
        status: 402,
        title: "Price limit reached",
        detail: "Plan 'free' caps the price of a challenge at 1000 sats. Upgrade for more.",
        more: &[UPGRADE, FREE],
        on: MINT,
        account: None,
    },
    Problem {
        name: "plan_volume_limit",
        status: 402,
        title: "Volume limit reached",
        detail: "Plan 'free' caps challenges at 200 a month. Upgrade for more.",
        more: &[UPGRADE, FREE],
        on: MINT,
        account: None,
    },
    Problem {
        name: "l402_not_enabled",
        status: 403,
        title: "L402 is not enabled",
        detail: "L402 is not part of your plan.",
        more: &[FREE],
        on: SELLING,
        account: Some(|account| account["features"]["l402Enabled"] = json!(false)),
    },
    // What a mint is answered then is not known; this is the nearest that is.
    Problem {
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
    Problem {
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
    Problem {
        name: "challenge_persist_failed",
        status: 500,
        title: "Internal Server Error",
        detail: "The challenge could not be stored.",
        more: &[],
        on: MINT,
        account: None,
    },
    Problem {
        name: "idempotency_key_reuse",
        status: 409,
        title: "Conflict",
        detail: "The idempotency key was used with other parameters.",
        more: &[],
        on: MINT,
        account: None,
    },
    Problem {
        name: "rate_limited",
        status: 429,
        title: "Too many requests",
        detail: "",
        more: &[],
        on: CALLS,
        account: None,
    },
    Problem {
        name: "unavailable",
        status: 503,
        title: "Service Unavailable",
        detail: "Come back later.",
        more: &[],
        on: CALLS,
        account: None,
    },
    // Before both existed.
    Problem {
        name: "older_broker",
        status: 404,
        title: "Not Found",
        detail: "no such endpoint",
        more: &[],
        on: &[Endpoint::Merchant, Endpoint::Challenges],
        account: None,
    },
];

impl Problem {
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
