//! In which form a 402 is written: as JSON for programs, or as a page for a person.

use actix_web::{HttpRequest, HttpResponse};

use super::{problem::Problem, settings::Settings};
use crate::{broker::CheckedChallenge, terms::GoodFor};

/// The form of one 402. It changes the body and what describes the body; the status and the
/// challenge's headers are the same in every form.
#[derive(Debug)]
pub(crate) struct Form {
    /// What the payment would be good for.
    pub(super) good_for: Option<GoodFor>,
    /// Set where the `Payment` scheme is spoken.
    pub(super) problem: Option<Problem>,
    /// `None` where no page is set up, or where the request could not be repeated by one.
    #[cfg(feature = "paywall-page")]
    choice: Option<super::paywall::Choice>,
}

impl Form {
    /// The form that the request asks for, as far as the settings allow it.
    #[cfg_attr(
        not(feature = "paywall-page"),
        expect(unused_variables, reason = "without the page there is one form")
    )]
    pub(crate) fn of(
        request: &HttpRequest,
        settings: &Settings,
        description: Option<&str>,
        good_for: Option<GoodFor>,
        problem: Option<Problem>,
        may_be_withheld: bool,
    ) -> Self {
        Self {
            good_for,
            problem,
            #[cfg(feature = "paywall-page")]
            choice: super::paywall::Choice::of(request, settings, description, may_be_withheld),
        }
    }

    /// Writes the challenge into the JSON answer's place, if a page is wanted.
    #[cfg_attr(
        not(feature = "paywall-page"),
        expect(unused_variables, clippy::unused_self, reason = "as above")
    )]
    pub(super) fn write(
        self,
        challenge: &CheckedChallenge,
        response: HttpResponse,
    ) -> HttpResponse {
        #[cfg(feature = "paywall-page")]
        if let Some(choice) = self.choice {
            return choice.write(challenge, response);
        }
        response
    }
}
