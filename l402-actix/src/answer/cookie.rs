//! The credential of a person with a browser, kept in a cookie.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    http::header::{COOKIE, HeaderValue},
};
use l402_server::VerifyRequest;

use crate::key::{hex, key};

/// The longest cookie that browsers keep, name and attributes included.
const MAX_BYTES: usize = 4096;

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
        let is_path = path == resource && is_text(path);
        let path = if is_path { path } else { "/" };
        Self { name: format!("__Secure-l402-{}", &name[..32]), path: path.to_owned() }
    }

    /// The credential that a request brings along, as it would stand in a header.
    pub(crate) fn read(&self, request: &HttpRequest) -> Option<String> {
        let lines = request.headers().get_all(COOKIE).filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).map(str::trim);
        let value =
            pairs.find_map(|pair| pair.strip_prefix(self.name.as_str())?.strip_prefix('='))?;
        Some(format!("L402 {value}"))
    }

    /// The header that has it kept; `None` for a credential that no cookie can hold.
    pub(crate) fn keep(
        &self,
        credential: &VerifyRequest,
        lifetime: Duration,
    ) -> Option<HeaderValue> {
        let value = format!("{}:{}", credential.macaroon()?, credential.preimage());
        self.header(&value, lifetime).filter(|_| is_text(&value))
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

/// What a cookie's value and its path can hold.
fn is_text(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_graphic() && !b";,\"\\".contains(&byte))
}
