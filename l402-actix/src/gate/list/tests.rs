//! Each line, and all states that there are.

use super::*;

const SCHEMES: [Scheme; 2] = [Scheme::Token, Scheme::Payment];
const MODES: [Mode; 3] = [Mode::Diagnose, Mode::Unauthorized, Mode::Rechallenge];
const MINTED_FOR: [MintedFor; 4] =
    [MintedFor::Unknown, MintedFor::JustThis, MintedFor::ThisLongAgo, MintedFor::SomethingElse];
const BOTH: [bool; 2] = [false, true];

/// What the broker answers to the first question and to the second, if that is asked; `None` for no
/// answer, of which line 2 makes the failure that it is.
const SAID: [Option<Said>; 6] = [
    None,
    Some(Said::BadRequest),
    Some(Said::Covers),
    Some(Said::CoversNot),
    Some(Said::Incomplete),
    Some(Said::No),
];

/// What a client sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Handler,
    AsksForMoney,
    Refused(u16),
    Failure,
}

fn every_case() -> impl Iterator<Item = Case> {
    let flags = || {
        (0..16_u8).map(|bits| std::array::from_fn::<bool, 4, _>(|place| bits & (1 << place) != 0))
    };
    SCHEMES.into_iter().flat_map(move |scheme| {
        MODES.into_iter().flat_map(move |mode| {
            MINTED_FOR.into_iter().flat_map(move |minted_for| {
                flags().map(move |[was_accepted, has_expired, opens_scope, has_second_question]| {
                    Case {
                        scheme,
                        mode,
                        minted_for,
                        was_accepted,
                        has_expired,
                        opens_scope,
                        has_second_question,
                    }
                })
            })
        })
    })
}

fn answer(case: Case, first: Option<Said>, second: Option<Said>) -> Seen {
    let Some(first) = first else { return Seen::Failure };
    let line = match (case.line(first), second) {
        (Line::SecondQuestion, None) => return Seen::Failure,
        (Line::SecondQuestion, Some(second)) => second_line(second),
        (line, _) => line,
    };
    let refused = Seen::Refused(if case.scheme == Scheme::Token { 401 } else { 403 });
    match line {
        Line::Admitted => Seen::Handler,
        Line::Contradiction => Seen::Failure,
        Line::Malformed | Line::JustPaid => refused,
        Line::Unauthorized | Line::NotGenuine => Seen::Refused(401),
        Line::RefusedPayment | Line::Rechallenge | Line::WasGood | Line::ForSomethingElse => {
            Seen::AsksForMoney
        }
        Line::SecondQuestion => panic!("{case:?}: no second question has a third"),
    }
}

const A_NO: Case = Case {
    scheme: Scheme::Token,
    mode: Mode::Diagnose,
    minted_for: MintedFor::Unknown,
    was_accepted: false,
    has_expired: false,
    opens_scope: false,
    has_second_question: true,
};

#[test]
fn line_6_stands_before_all_others_of_a_no() {
    for case in every_case() {
        let fits = case.minted_for == MintedFor::JustThis && !case.was_accepted;
        assert_eq!(case.line(Said::No) == Line::JustPaid, fits, "{case:?}");
    }
}

#[test]
fn lines_7_to_11_are_in_their_order() {
    let all = Case {
        minted_for: MintedFor::SomethingElse,
        was_accepted: true,
        has_expired: true,
        ..A_NO
    };
    for mode in MODES {
        let case = Case { scheme: Scheme::Payment, mode, ..all };
        assert_eq!(case.line(Said::No), Line::RefusedPayment);
    }
    let by = |mode| Case { mode, ..all }.line(Said::No);
    assert_eq!(by(Mode::Unauthorized), Line::Unauthorized);
    assert_eq!(by(Mode::Rechallenge), Line::Rechallenge);
    assert_eq!(by(Mode::Diagnose), Line::WasGood);
    let never_good = Case { was_accepted: false, has_expired: false, ..all };
    assert_eq!(never_good.line(Said::No), Line::ForSomethingElse);
    assert_eq!(A_NO.line(Said::No), Line::SecondQuestion);
    let same = Case { has_second_question: false, ..A_NO };
    assert_eq!(same.line(Said::No), Line::NotGenuine);
}

/// Of all states: what opens the handler is a yes that covers, and what asks for money is
/// a no.
#[test]
fn every_state_has_one_answer_and_no_failure_asks_for_money() {
    let mut ways = 0;
    for case in every_case() {
        for first in SAID {
            for second in SAID {
                ways += 1;
                let seen = answer(case, first, second);
                let context = || format!("{case:?} {first:?} {second:?}");
                assert_eq!(seen == Seen::Handler, first == Some(Said::Covers), "{}", context());
                if seen == Seen::AsksForMoney {
                    assert_eq!(first, Some(Said::No), "{}", context());
                }
                if first == Some(Said::No) && second.is_none_or(|said| said == Said::Covers) {
                    let asked = case.line(Said::No) == Line::SecondQuestion;
                    assert!(!asked || seen == Seen::Failure, "{}", context());
                }
                if case.scheme == Scheme::Payment {
                    assert_ne!(case.line(Said::No), Line::SecondQuestion, "asked once");
                    assert_ne!(seen, Seen::Refused(401), "{}", context());
                }
            }
        }
    }
    assert_eq!(ways, 384 * 36);
}

/// A client with any credential obeys each 402, and from then on the broker says whatever it likes,
/// each time something else.
#[test]
fn whoever_obeys_every_402_pays_once() {
    for stale in every_case() {
        for (first, second) in SAID.iter().flat_map(|first| SAID.map(|second| (*first, second))) {
            if answer(stale, first, second) != Seen::AsksForMoney {
                continue;
            }
            // It has paid what was minted here for just this.
            for has_expired in BOTH {
                let fresh = Case {
                    minted_for: MintedFor::JustThis,
                    was_accepted: false,
                    has_expired,
                    ..stale
                };
                for first in SAID {
                    for second in SAID {
                        let seen = answer(fresh, first, second);
                        assert_ne!(seen, Seen::AsksForMoney, "{fresh:?} {first:?} {second:?}");
                    }
                }
            }
        }
    }
}
