//! A price for what has no handler function of the merchant's.

use std::{
    borrow::Cow,
    cell::Cell,
    fmt,
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
    sync::Arc,
};

use actix_web::{
    Error, HttpMessage as _, HttpRequest,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
    http::header::HeaderMap,
};

use tracing::Instrument as _;

use super::{
    balance::NoBalance,
    drawn::{NotServed, is_bare},
};
use crate::{
    answer::{self, Refusal, Standing},
    balance::{Ending, Hold},
    config::L402Config,
    gate::{self, Unstated},
    observe::Watch,
    tape::Body,
    terms::{Computes, Offer, Price, SharedFunction},
};

/// Middleware that charges for a whole scope, resource or app: for mounted services such as
/// `actix_files::Files`, or for one price over many handlers.
///
/// The config is the one in `app_data` that is nearest to what it wraps, as for
/// [`#[l402]`](macro@crate::l402).
///
/// # Examples
///
/// ```
/// use actix_web::{App, web};
/// use l402_actix::{L402Config, RequirePayment};
///
/// # let config = L402Config::new(l402_actix::L402Client::new("key")?);
/// let site = web::scope("/site")
///     // One payment opens all of the site, its images and its style sheets.
///     .wrap(RequirePayment::sats(20).resource("site").description("The site, one hour"))
///     .route("/", web::get().to(|| async { "members only" }));
/// let app = App::new().app_data(config).service(site);
/// # let _ = app;
/// # Ok::<(), l402_actix::L402Error>(())
/// ```
///
/// # Gates under it
///
/// A handler under it that has an `#[l402]` of its own takes the payment that was verified here:
/// if that covers its price, the handler runs, and otherwise it answers 402 at the dearer of the two
/// prices. So price a scope at or above the handlers in it: a client has to pay twice to learn of a
/// dearer handler, and its token then takes two calls to the broker for each request. A warning in
/// the log says when it is so.
///
/// A config of the handler's own counts for it. With a shorter [`verify_cache`] the broker is asked
/// again about a token that is trusted here. Without [`mpp`] a payment in that scheme does not open
/// it, and neither does one that is too little: its payer is asked for a token, and from then on no
/// MPP is offered on that route. The payment stays good for the other handlers.
///
/// A token has one resource and one merchant. Gates under it take the resource from here, stated or
/// computed, and must not state another; a config of their own must have the same API key, broker
/// and credential header. Either is answered 500, and so is a gate without a price. The first who
/// pays for such a route finds it out, once in each process; after that it is answered 500 before money
/// is asked for. A mistake that depends on the request, as of a computed resource, is known for its
/// path and query alone.
///
/// A request draws once from what its payment is good for: here, with [`uses`](Self::uses), else at the
/// gate under it that says so.
///
/// # Security
///
/// It sees the requests that Actix routes to what it wraps, and no others. A folder that is also
/// reachable on another way is free on that way: with `Files::new("/", "site")` beside a gated scope
/// `/premium` over `site/premium`, a request for `//premium/a.html` is routed past the scope, and
/// `Files` reads it as `premium/a.html`. Keep what is sold out of folders that are served free.
/// `Sandbox::audit` of `l402-sandbox` asks for such spellings.
///
/// [`mpp`]: crate::L402Config::mpp
/// [`verify_cache`]: crate::L402Config::verify_cache
#[derive(Clone)]
#[must_use = "a middleware does nothing until it is given to `wrap`"]
pub struct RequirePayment {
    price: PriceOf,
    resource: Option<ResourceOf>,
    description: Option<Cow<'static, str>>,
    uses: Option<u64>,
}

#[derive(Clone)]
enum ResourceOf {
    Name(Cow<'static, str>),
    With(Arc<SharedFunction<String>>),
}

#[derive(Clone)]
enum PriceOf {
    Sats(u64),
    With(Arc<SharedFunction<Price>>),
}

impl RequirePayment {
    /// Charges this many sats, at least 1; 0 is answered 500, never free.
    pub fn sats(price_sats: u64) -> Self {
        Self::priced(PriceOf::Sats(price_sats))
    }

    /// Charges what the function says: an `async fn` of extractors that answers
    /// `Result<Price, Error>`; its error is answered as it is. See [`Computes`].
    ///
    /// Around a scope Actix has not matched the path yet, so there a `web::Path` that names more than the
    /// scope does is answered 500. The function must not keep the request: Actix routes it on only
    /// when nobody else holds it.
    pub fn price_with<F, Form>(price: F) -> Self
    where
        F: Computes<Price, Form> + Send + Sync,
    {
        Self::priced(PriceOf::With(Arc::new(move |request, body| price.compute(request, body))))
    }

    fn priced(price: PriceOf) -> Self {
        Self { price, resource: None, description: None, uses: None }
    }

    /// What a token is bought for: one payment opens everything under it. Default: the request's
    /// path, so each path, and with it each image of a page, is a payment of its own.
    pub fn resource(mut self, resource: impl Into<Cow<'static, str>>) -> Self {
        self.resource = Some(ResourceOf::Name(resource.into()));
        self
    }

    /// What a token is bought for, from a function: an `async fn` of extractors that answers
    /// `Result<String, Error>`, or an `fn(&HttpRequest) -> String`. In the place of
    /// [`resource`](Self::resource); as [`L402Config::resource_with`].
    pub fn resource_with<F, Form>(mut self, resource: F) -> Self
    where
        F: Computes<String, Form> + Send + Sync,
    {
        let compute = move |request, body| resource.compute(request, body);
        self.resource = Some(ResourceOf::With(Arc::new(compute)));
        self
    }

    /// What the payer reads in the wallet. Default: what the config says.
    pub fn description(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// How many answers a payment buys, at least 1; 0 is answered 500. Default: as many as its token
    /// lives. Each answer below 500 of what is wrapped is one, save what a gate within refuses:
    /// also a 404 for a mistyped path, which [`L402Config::draw_on`] can leave out. See
    /// [`L402Config::balances`] on where they are counted.
    pub fn uses(mut self, uses: u64) -> Self {
        self.uses = Some(uses);
        self
    }

    pub(crate) fn offer(&self) -> Offer<'_> {
        let mut offer = match &self.price {
            PriceOf::Sats(sats) => Offer::new().price_sats(*sats),
            PriceOf::With(price) => Offer::new().price_with(&**price),
        };
        match &self.resource {
            Some(ResourceOf::Name(name)) => offer = offer.resource(name),
            Some(ResourceOf::With(resource)) => offer = offer.resource_with(&**resource),
            None => {}
        }
        if let Some(description) = &self.description {
            offer = offer.description(description);
        }
        if let Some(uses) = self.uses {
            offer = offer.uses(uses);
        }
        offer
    }
}

impl fmt::Debug for RequirePayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequirePayment").field("offer", &self.offer()).finish()
    }
}

impl<S, B> Transform<S, ServiceRequest> for RequirePayment
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = RequirePaymentService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let inner = Rc::new((self.clone(), service));
        ready(Ok(RequirePaymentService(inner)))
    }
}

/// What [`RequirePayment`] makes of the service it wraps.
#[doc(hidden)]
pub struct RequirePaymentService<S>(Rc<(RequirePayment, S)>);

impl<S> fmt::Debug for RequirePaymentService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequirePaymentService").field(&self.0.0).finish()
    }
}

impl<S, B> Service<ServiceRequest> for RequirePaymentService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    fn poll_ready(
        &self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Error>> {
        self.0.1.poll_ready(context)
    }

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let inner = Rc::clone(&self.0);
        Box::pin(async move {
            let (terms, service) = &*inner;
            let offer = terms.offer();
            let mut body = Body::Unread(request.take_payload());
            let config = L402Config::in_sight_of(request.request()).ok();
            if let Some(limit) = config.and_then(|config| config.terms.records(&offer)) {
                body.record(limit);
            }
            let settings = config.map(|config| config.answer.clone());
            let draw_on = config.map(|config| config.balance.draw_on);
            let watch = Watch::around(request.request());
            let decision = gate::admit(request.request(), config, &offer, &body, &watch);
            let refused = |refusal: Refusal, request: &HttpRequest| {
                let mut response = refusal.answer(&watch, request, settings.as_ref());
                answer::mark(response.headers_mut(), settings.as_ref());
                NotServed::mark(&mut response);
                response
            };
            let (mut hold, mut unstated): (Option<Hold>, Option<Unstated>) = (None, None);
            let passed = match decision.instrument(watch.span()).await {
                Ok(passed) => passed.map(|(visit, admission)| {
                    hold = admission.hold;
                    if let Some(hold) = &mut hold {
                        hold.handler_called();
                    }
                    let holds = terms.uses.is_some() && hold.is_some();
                    if terms.uses.is_none() && hold.is_some() {
                        unstated = Some(Rc::new(Cell::new(hold.take())));
                    }
                    visit.passed(admission.paid, holds, unstated.clone())
                }),
                Err(refusal) => {
                    let response = refused(refusal, request.request());
                    return Ok(request.into_response(response).map_into_right_body());
                }
            };
            let receipt = passed.as_ref().and_then(|passed| passed.paid.receipt.clone());
            if let Some(passed) = passed {
                request.extensions_mut().insert(passed.paid.payment.clone());
                request.extensions_mut().insert(Rc::new(passed));
            }
            if let Some(hold) = &hold {
                request.extensions_mut().insert(hold.balance());
            }
            request.set_payload(body.take());
            let method = (hold.is_some() || unstated.is_some()).then(|| request.method().clone());
            let answer = watch.span().in_scope(|| service.call(request));
            let mut answer = answer.instrument(watch.span()).await;
            if let Ok(response) = &answer
                && NoBalance::is_why(response.response())
            {
                gate::only_fails(response.request(), None, NoBalance::FAULT);
            }
            // What a gate within has not taken.
            let hold = hold.or_else(|| unstated.and_then(|unstated| unstated.take()));
            if let (Some(hold), Some(method)) = (hold, method) {
                let balance = hold.balance();
                let (status, is_bare) = match &answer {
                    Ok(response) => {
                        let status = response.status();
                        (status, is_bare(&method, status, response.headers()))
                    }
                    Err(err) => (err.as_response_error().status_code(), false),
                };
                let draw_on = draw_on.unwrap_or(|_| true);
                // What is wrapped counts answers, so a stream is drawn with its head.
                let ending = Ending { status, is_bare, streams: false, draw_on };
                let is_served = match &answer {
                    Ok(response) => !NotServed::is(response.response()),
                    Err(_) => true,
                };
                let drawn = if is_served {
                    hold.answered(ending).await.map(drop)
                } else {
                    hold.undo().await;
                    Ok(())
                };
                if let Err(err) = drawn {
                    let refusal = Refusal::from(err);
                    return match answer {
                        Ok(response) => {
                            let refused = refused(refusal, response.request());
                            Ok(response.into_response(refused).map_into_right_body())
                        }
                        Err(_) => Err(answer::undrawn()),
                    };
                }
                if terms.uses.is_some() {
                    let standing = Standing::of(&balance);
                    change(&mut answer, move |headers| standing.write(headers));
                }
            }
            change(&mut answer, move |headers| answer::mark(headers, settings.as_ref()));
            if let (Ok(response), Some(receipt)) = (&mut answer, receipt)
                && response.status().is_success()
            {
                receipt.write_to(response.headers_mut());
            }
            answer.map(ServiceResponse::map_into_left_body)
        })
    }
}

/// Changes the headers of an answer, or of what an error becomes.
fn change<B>(
    answer: &mut Result<ServiceResponse<B>, Error>,
    change: impl Fn(&mut HeaderMap) + 'static,
) {
    match answer {
        Ok(response) => change(response.headers_mut()),
        Err(err) => err.add_response_mapper(move |mut response| {
            change(response.headers_mut());
            response
        }),
    }
}
