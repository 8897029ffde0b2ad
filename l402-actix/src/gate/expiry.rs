//! When a token says that it expires, read off its macaroon without any trust: it picks a refusal
//! and never opens anything.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Whether it says that it has expired.
pub(super) fn is_past(macaroon: &str) -> bool {
    of(macaroon).is_some_and(|expiry| expiry <= SystemTime::now())
}

/// The earliest moment that one of its caveats names: a caveat can only narrow a token.
pub(super) fn of(macaroon: &str) -> Option<SystemTime> {
    let plain: String = macaroon.trim_end_matches('=').replace('-', "+").replace('_', "/");
    let bytes = STANDARD_NO_PAD.decode(plain).ok()?;
    conditions(&bytes)?.into_iter().filter_map(expiry).min()
}

/// `expires=<seconds since 1970, or RFC 3339>`, or the `<service>_valid_until=…` of other L402
/// software.
fn expiry(condition: &[u8]) -> Option<SystemTime> {
    let (name, value) = str::from_utf8(condition).ok()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    if name != "expires" && !name.ends_with("valid_until") {
        return None;
    }
    match value.parse() {
        Ok(seconds) => UNIX_EPOCH.checked_add(Duration::from_secs(seconds)),
        Err(_) => OffsetDateTime::parse(value, &Rfc3339).ok().map(Into::into),
    }
}

/// A macaroon of the second version, or of the first -> its conditions.
fn conditions(macaroon: &[u8]) -> Option<Vec<&[u8]>> {
    match macaroon.split_first()? {
        (2, fields) => of_second_version(fields),
        _ => of_first_version(macaroon),
    }
}

/// Fields of a type, a length and so many bytes; a type of 0 ends a section. The first section is the
/// macaroon's own, then each caveat has one.
fn of_second_version(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    const END: usize = 0;
    const IDENTIFIER: usize = 2;
    let (mut sections, mut found) = (0, Vec::new());
    while !bytes.is_empty() {
        let kind = varint(&mut bytes)?;
        if kind == END {
            sections += 1;
            continue;
        }
        let length = varint(&mut bytes)?;
        let (field, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        if kind == IDENTIFIER && sections > 0 {
            found.push(field);
        }
    }
    Some(found)
}

fn varint(bytes: &mut &[u8]) -> Option<usize> {
    let mut value = 0;
    for shift in (0..28).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Packets of four hexadecimal digits, which are their length, and `cid <condition>\n`.
fn of_first_version(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let digits = str::from_utf8(bytes.get(..4)?).ok()?;
        let length = usize::from_str_radix(digits, 16).ok().filter(|length| *length >= 4)?;
        let (packet, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        if let Some(condition) = packet[4..].strip_prefix(b"cid ") {
            found.push(condition.strip_suffix(b"\n").unwrap_or(condition));
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG_AGO: &str = "expires=1700000000";
    const FAR: &str = "expires=99999999999";

    fn second_version(conditions: &[&str]) -> String {
        // What says that it expires in another place than a condition's says nothing.
        let mut bytes = b"\x02\x01\x04shop\x02\x09expires=1\x00".to_vec();
        for condition in conditions {
            bytes.extend(b"\x01\x09expires=1\x02");
            match u8::try_from(condition.len()).expect("short") {
                length @ ..128 => bytes.push(length),
                length => bytes.extend([length, 1]),
            }
            bytes.extend(condition.as_bytes());
            bytes.push(0);
        }
        bytes.extend([0, 6, 32]);
        bytes.extend([0xfb; 32]);
        STANDARD_NO_PAD.encode(bytes)
    }

    fn first_version(conditions: &[&str]) -> String {
        let packet = |text: &str| format!("{:04x}{text}\n", text.len() + 5);
        let mut text = packet("location shop") + &packet("identifier expires=1");
        for condition in conditions {
            text += &packet(&format!("cid {condition}"));
        }
        STANDARD_NO_PAD.encode(text + &packet("signature 0123"))
    }

    #[test]
    fn a_token_has_expired_when_one_of_its_caveats_is_past() {
        for written in [second_version, first_version] {
            for (conditions, expected) in [
                (&[][..], false),
                (&[FAR], false),
                (&[LONG_AGO], true),
                (&["merchant_id=1", LONG_AGO, FAR], true),
                (&[FAR, "path=/a", "expires = 1700000000"], true),
                (&["shop_valid_until=1700000000"], true),
                (&["expires=2023-11-14T22:13:20Z"], true),
                (&["expires=2999-01-01T00:00:00.1234567Z"], false),
                (&["path=/a?expires=1", "expires=soon", "expires=-1", "expires="], false),
            ] {
                assert_eq!(is_past(&written(conditions)), expected, "{conditions:?}");
            }
        }
    }

    #[test]
    fn it_is_found_behind_a_long_caveat() {
        let path = format!("path=/{}", "a".repeat(200));
        for written in [second_version, first_version] {
            assert!(is_past(&written(&[&path, LONG_AGO])));
            assert!(!is_past(&written(&[&path, FAR])));
        }
    }

    #[test]
    fn it_is_read_in_each_base64() {
        let plain = second_version(&[LONG_AGO]);
        assert!(plain.contains('+') || plain.contains('/'), "{plain}");
        for text in [&plain, &plain.replace('+', "-").replace('/', "_"), &format!("{plain}==")] {
            assert!(is_past(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_macaroon_says_nothing() {
        let cut = &second_version(&[LONG_AGO])[..20];
        for text in ["", "=", "AgEL", "!", "Ag", "AgL/////", cut, "MDAwMGNpZCBleHBpcmVzPTE", "é"] {
            assert!(!is_past(text), "{text}");
        }
    }
}
