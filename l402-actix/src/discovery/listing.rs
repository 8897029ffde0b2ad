//! Whether a gate that is about to ask for money is on the list.

use std::{
    collections::HashSet,
    sync::{LazyLock, Mutex, PoisonError},
};

use actix_web::{HttpRequest, dev::ResourceDef};

use crate::{discovery::endpoint::Endpoint, error::Refusal};

/// What the app's manifest lists; app data.
pub(crate) struct Listing {
    /// Methods and patterns.
    routes: HashSet<(String, String)>,
    /// Scopes with all that is under them.
    scopes: Vec<ResourceDef>,
    strict: bool,
}

impl Listing {
    pub(crate) fn of(endpoints: &[Endpoint], strict: bool) -> Self {
        let route = |endpoint: &Endpoint| {
            endpoint.method.clone().map(|method| (method, endpoint.pattern.clone()))
        };
        let scopes = endpoints.iter().filter(|endpoint| endpoint.method.is_none());
        Self {
            routes: endpoints.iter().filter_map(route).collect(),
            scopes: scopes.map(|scope| ResourceDef::prefix(scope.pattern.as_str())).collect(),
            strict,
        }
    }

    fn lists(&self, request: &HttpRequest, pattern: &str) -> bool {
        let route = (request.method().as_str().to_owned(), pattern.to_owned());
        self.routes.contains(&route)
            || self.scopes.iter().any(|scope| scope.is_match(request.path()))
    }
}

/// What has been complained of. Bounded by the patterns that the process has registered: a client
/// can choose neither them nor their number.
static KNOWN: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// Where a manifest is in sight and does not list the route: says so once in the log, and in place
/// of a challenge a refusal if the manifest is strict.
///
/// Asked before a challenge is minted and nowhere else, so whoever holds a token is served.
pub(crate) fn refuse_unlisted(request: &HttpRequest) -> Option<Refusal> {
    let listing = request.app_data::<Listing>()?;
    let pattern = request.match_pattern().unwrap_or_default();
    if listing.lists(request, &pattern) {
        return None;
    }
    let is_new = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(pattern.clone());
    if is_new {
        tracing::error!(
            pattern,
            method = %request.method(),
            "a paid route is missing from the manifest; register it through `PaidRoutes`"
        );
    }
    listing.strict.then_some(Refusal::Misconfigured("a paid route that the manifest does not list"))
}
