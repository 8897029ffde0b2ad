//! One credential as text, taken apart: `L402 <macaroon>:<preimage>`, or `Payment <JSON>`.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use memchr::memchr;
use serde_json::Value;

use crate::{L402Error, VerifyRequest, hex};

/// The longest credential that is looked at, scheme included: 8 KiB.
///
/// A macaroon with its caveats takes a few hundred bytes; common servers and proxies stop reading
/// a header line at 8 KiB.
pub const MAX_CREDENTIAL_BYTES: usize = 8 * 1024;

/// The digits of a preimage that was decoded as base64 although it is hexadecimal; see
/// [`mend_preimage`].
const TWICE_DECODED_DIGITS: usize = 96;

/// The length of 32 bytes in base64, as LND's older endpoint reports a preimage.
const BASE64_DIGITS: usize = 44;

impl VerifyRequest {
    /// Reads the value of an `Authorization` header: `L402 <macaroon>:<preimage>`.
    ///
    /// The scheme is read in any case, and `LSAT`, the protocol's former name, is one too; any run
    /// of spaces may follow it. The split is at the first colon. Only the shape is checked here:
    /// whether the credential is good is for the broker to say.
    ///
    /// A doubled scheme is read past. A preimage of 96 hexadecimal digits is mended: it is what
    /// clients send that decode LND's hexadecimal preimage as if it were base64. So is one in base64,
    /// as LND's older endpoint reports it.
    ///
    /// # Examples
    ///
    /// ```
    /// use l402_server::VerifyRequest;
    ///
    /// let preimage = "00".repeat(32);
    /// assert!(VerifyRequest::from_credential(&format!("L402 AgEL:{preimage}")).is_ok());
    /// assert!(VerifyRequest::from_credential("Bearer AgEL:00").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`L402Error::InvalidRequest`] for another scheme, an empty half, characters outside of
    /// visible ASCII, or more than [`MAX_CREDENTIAL_BYTES`]. The message never repeats the value.
    pub fn from_credential(credential: &str) -> Result<Self, L402Error> {
        let (macaroon, preimage) = halves(credential).map_err(L402Error::invalid_request)?;
        Ok(Self::new(macaroon, mend_preimage(preimage)))
    }

    /// Reads the value of an `Authorization` header in the `Payment` scheme (MPP):
    /// `Payment <base64url of JSON>`, where the JSON holds `payload.preimage`. The rest of it
    /// repeats the challenge and is not needed to verify the payment.
    ///
    /// # Errors
    ///
    /// [`L402Error::InvalidRequest`] for anything else, or more than [`MAX_CREDENTIAL_BYTES`]. The
    /// message never repeats the value.
    pub fn from_mpp_credential(credential: &str) -> Result<Self, L402Error> {
        let preimage = mpp_preimage(credential).map_err(L402Error::invalid_request)?;
        Ok(Self::preimage_only(mend_preimage(&preimage)))
    }
}

fn mpp_preimage(credential: &str) -> Result<String, &'static str> {
    const SHAPE: &str = "the credential is not `Payment <base64url of JSON with payload.preimage>`";
    let credential = credential.trim();
    if credential.len() > MAX_CREDENTIAL_BYTES {
        return Err("the credential is longer than 8 KiB");
    }
    let (scheme, rest) = credential.split_once(' ').ok_or(SHAPE)?;
    if !scheme.eq_ignore_ascii_case("Payment") {
        return Err("the credential's scheme is not `Payment`");
    }
    let encoded = rest.trim_start_matches(' ').trim_end_matches('=');
    let json = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| SHAPE)?;
    // By name and not into a struct: serde would fill one from an array, too.
    let read: Value = serde_json::from_slice(&json).map_err(|_| SHAPE)?;
    let preimage = read["payload"]["preimage"].as_str().ok_or(SHAPE)?;
    let visible = !preimage.is_empty() && preimage.bytes().all(|byte| byte.is_ascii_graphic());
    visible.then(|| preimage.to_owned()).ok_or(SHAPE)
}

fn halves(credential: &str) -> Result<(&str, &str), &'static str> {
    let credential = credential.trim();
    if credential.len() > MAX_CREDENTIAL_BYTES {
        return Err("the credential is longer than 8 KiB");
    }
    let of_scheme = |scheme| Some((scheme, after(scheme, credential)?));
    let (scheme, rest) = of_scheme("L402")
        .or_else(|| of_scheme("LSAT"))
        .ok_or("the credential's scheme is neither `L402` nor `LSAT`")?;
    // One client writes the scheme before what it has read the scheme with. Its user would pay for
    // each request.
    let rest = after(scheme, rest).unwrap_or(rest);
    // All of them are looked at, which is done in blocks; to stop at the first is one by one.
    if !rest.bytes().fold(true, |so_far, byte| so_far & byte.is_ascii_graphic()) {
        return Err("the credential holds characters outside of visible ASCII");
    }
    match memchr(b':', rest.as_bytes()) {
        Some(colon) if colon > 0 && colon + 1 < rest.len() => {
            Ok((&rest[..colon], &rest[colon + 1..]))
        }
        _ => Err("the credential is not `L402 <macaroon>:<preimage>` with both halves filled"),
    }
}

/// What follows a scheme in any case and the spaces after it.
fn after<'c>(scheme: &str, credential: &'c str) -> Option<&'c str> {
    let (name, rest) = credential.split_at_checked(scheme.len())?;
    let is_scheme = name.eq_ignore_ascii_case(scheme) && rest.starts_with(' ');
    is_scheme.then(|| rest.trim_start_matches(' '))
}

/// 96 hexadecimal digits -> the 64 that were meant; 32 bytes in base64 -> the same in hexadecimal;
/// anything else as it is.
///
/// LND's router reports a payment's preimage as 64 hexadecimal digits, its older endpoint as
/// base64. A client that takes the one for the other decodes the 64 digits as base64 into 48 bytes
/// and sends those in hexadecimal. Encoding them again gives the digits back. The broker still
/// compares the preimage's hash, so this opens nothing that the payer did not pay for.
fn mend_preimage(preimage: &str) -> String {
    if let Some(bytes) = hex::decode::<{ TWICE_DECODED_DIGITS / 2 }>(preimage.as_bytes()) {
        let mended = STANDARD.encode(bytes);
        if mended.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return mended;
        }
    }
    if preimage.len() == BASE64_DIGITS
        && let Ok(bytes) = STANDARD.decode(preimage)
        && bytes.len() == 32
    {
        return bytes
            .iter()
            .fold(String::with_capacity(64), |digits, byte| digits + &format!("{byte:02x}"));
    }
    preimage.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREIMAGE: &str = "1f2e3d4c5b6a79880123456789abcdeffedcba98765432100f1e2d3c4b5a6978";

    fn parts(credential: &str) -> Option<(String, String)> {
        let request = VerifyRequest::from_credential(credential).ok()?;
        let json = serde_json::to_value(&request).expect("serializes");
        Some((json["macaroon"].as_str()?.to_owned(), json["preimage"].as_str()?.to_owned()))
    }

    #[test]
    fn what_is_no_credential_is_refused() {
        let long = format!("L402 {}:{PREIMAGE}", "m".repeat(MAX_CREDENTIAL_BYTES));
        for text in [
            "",
            " ",
            "L402",
            "L402 ",
            "L402 m",
            "L402 :p",
            "L402 m:",
            "L402 :",
            "Bearer m:p",
            "L402m:p",
            "L402\tm:p",
            "L402 m :p",
            "L402 m: p",
            "L402 m:p\u{e9}",
            "L402 m:\u{7f}",
            "L402, m:p",
            &long,
        ] {
            assert_eq!(parts(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_refusal_never_repeats_the_credential() {
        let err = VerifyRequest::from_credential("L402 secret-macaroon:").expect_err("refused");
        assert!(!format!("{err} {err:?}").contains("secret"));
    }

    #[test]
    fn the_scheme_is_read_in_any_case_under_both_names_after_any_run_of_spaces() {
        let expected = Some(("m".to_owned(), "p".to_owned()));
        for text in ["L402 m:p", "l402 m:p", "LSAT m:p", "lSaT    m:p", " \t L402   m:p \r\n"] {
            assert_eq!(parts(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_doubled_scheme_is_read_past_once() {
        let expected = Some(("m".to_owned(), "p".to_owned()));
        for text in ["L402 L402 m:p", "l402  L402   m:p", "LSAT lsat m:p"] {
            assert_eq!(parts(text), expected, "{text:?}");
        }
        for text in ["L402 L402 L402 m:p", "L402 LSAT m:p", "L402 Bearer m:p", "L402 L402"] {
            assert_eq!(parts(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_preimage_in_base64_is_the_same_in_hexadecimal() {
        let bytes = hex::decode::<32>(PREIMAGE.as_bytes()).expect("digits");
        let (_, preimage) = parts(&format!("L402 m:{}", STANDARD.encode(bytes))).expect("read");
        assert_eq!(preimage, PREIMAGE);
        let other = format!("{}=", "A".repeat(42));
        assert_eq!(parts(&format!("L402 m:{other}")).expect("read").1, other, "not 44 characters");
    }

    #[test]
    fn the_split_is_at_the_first_colon() {
        assert_eq!(parts("L402 a:b:c"), Some(("a".to_owned(), "b:c".to_owned())));
    }

    #[test]
    fn a_credential_of_exactly_8_kib_is_read() {
        let filler = MAX_CREDENTIAL_BYTES - "L402 :p".len();
        assert!(parts(&format!("L402 {}:p", "m".repeat(filler))).is_some());
        assert!(parts(&format!("L402 {}:p", "m".repeat(filler + 1))).is_none());
    }

    #[test]
    fn a_96_digit_preimage_is_mended_to_the_64_digits_that_were_meant() {
        let wrongly_decoded = STANDARD.decode(PREIMAGE).expect("64 digits are valid base64");
        let digits: String = wrongly_decoded
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .map(|digit| char::from_digit(digit.into(), 16).expect("below 16"))
            .collect();
        assert_eq!(digits.len(), TWICE_DECODED_DIGITS);
        let expected = Some(("m".to_owned(), PREIMAGE.to_owned()));
        assert_eq!(parts(&format!("L402 m:{digits}")), expected);
        assert_eq!(parts(&format!("L402 m:{}", digits.to_uppercase())), expected);
    }

    fn mpp(json: &str) -> String {
        format!("Payment {}", URL_SAFE_NO_PAD.encode(json))
    }

    #[test]
    fn an_mpp_credential_is_read_with_its_keys_in_any_order_and_with_or_without_padding() {
        let expected = VerifyRequest::preimage_only(PREIMAGE);
        for json in [
            format!(r#"{{"payload":{{"preimage":"{PREIMAGE}"}}}}"#),
            format!(r#"{{"challenge":{{"id":"1"}},"payload":{{"a":1,"preimage":"{PREIMAGE}"}}}}"#),
            format!(r#"{{"payload":{{"preimage":"{PREIMAGE}"}},"challenge":null}}"#),
        ] {
            for text in
                [mpp(&json), mpp(&json).replace("Payment ", "payment   "), mpp(&json) + "=="]
            {
                let read = VerifyRequest::from_mpp_credential(&text);
                assert!(read.is_ok_and(|read| read == expected), "{json}");
            }
        }
    }

    #[test]
    fn what_is_no_mpp_credential_is_refused() {
        let long = mpp(&format!(r#"{{"payload":{{"preimage":"{}"}}}}"#, "0".repeat(8 * 1024)));
        for text in [
            "",
            "Payment",
            "Payment ",
            "Payment !",
            "L402 m:p",
            &long,
            &mpp("{}"),
            &mpp("[]"),
            &mpp(r#"{"payload":{}}"#),
            &mpp(r#"{"preimage":"00"}"#),
            &mpp(r#"[["00"]]"#),
            &mpp(r#"{"payload":["00"]}"#),
            &mpp(r#"{"payload":{"preimage":5}}"#),
            &mpp(r#"{"payload":{"preimage":""}}"#),
            &mpp(r#"{"payload":{"preimage":"a b"}}"#),
            "Payment method=\"lightning\", preimage=\"00\"",
        ] {
            assert!(VerifyRequest::from_mpp_credential(text).is_err(), "{text:.60}");
        }
    }

    #[test]
    fn other_preimages_are_left_alone() {
        let not_hex_within = "f".repeat(TWICE_DECODED_DIGITS);
        let not_hex = format!("+{}", "0".repeat(95));
        for preimage in [PREIMAGE, "abc", &not_hex_within, &not_hex] {
            let (_, read) = parts(&format!("L402 m:{preimage}")).expect("a credential");
            assert_eq!(read, preimage);
        }
    }
}
