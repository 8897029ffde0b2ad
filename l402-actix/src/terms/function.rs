//! The merchant's functions of a request, whose arguments are extractors, as a handler's are.

use std::{future::Future, pin::Pin};

use actix_web::{Error, FromRequest, Handler, HttpRequest, dev::Payload, error::InternalError};

use super::fault::{TermsFault, Unfit};
use crate::tape::Body;

/// A function that computes a price or a resource of a request.
///
/// It is an `async fn` whose arguments are extractors, as a handler's are, up to Actix's own 16:
/// `async fn(web::Query<Model>, web::Json<Prompt>) -> Result<T, actix_web::Error>`. [`HttpRequest`] is one. A
/// resource may also come from an `fn(&HttpRequest) -> String`. A closure has to name the types of its
/// arguments.
///
/// Compute from typed extractors, which decode what the client has sent as the handler's own do. A
/// comparison with a raw path or query is evaded with another spelling of the same, such as
/// `?model=%70remium`.
///
/// What an extractor refuses, and an error of the function, is the answer, before money is asked for.
/// A body that it reads is held and read again by the next reader, up to
/// [`L402Config::body_limit`](crate::L402Config::body_limit).
#[diagnostic::on_unimplemented(
    message = "expected a function that computes a `{T}`: `async fn(extractors…) -> Result<{T}, actix_web::Error>`",
    label = "another signature",
    note = "its arguments are extractors, as a handler's are, such as `web::Query<T>`, `web::Json<T>` or `HttpRequest`",
    note = "a `resource_with` may also be an `fn(&HttpRequest) -> String`"
)]
pub trait Computes<T, Form>: 'static {
    /// Computes it. The body is the function's own to read.
    #[doc(hidden)]
    fn compute(&self, request: HttpRequest, body: Payload) -> Computed<T>;
}

/// What is computed, before it is.
pub(crate) type Computed<T> = Pin<Box<dyn Future<Output = Result<T, Error>>>>;

/// A function of the merchant's, whatever its arguments are.
pub(crate) type Function<T> = dyn Fn(HttpRequest, Payload) -> Computed<T>;

/// The form whose arguments are extractors.
#[derive(Debug)]
pub struct Extracts<Args>(Args);

/// The form that sees the request alone.
#[derive(Debug)]
pub struct Sees(());

#[diagnostic::do_not_recommend]
impl<F, T, Args> Computes<T, Extracts<Args>> for F
where
    F: Handler<Args, Output = Result<T, Error>>,
    Args: FromRequest + 'static,
{
    fn compute(&self, request: HttpRequest, mut body: Payload) -> Computed<T> {
        let function = self.clone();
        Box::pin(async move {
            let args = Args::from_request(&request, &mut body).await.map_err(Into::into)?;
            drop((request, body));
            function.call(args).await
        })
    }
}

#[diagnostic::do_not_recommend]
impl<F> Computes<String, Sees> for F
where
    F: Fn(&HttpRequest) -> String + 'static,
{
    fn compute(&self, request: HttpRequest, _: Payload) -> Computed<String> {
        Box::pin(std::future::ready(Ok(self(&request))))
    }
}

/// Calls it on a body that others read too.
pub(super) async fn computed<T>(
    function: &(impl Fn(HttpRequest, Payload) -> Computed<T> + ?Sized),
    request: &HttpRequest,
    body: &Body,
) -> Result<T, TermsFault> {
    let computed = function(request.clone(), body.reader()).await;
    if body.is_too_long() {
        return Err(TermsFault::Unfit(Unfit::BodyTooLong));
    }
    computed.map_err(|err| {
        if is_of_an_unmatched_path(&err, request) {
            TermsFault::Misconfigured(
                "a function of `RequirePayment` extracts a `web::Path`, and around a scope Actix has \
                 not matched the path yet; wrap the resource, or extract something else",
            )
        } else {
            TermsFault::ByMerchant(err)
        }
    })
}

/// Whether a `web::Path` names what is still to be matched. What is there and cannot be read is the
/// client's mistake; `actix-router` tells the two apart by their text alone.
fn is_of_an_unmatched_path(err: &Error, request: &HttpRequest) -> bool {
    let matched = request.match_info();
    if matched.unprocessed().is_empty() {
        return false;
    }
    err.as_error::<InternalError<serde::de::value::Error>>().is_some_and(|err| {
        let says = err.to_string();
        let is_too_few =
            says.starts_with("wrong number of parameters") || says.starts_with("missing field");
        matched.is_empty() || is_too_few
    })
}
