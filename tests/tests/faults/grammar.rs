//! What counts as a credential, written down a second time and as plainly as it can be: byte by
//! byte, with no regard for speed. The property tests and the fuzz target hold the gate to it.

use base64::{Engine as _, engine::general_purpose};

/// The longest credential, scheme included.
const LONGEST: usize = 8 * 1024;

/// A credential as it has to be understood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expected {
    /// `L402 <macaroon>:<preimage>`, or the same with `LSAT`.
    Token {
        /// Everything up to the first colon.
        macaroon: String,
        /// Everything after it, mended if it was decoded twice.
        preimage: String,
    },
    /// `Payment <base64url of JSON>`.
    Mpp {
        /// `payload.preimage` of the JSON.
        preimage: String,
    },
}

/// The one credential that these header lines hold: the first L402 one, else the first LSAT one,
/// else, with MPP on, the first `Payment` one. Lines of the merchant's own header come first.
pub(crate) fn expected(authorization: &[Vec<u8>], own: &[Vec<u8>], mpp: bool) -> Option<Expected> {
    for lines in [own, authorization] {
        for scheme in ["l402", "lsat", "payment"] {
            if scheme == "payment" && !mpp {
                continue;
            }
            for line in lines {
                for part in line.split(|byte| *byte == b',') {
                    if let Some(found) = read(part, scheme) {
                        // Several payments are none: the broker takes one.
                        let is_one = scheme != "payment" || payments(authorization, own) == 1;
                        return is_one.then_some(found);
                    }
                }
            }
        }
    }
    None
}

/// How many parts are meant as a credential of the `Payment` scheme, readable or not.
fn payments(authorization: &[Vec<u8>], own: &[Vec<u8>]) -> usize {
    let lines = own.iter().chain(authorization);
    let parts = lines.flat_map(|line| line.split(|byte| *byte == b','));
    let texts = parts.filter_map(|part| String::from_utf8(part.to_vec()).ok());
    texts.filter(|text| text.trim().to_ascii_lowercase().starts_with("payment ")).count()
}

/// One part of a line, if it is a credential of this scheme.
fn read(part: &[u8], wanted: &str) -> Option<Expected> {
    let text = String::from_utf8(part.to_vec()).ok()?;
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    let mut scheme = String::new();
    let mut rest = text.chars().peekable();
    while rest.peek().is_some_and(|char| *char != ' ') {
        scheme.extend(rest.next());
    }
    if scheme.to_ascii_lowercase() != wanted || rest.peek().is_none() {
        return None;
    }
    while rest.peek() == Some(&' ') {
        rest.next();
    }
    let mut value: String = rest.collect();
    if wanted != "payment"
        && let Some((again, inner)) = value.split_once(' ')
        && again.to_ascii_lowercase() == wanted
    {
        value = inner.trim_start_matches(' ').to_owned();
    }
    if wanted == "payment" { payment(&value) } else { token(&value) }
}

fn token(value: &str) -> Option<Expected> {
    if !value.chars().all(is_visible) {
        return None;
    }
    let colon = value.chars().position(|char| char == ':')?;
    let macaroon = value[..colon].to_owned();
    let preimage = value[colon + 1..].to_owned();
    if macaroon.is_empty() || preimage.is_empty() {
        return None;
    }
    Some(Expected::Token { macaroon, preimage: mended(preimage) })
}

fn payment(value: &str) -> Option<Expected> {
    let unpadded = value.trim_end_matches('=');
    let json = general_purpose::URL_SAFE_NO_PAD.decode(unpadded).ok()?;
    let json: serde_json::Value = serde_json::from_slice(&json).ok()?;
    let preimage = json["payload"]["preimage"].as_str()?.to_owned();
    if preimage.is_empty() || !preimage.chars().all(is_visible) {
        return None;
    }
    Some(Expected::Mpp { preimage: mended(preimage) })
}

/// 96 hexadecimal digits are 48 bytes; if these are 64 hexadecimal digits in base64, those are
/// what was meant. 32 bytes in base64 are meant in hexadecimal.
fn mended(preimage: String) -> String {
    if preimage.len() == 44
        && let Ok(bytes) = general_purpose::STANDARD.decode(&preimage)
        && bytes.len() == 32
    {
        return bytes.iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
    }
    if preimage.len() != 96 || !preimage.chars().all(|char| char.is_ascii_hexdigit()) {
        return preimage;
    }
    let bytes: Vec<u8> = (0..48)
        .map(|index| u8::from_str_radix(&preimage[2 * index..2 * index + 2], 16).unwrap_or(0))
        .collect();
    let meant = general_purpose::STANDARD.encode(bytes);
    if meant.chars().all(|char| char.is_ascii_hexdigit()) { meant } else { preimage }
}

fn is_visible(char: char) -> bool {
    ('!'..='~').contains(&char)
}
