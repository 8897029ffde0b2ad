//! The broker's faults, a row each: what goes wrong, and what the client is answered when it
//! happens to a mint and when it happens to a verification.

use std::time::Duration;

use l402_sandbox::Fault;
use serde_json::{Value, json};

use super::{
    front::Wrong,
    stage::{Broken, Promise, hold},
};

/// The broker's own words; none may show in an answer.
const WORDS: &str =
    r#"{"error":"upstream-words","message":"upstream-words","current_plan":"upstream-words"}"#;

const FAR: &str = "Tue, 31 Dec 2999 23:59:59 GMT";
const PAST: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

macro_rules! matrix {
    ($($name:ident: $broken:expr => $mint:expr, $verify:expr;)*) => {
        $(
            #[actix_web::test]
            async fn $name() {
                hold($broken, Promise::from($mint), Promise::from($verify)).await;
            }
        )*
    };
}

// The broker …                                                           => mint,        verify
matrix! {
    refuses_the_connection: Broken::Refuses                               => 502,         502;
    resets_the_connection: does(Fault::reset)                             => 502,         502;
    never_answers: stalls(Fault::hang)                                    => 504,         504;
    drips_its_answer_byte_by_byte: stalls(drip)                           => 504,         504;
    sends_256_mib: does(Fault::oversize)                                  => 502,         502;
    redirects_to_another_host: Broken::Redirects                          => 502,         502;

    shows_a_certificate_of_an_unknown_issuer: shows(Wrong::UnknownIssuer) => 502,         502;
    shows_a_certificate_of_another_host: shows(Wrong::AnotherHost)        => 502,         502;
    shows_a_certificate_that_has_expired: shows(Wrong::Expired)           => 502,         502;

    breaks_off_in_the_middle: does(Fault::truncated)                      => 502,         502;
    sends_half_of_a_json_text: says(r#"{"valid":true,"invoice":"ln"#)     => 502,         502;
    sends_html: does(Fault::garbage)                                      => 502,         502;
    sends_an_empty_body: says("")                                         => 502,         502;
    sends_an_empty_object: says("{}")                                     => 502,         502;
    sends_null: says("null")                                              => 502,         502;
    sends_an_array: says(r#"[true,"/weather",1,100]"#)                    => 502,         502;

    leaves_out_the_macaroon_or_the_verdict: lacks("macaroon", "valid")    => 502,         502;
    leaves_out_the_invoice_or_the_amount: lacks("invoice", "amountSats")  => 502,         502;
    leaves_out_the_resource: lacks("resource", "resource")                => 502,         502;
    leaves_out_the_price_or_the_amount: lacks("priceSats", "amountSats")  => 502,         502;

    sends_a_number_for_a_text: sends(("invoice", 5), ("resource", 5))     => 502,         502;
    sends_a_text_for_a_number: amount(json!("100"))                       => 502,         502;
    sends_a_text_for_a_boolean: sends(("macaroon", true), ("valid", "true")) => 502,      502;
    sends_a_number_for_a_boolean: sends(("macaroon", 1), ("valid", 1))    => 502,         502;
    sends_a_negative_amount: amount(json!(-100))                          => 502,         502;
    sends_a_fraction_of_a_sat: amount(json!(100.5))                       => 502,         502;

    answers_400: status(400)                                              => 502,         401;
    answers_401: status(401)                                              => 502,         502;
    answers_403: status(403)                                              => 502,         502;
    answers_404: status(404)                                              => 502,         502;
    answers_500: status(500)                                              => 502,         502;
    answers_502: status(502)                                              => 502,         502;
    answers_504: status(504)                                              => 502,         502;

    answers_429_without_retry_after: status(429)                          => (503, "60"), (503, "60");
    answers_429_with_seconds: after(429, "7")                             => (503, "7"),  (503, "7");
    answers_429_with_a_date: after(429, FAR)                              => (503, "3600"), (503, "300");
    answers_429_with_a_date_that_has_passed: after(429, PAST)             => (503, "1"),  (503, "1");
    answers_429_with_days: after(429, "999999")                           => (503, "3600"), (503, "300");
    answers_429_with_nonsense: after(429, "soon")                         => (503, "60"), (503, "60");
    answers_503_without_retry_after: status(503)                          => (503, "60"), (503, "60");
    answers_503_with_seconds: after(503, "7")                             => (503, "7"),  (503, "7");
    answers_503_with_a_date: after(503, FAR)                              => (503, "3600"), (503, "300");
}

fn does(fault: impl Fn() -> Fault) -> Broken {
    Broken::Does { mint: fault(), verify: fault(), stalls: false }
}

fn stalls(fault: impl Fn() -> Fault) -> Broken {
    Broken::Does { mint: fault(), verify: fault(), stalls: true }
}

fn drip() -> Fault {
    Fault::drip(Duration::from_millis(20))
}

fn shows(wrong: Wrong) -> Broken {
    Broken::Shows(wrong)
}

fn says(body: &'static str) -> Broken {
    does(|| Fault::status(200).header("Content-Type", "application/json").body(body))
}

fn status(status: u16) -> Broken {
    does(|| Fault::status(status).body(WORDS))
}

fn after(status: u16, retry_after: &'static str) -> Broken {
    does(|| Fault::status(status).header("Retry-After", retry_after).body(WORDS))
}

fn lacks(in_mint: &'static str, in_verify: &'static str) -> Broken {
    let without = |field: &'static str| {
        Fault::edit(move |reply| {
            reply.as_object_mut().unwrap().remove(field).expect("it was there");
        })
    };
    Broken::Does { mint: without(in_mint), verify: without(in_verify), stalls: false }
}

fn sends(
    (in_mint, mint): (&'static str, impl Into<Value>),
    (in_verify, verify): (&'static str, impl Into<Value>),
) -> Broken {
    let with =
        |field: &'static str, value: Value| Fault::edit(move |reply| reply[field] = value.clone());
    Broken::Does {
        mint: with(in_mint, mint.into()),
        verify: with(in_verify, verify.into()),
        stalls: false,
    }
}

fn amount(sats: Value) -> Broken {
    sends(("priceSats", sats.clone()), ("amountSats", sats))
}
