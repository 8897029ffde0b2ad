//! What is written where other processes read it, and what is believed of what is read there.
//!
//! Each text is sealed with a secret of the account's and bound to the name it is kept under, so that
//! whoever can write to Redis can put in nothing of his own: neither an invoice that pays him, nor a
//! payment that was never made.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use l402_server::{Challenge, decode_hex};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    checked::CheckedChallenge,
    sales::{Known, Sold},
};
use crate::key::{Key, hex, key};

/// What each text begins with. Another version's is not read.
const VERSION: &str = "1";

/// A payment, or a challenge that may become one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Payment {
    /// The resource's name, the sats, and when it was minted, in seconds since 1970.
    pub(super) sold: Option<(String, u64, u64)>,
    pub(super) accepted: bool,
    /// The place among what comes to nothing that its mint has taken.
    pub(super) place: Option<u64>,
    /// Who holds its challenge.
    pub(super) holder: Option<String>,
}

impl Payment {
    pub(super) fn of(known: Known) -> Self {
        let sold = known.sold.map(|sold| {
            let minted = since_1970().saturating_sub(sold.minted_at.elapsed().as_secs());
            (hex(&sold.resource), sold.sats, minted)
        });
        Self { sold, accepted: known.accepted, place: None, holder: None }
    }

    pub(super) fn known(&self) -> Option<Known> {
        let sold = match &self.sold {
            Some((resource, sats, minted)) => {
                let age = Duration::from_secs(since_1970().saturating_sub(*minted));
                // Of before this machine was started: so long ago that it does not matter.
                let minted_at = Instant::now().checked_sub(age)?;
                let resource = decode_hex(resource.as_bytes())?;
                Some(Sold { resource, sats: *sats, minted_at })
            }
            None => None,
        };
        Some(Known { sold, accepted: self.accepted })
    }
}

/// A challenge as the broker gives it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Held<'a> {
    invoice: &'a str,
    macaroon: &'a str,
    payment_hash: &'a str,
    expires_at: Option<&'a str>,
    resource: &'a str,
    price_sats: u64,
    mpp_challenge: Option<&'a str>,
}

impl<'a> Held<'a> {
    pub(super) fn of(challenge: &'a Challenge) -> Self {
        Self {
            invoice: &challenge.invoice,
            macaroon: &challenge.macaroon,
            payment_hash: &challenge.payment_hash,
            expires_at: challenge.expires_at.as_deref(),
            resource: &challenge.resource,
            price_sats: challenge.price_sats,
            mpp_challenge: challenge.mpp_challenge.as_deref(),
        }
    }
}

/// The secret that texts are sealed with.
#[derive(Clone, Copy)]
pub(super) struct Seal(pub(super) Key);

impl Seal {
    /// `1 <seal> <JSON>`.
    pub(super) fn write(&self, name: &str, value: &impl Serialize) -> Option<String> {
        let text = serde_json::to_string(value).ok()?;
        Some(format!("{VERSION} {} {text}", hex(&self.of(name, &text))))
    }

    /// # Errors
    ///
    /// Why it is not believed.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        name: &str,
        written: &str,
    ) -> Result<T, &'static str> {
        let mut parts = written.splitn(3, ' ');
        let (version, seal, text) = (parts.next(), parts.next(), parts.next());
        let (Some(VERSION), Some(seal), Some(text)) = (version, seal, text) else {
            return Err("it is of another version, or nothing of ours");
        };
        // Compared as a whole; whoever measured the time would learn nothing he could use, since a
        // guess costs a write to Redis and a request.
        if decode_hex(seal.as_bytes()) != Some(self.of(name, text)) {
            return Err("its seal is not this account's");
        }
        serde_json::from_str(text).map_err(|_| "it holds what this version cannot read")
    }

    pub(super) fn read_challenge(
        &self,
        name: &str,
        written: &str,
    ) -> Result<CheckedChallenge, &'static str> {
        let challenge: Challenge = self.read(name, written)?;
        CheckedChallenge::check(challenge).map_err(|_| "no header could carry it")
    }

    /// Each part stands behind its length, so that nothing can be appended.
    fn of(&self, name: &str, text: &str) -> Key {
        key(&[Some(&self.0), Some(name.as_bytes()), Some(text.as_bytes())])
    }
}

pub(super) fn since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAL: Seal = Seal([9; 32]);

    fn payment() -> Payment {
        let sold = Sold { resource: [5; 32], sats: 100, minted_at: Instant::now() };
        Payment::of(Known { sold: Some(sold), accepted: true })
    }

    #[test]
    fn what_was_written_is_read_by_the_same_account_under_the_same_name_only() {
        let written = SEAL.write("a", &payment()).expect("a text");
        assert_eq!(SEAL.read("a", &written), Ok(payment()));
        let known = payment().known().expect("a payment");
        assert!(known.accepted && known.sold.is_some_and(|sold| sold.sats == 100));
        assert!(SEAL.read::<Payment>("b", &written).is_err());
        assert!(Seal([8; 32]).read::<Payment>("a", &written).is_err());
    }

    #[test]
    fn how_long_ago_a_challenge_was_minted_is_read_as_it_was_written() {
        let age = Duration::from_secs(600);
        let minted_at = Instant::now().checked_sub(age).expect("a machine that runs for a while");
        let sold = Sold { resource: [5; 32], sats: 100, minted_at };
        let written = Payment::of(Known { sold: Some(sold), accepted: false });
        let read = written.known().and_then(|known| known.sold).expect("what was sold");
        let read = read.minted_at.elapsed().as_secs();
        assert!((598..=602).contains(&read), "{read} s");
    }

    #[test]
    fn garbage_another_version_and_what_was_changed_are_not_believed() {
        let written = SEAL.write("a", &payment()).expect("a text");
        let more = written.replace("100", "900");
        let newer = written.replacen('1', "2", 1);
        let unsealed = r#"1 {"sold":null,"accepted":true,"place":null,"holder":null}"#;
        for text in ["", "1", "1 00", "garbage", "1 zz {}", unsealed, &more, &newer, &written[..90]]
        {
            assert!(SEAL.read::<Payment>("a", text).is_err(), "{text}");
        }
        let other = SEAL.write("a", &"of another kind").expect("a text");
        assert!(SEAL.read::<Payment>("a", &other).is_err());
        let far = Payment { sold: Some((hex(&[5; 32]), 1, 0)), ..payment() };
        let _ = far.known();
        let wrong = Payment { sold: Some(("zz".to_owned(), 1, 0)), ..payment() };
        assert_eq!(wrong.known(), None);
    }
}
