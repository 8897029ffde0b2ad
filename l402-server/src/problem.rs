//! A refusal of the broker's as it words it -> the error that it stands for.
//!
//! Bodies are RFC 9457 problems, beside the older `error` and `message`; a proxy in front of the
//! broker answers in HTML. The status decides, and nothing that a body lacks takes that from it.

use std::time::Duration;

use reqwest::{StatusCode, Url};
use serde_json::Value;

use crate::{L402Error, secrets::Secrets};

/// Where the broker's names of problems stand in a `type`:
/// `https://lightningenable.com/problems/plan_volume_limit`.
const PROBLEMS: &str = "/problems/";

/// No name of a problem is longer; a text is.
const MAX_SLUG_BYTES: usize = 64;

/// A mint with a key of the caller's that stands for something else.
const IDEMPOTENCY_KEY_REUSE: &str = "idempotency_key_reuse";

pub(crate) struct Problem<'a> {
    pub(crate) status: StatusCode,
    /// By the header.
    pub(crate) retry_after: Option<Duration>,
    /// `null` where there was none that could be read.
    pub(crate) body: Value,
    pub(crate) secrets: &'a Secrets<'a>,
}

impl Problem<'_> {
    pub(crate) fn into_error(self) -> L402Error {
        let url = None;
        match self.status {
            StatusCode::UNAUTHORIZED => L402Error::Auth { url },
            // Nobody asks a merchant to pay an invoice here: both are about its plan.
            StatusCode::PAYMENT_REQUIRED | StatusCode::FORBIDDEN => L402Error::Plan {
                slug: self.slug(),
                message: self.message(),
                current_plan: self.member("current_plan").map(|plan| self.presentable(plan)),
                upgrade_url: self.upgrade_url(),
                url,
            },
            StatusCode::CONFLICT if self.slug().as_deref() == Some(IDEMPOTENCY_KEY_REUSE) => {
                L402Error::IdempotencyKeyReuse { message: self.message(), url }
            }
            StatusCode::TOO_MANY_REQUESTS => {
                let by_body = || self.body["details"]["retryAfter"].as_u64();
                let retry_after = self.retry_after.or_else(|| by_body().map(Duration::from_secs));
                L402Error::RateLimited { retry_after, url }
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                L402Error::Unavailable { retry_after: self.retry_after, url }
            }
            status => L402Error::Api {
                status: status.as_u16(),
                slug: self.slug(),
                message: self.message(),
                url,
            },
        }
    }

    /// The problem's name: the end of `type`, else an `error` that looks like one.
    fn slug(&self) -> Option<String> {
        let of_type = self.member("type").and_then(|kind| Some(kind.rsplit_once(PROBLEMS)?.1));
        let slug = [of_type, self.member("error")].into_iter().flatten().find(|text| is_slug(text));
        // A secret that looks like one is none.
        slug.filter(|slug| self.presentable(slug) == **slug).map(str::to_owned)
    }

    /// What people read, with the fields that were refused.
    fn message(&self) -> String {
        let prose = ["detail", "message", "error", "title"];
        let prose = prose.into_iter().find_map(|name| self.member(name));
        let prose = prose.unwrap_or_else(|| self.status.canonical_reason().unwrap_or("no message"));
        match self.fields() {
            Some(fields) => self.presentable(&format!("{prose} ({fields})")),
            None => self.presentable(prose),
        }
    }

    /// `errors: {field: [text]}`, as ASP.NET writes it.
    fn fields(&self) -> Option<String> {
        let errors = self.body["errors"].as_object().filter(|errors| !errors.is_empty())?;
        let fields: Vec<String> = errors
            .iter()
            .map(|(field, texts)| {
                let one = texts.as_str().into_iter();
                let several = texts.as_array().into_iter().flatten().filter_map(Value::as_str);
                format!("{field}: {}", one.chain(several).collect::<Vec<_>>().join(" "))
            })
            .collect();
        Some(fields.join("; "))
    }

    /// Only what a browser opens, and without secrets.
    fn upgrade_url(&self) -> Option<String> {
        let url = Url::parse(self.member("upgrade_url")?).ok()?;
        let is_web = matches!(url.scheme(), "http" | "https");
        // In pieces: a long path is nothing secret.
        let pieces = url.as_str().split('/').map(|piece| self.presentable(piece));
        is_web.then(|| pieces.collect::<Vec<_>>().join("/"))
    }

    /// A text that is there and says something.
    fn member(&self, name: &str) -> Option<&str> {
        self.body[name].as_str().filter(|text| !text.trim().is_empty())
    }

    fn presentable(&self, text: &str) -> String {
        self.secrets.presentable(text)
    }
}

fn is_slug(text: &str) -> bool {
    let is_part = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    (1..=MAX_SLUG_BYTES).contains(&text.len()) && text.bytes().all(is_part)
}
