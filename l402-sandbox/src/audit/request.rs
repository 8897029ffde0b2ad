//! A route as a test names it.

/// `POST /prompt {"q":1}`, taken apart.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) body: Option<String>,
}

impl Request {
    pub(super) fn read(route: &str) -> Result<Self, String> {
        let mut words = route.splitn(3, char::is_whitespace);
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Err("no method and path; write `GET /path`".to_owned());
        };
        let body = words.next().map(str::trim).filter(|body| !body.is_empty()).map(str::to_owned);
        if !target.starts_with('/') {
            return Err("the path begins with a slash; write `GET /path`".to_owned());
        }
        if target.contains(['{', '}']) {
            return Err("a pattern; write a path that it matches".to_owned());
        }
        Ok(Self { method: method.to_owned(), target: target.to_owned(), body })
    }
}
