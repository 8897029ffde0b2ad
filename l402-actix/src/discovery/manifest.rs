//! The list of paid routes, and what the service says of itself.

use actix_web::{
    HttpResponse, Resource, guard,
    http::header::{CACHE_CONTROL, ContentType},
    web::{self, Bytes, ServiceConfig},
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    endpoint, openapi,
    routes::{List, PaidRoutes},
};
use crate::{config::L402Config, terms::Listing};

/// Where clients look for it.
const PATH: &str = "/.well-known/l402-manifest.json";

/// How long it may be kept: a price that has changed is known within minutes, and a client that
/// has not heard of it learns it from the 402.
const CACHE: &str = "public, max-age=300";

/// Where registries look for the OpenAPI document (draft-payment-discovery).
const OPENAPI_PATH: &str = "/openapi.json";

/// The public list of an app's paid routes, at `/.well-known/l402-manifest.json`, and what an
/// OpenAPI document says of them, at `/openapi.json`.
///
/// Both are made from the attributes and from what is registered through [`PaidRoutes`]; nothing is
/// written twice. Both are free and may be cached; CORS is the app's, as for all of its routes.
///
/// # Examples
///
/// ```
/// use actix_web::{App, get, http::Method, web};
/// use l402_actix::{L402Config, L402Manifest, l402};
///
/// #[l402(price_sats = 250, description = "The forecast for one city")]
/// #[get("/forecast/{city}")]
/// async fn forecast(city: web::Path<String>) -> String {
///     format!("{city}: sunny")
/// }
///
/// #[l402(price_sats = 10)]
/// async fn report() -> &'static str {
///     "thanks"
/// }
///
/// # let client = l402_actix::L402Client::new("key")?;
/// let config = L402Config::new(client);
/// let manifest = L402Manifest::new("Weather API", &config)
///     .description("Forecasts for agents")
///     .base_url("https://weather.example")
///     .category("weather");
/// let app = App::new().app_data(config).configure(|app| {
///     manifest.register(app, |paid| {
///         paid.scope("/v1", |v1| {
///             v1.service(forecast); // GET /v1/forecast/{city}
///         });
///         paid.route("/report", Method::POST, report);
///     });
/// });
/// # let _ = app;
/// # Ok::<(), l402_actix::L402Error>(())
/// ```
///
/// # What is listed
///
/// What is registered through [`PaidRoutes`], with its full path. Actix does not tell which of its
/// routes have a gate, and to find out by asking them would run the handlers that have none; hence
/// the two things that the manifest wants of an app: its paid routes are registered here, and an
/// `#[l402]` stands above the route attribute, where it sees the path.
///
/// A gate that is about to ask for money and is not on the list says so in the log, once for each
/// route and method, as an error. A scope that serves without a pattern, as one with files in it, is
/// named by the path that was asked for. With [`strict`](Self::strict) it answers 500 in place of the 402, so
/// that whatever can be bought is listed, and any test that asks for the route fails.
///
/// # Prices
///
/// `pricing.model` is `perrequest` with a `base_price_sats`, or `dynamic` without one where the
/// attribute's or the config's `price_with` decides. `pricing.uses` or `pricing.units` says what one
/// payment buys, where that is counted. An OpenAPI document has the same in `x-l402`.
#[derive(Debug, Clone)]
#[must_use = "a manifest does nothing until it is registered"]
pub struct L402Manifest {
    config: L402Config,
    service: Map<String, Value>,
    categories: Vec<String>,
    version: String,
    /// Where it is served, and the app's own document if there is one; `None` for neither.
    openapi: Option<(String, Option<Value>)>,
    strict: bool,
}

impl L402Manifest {
    /// The manifest of an app whose routes charge by `config`, which is the one in its `app_data`.
    pub fn new(name: impl Into<String>, config: &L402Config) -> Self {
        let service = Map::from_iter([("name".to_owned(), Value::String(name.into()))]);
        Self {
            config: config.clone(),
            service,
            categories: vec![],
            version: "1.0.0".to_owned(),
            openapi: Some((OPENAPI_PATH.to_owned(), None)),
            strict: false,
        }
    }

    fn with(mut self, key: &str, value: String) -> Self {
        self.service.insert(key.to_owned(), Value::String(value));
        self
    }

    /// What the service is for. Default: none.
    pub fn description(self, text: impl Into<String>) -> Self {
        self.with("description", text.into())
    }

    /// Where the paths begin, such as `https://weather.example`. Default: none, so that clients
    /// take where they found the manifest. It is never taken from a request: its `Host` is the
    /// client's to choose, and the answer may be cached.
    pub fn base_url(self, url: impl Into<String>) -> Self {
        self.with("base_url", url.into())
    }

    /// Where people read about the service. Default: none.
    pub fn documentation_url(self, url: impl Into<String>) -> Self {
        self.with("documentation_url", url.into())
    }

    /// What the service is found under, such as `weather`; may be called again. Default: none.
    pub fn category(mut self, category: impl Into<String>) -> Self {
        self.categories.push(category.into());
        self
    }

    /// The API's version, in an OpenAPI document that is made here. Default: `1.0.0`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Serves an OpenAPI document of yours at `path`, with what a client has to know of the paid routes
    /// put into it: the 402 with its header and body, the security scheme, and the price as `x-l402`
    /// and, as registries read it, `x-payment-info`. Default: a document with the paid routes alone, at
    /// `/openapi.json`, which is where registries look.
    ///
    /// `document` is whatever serialises to OpenAPI 3.0 or 3.1, such as utoipa's
    /// `ApiDoc::openapi()`. Operations are found by method and path, whatever the names of the
    /// path's parameters; a paid route that it leaves out is added. What it states itself is kept.
    ///
    /// # Errors
    ///
    /// If it does not serialise, or not to an object.
    pub fn openapi(
        mut self,
        path: impl Into<String>,
        document: &impl Serialize,
    ) -> Result<Self, serde_json::Error> {
        let document = serde_json::to_value(document)?;
        if !document.is_object() {
            return Err(serde::ser::Error::custom("an OpenAPI document is an object"));
        }
        self.openapi = Some((path.into(), Some(document)));
        Ok(self)
    }

    /// Serves no OpenAPI document: for an app that has one of its own at `/openapi.json`, and shall keep
    /// it as it is.
    pub fn without_openapi(mut self) -> Self {
        self.openapi = None;
        self
    }

    /// Whether a gate that the manifest does not list answers 500 where it would ask for money.
    /// Default: `false`, so that a mistake in what is told costs no sales.
    ///
    /// A token that is already bought is served in either case.
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Registers the paid routes and the manifest. To be called once, in `App::configure`: in a
    /// scope's, the manifest would be under the scope.
    pub fn register(self, app: &mut ServiceConfig, routes: impl FnOnce(&mut PaidRoutes<'_>)) {
        let mut list = List { config: self.config.clone(), endpoints: Vec::new() };
        routes(&mut PaidRoutes::new(app, &mut list));
        let endpoints = list.endpoints;
        let listed =
            endpoints.iter().map(|endpoint| (endpoint.method.as_deref(), &*endpoint.pattern));
        app.app_data(Listing::of(listed, self.strict));
        let (mut service, categories) = (self.service, self.categories);
        if !categories.is_empty() {
            service.insert("categories".to_owned(), categories.clone().into());
        }
        let mut manifest = json!({
            "version": "1.0",
            "service": service,
            "l402": {
                "payment_flow": "402_challenge_response",
                // The preimage is the payer's secret; no answer repeats it.
                "capabilities": { "preimage_in_response": false, "supported_currencies": ["BTC"] },
                "auth_header_format": "Authorization: L402 <macaroon>:<preimage>",
            },
            "endpoints": endpoint::to_json(&endpoints),
        });
        if let Some(sats) = self.config.terms.default_price_sats {
            manifest["l402"]["default_price_sats"] = sats.into();
        }
        app.service(public(PATH, &manifest));
        if let Some((path, document)) = self.openapi {
            let said = |key: &str| service_said(&manifest, key);
            let mut document = document.unwrap_or_else(|| {
                let name = said("name").unwrap_or_default();
                openapi::blank(&name, &self.version, said("description").as_deref())
            });
            openapi::describe(&mut document, &endpoints);
            let homepage = said("documentation_url");
            openapi::add_service_info(&mut document, &categories, homepage.as_deref());
            app.service(public(&path, &document));
        }
    }
}

fn service_said(manifest: &Value, key: &str) -> Option<String> {
    manifest["service"][key].as_str().map(str::to_owned)
}

fn public(path: &str, document: &Value) -> Resource {
    let body = Bytes::from(document.to_string());
    // Of an answer to `HEAD`, Actix sends the head alone.
    let read = web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    web::resource(path).route(read.to(move || {
        let body = body.clone();
        async move {
            HttpResponse::Ok()
                .content_type(ContentType::json())
                .insert_header((CACHE_CONTROL, CACHE))
                .body(body)
        }
    }))
}
