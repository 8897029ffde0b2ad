//! The path of a file as `actix_files::Files` reads it, for prices by path.

use std::{
    future::{Ready, ready},
    ops::Deref,
    path::{Path, PathBuf},
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError, dev::Payload, http::StatusCode,
};
use percent_encoding::percent_decode_str;

use crate::{answer, lines::Lines};

/// The rest of the request's path, decoded as `actix_files::Files` decodes it, for prices by path; an
/// extractor.
///
/// Under a scope it is what stands behind the scope's prefix: the file that a `Files` mounted at the
/// scope looks up. In a handler it is the tail of the pattern, `/files/{path:.*}`. It is a relative
/// [`Path`] without `.` and `..`; the scope alone is the empty path. `starts_with` compares whole
/// segments.
///
/// A price by [`HttpRequest::path`] can be evaded: `Files` serves `premium/a.html` for
/// `/files/%70remium/a.html`, `/files//premium/a.html` and `/files/x/../premium/a.html` as well. Here
/// the first of them is `premium/a.html`, and the others are errors.
///
/// # Examples
///
/// ```
/// use actix_files::Files;
/// use actix_web::{App, Error, web};
/// use l402_actix::{FilePath, L402Config, Price, RequirePayment};
///
/// async fn by_folder(file: FilePath) -> Result<Price, Error> {
///     Ok(if file.starts_with("premium") { Price::sats(500) } else { Price::FREE })
/// }
///
/// # let config = L402Config::new(l402_actix::L402Client::new("key")?);
/// let files = web::scope("/files")
///     .wrap(RequirePayment::price_with(by_folder))
///     .service(Files::new("", "site"));
/// let app = App::new().app_data(config).service(files);
/// # let _ = app;
/// # Ok::<(), l402_actix::L402Error>(())
/// ```
///
/// # Errors
///
/// 400 for what no file is meant by: an empty segment, `.` and `..`, `%2F`, backslashes, control characters, and
/// whatever `Files` refuses itself, such as hidden files. 500, with a line in the log, in a handler
/// whose pattern does not end in a tail.
///
/// # Security
///
/// It begins where the wrapped scope ends. A `Files` mounted deeper, as `Files::new("/static", …)` in that
/// scope or in a scope within, reads a shorter path than this, so that a price by its first folder is
/// never asked: wrap the scope at which `Files` is mounted.
///
/// Paths that differ may be one file: by a symbolic link, or on a file system that ignores case, as on
/// Windows and macOS. There, give what is sold a scope and a folder of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FilePath(PathBuf);

impl FilePath {
    /// The path, to be kept.
    #[must_use]
    pub fn into_inner(self) -> PathBuf {
        self.0
    }

    fn of(request: &HttpRequest) -> Result<Self, NoFilePath> {
        let rest = rest(request)?;
        let decoded = percent_decode_str(rest).decode_utf8();
        let decoded = decoded.map_err(|_| Fault::Unreadable)?;
        // `%2F` is no separator to Actix, and is one to whoever decodes it.
        if decoded.matches('/').count() != rest.matches('/').count() {
            return Err(Fault::Unreadable.into());
        }
        let mut path = PathBuf::new();
        // A folder may be asked for with a slash at its end.
        let segments = decoded.strip_suffix('/').unwrap_or(&decoded);
        if !decoded.is_empty() {
            for segment in segments.split('/') {
                if !is_name(segment) {
                    return Err(Fault::Unreadable.into());
                }
                path.push(segment);
            }
        }
        Ok(Self(path))
    }
}

/// Whether it can only be the name of one file or folder, by the rules of `actix_files`; an empty one,
/// which that passes over, is none.
fn is_name(segment: &str) -> bool {
    let is_odd = segment.is_empty()
        || segment.starts_with(['.', '*'])
        || segment.ends_with([':', '<', '>'])
        // A separator on Windows, and elsewhere in no name that anybody sells.
        || segment.contains('\\')
        || segment.contains(char::is_control);
    let is_odd_on_windows = segment.contains(':') || segment.ends_with(['.', ' ']);
    !(is_odd || (cfg!(windows) && is_odd_on_windows))
}

/// What of the path is behind the scope's prefix or in the pattern's tail, without the slash between.
fn rest(request: &HttpRequest) -> Result<&str, NoFilePath> {
    let path = request.match_info();
    let mut rest = path.unprocessed();
    if rest.is_empty() {
        let pattern = request.match_pattern().unwrap_or_default();
        if ["}*", ":.*}", ":.+}"].iter().any(|tail| pattern.ends_with(tail)) {
            rest = path.iter().last().map_or("", |(_, tail)| tail);
        } else if pattern.ends_with('}') {
            // The name of a file, or a scope's parameter: it cannot be told which.
            return Err(Fault::NoTail.into());
        }
    }
    let before = path.as_str().strip_suffix(rest).unwrap_or_default();
    Ok(if before.ends_with('/') { rest } else { rest.strip_prefix('/').unwrap_or(rest) })
}

impl Deref for FilePath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for FilePath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl FromRequest for FilePath {
    type Error = NoFilePath;
    type Future = Ready<Result<Self, NoFilePath>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

/// The request has no [`FilePath`]: 400, or a logged 500 where the pattern has no tail.
#[derive(Debug, derive_more::Display, derive_more::Error, derive_more::From)]
#[display("{_0}")]
pub struct NoFilePath(#[error(not(source))] Fault);

#[derive(Debug, derive_more::Display)]
enum Fault {
    #[display("this path cannot be the path of a file")]
    Unreadable,
    #[display("a `FilePath` under a pattern without a tail; end it in `/{{path:.*}}`")]
    NoTail,
}

impl ResponseError for NoFilePath {
    fn status_code(&self) -> StatusCode {
        match self.0 {
            Fault::Unreadable => StatusCode::BAD_REQUEST,
            Fault::NoTail => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self.0 {
            Fault::Unreadable => HttpResponse::build(self.status_code()).body(self.to_string()),
            Fault::NoTail => {
                if let Some(times) = Lines::of_the_process().due("no tail", None, "") {
                    tracing::error!(kind = "misconfigured", times, "{self}");
                }
                answer::misconfigured()
            }
        }
    }
}
