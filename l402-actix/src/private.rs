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

use crate::{
    L402Config, Payment, Price, caching, error::Refusal, gate, observe::Watch, pricing::Priced,
    trial,
};
pub use crate::{credential::presented, offer::Offer, trial::Trial};

/// Methods and paths.
pub type Routes = &'static [(&'static str, &'static str)];

/// A gated handler that knows its routes, because its `#[l402]` stands above the route attribute.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be listed with its price",
    label = "no `#[l402]` above the route attribute",
    note = "write `#[l402(..)]` above `#[get(..)]`, not below it, so that it sees the path; register what is free with `PaidRoutes::free`"
)]
pub trait PricedRoute {
    /// What the route attributes state.
    const ROUTES: Routes;
    /// What the handler asks.
    const OFFER: &'static Offer<'static>;
}

/// A function for `price_with`; exists for the message.
#[diagnostic::on_unimplemented(
    message = "`price_with` expects `async fn(HttpRequest) -> Result<Price, actix_web::Error>`",
    label = "another signature"
)]
pub trait PriceWith {
    /// Calls it.
    fn price(&self, request: HttpRequest) -> Priced<Price>;
}

#[diagnostic::do_not_recommend]
impl<F, Fut> PriceWith for F
where
    F: Fn(HttpRequest) -> Fut,
    Fut: Future<Output = Result<Price, Error>> + 'static,
{
    fn price(&self, request: HttpRequest) -> Priced<Price> {
        Box::pin(self(request))
    }
}

/// A function for `resource_with`; exists for the message.
#[diagnostic::on_unimplemented(
    message = "`resource_with` expects `fn(&HttpRequest) -> String`",
    label = "another signature"
)]
pub trait ResourceWith {
    /// Calls it.
    fn resource(&self, request: &HttpRequest) -> String;
}

#[diagnostic::do_not_recommend]
impl<F: Fn(&HttpRequest) -> String> ResourceWith for F {
    fn resource(&self, request: &HttpRequest) -> String {
        self(request)
    }
}

/// `PriceWith::price` as a function, so that its argument's span is where an error is shown.
pub fn price_with(price: &impl PriceWith, request: HttpRequest) -> Priced<Price> {
    price.price(request)
}

/// `ResourceWith::resource` as a function, for the same reason.
pub fn resource_with(resource: &impl ResourceWith, request: &HttpRequest) -> String {
    resource.resource(request)
}

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
        if let Some(answer) = crate::discovery::answer_asked(&self.request, offer) {
            return answer;
        }
        let request = self.request.clone();
        let config = L402Config::in_sight_of(&request).ok();
        let watch = Watch::of(&request);
        let response = self.decide(config, offer, handler, &watch).instrument(watch.span()).await;
        marked(response.unwrap_or_else(|refusal| watch.answer(refusal, &request)), config)
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
        if let Some(answer) = crate::discovery::answer_asked(&self.request, offer) {
            return answer;
        }
        let request = self.request.clone();
        let config = L402Config::in_sight_of(&request).ok();
        let watch = Watch::of(&request);
        let response = match self.tried(extractors, offer).instrument(watch.span()).await {
            Ok(gate) => gate.decide(config, offer, handler, &watch).instrument(watch.span()).await,
            Err(err) => Err(Refusal::by_merchant(err)),
        };
        marked(response.unwrap_or_else(|refusal| watch.answer(refusal, &request)), config)
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
        let mut trial = Trial::of(request.clone(), payload);
        let tried = extractors(&mut trial).await;
        if let Some(payment) = around {
            request.extensions_mut().insert(payment);
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
        let mut reservation = None;
        if let Some(admission) = gate::admit(&request, config, offer, watch).await? {
            request.extensions_mut().insert(admission.paid.payment);
            reservation = admission.reservation;
        }
        let about_to_call = || {
            if let Some(reservation) = &mut reservation {
                reservation.handler_called();
            }
        };
        let response = handler.call(&request, &mut payload, about_to_call).await;
        if let Some(reservation) = reservation {
            reservation.settle(response.status()).await;
        }
        Ok(response)
    }
}

fn marked(mut response: HttpResponse, config: Option<&L402Config>) -> HttpResponse {
    caching::mark(response.headers_mut(), config);
    response
}

/// A handler with its extractors, ready to be called.
pub trait Gated {
    /// Extracts the arguments and calls the handler, as Actix does for one that is not gated. Only
    /// here is anything read of the body. `about_to_call` runs once the arguments are there.
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
            Err(err) => HttpResponse::from_error(err),
            Ok(args) => {
                about_to_call();
                self.handler.call(args).await.respond_to(request).map_into_boxed_body()
            }
        }
    }
}

/// An argument that Actix can extract; exists for the message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an extractor",
    label = "an argument of a handler must implement `FromRequest`",
    note = "an extractor is a type that Actix builds from the request, such as `web::Json<T>`, `web::Path<T>` or `HttpRequest`"
)]
pub trait Argument {}
#[diagnostic::do_not_recommend]
impl<T: FromRequest> Argument for T {}

/// An answer that Actix can send; exists for the message.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a responder",
    label = "a handler's answer must implement `Responder`",
    note = "a responder is a type that Actix turns into a response, such as `HttpResponse`, `web::Json<T>` or `&'static str`"
)]
pub trait Answer: Responder {}
#[diagnostic::do_not_recommend]
impl<T: Responder> Answer for T {}

/// Compiles if `T` can be an argument of a handler.
pub const fn argument<T: Argument>() {}
