//! Any header lines at all: the gate must read of them what the grammar says, and never panic.
//!
//! The input is a byte of switches, then lines that end at `\n`; a line that begins with `>` is of
//! the merchant's own header.

#[path = "../../tests/tests/faults/grammar.rs"]
mod grammar;

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use grammar::Expected;
use l402_actix::{__private::presented, l402_server::VerifyRequest};

const OWN: HeaderName = HeaderName::from_static("x-l402");

/// Panics if the gate reads something else than the grammar does.
pub fn check(input: &[u8]) {
    let Some((switches, lines)) = input.split_first() else { return };
    let mpp = switches & 1 == 1;
    let mut headers = HeaderMap::new();
    let (mut authorization, mut own) = (Vec::new(), Vec::new());
    for line in lines.split(|byte| *byte == b'\n') {
        let (name, line, kept) = match line.strip_prefix(b">") {
            Some(line) => (OWN, line, &mut own),
            None => (AUTHORIZATION, line, &mut authorization),
        };
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(name, value);
            kept.push(line.to_vec());
        }
    }
    let read = presented(&headers, Some(&OWN), mpp);
    let expected = grammar::expected(&authorization, &own, mpp).map(|found| match found {
        Expected::Token { macaroon, preimage } => VerifyRequest::new(macaroon, preimage),
        Expected::Mpp { preimage } => VerifyRequest::preimage_only(preimage),
    });
    assert!(read == expected, "the grammar says otherwise: {input:?}");
    let again = presented(&headers, Some(&OWN), mpp);
    assert!(again == expected, "and the second time: {input:?}");
}
