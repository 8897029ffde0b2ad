//! What each target checks of an input. Here and not in the targets, so that a plain test can play the
//! kept inputs without libFuzzer.

// The files below are whole rooms of other crates, of which not all is used.
#![allow(dead_code, unexpected_cfgs, unused_imports, unreachable_pub)]

pub mod accept;
pub mod arguments;
pub mod authorization;
pub mod replies;

/// Of `l402-macros`, which the compiler alone can call: its files know each other by `crate::…`.
#[path = "../../l402-macros/src/args.rs"]
mod args;
#[path = "../../l402-macros/src/attribute.rs"]
mod attribute;
#[path = "../../l402-macros/src/attrs.rs"]
mod attrs;
#[path = "../../l402-macros/src/expand.rs"]
mod expand;
#[path = "../../l402-macros/src/grants.rs"]
mod grants;
#[path = "../../l402-macros/src/handler.rs"]
mod handler;
#[path = "../../l402-macros/src/keys.rs"]
mod keys;
#[path = "../../l402-macros/src/module/mod.rs"]
mod module;
#[path = "../../l402-macros/src/route.rs"]
mod route;
#[path = "../../l402-macros/src/slot.rs"]
mod slot;
#[path = "../../l402-macros/src/values.rs"]
mod values;

/// Of `l402-server`: how a reply is read, which only a call to a broker can reach.
#[path = "../../l402-server/src/error.rs"]
mod error;
#[path = "../../l402-server/src/hex.rs"]
mod hex;
#[path = "../../l402-server/src/invoice.rs"]
mod invoice;
#[path = "../../l402-server/src/lenient.rs"]
mod lenient;
#[path = "../../l402-server/src/problem.rs"]
mod problem;
#[path = "../../l402-server/src/rate_limit.rs"]
mod rate_limit;
#[path = "../../l402-server/src/reply.rs"]
mod reply;
#[path = "../../l402-server/src/secrets.rs"]
mod secrets;
#[path = "../../l402-server/src/types.rs"]
mod types;

use error::L402Error;

#[cfg(test)]
mod tests {
    /// Each input that was worth keeping is checked again.
    fn play(target: &str, check: fn(&[u8])) {
        let folder = format!("{}/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
        let mut played = 0;
        for input in std::fs::read_dir(folder).expect("a corpus") {
            check(&std::fs::read(input.expect("an input").path()).expect("an input"));
            played += 1;
        }
        assert!(played > 0, "the corpus of {target} is gone");
    }

    #[test]
    fn what_was_found_in_accept_is_still_right() {
        play("accept", super::accept::check);
    }

    #[test]
    fn what_was_found_in_arguments_is_still_right() {
        play("arguments", super::arguments::check);
    }

    #[test]
    fn what_was_found_in_authorization_is_still_right() {
        play("authorization", super::authorization::check);
    }

    #[test]
    fn what_was_found_in_replies_is_still_right() {
        play("replies", super::replies::check);
    }
}
