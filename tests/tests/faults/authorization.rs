//! The gate reads `Authorization` as the grammar says, whatever a client writes into it.

use std::time::{Duration, Instant};

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use base64::{Engine as _, engine::general_purpose};
use l402_actix::{__private::presented, l402_server::VerifyRequest};
use proptest::{collection::vec, prelude::*, sample::select};

use super::grammar::{self, Expected};

const OWN: HeaderName = HeaderName::from_static("x-l402");

fn read(authorization: &[Vec<u8>], own: &[Vec<u8>], mpp: bool) -> Option<VerifyRequest> {
    let mut headers = HeaderMap::new();
    for (name, lines) in [(AUTHORIZATION, authorization), (OWN, own)] {
        for line in lines {
            headers.append(name.clone(), HeaderValue::from_bytes(line).expect("a header value"));
        }
    }
    let read = presented(&headers, Some(&OWN), mpp);
    assert!(read == presented(&headers, Some(&OWN), mpp), "and the second time it is the same");
    read
}

fn specified(authorization: &[Vec<u8>], own: &[Vec<u8>], mpp: bool) -> Option<VerifyRequest> {
    grammar::expected(authorization, own, mpp).map(|found| match found {
        Expected::Token { macaroon, preimage } => VerifyRequest::new(macaroon, preimage),
        Expected::Mpp { preimage } => VerifyRequest::preimage_only(preimage),
    })
}

/// What HTTP lets a header's value hold.
fn any_bytes(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![8 => 0x20..=0x7e_u8, 1 => 0x80..=0xff_u8, 1 => Just(b'\t')], 0..longest)
}

fn text(pattern: &'static str) -> impl Strategy<Value = Vec<u8>> {
    pattern.prop_map(String::into_bytes)
}

/// 64 hexadecimal digits as a client sends them that has taken them for base64.
fn decoded_twice() -> impl Strategy<Value = Vec<u8>> {
    "[0-9a-f]{64}".prop_map(|digits| {
        let bytes = general_purpose::STANDARD.decode(digits).expect("64 digits are base64");
        bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
    })
}

fn half() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        12 => text("[A-Za-z0-9+/=_-]{1,40}"),
        3 => text("[0-9a-fA-F]{96}"),
        6 => decoded_twice(),
        1 => text("[!-~]{0,8}"),
        1 => text("[ -~]{0,8}"),
        1 => Just(Vec::new()),
        1 => any_bytes(8),
    ]
}

fn json() -> impl Strategy<Value = String> {
    let preimage = prop_oneof![
        3 => "[0-9a-f]{64}".prop_map(|text| serde_json::json!(text)),
        1 => decoded_twice()
            .prop_map(|text| serde_json::json!(String::from_utf8(text).expect("digits"))),
        1 => "[ -~\u{e9}]{0,6}".prop_map(|text| serde_json::json!(text)),
        1 => any::<i64>().prop_map(|number| serde_json::json!(number)),
        1 => Just(serde_json::Value::Null),
    ];
    (preimage, 0..8_u8).prop_map(|(preimage, shape)| match shape {
        0..3 => serde_json::json!({ "payload": { "preimage": preimage } }).to_string(),
        3 => format!(r#"{{"payload":{{"x":[1],"preimage":{preimage}}},"challenge":{{"id":1}}}}"#),
        4 => format!(r#"{{ "a" : 1e4, "payload":{{"preimage":{preimage}}}}}"#),
        5 => serde_json::json!([[preimage]]).to_string(),
        6 => serde_json::json!({ "payload": [preimage] }).to_string(),
        _ => serde_json::json!({ "preimage": preimage }).to_string(),
    })
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => (half(), select(vec![":", ":", ":", ":", "::", "", " :", ": "]), half())
            .prop_map(|(left, colon, right)| [left, colon.into(), right].concat()),
        3 => (json(), select(vec!["", "=", "=="])).prop_map(|(json, padding)| {
            (general_purpose::URL_SAFE_NO_PAD.encode(json) + padding).into_bytes()
        }),
        1 => any_bytes(24),
    ]
}

fn part() -> impl Strategy<Value = Vec<u8>> {
    let scheme = select(vec![
        "L402", "L402", "l402", "LSAT", "lSaT", "Payment", "payment", "Bearer", "XL402", "L402x",
        "",
    ]);
    let gap = select(vec![" ", " ", " ", " ", " ", "   ", "", "\t", " \t", "\u{a0}"]);
    (scheme, gap, value())
        .prop_map(|(scheme, gap, value)| [scheme.as_bytes(), gap.as_bytes(), &value].concat())
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let parts = vec(prop_oneof![9 => part().boxed(), 1 => any_bytes(60).boxed()], 0..4);
    let comma = select(vec![",", ", ", " , ", ",,", ",\t"]);
    let around = select(vec!["", " ", "\t "]);
    (parts, comma, around).prop_map(|(parts, comma, around)| {
        [around.as_bytes(), &parts.join(comma.as_bytes()), around.as_bytes()].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_header_is_read_as_the_grammar_says(
        authorization in vec(line(), 0..4),
        own in vec(line(), 0..2),
        mpp in any::<bool>(),
    ) {
        prop_assert_eq!(
            read(&authorization, &own, mpp),
            specified(&authorization, &own, mpp)
        );
    }

    #[test]
    fn bytes_without_any_order_are_read_as_the_grammar_says(
        authorization in vec(any_bytes(200), 0..3),
        mpp in any::<bool>(),
    ) {
        prop_assert_eq!(read(&authorization, &[], mpp), specified(&authorization, &[], mpp));
    }

    #[test]
    fn a_credential_is_read_up_to_8_kib_and_not_a_byte_further(
        over in 0..4_usize,
        scheme in select(vec!["L402 ", "LSAT   "]),
    ) {
        let fits = 8 * 1024 - scheme.len() - ":p".len();
        let line = [scheme.as_bytes(), &vec![b'm'; fits + over], b":p"].concat();
        prop_assert_eq!(read(&[line], &[], false).is_some(), over == 0);
    }
}

/// The properties would hold of a generator that never writes a credential.
#[test]
fn the_generator_writes_credentials_of_each_kind_and_lines_that_hold_none() {
    use proptest::{strategy::ValueTree as _, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let (mut tokens, mut mpps, mut nones) = (0, 0, 0);
    for _ in 0..2000 {
        let line = line().new_tree(&mut runner).expect("a line").current();
        match grammar::expected(&[line], &[], true) {
            Some(Expected::Token { .. }) => tokens += 1,
            Some(Expected::Mpp { .. }) => mpps += 1,
            None => nones += 1,
        }
    }
    assert!(tokens > 200 && mpps > 20 && nones > 200, "{tokens} {mpps} {nones}");
}

/// Two million bytes are read in a second or so; were it quadratic, it would take hours. Whoever
/// is as slow as that is found out on the busiest machine.
#[test]
fn reading_takes_time_in_proportion_to_the_length() {
    const LENGTH: usize = 2 * 1024 * 1024;
    let pieces: [&[u8]; 7] = [b",", b"L402 ", b"L402 m:,", b":", b" ", b"Payment e30,", b"m"];
    for piece in pieces {
        let one_line = vec![[b"L402 ", &*piece.repeat(LENGTH / piece.len())].concat()];
        let many_lines = vec![piece.to_vec(); LENGTH / 64];
        for lines in [one_line, many_lines] {
            let mut headers = HeaderMap::new();
            for line in &lines {
                headers
                    .append(AUTHORIZATION, HeaderValue::from_bytes(line).expect("a header value"));
            }
            let begun = Instant::now();
            let read = presented(&headers, None, true);
            assert!(begun.elapsed() < Duration::from_secs(300), "{}", piece.escape_ascii());
            assert!(read.is_none(), "none of them is a credential: {}", piece.escape_ascii());
        }
    }
}
