//! What is left of the account's minute, read off the head of each reply.

use std::{
    str::FromStr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use reqwest::header::{DATE, HeaderMap, HeaderName};

static LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
static REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
static RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// What the limit is over, and so the longest wait for it.
const WINDOW: Duration = Duration::from_secs(60);

/// What is left of the account's minute, as a reply of the broker's said it.
///
/// Mint and verify count together, over all processes that use the API key. Calls that are under
/// way while you read this are not in it yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Calls that the account may make in a minute; at least 1.
    pub limit: u32,
    /// How many of them are left, whichever process or machine used the others; at most `limit`.
    pub remaining: u32,
    /// Until the broker counts anew, from [`read_at`](Self::read_at) on: 0 to 60 s, by the
    /// broker's own clock; 60 s where it does not say.
    pub reset_after: Duration,
    /// When the reply arrived here.
    pub read_at: Instant,
}

impl RateLimit {
    /// `None` without a limit and what is left of it. A limit of 0 is nothing that an account has.
    fn read(headers: &HeaderMap, now: SystemTime, read_at: Instant) -> Option<Self> {
        let limit = number(headers, &LIMIT).filter(|limit| *limit > 0)?;
        let remaining = number(headers, &REMAINING)?;
        Some(Self {
            limit,
            remaining: limit.min(remaining),
            reset_after: reset_after(headers, now).unwrap_or(WINDOW),
            read_at,
        })
    }
}

/// The clocks here and there differ, so the reply's `Date` is what the broker's now was. Without
/// one, this machine's clock is the next best.
fn reset_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let reset = Duration::from_secs(number(headers, &RESET)?);
    let now = match headers.get(DATE) {
        Some(date) => httpdate::parse_http_date(date.to_str().ok()?.trim()).ok()?,
        None => now,
    };
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    Some(reset.saturating_sub(now).min(WINDOW))
}

fn number<T: FromStr>(headers: &HeaderMap, name: &HeaderName) -> Option<T> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// The last that a reply said, for all clones of a client.
#[derive(Default)]
pub(crate) struct LastRateLimit(Mutex<Option<RateLimit>>);

impl LastRateLimit {
    pub(crate) fn note(&self, headers: &HeaderMap) {
        if let Some(limit) = RateLimit::read(headers, SystemTime::now(), Instant::now()) {
            *self.lock() = Some(limit);
        }
    }

    pub(crate) fn get(&self) -> Option<RateLimit> {
        *self.lock()
    }

    /// Also after a panic of whoever held it: a value in it is a whole one.
    fn lock(&self) -> MutexGuard<'_, Option<RateLimit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    /// What a reply with these headers says, where this machine's clock is at `NOW`.
    fn read(headers: &[(&HeaderName, &str)]) -> Option<RateLimit> {
        let headers =
            headers.iter().map(|(name, value)| ((*name).clone(), value.parse().expect("a value")));
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        RateLimit::read(&headers.collect(), now, Instant::now())
    }

    #[test]
    fn without_a_limit_and_what_is_left_of_it_nothing_is_said() {
        let left = |limit, remaining| {
            read(&[(&LIMIT, limit), (&REMAINING, remaining)])
                .map(|read| (read.limit, read.remaining))
        };
        assert_eq!(left("100", "42"), Some((100, 42)));
        assert_eq!(left(" 100 ", "0"), Some((100, 0)));
        assert_eq!(left("100", "101"), Some((100, 100)), "nobody has more left than there is");
        for unreadable in ["", "-1", "many", "1.5", "4294967296", "100, 100", "\u{e9}"] {
            assert_eq!(left("100", unreadable), None, "{unreadable}");
            assert_eq!(left(unreadable, "42"), None, "{unreadable}");
        }
        assert_eq!(left("0", "0"), None);
        assert_eq!(read(&[(&LIMIT, "100")]), None);
        assert_eq!(read(&[(&REMAINING, "100")]), None);
        assert_eq!(read(&[(&RESET, "1800000000")]), None);
    }

    #[test]
    fn the_wait_is_by_the_clock_of_the_broker_and_never_longer_than_the_minute() {
        // A day behind this machine's clock.
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(NOW - 86_400));
        let wait = |headers: &[(&HeaderName, &str)]| {
            let limit = [(&LIMIT, "100"), (&REMAINING, "42")];
            read(&[&limit, headers].concat()).expect("it says").reset_after.as_secs()
        };
        for (reset, by_date, by_our_clock) in [
            ("1799913617", 17, 0),
            ("1799913660", 60, 0),
            ("1799913661", 60, 0),
            ("1799913600", 0, 0),
            ("1799913599", 0, 0),
            ("1800000017", 60, 17),
            ("1800000000000", 60, 60),
            ("18446744073709551615", 60, 60),
            ("0", 0, 0),
            ("", 60, 60),
            ("-1", 60, 60),
            ("soon", 60, 60),
            ("18446744073709551616", 60, 60),
        ] {
            assert_eq!(wait(&[(&RESET, reset), (&DATE, &date)]), by_date, "{reset}");
            assert_eq!(wait(&[(&RESET, reset)]), by_our_clock, "{reset}");
            assert_eq!(wait(&[(&RESET, reset), (&DATE, "today")]), 60, "{reset}");
        }
        assert_eq!(wait(&[(&DATE, &date)]), 60);
        assert_eq!(wait(&[]), 60);
    }
}
