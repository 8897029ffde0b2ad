//! Which room may know which: the plan of `l402-actix/src`, from the top floor down.
//!
//! An arrow that is not here fails the test. Whoever wants a new one adds it here, where a reviewer
//! sees it.

/// What a room may import of another one.
pub(crate) enum Of {
    All(&'static str),
    /// These names alone.
    Only(&'static str, &'static [&'static str]),
}

use Of::{All, Only};

/// Rooms and what each may import. The ground is open to all, and a room to itself.
pub(crate) const ROOMS: [(&str, &[Of]); 13] = [
    ("start", &[All("config"), All("broker"), Only("answer", &["explained"])]),
    ("discovery", &[All("entry"), All("config"), All("terms")]),
    (
        "entry",
        &[All("gate"), All("config"), All("answer"), All("balance"), All("terms"), All("observe")],
    ),
    (
        "gate",
        &[
            All("config"),
            All("terms"),
            All("broker"),
            All("balance"),
            All("answer"),
            All("observe"),
        ],
    ),
    (
        "config",
        &[
            Only("terms", &["Selectors", "Price", "Computes", "ResourceBy"]),
            Only("broker", &["Settings", "BrokerBudget", "ClientIdentity", "VerifyCache"]),
            Only("balance", &["Settings", "Balances"]),
            Only("answer", &["Settings", "OnInvalidToken", "PaywallPage"]),
            All("shared"),
        ],
    ),
    (
        "answer",
        &[
            Only("broker", &["BrokerRefusal", "CheckedChallenge", "is_malformed"]),
            Only("balance", &["StoreError", "Balance", "Kind", "Quota"]),
            All("terms"),
            All("observe"),
        ],
    ),
    ("broker", &[All("terms"), All("shared"), All("observe")]),
    ("balance", &[All("shared"), All("observe")]),
    ("shared", &[All("observe")]),
    ("terms", &[]),
    ("observe", &[]),
    ("ground", &[]),
    ("guide", &[]),
];

/// What to do about an arrow to this room.
pub(crate) fn advice(to: &str) -> &'static str {
    match to {
        "answer" => {
            "errors go up; return an error of your own room, to which `answer/statuses.rs` gives \
             its status"
        }
        "config" => "rooms own their settings; have what you read put among your own",
        "entry" | "gate" | "discovery" => {
            "what decides stands above; take what you need of it as an argument"
        }
        "broker" | "balance" => "take the fact that you need as an argument, or return your own",
        "observe" => "say what has happened to whoever called you",
        "shared" => "leave it to the rooms that keep state for several processes",
        _ => "move what you need down, or what needs it up",
    }
}
