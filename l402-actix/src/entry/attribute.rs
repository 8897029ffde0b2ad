//! What `#[l402]` expands to. Not public API: it changes with the macro, without notice.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    marker::PhantomData,
    sync::Arc,
};

pub use actix_web::HttpResponse;
use actix_web::{
    Error, FromRequest, Handler, HttpMessage as _, HttpRequest, Responder, dev::Payload,
};
use tracing::Instrument as _;

use super::{
    drawn::{NotServed, drawn},
    trial,
};
pub use super::{forms::*, trial::Trial};
use crate::{
    answer::{Refusal, mark},
    balance::Balance,
    config::L402Config,
    gate,
    observe::Watch,
    payment::Payment,
};
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
        #[cfg(feature = "discovery")]
        if let Some(answer) = super::asked::answer(&self.request, offer) {
            return answer;
        }
        let request = self.request.clone();
        let config = L402Config::in_sight_of(&request).ok();
        let watch = Watch::of(&request);
        let response = self.decide(config, offer, handler, &watch).instrument(watch.span()).await;
        answered(response, &watch, &request, config)
    }

    /// As [`serve`](Self::serve), with `extract_first`: what the handler's extractors would refuse
    /// is refused before it is asked for money.
    pub async fn serve_after(
        self,
        extractors: impl AsyncFnOnce(&mut Trial) -> Result<(), Error>,
        offer: &'static Offer<'static>,
        handler: impl Gated,
    ) -> HttpResponse {
        #[cfg(feature = "discovery")]
        if let Some(answer) = super::asked::answer(&self.request, offer) {
            return answer;
        }
        let request = self.request.clone();
        let config = L402Config::in_sight_of(&request).ok();
        let watch = Watch::of(&request);
        let response = match self.tried(extractors, offer).instrument(watch.span()).await {
            Ok(gate) => gate.decide(config, offer, handler, &watch).instrument(watch.span()).await,
            Err(err) => Err(Refusal::by_merchant(err)),
        };
        answered(response, &watch, &request, config)
    }

    async fn tried(
        self,
        extractors: impl AsyncFnOnce(&mut Trial) -> Result<(), Error>,
        offer: &Offer<'_>,
    ) -> Result<Self, Error> {
        if !trial::is_needed(&self.request, offer) {
            return Ok(self);
        }
        let Self { request, payload } = self;
        // What was paid for a scope around may not be enough here: nothing of it is shown on trial.
        let around = request.extensions_mut().remove::<Arc<Payment>>();
        let held_around = request.extensions_mut().remove::<Balance>();
        let mut trial = Trial::of(request.clone(), payload);
        let tried = extractors(&mut trial).await;
        if let Some(payment) = around {
            request.extensions_mut().insert(payment);
        }
        if let Some(balance) = held_around {
            request.extensions_mut().insert(balance);
        }
        tried?;
        Ok(Self { request, payload: trial.into_payload() })
    }

    async fn decide(
        self,
        config: Option<&L402Config>,
        offer: &Offer<'_>,
        handler: impl Gated,
        watch: &Watch,
    ) -> Result<HttpResponse, Refusal> {
        let Self { request, mut payload } = self;
        let (mut hold, mut receipt) = (None, None);
        if let Some((_, admission)) = gate::admit(&request, config, offer, watch).await? {
            receipt = admission.paid.receipt;
            request.extensions_mut().insert(admission.paid.payment);
            hold = admission.hold;
        }
        if let Some(hold) = hold.as_ref().filter(|_| offer.good_for.is_some()) {
            request.extensions_mut().insert(hold.balance());
        }
        let about_to_call = || {
            if let Some(hold) = &mut hold {
                hold.handler_called();
            }
        };
        let response = handler.call(&request, &mut payload, about_to_call).await;
        let mut response = match hold {
            Some(hold) => {
                let counts = offer.good_for.is_some();
                Box::pin(drawn(hold, request.method(), response, config, counts)).await?
            }
            None => response,
        };
        if let Some(receipt) = receipt {
            receipt.write(&mut response);
        }
        Ok(response)
    }
}

fn answered(
    response: Result<HttpResponse, Refusal>,
    watch: &Watch,
    request: &HttpRequest,
    config: Option<&L402Config>,
) -> HttpResponse {
    let settings = config.map(|config| &config.answer);
    let mut response = response.unwrap_or_else(|refusal| {
        let mut response = refusal.answer(watch, request, settings);
        NotServed::mark(&mut response);
        response
    });
    mark(response.headers_mut(), settings);
    response
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
