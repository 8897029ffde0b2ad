//! What happens to a credential that the broker refuses.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use actix_web::{HttpRequest, HttpResponse, Responder};
use l402_server::Verification;

/// How a credential is answered that the broker calls invalid; see
/// [`L402Config::on_invalid_token`](crate::L402Config::on_invalid_token).
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum OnInvalidToken {
    /// Tells a token that was good, or that is genuine and not for this request (402, with a fresh
    /// challenge), from one that is not genuine (401): by what was sold and accepted here, by the
    /// expiry that the token states, and else by asking the broker once more. The default: clients
    /// that cache a token heal by the 402, and a client whose fresh token is refused is not asked to
    /// pay again.
    #[default]
    Diagnose,
    /// 401, whatever the reason. One call to the broker. A client with a token of another route
    /// stays locked out for as long as it caches that token.
    Unauthorized,
    /// 402 with a fresh challenge, whatever the reason. One call to verify, one to mint. A token that
    /// this process has just sold for this request, and that was never accepted, is 401 here too: a
    /// broker that has not seen the payment yet would have it paid again. Several processes without
    /// shared state do not know what the others have sold, and a client that comes to another one
    /// each time can be asked again there.
    Rechallenge,
    /// The merchant's own answer to a token that is not genuine; made by
    /// [`custom`](Self::custom).
    #[doc(hidden)]
    Custom(Custom),
}

/// A merchant's function, and the future it returns.
#[derive(Clone)]
pub struct Custom(Arc<Answerer>);

type Answerer = dyn Fn(HttpRequest, Verification) -> Answer + Send + Sync;
type Answer = Pin<Box<dyn Future<Output = HttpResponse>>>;

impl OnInvalidToken {
    /// Answers with a function that gets the request and the broker's verdict.
    ///
    /// It is called in the place of the 401 that [`Diagnose`](Self::Diagnose) ends in, for a token
    /// that is not genuine; what that answers otherwise stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use actix_web::{HttpRequest, HttpResponse};
    /// use l402_actix::{OnInvalidToken, l402_server::Verification};
    ///
    /// async fn explain(request: HttpRequest, verdict: Verification) -> HttpResponse {
    ///     let reason = verdict.error.unwrap_or_default();
    ///     HttpResponse::Unauthorized().body(format!("{}: {reason}", request.path()))
    /// }
    ///
    /// let on_invalid_token = OnInvalidToken::custom(explain);
    /// ```
    ///
    /// # Security
    ///
    /// What it answers is served without a payment. Challenge headers on it are taken out unless
    /// its status is 402: clients pay a challenge that they find on any status.
    pub fn custom<F, Fut>(answer: F) -> Self
    where
        F: Fn(HttpRequest, Verification) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Responder> + 'static,
    {
        Self::Custom(Custom(Arc::new(move |request, verdict| {
            let answer = answer(request.clone(), verdict);
            Box::pin(async move { answer.await.respond_to(&request).map_into_boxed_body() })
        })))
    }
}

impl Custom {
    pub(crate) async fn answer(
        &self,
        request: &HttpRequest,
        verdict: Verification,
    ) -> HttpResponse {
        (self.0)(request.clone(), verdict).await
    }
}

impl fmt::Debug for OnInvalidToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Diagnose => "Diagnose",
            Self::Unauthorized => "Unauthorized",
            Self::Rechallenge => "Rechallenge",
            Self::Custom(_) => "Custom",
        })
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Custom")
    }
}
