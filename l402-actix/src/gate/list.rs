//! The list: what a credential is answered, by what the broker says to it and what is known here.
//!
//! In its order, the first line that fits answers. Whoever obeys every 402 pays once, whatever the
//! broker says: what was minted here for just this is never asked to pay again before it was accepted.

/// What the broker has said to a question about a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// Its 400.
    BadRequest,
    /// Yes, with facts that cover the request.
    Covers,
    /// Yes, and its facts are about something else or about less.
    CoversNot,
    /// Yes, and it leaves out what for.
    Incomplete,
    No,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Token,
    /// MPP: the broker takes it once, and is asked once.
    Payment,
}

/// What a config answers to refused tokens; a function of the merchant's is asked where `Diagnose`
/// ends in a 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Diagnose,
    Unauthorized,
    Rechallenge,
}

/// What the payment was minted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MintedFor {
    /// Not minted here, or long forgotten.
    Unknown,
    /// For this resource, at this price or more, within the last hour.
    JustThis,
    /// The same, and longer ago.
    ThisLongAgo,
    SomethingElse,
}

/// What is known of a credential beside what the broker says.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "facts that hold or not, each by itself")]
pub(super) struct Case {
    pub(super) scheme: Scheme,
    pub(super) mode: Mode,
    pub(super) minted_for: MintedFor,
    /// Whether its payment has let a request in here.
    pub(super) was_accepted: bool,
    /// By its own account, which nobody has checked.
    pub(super) has_expired: bool,
    /// Whether the scope around has found it genuine, and good for less than this gate wants.
    pub(super) opens_scope: bool,
    /// Whether the second question would be another one than the first.
    pub(super) has_second_question: bool,
}

/// Which line answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// 3: token 401, MPP 403.
    Malformed,
    /// 4: the handler's own answer.
    Admitted,
    /// 5: 502.
    Contradiction,
    /// 6: token 401, MPP 403.
    JustPaid,
    /// 7: 402.
    RefusedPayment,
    /// 8: 401.
    Unauthorized,
    /// 8: 402.
    Rechallenge,
    /// 9: 402.
    WasGood,
    /// 10, and by the second question 11: 402.
    ForSomethingElse,
    /// 11: the broker is asked once more, without resource and amount.
    SecondQuestion,
    /// 11: the merchant's own answer, or 401.
    NotGenuine,
}

impl Case {
    /// Lines 3 to 11. The first two have been passed: its payment is not used up, and the broker has
    /// answered.
    pub(super) fn line(self, said: Said) -> Line {
        match said {
            Said::BadRequest => Line::Malformed,
            Said::Covers => Line::Admitted,
            Said::CoversNot | Said::Incomplete => Line::Contradiction,
            Said::No => self.line_of_a_no(),
        }
    }

    fn line_of_a_no(self) -> Line {
        if self.minted_for == MintedFor::JustThis && !self.was_accepted {
            return Line::JustPaid;
        }
        if self.scheme == Scheme::Payment {
            return Line::RefusedPayment;
        }
        match self.mode {
            Mode::Unauthorized if self.opens_scope => return Line::ForSomethingElse,
            Mode::Unauthorized => return Line::Unauthorized,
            Mode::Rechallenge => return Line::Rechallenge,
            Mode::Diagnose => {}
        }
        if self.was_accepted || self.has_expired {
            return Line::WasGood;
        }
        if self.minted_for == MintedFor::SomethingElse {
            return Line::ForSomethingElse;
        }
        if self.has_second_question { Line::SecondQuestion } else { Line::NotGenuine }
    }
}

/// The end of line 11, by what the broker says to the second question. It never opens the handler.
pub(super) fn second_line(said: Said) -> Line {
    match said {
        Said::BadRequest => Line::Malformed,
        Said::CoversNot => Line::ForSomethingElse,
        // It would refuse the next payment too, and a 402 would be paid without end.
        Said::Covers | Said::Incomplete => Line::Contradiction,
        Said::No => Line::NotGenuine,
    }
}

#[cfg(test)]
mod tests;
