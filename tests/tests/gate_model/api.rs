//! One server whose routes are looked up as they are asked for, so that a case costs no server of its own.

use std::{
    cell::RefCell,
    collections::HashMap,
    future::{Ready, ready},
    rc::Rc,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{Extensions, Service as _, ServiceRequest, ServiceResponse, Transform as _},
    error::{ErrorBadRequest, ErrorInternalServerError},
    middleware::{Next, from_fn},
    web,
};
use l402_actix::{
    __private::{Gate as Entrance, Offer, gated, price_with},
    BrokerBudget, L402Client, L402Config, OnInvalidToken, Price as Sats, RequirePayment,
    VerifyCache,
    l402_server::Verification,
};
use l402_sandbox::Sandbox;
use l402_tests::{Api, Calls};

use crate::case::{Gate, Mode, Price, Route, Settings};

/// What every route states that states one.
pub(crate) const NAMED: &str = "named";

/// What a handler answers.
pub(crate) const CONTENT: &str = "what was paid for";

/// As long as nobody waits for a broker that hangs.
const PATIENT: Duration = Duration::from_secs(30);
const HURRIED: Duration = Duration::from_millis(150);

/// What is served now, by the number in the path.
pub(crate) type Routes = Arc<Mutex<HashMap<String, (Settings, Route)>>>;

/// Serves `/{number}/…`.
pub(crate) async fn serve(sandbox: &Sandbox, routes: &Routes, calls: &Calls) -> Api {
    let clients = [PATIENT, HURRIED].map(|timeout| {
        L402Client::builder(sandbox.api_key()).base_url(sandbox.url()).timeout(timeout).build()
    });
    let clients = web::Data::new(clients.map(Result::unwrap));
    let routes = web::Data::from(Arc::clone(routes));
    let calls = web::Data::new(calls.clone());
    Api::serve(move |app| {
        let scope = web::scope("")
            .wrap(from_fn(|request, next| scope(1, request, next)))
            .wrap(from_fn(|request, next| scope(0, request, next)))
            .wrap(from_fn(set_up))
            .default_service(web::to(handler));
        app.app_data(clients.clone())
            .app_data(routes.clone())
            .app_data(calls.clone())
            .service(scope);
    })
    .await
}

/// The settings and the route that a request is for.
fn route_of(request: &HttpRequest) -> Result<(Settings, Route), Error> {
    let routes = request.app_data::<web::Data<Mutex<HashMap<String, (Settings, Route)>>>>();
    let number = request.path().split('/').nth(1).unwrap_or_default();
    let found = routes.and_then(|routes| routes.lock().unwrap().get(number).copied());
    found.ok_or_else(|| ErrorInternalServerError("no such route"))
}

/// Puts the case's config in sight of the request, as a scope with `app_data` does.
async fn set_up(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    thread_local!(static CONFIGS: RefCell<HashMap<Settings, Rc<Extensions>>> = RefCell::default());
    let (settings, _) = route_of(request.request())?;
    let clients = request.app_data::<web::Data<[L402Client; 2]>>().unwrap().clone();
    let data = CONFIGS.with_borrow_mut(|configs| {
        let make = || {
            let mut data = Extensions::new();
            data.insert(config(settings, &clients));
            Rc::new(data)
        };
        Rc::clone(configs.entry(settings).or_insert_with(make))
    });
    request.add_data_container(data);
    next.call(request).await
}

fn config(settings: Settings, [patient, hurried]: &[L402Client; 2]) -> L402Config {
    async fn page(_: HttpRequest, _: Verification) -> HttpResponse {
        HttpResponse::ImATeapot().finish()
    }
    let client = if settings.hurried { hurried } else { patient };
    let cache =
        if settings.cache { VerifyCache::new().ttl(10 * PATIENT) } else { VerifyCache::off() };
    L402Config::new(client.clone())
        .broker_budget(BrokerBudget::unlimited())
        .verify_cache(cache)
        .mpp(settings.mpp)
        .enforce_resource(settings.enforces_resource)
        .enforce_amount(settings.enforces_amount)
        .on_invalid_token(match settings.mode {
            Mode::Diagnose => OnInvalidToken::Diagnose,
            Mode::Unauthorized => OnInvalidToken::Unauthorized,
            Mode::Rechallenge => OnInvalidToken::Rechallenge,
            Mode::Custom => OnInvalidToken::custom(page),
        })
}

/// The scope's gate, if the route has one there.
async fn scope<B: MessageBody + 'static>(
    at: usize,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let (_, route) = route_of(request.request())?;
    let Some(gate) = route.gates[at] else {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    };
    let mut required = match gate.price {
        Price::Sats(sats) => RequirePayment::sats(sats),
        Price::ByPath { tolerant } => RequirePayment::price_with(by_path(tolerant)),
        Price::ByBody { tolerant } => RequirePayment::price_with(by_body(tolerant)),
    };
    if route.named {
        required = required.resource(NAMED);
    }
    if let Some(uses) = gate.uses {
        required = required.uses(uses);
    }
    required.new_transform(next).await.unwrap().call(request).await
}

async fn handler(entrance: Entrance, request: HttpRequest) -> Result<HttpResponse, Error> {
    let (_, route) = route_of(&request)?;
    match route.gates[2] {
        None => Ok(content(request).await),
        Some(gate) => {
            drop(request);
            Ok(entrance.serve(offer(gate, route.named), gated(content)).await)
        }
    }
}

async fn content(request: HttpRequest) -> HttpResponse {
    request.app_data::<web::Data<Calls>>().unwrap().count();
    if request.query_string() == "fails" {
        HttpResponse::InternalServerError().finish()
    } else {
        HttpResponse::Ok().body(CONTENT)
    }
}

/// What `#[l402(..)]` would state: each once, for as long as the process runs.
fn offer(gate: Gate, named: bool) -> &'static Offer<'static> {
    thread_local!(
        static OFFERS: RefCell<HashMap<(Gate, bool), &'static Offer<'static>>> = RefCell::default()
    );
    let make = || {
        let mut offer = match gate.price {
            Price::Sats(sats) => Offer::new().price_sats(sats),
            Price::ByPath { tolerant } => {
                Offer::new().price_with(Box::leak(Box::new(move |request, body| {
                    price_with(&by_path(tolerant), request, body)
                })))
            }
            Price::ByBody { tolerant } => {
                Offer::new().price_with(Box::leak(Box::new(move |request, body| {
                    price_with(&by_body(tolerant), request, body)
                })))
            }
        };
        if named {
            offer = offer.resource(NAMED);
        }
        if let Some(uses) = gate.uses {
            offer = offer.uses(uses);
        }
        &*Box::leak(Box::new(offer))
    };
    OFFERS.with_borrow_mut(|offers| *offers.entry((gate, named)).or_insert_with(make))
}

fn by_path(
    tolerant: bool,
) -> impl Fn(HttpRequest) -> Ready<Result<Sats, Error>> + Clone + Send + Sync + 'static {
    move |request| ready(computed(request.path().rsplit('/').next().unwrap_or_default(), tolerant))
}

fn by_body(
    tolerant: bool,
) -> impl Fn(String) -> Ready<Result<Sats, Error>> + Clone + Send + Sync + 'static {
    move |number| ready(computed(&number, tolerant))
}

/// Zero is free.
fn computed(number: &str, tolerant: bool) -> Result<Sats, Error> {
    let number: u64 = number.parse().map_err(ErrorBadRequest)?;
    let price = Sats::sats(number);
    Ok(match number {
        0 => Sats::FREE,
        _ if tolerant => price.accept((number - 1).max(1)),
        _ => price,
    })
}
