//! A moment of the sandbox's clock, as replies write it.

use std::time::Duration;

use time::{
    OffsetDateTime,
    format_description::well_known::{Rfc2822, Rfc3339},
};

/// `1994-11-06T08:49:37Z`.
pub(crate) fn iso8601(since_epoch: Duration) -> String {
    let seconds = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|date| date.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, which is an RFC 2822 date but for the zone's name.
pub(crate) fn http_date(since_epoch: Duration) -> String {
    let seconds = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|date| date.format(&Rfc2822).ok())
        .unwrap_or_default()
        .replace("+0000", "GMT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_in_the_form_that_http_wants() {
        for (seconds, date) in
            [(0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT")]
        {
            assert_eq!(http_date(Duration::from_secs(seconds)), date);
        }
    }
}
