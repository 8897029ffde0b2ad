//! A request in the words of curl: `-X`, `-H`, `-d` and `--data-binary`.

use std::{
    fs,
    io::{self, Read as _},
};

use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};

use crate::payer::Result;

/// What the options have said so far.
#[derive(Default)]
pub(crate) struct Words {
    pub(crate) method: Option<String>,
    pub(crate) headers: Vec<String>,
    pub(crate) data: Vec<Data>,
}

/// What is sent, or `@` and the file that it stands in.
pub(crate) enum Data {
    /// Of a file without its line breaks, as with curl.
    Text(String),
    Binary(String),
}

/// What is asked.
pub(crate) struct Ask {
    pub(crate) url: String,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
}

impl Words {
    pub(crate) fn are_empty(&self) -> bool {
        self.method.is_none() && self.headers.is_empty() && self.data.is_empty()
    }

    /// With a body it is a form that is posted, unless the words say otherwise.
    pub(crate) fn ask(self, url: String) -> Result<Ask> {
        let mut headers = HeaderMap::new();
        for line in &self.headers {
            let (name, value) = header(line)?;
            headers.append(name, value);
        }
        let pieces = self.data.iter().map(piece).collect::<Result<Vec<_>>>()?;
        let body = (!pieces.is_empty()).then(|| pieces.join(&b'&'));
        if body.is_some() && !headers.contains_key(CONTENT_TYPE) {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(CONTENT_TYPE, form);
        }
        let method = match self.method {
            Some(method) => {
                method.parse().map_err(|_| format!("`{method}` is no method; write `-X POST`"))?
            }
            None if body.is_some() => Method::POST,
            None => Method::GET,
        };
        Ok(Ask { url, method, headers, body })
    }
}

/// `Name: value`; `Name;` for one without a value.
fn header(line: &str) -> Result<(HeaderName, HeaderValue)> {
    let empty = || Some((line.trim_end().strip_suffix(';')?, ""));
    line.split_once(':')
        .or_else(empty)
        .and_then(|(name, value)| Some((name.trim().parse().ok()?, value.trim().parse().ok()?)))
        .ok_or_else(|| format!("`{line}` is no header; write `-H 'Name: value'`").into())
}

/// The data itself, or what stands in `@file` (`@-` is what is typed in).
fn piece(data: &Data) -> Result<Vec<u8>> {
    let (Data::Text(text) | Data::Binary(text)) = data;
    let Some(name) = text.strip_prefix('@') else { return Ok(text.clone().into_bytes()) };
    let read = if name == "-" {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(name)
    };
    let mut bytes = read.map_err(|err| format!("`{name}` cannot be read: {err}"))?;
    if matches!(data, Data::Text(_)) {
        bytes.retain(|byte| !b"\r\n".contains(byte));
    }
    Ok(bytes)
}
