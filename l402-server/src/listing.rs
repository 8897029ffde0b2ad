//! What was sold: the account's challenges, page by page, for one's own books.

use std::fmt;

use futures_util::stream::{self, Stream};
use serde::{Deserialize, Deserializer};

use crate::{L402Client, L402Error, call::Call, lenient::lenient, secrets::Secrets};

/// The most that the broker puts on a page.
const MAX_PAGE: u32 = 200;

/// The longest page that is read: 200 challenges whose resources have 1 KiB each, and room for
/// resources that JSON writes in several characters a letter.
const MAX_PAGE_BYTES: usize = 1024 * 1024;

/// Which challenges to list; all of them unless a status is named.
///
/// # Examples
///
/// ```
/// use l402_server::{ChallengeStatus, ListChallenges};
///
/// let paid = ListChallenges::new().status(ChallengeStatus::Paid).limit(200);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListChallenges {
    status: Option<ChallengeStatus>,
    limit: Option<u32>,
    offset: u64,
}

impl ListChallenges {
    /// All challenges, from the first page on, as many on a page as the broker likes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Those of one status only.
    #[must_use]
    pub fn status(mut self, status: ChallengeStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// How many on a page: 1 to 200.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many to leave out before the page begins. Default: 0.
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }
}

/// What has become of a challenge.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChallengeStatus {
    /// Its invoice was paid.
    Paid,
    /// Its invoice can still be paid.
    Unpaid,
    /// Its invoice has expired unpaid.
    Expired,
    /// A word of the broker's that this version does not know.
    Other(String),
}

impl ChallengeStatus {
    /// The broker's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Paid => "paid",
            Self::Unpaid => "unpaid",
            Self::Expired => "expired",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for ChallengeStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ChallengeStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let known = [Self::Paid, Self::Unpaid, Self::Expired];
        let found = known.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(&word));
        Ok(found.unwrap_or(Self::Other(word)))
    }
}

/// A page of challenges.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ChallengePage {
    /// The challenges, in the broker's order.
    pub challenges: Vec<ListedChallenge>,
    /// How many there are on all pages together.
    pub total: u64,
    /// How many may stand on a page, as the broker has read it.
    #[serde(default, deserialize_with = "lenient")]
    pub limit: Option<u64>,
    /// How many come before this page, as the broker has read it.
    #[serde(default, deserialize_with = "lenient")]
    pub offset: Option<u64>,
}

/// A challenge as the account's books have it. Never with its macaroon or its preimage.
///
/// Times are in ISO 8601.
///
/// # Security
///
/// A resource and a key may hold what a stranger has chosen, such as the path of a request: escape
/// them for where they are shown. In a spreadsheet a text that begins with `=` is a formula.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ListedChallenge {
    /// The payment hash, in hexadecimal: the payment's name for your own books.
    pub payment_hash: String,
    /// What the challenge is for.
    #[serde(default, deserialize_with = "lenient")]
    pub resource: Option<String>,
    /// Its price, in sats.
    pub amount_sats: u64,
    /// What has become of it.
    pub status: ChallengeStatus,
    /// When it was minted.
    #[serde(default, deserialize_with = "lenient")]
    pub created_at: Option<String>,
    /// When it was paid; `None` if it was not.
    #[serde(default, deserialize_with = "lenient")]
    pub paid_at: Option<String>,
    /// When its invoice expires or has expired.
    #[serde(default, deserialize_with = "lenient")]
    pub expires_at: Option<String>,
    /// The idempotency key that it was minted with.
    #[serde(default, deserialize_with = "lenient")]
    pub idempotency_key: Option<String>,
}

impl L402Client {
    /// One page of the account's challenges: what was minted, what was paid and when. Costs nothing
    /// of the limit that mint and verify count in.
    ///
    /// # Errors
    ///
    /// Each variant of [`L402Error`]. [`L402Error::InvalidRequest`], before anything is sent, for a
    /// limit outside of 1 to 200; [`L402Error::Api`] with status 404 from an older broker.
    pub async fn challenges(&self, list: ListChallenges) -> Result<ChallengePage, L402Error> {
        if list.limit.is_some_and(|limit| !(1..=MAX_PAGE).contains(&limit)) {
            return Err(L402Error::invalid_request("the limit must be 1 to 200"));
        }
        let mut url = self.0.mint_url.clone();
        {
            let mut query = url.query_pairs_mut();
            if let Some(status) = &list.status {
                query.append_pair("status", status.as_str());
            }
            if let Some(limit) = list.limit {
                query.append_pair("limit", &limit.to_string());
            }
            query.append_pair("offset", &list.offset.to_string());
        }
        let call = Call {
            max_reply_bytes: MAX_PAGE_BYTES,
            ..Call::get(&url, Secrets([self.0.key.expose(), "", ""]))
        };
        self.0.exchange(&call, None::<&()>).await
    }

    /// All pages from that one on, one after the other, each asked for when the one before it has
    /// been taken. Ends after the last page, or after an error.
    ///
    /// What is minted meanwhile moves what stands behind it, so a challenge may come twice: key your
    /// books by the payment hash.
    ///
    /// # Examples
    ///
    /// ```
    /// # use l402_sandbox::Sandbox;
    /// use std::pin::pin;
    /// use futures_util::TryStreamExt as _;
    /// use l402_server::{ChallengeStatus, ListChallenges};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), l402_server::L402Error> {
    /// # let sandbox = Sandbox::start().await;
    /// # let client = sandbox.client();
    /// let paid = ListChallenges::new().status(ChallengeStatus::Paid).limit(200);
    /// let mut pages = pin!(client.challenge_pages(paid));
    /// while let Some(page) = pages.try_next().await? {
    ///     for sale in page.challenges {
    ///         println!("{} sats for {:?}, paid {:?}", sale.amount_sats, sale.resource, sale.paid_at);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn challenge_pages(
        &self,
        list: ListChallenges,
    ) -> impl Stream<Item = Result<ChallengePage, L402Error>> + Send + use<> {
        let client = self.clone();
        stream::try_unfold(Some(list), move |next| {
            let client = client.clone();
            async move {
                let Some(list) = next else { return Ok(None) };
                let page = client.challenges(list.clone()).await?;
                // By what came, since the broker may put fewer on a page than it was asked for.
                let seen = list.offset.saturating_add(page.challenges.len() as u64);
                let is_last = page.challenges.is_empty() || seen >= page.total;
                Ok(Some((page, (!is_last).then(|| list.offset(seen)))))
            }
        })
    }
}
