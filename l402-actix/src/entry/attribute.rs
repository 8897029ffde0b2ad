//! What `#[l402]` expands to. Not public API: it changes with the macro, without notice.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    marker::PhantomData,
    pin::Pin,
};

pub use actix_web::HttpResponse;
use actix_web::{Error, FromRequest, Handler, HttpRequest, Responder, dev::Payload};
use tracing::Instrument as _;

use super::{drawn::NotServed, entrance::Entrance};
pub use super::{entrance::Guest, forms::*, trial::Trial, unmarked::*};
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
    #[must_use]
    pub fn serve(
        self,
        offer: &'static Offer<'static>,
        handler: Box<dyn Gated>,
    ) -> Answering<'static> {
        Box::pin(async move {
            let mut entrance = Entrance::of(&self.request, self.payload, offer);
            served(&mut entrance, &*handler).await
        })
    }

    /// As [`serve`](Self::serve), with `extract_first`: what the handler's extractors would refuse
    /// is refused before it is asked for money.
    pub async fn serve_after(
        self,
        extractors: impl AsyncFnOnce(&mut Trial) -> Result<(), Error>,
        offer: &'static Offer<'static>,
        handler: Box<dyn Gated>,
    ) -> HttpResponse {
        let Self { request, payload } = self;
        let mut entrance = Entrance::of(&request, payload, offer);
        if let Some(mut trial) = entrance.trial() {
            let tried = extractors(&mut trial).instrument(entrance.span()).await;
            if let Some(refused) = entrance.tried(trial, tried) {
                return refused;
            }
        }
        boxed(&mut entrance, &*handler).await
    }
}

fn boxed<'r>(entrance: &'r mut Entrance<'_>, handler: &'r dyn Gated) -> Answering<'r> {
    Box::pin(served(entrance, handler))
}

async fn served(entrance: &mut Entrance<'_>, handler: &dyn Gated) -> HttpResponse {
    let span = entrance.span();
    let served = async {
        if let Some(refused) = entrance.admit().await {
            return refused;
        }
        let mut guest = entrance.guest();
        let answer = handler.call(&mut guest).await;
        drop(guest);
        entrance.leave(answer).await
    };
    served.instrument(span).await
}

/// An answer under way: a pointer, so that what makes it is compiled here and not where it is awaited.
pub type Answering<'r> = Pin<Box<dyn Future<Output = HttpResponse> + 'r>>;

/// A handler with its extractors, ready to be called. All that a handler adds to the gate's code is
/// in here, behind a pointer: the rest is compiled once. What is pointed to has no size, so that the
/// box is no allocation; the future is one.
pub trait Gated {
    /// Extracts the arguments and calls the handler, as Actix does for one that is not gated. Save for
    /// `extract_first`'s trial, only here is anything read of the body.
    fn call<'r>(&'r self, guest: &'r mut Guest<'_>) -> Answering<'r>;
}

/// Takes a handler that Actix could call. What it returns fits `serve` whatever the handler is, so
/// that an argument or an answer that Actix cannot use is an error here and only here.
pub fn gated<F, Args>(handler: F) -> Box<dyn Gated>
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Answer,
{
    Box::new(GatedHandler { handler, arguments: PhantomData })
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
    fn call<'r>(&'r self, guest: &'r mut Guest<'_>) -> Answering<'r> {
        Box::pin(async {
            match Args::from_request(guest.request, &mut guest.payload).await {
                Err(err) => not_served(err),
                Ok(args) => {
                    guest.about_to_be_served();
                    answered(self.handler.call(args).await, guest.request)
                }
            }
        })
    }
}

fn answered(answer: impl Responder, request: &HttpRequest) -> HttpResponse {
    answer.respond_to(request).map_into_boxed_body()
}

fn not_served(err: impl Into<Error>) -> HttpResponse {
    let mut response = HttpResponse::from_error(err);
    NotServed::mark(&mut response);
    response
}

#[cfg(test)]
mod tests {
    use std::mem::size_of_val;

    use actix_web::test::TestRequest;

    use super::*;

    /// The allocator has no quick place for more than 1,032 bytes.
    #[test]
    fn an_answer_under_way_is_small() {
        const OFFER: Offer<'static> = Offer::new();
        let (request, payload) = TestRequest::get().to_http_parts();
        let handler = gated(async || "words");
        let answer = Gate { request, payload }.serve(&OFFER, handler);
        assert!(size_of_val(&*answer) <= 1000, "{}", size_of_val(&*answer));
    }
}
