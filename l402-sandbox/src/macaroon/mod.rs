//! Macaroons in the V2 binary format: an HMAC-SHA256 chain over an identifier and its caveats.
//! In comes a root key with what a token shall say, or a text that somebody presents.
//! Out goes base64, or what the text says and whether the key has signed it.
//! It never knows what a caveat means.
//!
//! Written here because the registry's `macaroon` crate brings libsodium along, a C library whose
//! Rust binding is no longer maintained. What is needed of a macaroon is a chain of HMACs and four
//! kinds of fields; the tests hold it against the vectors that libmacaroons publishes.

mod field;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, cmp::fixed_time_eq, sha256};

use self::field::{Reader, put};

const VERSION: u8 = 2;
const END: u8 = 0;
const LOCATION: u8 = 1;
const IDENTIFIER: u8 = 2;
const SIGNATURE: u8 = 6;

/// Why a text is no macaroon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, derive_more::Display, derive_more::Error)]
#[display("the macaroon cannot be read")]
pub struct MalformedMacaroon;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Macaroon {
    location: Option<Vec<u8>>,
    pub(crate) identifier: Vec<u8>,
    pub(crate) caveats: Vec<Vec<u8>>,
    signature: [u8; 32],
}

impl Macaroon {
    pub(crate) fn new(root_key: &[u8], location: &str, identifier: Vec<u8>) -> Self {
        let signature = hmac(&derived(root_key), &identifier);
        let location = Some(location.as_bytes().to_vec());
        Self { location, identifier, caveats: Vec::new(), signature }
    }

    /// Narrows the macaroon. Needs no key: any holder can.
    #[must_use]
    pub(crate) fn caveat(mut self, caveat: impl Into<Vec<u8>>) -> Self {
        let caveat = caveat.into();
        self.signature = hmac(&self.signature, &caveat);
        self.caveats.push(caveat);
        self
    }

    pub(crate) fn is_signed_with(&self, root_key: &[u8]) -> bool {
        let signature = self
            .caveats
            .iter()
            .fold(hmac(&derived(root_key), &self.identifier), |key, caveat| hmac(&key, caveat));
        fixed_time_eq(&signature, &self.signature)
    }

    pub(crate) fn encode(&self) -> String {
        let mut bytes = vec![VERSION];
        if let Some(location) = &self.location {
            put(&mut bytes, LOCATION, location);
        }
        put(&mut bytes, IDENTIFIER, &self.identifier);
        bytes.push(END);
        for caveat in &self.caveats {
            put(&mut bytes, IDENTIFIER, caveat);
            bytes.push(END);
        }
        bytes.push(END);
        put(&mut bytes, SIGNATURE, &self.signature);
        STANDARD.encode(bytes)
    }

    /// Reads base64 in the standard and in the URL-safe alphabet, as wallets write both.
    pub(crate) fn decode(text: &str) -> Result<Self, MalformedMacaroon> {
        let bytes = STANDARD
            .decode(text)
            .or_else(|_| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')))
            .map_err(|_| MalformedMacaroon)?;
        Self::read(&mut Reader(&bytes)).ok_or(MalformedMacaroon)
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.take(VERSION)?;
        let location = reader.optional(LOCATION)?;
        let identifier = reader.field(IDENTIFIER)?;
        reader.take(END)?;
        let mut caveats = Vec::new();
        while reader.take(END).is_none() {
            // Caveats of third parties carry a further field, and are refused by its absence here.
            reader.optional(LOCATION)?;
            caveats.push(reader.field(IDENTIFIER)?);
            reader.take(END)?;
        }
        let signature = reader.field(SIGNATURE)?.try_into().ok()?;
        reader.0.is_empty().then_some(Self { location, identifier, caveats, signature })
    }
}

/// Appends a first-party caveat to a macaroon in base64, as any holder can: for tests that play a
/// dishonest payer.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use l402_sandbox::{Sandbox, append_caveat};
/// use l402_server::ChallengeRequest;
///
/// let sandbox = Sandbox::start().await;
/// let challenge =
///     sandbox.client().create_challenge(&ChallengeRequest::new("/cheap", 1)).await?;
/// let forged = append_caveat(&challenge.macaroon, "amount_sats=1000")?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`MalformedMacaroon`] if the text is no macaroon.
pub fn append_caveat(macaroon: &str, caveat: &str) -> Result<String, MalformedMacaroon> {
    Ok(Macaroon::decode(macaroon)?.caveat(caveat).encode())
}

/// The first-party caveats of a macaroon in base64, in their order: what it is good for. Anybody can
/// read them; only who holds the root key can tell whether they are genuine.
///
/// # Errors
///
/// [`MalformedMacaroon`] if the text is no macaroon.
pub fn caveats(macaroon: &str) -> Result<Vec<String>, MalformedMacaroon> {
    let caveats = Macaroon::decode(macaroon)?.caveats;
    Ok(caveats.iter().map(|caveat| String::from_utf8_lossy(caveat).into_owned()).collect())
}

/// libmacaroons never signs with the root key itself.
fn derived(root_key: &[u8]) -> [u8; 32] {
    hmac(b"macaroons-key-generator", root_key)
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut engine = HmacEngine::<sha256::Hash>::new(key);
    engine.input(message);
    Hmac::from_engine(engine).to_byte_array()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::hex;

    const KEY: &[u8] = b"this is our super secret key; only we should know it";

    fn published() -> Macaroon {
        Macaroon::new(KEY, "http://mybank/", b"we used our secret key".to_vec())
    }

    #[test]
    fn the_chain_is_libmacaroons() {
        let macaroon = published();
        assert_eq!(
            hex(&macaroon.signature),
            "e3d9e02908526c4c0039ae15114115d97fdd68bf2ba379b342aaf0f617d0552f"
        );
        let macaroon = macaroon.caveat("account = 3735928559");
        assert_eq!(
            hex(&macaroon.signature),
            "1efe4763f290dbce0c1d08477367e11f4eee456a64933cf662d79772dbb82128"
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        let macaroon = published().caveat("a=1").caveat(vec![b'x'; 300]);
        let read = Macaroon::decode(&macaroon.encode()).expect("a macaroon");
        assert_eq!(read, macaroon);
        assert!(read.is_signed_with(KEY));
        assert!(!read.is_signed_with(b"another key"));
    }

    #[test]
    fn a_byte_that_is_changed_anywhere_is_found() {
        let macaroon = published().caveat("a=1");
        let bytes = STANDARD.decode(macaroon.encode()).expect("base64");
        // The location is a hint and not signed.
        let signed = 3 + "http://mybank/".len();
        for index in signed..bytes.len() {
            let mut tampered = bytes.clone();
            tampered[index] ^= 1;
            let read = Macaroon::decode(&STANDARD.encode(tampered));
            assert!(!read.is_ok_and(|macaroon| macaroon.is_signed_with(KEY)), "byte {index}");
        }
    }

    #[test]
    fn a_caveat_cannot_be_taken_off_or_reordered() {
        let macaroon = published().caveat("a=1").caveat("b=2");
        let mut shorter = macaroon.clone();
        shorter.caveats.pop();
        let mut swapped = macaroon.clone();
        swapped.caveats.swap(0, 1);
        assert!(!shorter.is_signed_with(KEY) && !swapped.is_signed_with(KEY));
        assert!(macaroon.is_signed_with(KEY));
    }

    #[test]
    fn a_holder_can_append_a_caveat_without_the_key() {
        let appended = append_caveat(&published().encode(), "more=1").expect("a macaroon");
        let read = Macaroon::decode(&appended).expect("a macaroon");
        assert!(read.is_signed_with(KEY));
        assert_eq!(read.caveats, [b"more=1"]);
    }

    #[test]
    fn what_is_no_macaroon_is_refused() {
        let whole = STANDARD.decode(published().caveat("a=1").encode()).expect("base64");
        for length in 0..whole.len() {
            assert!(Macaroon::decode(&STANDARD.encode(&whole[..length])).is_err(), "{length}");
        }
        let longer = [whole.as_slice(), b"x"].concat();
        assert!(Macaroon::decode(&STANDARD.encode(longer)).is_err());
        let endless = [&[VERSION, IDENTIFIER][..], &[0xff; 9]].concat();
        assert!(Macaroon::decode(&STANDARD.encode(endless)).is_err());
        for text in ["", "!", "AgEL", "AA"] {
            assert!(append_caveat(text, "a=1").is_err(), "{text}");
        }
    }
}
