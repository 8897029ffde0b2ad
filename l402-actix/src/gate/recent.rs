//! The tokens that this worker has read last, each by the line that it came in: an agent in a loop sends
//! the same one with every request, and reading and hashing it is half of what a gate costs then.
//!
//! It is what reading the line would give again. What the broker has said of a token is not in here.

use std::{cell::RefCell, hash::BuildHasher as _, rc::Rc};

use foldhash::fast::RandomState;

use crate::credential::Credential;

/// As many as there are payers at a time at one worker of a busy API.
const PLACES: usize = 256;

/// Longer lines are read each time, so that a flood of them fills a megabyte of each worker at most.
const MAX_LINE_BYTES: usize = 2 * 1024;

/// A line has one place, whoever was there before.
#[derive(Default)]
struct Recent {
    hasher: RandomState,
    places: Vec<Option<Kept>>,
}

struct Kept {
    line: Box<[u8]>,
    token: Rc<Credential>,
}

thread_local! {
    static RECENT: RefCell<Recent> = RefCell::default();
}

/// The token that a line holds, if that was read lately.
pub(super) fn read(line: &[u8]) -> Option<Rc<Credential>> {
    RECENT.with_borrow(|recent| {
        let kept = recent.places.get(recent.place(line))?.as_ref()?;
        (*kept.line == *line).then(|| Rc::clone(&kept.token))
    })
}

pub(super) fn keep(line: &[u8], token: &Rc<Credential>) {
    if line.len() > MAX_LINE_BYTES {
        return;
    }
    RECENT.with_borrow_mut(|recent| {
        recent.places.resize_with(PLACES, || None);
        let place = recent.place(line);
        recent.places[place] = Some(Kept { line: line.into(), token: Rc::clone(token) });
    });
}

impl Recent {
    #[allow(clippy::cast_possible_truncation, reason = "any part of it will do")]
    fn place(&self, line: &[u8]) -> usize {
        self.hasher.hash_one(line) as usize % PLACES
    }
}

#[cfg(test)]
mod tests {
    use l402_server::VerifyRequest;

    use super::*;

    fn token() -> Rc<Credential> {
        Rc::new(VerifyRequest::new("m", "00").into())
    }

    #[test]
    fn a_line_gives_what_it_gave_before_and_no_other_does() {
        let token = token();
        assert_eq!(read(b"L402 m:00"), None);
        keep(b"L402 m:00", &token);
        assert!(read(b"L402 m:00").is_some_and(|read| Rc::ptr_eq(&read, &token)));
        for other in [&b""[..], b"L402 m:0", b"L402 m:00 ", b"L402 m:01", b"LSAT m:00"] {
            assert_eq!(read(other), None);
        }
    }

    #[test]
    fn two_lines_that_share_a_place_are_never_taken_for_each_other() {
        for number in 0..10 * PLACES {
            let line = format!("L402 m:{number}");
            keep(line.as_bytes(), &Rc::new(VerifyRequest::new("m", number.to_string()).into()));
            let later = read(line.as_bytes()).expect("it was there last");
            assert_eq!(later.request.preimage(), number.to_string());
        }
        let left =
            (0..10 * PLACES).filter(|number| read(format!("L402 m:{number}").as_bytes()).is_some());
        assert!(left.count() <= PLACES);
    }

    #[test]
    fn a_long_line_is_not_kept() {
        let [fits, long] = [MAX_LINE_BYTES, MAX_LINE_BYTES + 1].map(|bytes| vec![b'm'; bytes]);
        keep(&fits, &token());
        keep(&long, &token());
        assert!(read(&fits).is_some() && read(&long).is_none());
    }
}
