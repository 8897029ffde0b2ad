//! What `#[l402]` expands to. Not public API: it changes with the macro, without notice.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    marker::PhantomData,
};

pub use actix_web::HttpResponse;
use actix_web::{Error, FromRequest, Handler, HttpRequest, Responder, dev::Payload};
use tracing::Instrument as _;

use super::{drawn::NotServed, entrance::Entrance};
pub use super::{forms::*, trial::Trial};
#[cfg(feature = "paywall-page")]
pub use crate::answer::prefers_html;
pub use crate::{gate::credential::presented, terms::Offer};

/// The one argument of a gated handler: the request and its body, of which nothing has been read.
pub struct Gate {
    request: HttpRequest,
    payload: Payload,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

impl FromRequest for Gate {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self { request: request.clone(), payload: payload.take() }))
    }
}

impl Gate {
    /// A gate for a request of our own.
    #[cfg(feature = "discovery")]
    pub(crate) fn of(request: HttpRequest) -> Self {
        Self { request, payload: Payload::None }
    }

    /// Answers the request: the gate's own refusal, or what the handler says once it is paid for.
    pub async fn serve(self, offer: &'static Offer<'static>, handler: impl Gated) -> HttpResponse {
        let Self { request, payload } = self;
        let mut entrance = Entrance::of(&request, payload, offer);
        served(&mut entrance, handler).await
    }

    /// As [`serve`](Self::serve), with `extract_first`: what the handler's extractors would refuse
    /// is refused before it is asked for money.
    pub async fn serve_after(
        self,
        extractors: impl AsyncFnOnce(&mut Trial) -> Result<(), Error>,
        offer: &'static Offer<'static>,
        handler: impl Gated,
    ) -> HttpResponse {
        let Self { request, payload } = self;
        let mut entrance = Entrance::of(&request, payload, offer);
        if let Some(mut trial) = entrance.trial() {
            let tried = extractors(&mut trial).instrument(entrance.span()).await;
            if let Some(refused) = entrance.tried(trial, tried) {
                return refused;
            }
        }
        served(&mut entrance, handler).await
    }
}

/// All that a handler adds to the gate's code is in here: the rest is compiled once.
async fn served(entrance: &mut Entrance<'_>, handler: impl Gated) -> HttpResponse {
    if let Some(refused) = entrance.admit().await {
        return refused;
    }
    let mut payload = entrance.payload();
    let request = entrance.request;
    let span = entrance.span();
    let about_to_call = || entrance.about_to_call();
    let answer = handler.call(request, &mut payload, about_to_call).instrument(span).await;
    entrance.leave(answer).await
}

/// A handler with its extractors, ready to be called.
pub trait Gated {
    /// Extracts the arguments and calls the handler, as Actix does for one that is not gated. Save for
    /// `extract_first`'s trial, only here is anything read of the body. `about_to_call` runs once the arguments are there.
    #[allow(async_fn_in_trait, reason = "Actix calls handlers on one thread")]
    async fn call(
        self,
        request: &HttpRequest,
        payload: &mut Payload,
        about_to_call: impl FnOnce(),
    ) -> HttpResponse;
}

/// Takes a handler that Actix could call. What it returns fits `serve` whatever the handler is, so
/// that an argument or an answer that Actix cannot use is an error here and only here.
pub fn gated<F, Args>(handler: F) -> impl Gated
where
    F: Handler<Args>,
    Args: FromRequest,
    F::Output: Answer,
{
    GatedHandler { handler, arguments: PhantomData }
}

struct GatedHandler<F, Args> {
    handler: F,
    arguments: PhantomData<Args>,
}

impl<F, Args> Gated for GatedHandler<F, Args>
where
    F: Handler<Args>,
    Args: FromRequest,
    F::Output: Responder,
{
    async fn call(
        self,
        request: &HttpRequest,
        payload: &mut Payload,
        about_to_call: impl FnOnce(),
    ) -> HttpResponse {
        match Args::from_request(request, payload).await {
            Err(err) => {
                let mut response = HttpResponse::from_error(err);
                NotServed::mark(&mut response);
                response
            }
            Ok(args) => {
                about_to_call();
                self.handler.call(args).await.respond_to(request).map_into_boxed_body()
            }
        }
    }
}
