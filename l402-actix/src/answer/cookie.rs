//! The credential of a person with a browser, kept in a cookie.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    http::{
        Method,
        header::{COOKIE, HeaderValue},
    },
};
use l402_server::VerifyRequest;

use crate::key::{hex, key};

/// The longest cookie that browsers keep, name and attributes included.
const MAX_BYTES: usize = 4096;

/// The longest `Cookie` line that a site's visitors are given: many servers and proxies refuse a line
/// of more than 8 KiB, whichever page it is for.
const MAX_LINE_BYTES: usize = 6 * 1024;

/// Where one resource's credential is kept.
///
/// It is out of the reach of scripts, goes over https alone, and with no request that another site has
/// caused.
#[derive(Debug)]
pub(crate) struct CredentialCookie {
    name: String,
    path: String,
}

impl CredentialCookie {
    pub(crate) fn of(request: &HttpRequest, resource: &str) -> Self {
        let name = hex(&key(&[Some(resource.as_bytes())]));
        // What is paid for by its path is asked for there, and anything else from anywhere.
        let path = request.path();
        let is_path = is_of_path(resource, request.method(), path) && is_text(path);
        let path = if is_path { path } else { "/" };
        Self { name: format!("__Secure-l402-{}", &name[..32]), path: path.to_owned() }
    }

    /// The credential that a request brings along, as it would stand in a header.
    pub(crate) fn read(&self, request: &HttpRequest) -> Option<String> {
        let value = self.value(request)?;
        Some(format!("L402 {value}"))
    }

    fn value<'a>(&self, request: &'a HttpRequest) -> Option<&'a str> {
        let lines = request.headers().get_all(COOKIE).filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).map(str::trim);
        pairs.find_map(|pair| pair.strip_prefix(self.name.as_str())?.strip_prefix('='))
    }

    /// The header that has it kept.
    pub(crate) fn keep(
        &self,
        request: &HttpRequest,
        credential: &VerifyRequest,
        lifetime: Duration,
    ) -> Result<HeaderValue, Unkept> {
        let macaroon = credential.macaroon().ok_or(Unkept::Unfit)?;
        let value = format!("{macaroon}:{}", credential.preimage());
        let header = self.header(&value, lifetime).filter(|_| is_text(&value));
        let header = header.ok_or(Unkept::Unfit)?;
        let lines = request.headers().get_all(COOKIE).map(|line| line.len() + "; ".len());
        let pair = |value: &str| self.name.len() + "=".len() + value.len();
        // Of the one that it replaces only the difference counts.
        let replaced = self.value(request).map_or(0, pair);
        if lines.sum::<usize>() + pair(&value) > MAX_LINE_BYTES + replaced {
            return Err(Unkept::OneTooMany);
        }
        Ok(header)
    }

    /// The header that has it forgotten.
    pub(crate) fn forget(&self) -> Option<HeaderValue> {
        self.header("", Duration::ZERO)
    }

    fn header(&self, value: &str, lifetime: Duration) -> Option<HeaderValue> {
        let Self { name, path } = self;
        let cookie = format!(
            "{name}={value}; Path={path}; Max-Age={}; HttpOnly; Secure; SameSite=Strict",
            lifetime.as_secs()
        );
        HeaderValue::from_str(&cookie).ok().filter(|_| cookie.len() <= MAX_BYTES)
    }
}

/// Why a credential is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unkept {
    /// No cookie can hold it.
    Unfit,
    /// With it the browser's next `Cookie` line could be refused, and the whole site with it.
    OneTooMany,
}

/// Whether a resource is the request's path, or its method and path.
fn is_of_path(resource: &str, method: &Method, path: &str) -> bool {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    let after_method = resource.strip_prefix(method).and_then(|rest| rest.strip_prefix(' '));
    after_method.unwrap_or(resource) == path
}

/// What a cookie's value and its path can hold.
fn is_text(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_graphic() && !b";,\"\\".contains(&byte))
}
