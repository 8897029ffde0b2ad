//! What the holder of a payment is told of it: how much it was good for, and what is left.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::balance::{Balance, Kind, Quota};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit");

/// What a payment is good for, and what is left of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub(crate) quota: Quota,
    pub(crate) left: u64,
}

impl Standing {
    pub(crate) fn of(balance: &Balance) -> Self {
        let (quota, left) = balance.remaining();
        Self { quota, left }
    }

    /// The fields of draft-ietf-httpapi-ratelimit-headers, without a window: nothing comes back with
    /// time.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        let name = match self.quota.kind {
            Kind::Uses => "uses",
            Kind::Units => "units",
        };
        let lines = [
            (POLICY, ["\"", name, "\";q=", &self.quota.limit.to_string()].concat()),
            (REMAINING, ["\"", name, "\";r=", &self.left.to_string()].concat()),
        ];
        for (field, value) in lines {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(field, value);
            }
        }
    }
}
