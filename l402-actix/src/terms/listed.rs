//! Whether a gate that is about to ask for money is on the list.

use std::{
    collections::HashSet,
    sync::{LazyLock, Mutex, PoisonError},
};

use actix_web::{HttpRequest, dev::ResourceDef, http::Method};

use super::fault::TermsFault;

/// What the app's manifest lists; app data.
pub(crate) struct Listing {
    /// Methods and patterns.
    routes: HashSet<(String, String)>,
    /// Scopes with all that is under them.
    scopes: Vec<ResourceDef>,
    strict: bool,
}

impl Listing {
    /// Of methods and patterns; without a method it is a scope.
    pub(crate) fn of<'a>(
        endpoints: impl IntoIterator<Item = (Option<&'a str>, &'a str)>,
        strict: bool,
    ) -> Self {
        let mut listing = Self { routes: HashSet::new(), scopes: Vec::new(), strict };
        for (method, pattern) in endpoints {
            match method {
                Some(method) => {
                    listing.routes.insert((method.to_owned(), pattern.to_owned()));
                }
                None => listing.scopes.push(ResourceDef::prefix(pattern)),
            }
        }
        listing
    }

    fn lists(&self, request: &HttpRequest, pattern: &str) -> bool {
        let route = (request.method().as_str().to_owned(), pattern.to_owned());
        self.routes.contains(&route)
            || self.scopes.iter().any(|scope| scope.is_match(request.path()))
    }
}

/// How much is logged of a path: the client chooses it.
const MAX_PATH_CHARS: usize = 200;

/// How many places without a pattern are complained of, in all.
const MAX_PREFIXES: usize = 100;

/// Any other is one a client has made up.
const METHODS: [Method; 9] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::CONNECT,
    Method::TRACE,
];

/// Methods with where they were asked for: what has been complained of.
#[derive(Default)]
struct Known {
    /// Bounded by the patterns that the process has registered.
    patterns: HashSet<(String, String)>,
    /// Scopes that serve without a pattern. One with a parameter in its prefix has as many as
    /// clients like, so they are counted, and kept apart: whoever uses them up hides no pattern.
    prefixes: HashSet<(String, String)>,
}

impl Known {
    fn is_new(&mut self, method: &str, place: &Place) -> bool {
        match place {
            Place::Pattern(pattern) => {
                self.patterns.insert((method.to_owned(), pattern.to_owned()))
            }
            Place::Prefix(prefix) => {
                self.prefixes.len() < MAX_PREFIXES
                    && self.prefixes.insert((method.to_owned(), prefix.to_owned()))
            }
        }
    }
}

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

/// Where a gate stands.
enum Place {
    Pattern(String),
    /// What the scopes around it have matched of the path, where nothing in them has a pattern.
    Prefix(String),
}

impl Place {
    fn of(request: &HttpRequest) -> Self {
        if let Some(pattern) = request.match_pattern() {
            return Self::Pattern(pattern);
        }
        let path = request.match_info();
        let prefix = path.as_str().strip_suffix(path.unprocessed());
        Self::Prefix(prefix.unwrap_or_default().to_owned())
    }

    fn pattern(&self) -> Option<&str> {
        match self {
            Self::Pattern(pattern) => Some(pattern),
            Self::Prefix(_) => None,
        }
    }
}

/// Where a manifest is in sight and does not list the route: says so once in the log, and in place
/// of a challenge a refusal if the manifest is strict.
///
/// Asked before a challenge is minted and nowhere else, so whoever holds a token is served.
pub(crate) fn refuse_unlisted(request: &HttpRequest) -> Result<(), TermsFault> {
    let Some(listing) = request.app_data::<Listing>() else { return Ok(()) };
    let place = Place::of(request);
    if listing.lists(request, place.pattern().unwrap_or_default()) {
        return Ok(());
    }
    let method = request.method();
    let method = if METHODS.contains(method) { method.as_str() } else { "other" };
    if KNOWN.lock().unwrap_or_else(PoisonError::into_inner).is_new(method, &place) {
        let pattern = place.pattern();
        // Else the merchant could not tell which scope it is.
        let path: Option<String> =
            pattern.is_none().then(|| request.path().chars().take(MAX_PATH_CHARS).collect());
        tracing::error!(
            kind = "misconfigured",
            method,
            pattern,
            path,
            "a paid route is missing from the manifest; register it through `PaidRoutes`"
        );
    }
    if listing.strict {
        return Err(TermsFault::Misconfigured("a paid route that the manifest does not list"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_choose_is_bounded_and_hides_no_pattern() {
        let mut known = Known::default();
        let mut count = 0;
        for tenant in 0..10 * MAX_PREFIXES {
            count += usize::from(known.is_new("GET", &Place::Prefix(format!("/{tenant}/site"))));
        }
        assert_eq!(count, MAX_PREFIXES);
        let pattern = Place::Pattern("/x".to_owned());
        assert!(known.is_new("GET", &pattern) && known.is_new("POST", &pattern));
        assert!(!known.is_new("GET", &pattern));
    }
}
