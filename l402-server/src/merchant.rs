//! The merchant's own account: what stands in the way of the first sale, said before a payer does.

use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use crate::{L402Client, L402Error, VerifyRequest, call::Call, lenient::lenient, secrets::Secrets};

/// The slug of the refusal that a mint would meet where L402 is off.
const L402_NOT_ENABLED: &str = "l402_not_enabled";

/// A mint's 500 of this name is about storage, and no question to the account.
const CHALLENGE_PERSIST_FAILED: &str = "challenge_persist_failed";

/// Words of a subscription that has ended, where the account does not say whether it is active.
const ENDED: [&str; 7] =
    ["canceled", "cancelled", "ended", "expired", "inactive", "incomplete_expired", "unpaid"];

/// The account behind an API key. What the broker leaves out, or gives in another type, is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Merchant {
    /// The account's number, as in [`Verification::merchant_id`](crate::Verification).
    #[serde(default, deserialize_with = "lenient")]
    pub merchant_id: Option<u64>,
    /// The merchant's name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: Option<String>,
    /// The plan, such as `free` or `individual`.
    #[serde(default, deserialize_with = "lenient")]
    pub plan_tier: Option<String>,
    /// The subscription's state in the broker's words, such as `active`.
    #[serde(default, deserialize_with = "lenient")]
    pub subscription_status: Option<String>,
    /// Whether the account may be used.
    #[serde(default, deserialize_with = "lenient")]
    pub is_active: Option<bool>,
    /// What the plan includes.
    #[serde(default, deserialize_with = "lenient")]
    pub features: MerchantFeatures,
    /// What has been set up.
    #[serde(default, deserialize_with = "lenient")]
    pub onboarding: MerchantOnboarding,
}

/// What a merchant's plan includes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MerchantFeatures {
    /// Whether the account may mint and verify.
    #[serde(default, deserialize_with = "lenient")]
    pub l402_enabled: Option<bool>,
}

/// What a merchant has set up: a wallet of any of these kinds receives the payments.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MerchantOnboarding {
    /// A wallet over Nostr Wallet Connect.
    #[serde(default, deserialize_with = "lenient")]
    pub has_nwc_connection: Option<bool>,
    /// An account at Strike.
    #[serde(default, deserialize_with = "lenient")]
    pub has_strike_key: Option<bool>,
    /// An account at `OpenNode`.
    #[serde(default, deserialize_with = "lenient")]
    pub has_open_node_key: Option<bool>,
    /// Whether the broker calls the set-up complete.
    #[serde(default, deserialize_with = "lenient")]
    pub is_fully_configured: Option<bool>,
}

impl Merchant {
    /// Whether a wallet that receives is set; `None` if the broker does not say.
    #[must_use]
    pub fn has_wallet(&self) -> Option<bool> {
        let MerchantOnboarding {
            has_nwc_connection,
            has_strike_key,
            has_open_node_key,
            is_fully_configured,
        } = self.onboarding;
        let kinds = [has_nwc_connection, has_strike_key, has_open_node_key];
        // A kind that is not known here may be the one that is set.
        if kinds.contains(&Some(true)) || is_fully_configured == Some(true) {
            return Some(true);
        }
        kinds.iter().any(Option::is_some).then_some(false)
    }

    /// Whether the plan has ended, by `is_active`, or by the subscription's state where that is not
    /// said.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let status = self.subscription_status.as_deref().unwrap_or_default().to_ascii_lowercase();
        !self.is_active.unwrap_or(!ENDED.contains(&status.as_str()))
    }

    /// What would refuse the first payer.
    fn check(self) -> Result<(), L402Error> {
        let fault = if self.has_ended() {
            let status = self.subscription_status.as_deref().unwrap_or("not active");
            (None, format!("it has ended: the subscription is {status:?}"))
        } else if self.features.l402_enabled == Some(false) {
            (Some(L402_NOT_ENABLED.to_owned()), "L402 is not enabled".to_owned())
        } else if self.has_wallet() == Some(false) {
            let message = "set one up in its settings before the first payer comes".to_owned();
            return Err(L402Error::NoWallet { message, url: None });
        } else {
            return Ok(());
        };
        let (slug, message) = fault;
        let (current_plan, upgrade_url) = (self.plan_tier, None);
        Err(L402Error::Plan { slug, message, current_plan, upgrade_url, url: None })
    }
}

impl L402Client {
    /// The account behind the API key, by `GET /api/merchant/me`. Costs nothing of the limit that
    /// mint and verify count in.
    ///
    /// # Errors
    ///
    /// Each variant of [`L402Error`]; [`L402Error::Api`] with status 404 from an older broker.
    pub async fn merchant(&self) -> Result<Merchant, L402Error> {
        self.0.exchange(&self.ask_merchant(), None::<&()>).await
    }

    /// Asks the broker whether this account can sell: for start-up and health pages, so that what is
    /// wrong is found before the first payer finds it. Mints nothing.
    ///
    /// It asks for [`merchant`](Self::merchant). An older broker does not know that question and is
    /// asked to verify a token that nobody holds, which is one call of the limit; it can then only
    /// tell a bad key and a plan without L402.
    ///
    /// # Errors
    ///
    /// [`L402Error::Auth`] for a bad key; [`L402Error::Plan`] with the slug `l402_not_enabled` where
    /// L402 is off, and without one where the plan has ended; [`L402Error::NoWallet`] where no
    /// receiving wallet is set. The others when the broker could not be asked.
    pub async fn check(&self) -> Result<(), L402Error> {
        let deadline = Instant::now() + self.0.timeout;
        let tried = self.ask_merchant().tried();
        match self.merchant().await {
            Ok(merchant) => merchant.check().map_err(|err| err.tried(&tried)),
            Err(L402Error::Api { status: 404 | 405, .. }) => {
                // No token that anybody holds. The broker looks at the key before it looks at the
                // token, so a refusal of the token, in whichever form, says that the key is good.
                let nobody = VerifyRequest::new("AA", "0".repeat(64));
                let late = |_| Err(L402Error::Timeout { url: None }.tried(&tried));
                match timeout_at(deadline, self.verify_token(&nobody)).await.unwrap_or_else(late) {
                    Ok(_) | Err(L402Error::Api { status: 400, .. }) => Ok(()),
                    Err(err) => Err(err),
                }
            }
            Err(err) => Err(err),
        }
    }

    /// A failed mint, or what it comes from: a broker that cannot mint for want of a wallet says so
    /// by a 500 whose name is not known.
    pub(crate) async fn explained(&self, err: L402Error, deadline: Instant) -> L402Error {
        let L402Error::Api { status: 500, slug, message, url } = err else { return err };
        let is_known = slug.as_deref() == Some(CHALLENGE_PERSIST_FAILED);
        let has_wallet = async || self.merchant().await.ok()?.has_wallet();
        if !is_known && timeout_at(deadline, has_wallet()).await == Ok(Some(false)) {
            return L402Error::NoWallet { message, url };
        }
        L402Error::Api { status: 500, slug, message, url }
    }

    fn ask_merchant(&self) -> Call<'_> {
        Call::get(&self.0.merchant_url, Secrets([self.0.key.expose(), "", ""]))
    }
}
