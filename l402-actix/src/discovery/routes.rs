//! Registration of routes that takes down which of them are paid.

use std::{
    cell::Cell,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use actix_web::{
    Handler, HttpMessage as _, HttpResponse, Scope,
    dev::HttpServiceFactory,
    http::Method,
    test::TestRequest,
    web::{self, ServiceConfig},
};

use super::endpoint::{Endpoint, Pricing};
use crate::{
    config::L402Config,
    entry::{Asked, Gate, PricedRoute, RequirePayment},
    terms::{GoodFor, Offer},
};

/// Registers paid routes with Actix and lists them in the manifest in one go, so that a path is
/// written once; see [`L402Manifest`](crate::L402Manifest).
///
/// Only what has a gate can be listed, as the types know:
///
/// ```compile_fail
/// use actix_web::http::Method;
/// use l402_actix::PaidRoutes;
///
/// async fn ungated() -> &'static str {
///     "free for all"
/// }
///
/// fn register(paid: &mut PaidRoutes<'_>) {
///     paid.route("/", Method::GET, ungated);
/// }
/// ```
///
/// # What is found when
///
/// | fault | found |
/// | --- | --- |
/// | a gate without a price, a price of 0, `uses(0)` | here, as each worker starts: an error in the log. The route is not listed and answers 500 |
/// | a bad key, no L402 in the plan, no receiving wallet, a store that cannot be used | by [`L402Config::ready`] in `main` |
/// | no config in `app_data`, or both kinds of it in sight; a scope and a handler that do not fit together | by the first request: Actix shows `app_data` to requests alone. `Sandbox::audit` of `l402-sandbox` makes that a test of yours |
pub struct PaidRoutes<'a> {
    app: &'a mut ServiceConfig,
    /// The scopes around, from the root.
    prefix: String,
    list: &'a mut List,
    /// Where the endpoints of the last registration begin in the list.
    last: usize,
}

impl std::fmt::Debug for PaidRoutes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PaidRoutes").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// What has been registered so far.
pub(crate) struct List {
    pub(crate) config: L402Config,
    pub(crate) endpoints: Vec<Endpoint>,
}

impl<'a> PaidRoutes<'a> {
    pub(crate) fn new(app: &'a mut ServiceConfig, list: &'a mut List) -> Self {
        Self { app, prefix: String::new(), list, last: 0 }
    }

    /// A handler with a route attribute. Its `#[l402]` stands above the route attribute: below it,
    /// it does not see the path, and this does not compile.
    pub fn service<S: HttpServiceFactory + PricedRoute + 'static>(
        &mut self,
        handler: S,
    ) -> &mut Self {
        self.begin();
        for (method, path) in S::ROUTES {
            self.add(Some((*method).to_owned()), path, S::OFFER);
        }
        self.app.service(handler);
        self
    }

    /// A handler with an `#[l402]` and no route attribute, for one method and path.
    pub fn route<H>(&mut self, path: &str, method: Method, handler: H) -> &mut Self
    where
        H: Handler<(Gate,), Output = HttpResponse>,
    {
        self.begin();
        if let Some(offer) = terms_of(&handler) {
            self.add(Some(method.to_string()), path, offer);
        } else {
            tracing::error!(path, %method, "a handler that does not tell its terms");
        }
        self.app.route(path, web::method(method).to(handler));
        self
    }

    /// A scope with paid routes in it.
    pub fn scope(&mut self, prefix: &str, routes: impl FnOnce(&mut PaidRoutes<'_>)) -> &mut Self {
        self.scope_with(prefix, routes, |scope| scope)
    }

    /// A scope with paid routes in it, and what else is to be done with it: its middleware, its
    /// guards, its app data.
    ///
    /// A config of the scope's own is not looked at here: a default price in it does not reach the
    /// manifest.
    pub fn scope_with<S: HttpServiceFactory + 'static>(
        &mut self,
        prefix: &str,
        routes: impl FnOnce(&mut PaidRoutes<'_>),
        finish: impl FnOnce(Scope) -> S,
    ) -> &mut Self {
        self.begin();
        self.scope_on(prefix, routes, finish)
    }

    fn scope_on<S: HttpServiceFactory + 'static>(
        &mut self,
        prefix: &str,
        routes: impl FnOnce(&mut PaidRoutes<'_>),
        finish: impl FnOnce(Scope) -> S,
    ) -> &mut Self {
        let inner = join(&self.prefix, prefix);
        let list = &mut *self.list;
        let count = list.endpoints.len();
        let scope = web::scope(prefix).configure(|app: &mut ServiceConfig| {
            routes(&mut PaidRoutes { app, prefix: inner, list, last: count });
        });
        self.app.service(finish(scope));
        self
    }

    /// A scope under a [`RequirePayment`], which is listed as one endpoint; what has a gate of its
    /// own in it may be listed beside it.
    pub fn scope_priced(
        &mut self,
        prefix: &str,
        payment: RequirePayment,
        routes: impl FnOnce(&mut PaidRoutes<'_>),
    ) -> &mut Self {
        self.begin();
        self.add(None, prefix, &payment.offer());
        self.scope_on(prefix, routes, |scope| scope.wrap(payment))
    }

    /// What the last registration is found under in the manifest and in the OpenAPI document: of a
    /// scope, all of it. Default: none.
    ///
    /// ```
    /// # use actix_web::{App, http::Method};
    /// # use l402_actix::{L402Config, L402Manifest, l402};
    /// # #[l402(price_sats = 10)]
    /// # async fn today() -> &'static str { "" }
    /// # #[l402(price_sats = 10)]
    /// # async fn internal() -> &'static str { "" }
    /// # let config = L402Config::new(l402_actix::L402Client::new("key")?);
    /// # let app = App::new().configure(|app| L402Manifest::new("API", &config).register(app, |paid| {
    /// paid.route("/today", Method::GET, today).tags(["weather"]).deprecated();
    /// paid.route("/internal", Method::GET, internal).hidden();
    /// # }));
    /// # Ok::<(), l402_actix::L402Error>(())
    /// ```
    pub fn tags<T: Into<String>>(&mut self, tags: impl IntoIterator<Item = T>) -> &mut Self {
        let tags: Vec<String> = tags.into_iter().map(Into::into).collect();
        self.each_of_last(|endpoint| endpoint.tags.extend(tags.iter().cloned()))
    }

    /// Says that the last registration will go, so that clients look for another.
    pub fn deprecated(&mut self) -> &mut Self {
        self.each_of_last(|endpoint| endpoint.deprecated = true)
    }

    /// Leaves the last registration out of the manifest and the OpenAPI document. It is sold as before,
    /// to whoever knows of it, and its gate does not complain that it is not listed.
    ///
    /// A document of yours that describes it is not changed: leave it out there too.
    pub fn hidden(&mut self) -> &mut Self {
        self.each_of_last(|endpoint| endpoint.hidden = true)
    }

    fn begin(&mut self) {
        self.last = self.list.endpoints.len();
    }

    fn each_of_last(&mut self, change: impl FnMut(&mut Endpoint)) -> &mut Self {
        self.list.endpoints.iter_mut().skip(self.last).for_each(change);
        self
    }

    /// What costs nothing, or is under a [`RequirePayment`] of its own scope; not listed.
    pub fn free(&mut self, routes: impl FnOnce(&mut ServiceConfig)) -> &mut Self {
        routes(self.app);
        self
    }

    fn add(&mut self, method: Option<String>, path: &str, offer: &Offer<'_>) {
        let pattern = join(&self.prefix, path);
        let priced = match Pricing::of(offer, &self.list.config) {
            None => {
                Err("no price; state one in the attribute or `default_price_sats` in the config")
            }
            Some(Pricing::Fixed(0)) => Err("a price of 0 sats; it must be at least 1"),
            Some(_) if offer.good_for == Some(GoodFor::Uses(0)) => {
                Err("`uses` of 0; it must be at least 1")
            }
            Some(pricing) => Ok(pricing),
        };
        let pricing = match priced {
            Ok(pricing) => pricing,
            Err(fault) => {
                tracing::error!(kind = "misconfigured", pattern, "{fault}");
                return;
            }
        };
        let description = offer.description.map(str::to_owned);
        let mut endpoint = Endpoint::new(method, pattern, description, pricing);
        endpoint.good_for = offer.good_for;
        self.list.endpoints.push(endpoint);
    }
}

/// As Actix joins a scope and what is in it: each part gets its leading slash.
fn join(prefix: &str, path: &str) -> String {
    let is_relative = !path.starts_with('/') && (!path.is_empty() || prefix.is_empty());
    [prefix, if is_relative { "/" } else { "" }, path].concat()
}

/// The terms of a gated handler. Its type says that it is one: nothing else takes a [`Gate`]. So
/// whatever is called here is our own code around the handler, never the handler.
fn terms_of<H>(handler: &H) -> Option<&'static Offer<'static>>
where
    H: Handler<(Gate,), Output = HttpResponse>,
{
    let terms = Rc::new(Cell::new(None));
    let request = TestRequest::default().to_http_request();
    request.extensions_mut().insert(Asked(Rc::clone(&terms)));
    let answer = pin!(handler.call((Gate::of(request),)));
    // It waits for nothing, so there is nothing to wake.
    match answer.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(_) => terms.get(),
        Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_joined_as_actix_joins_it() {
        for (prefix, path, joined) in [
            ("", "/a", "/a"),
            ("", "a", "/a"),
            ("", "", "/"),
            ("/v1", "", "/v1"),
            ("/v1", "/a", "/v1/a"),
            ("/v1", "a", "/v1/a"),
            ("/v1", "/", "/v1/"),
        ] {
            assert_eq!(join(prefix, path), joined, "{prefix} and {path}");
        }
    }
}
