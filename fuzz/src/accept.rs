//! Any `Accept` lines at all: a page is for who names `text/html` and prefers it over JSON. Whatever is
//! written there, the gate never panics.
//!
//! The input is lines that end at `\n`.

use actix_web::{
    http::header::{ACCEPT, HeaderValue},
    test::TestRequest,
};
use l402_actix::__private::prefers_html;

/// Panics if somebody gets a page who has not asked for one.
pub fn check(input: &[u8]) {
    let lines: Vec<_> = input
        .split(|byte| *byte == b'\n')
        .filter_map(|line| HeaderValue::from_bytes(line).ok())
        .collect();
    let prefers = |more: &[&'static str]| {
        let more = more.iter().map(|line| HeaderValue::from_static(line));
        let request =
            lines.iter().cloned().chain(more).fold(TestRequest::default(), |request, line| {
                request.append_header((ACCEPT, line))
            });
        prefers_html(&request.to_http_request())
    };
    let wants_page = prefers(&[]);
    let names_html = input.to_ascii_lowercase().windows(9).any(|text| text == b"text/html");
    assert!(names_html || !wants_page, "a page for who has not named it: {input:?}");
    // Nothing is preferred over what is liked best.
    assert!(!prefers(&["application/json"]), "a page for who likes JSON as well: {input:?}");
    let likes_html = prefers(&["text/html"]);
    assert!(likes_html || !wants_page, "no page for who has named it twice: {input:?}");
}
