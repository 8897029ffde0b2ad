//! What a token is bought for where nothing names it.

use std::borrow::Cow;

use actix_web::{HttpRequest, http::Method};

/// What a token is bought for, where nothing names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ResourceBy {
    /// The request's path without its query: `/forecast/berlin`. The default, since it opens the
    /// least.
    #[default]
    Path,
    /// The route's pattern: `/forecast/{city}`, so one token opens all cities, and the broker counts
    /// one resource. The path where the route has no pattern, as under `actix_files::Files`.
    Pattern,
    /// The method and the path: `GET /notes/7`, so a token to read does not delete. `HEAD` counts as
    /// `GET`.
    MethodAndPath,
    /// The method and the pattern: `GET /notes/{id}`.
    MethodAndPattern,
}

impl ResourceBy {
    pub(super) fn of(self, request: &HttpRequest) -> Cow<'_, str> {
        let place = match self {
            Self::Path | Self::MethodAndPath => Cow::Borrowed(path(request)),
            Self::Pattern | Self::MethodAndPattern => {
                request.match_pattern().map_or(Cow::Borrowed(path(request)), Cow::Owned)
            }
        };
        match self {
            Self::Path | Self::Pattern => place,
            Self::MethodAndPath | Self::MethodAndPattern => {
                let method = match request.method() {
                    &Method::HEAD => &Method::GET,
                    method => method,
                };
                Cow::Owned(format!("{method} {place}"))
            }
        }
    }
}

/// An empty path, as in `GET http://shop.example HTTP/1.1`, is the same as `/` by RFC 3986.
fn path(request: &HttpRequest) -> &str {
    match request.path() {
        "" => "/",
        path => path,
    }
}
