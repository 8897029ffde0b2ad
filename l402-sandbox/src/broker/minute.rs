//! An account's minute: whether there is room for a call, and what the replies say is left.

use std::{collections::VecDeque, time::Duration};

use serde_json::json;

use crate::{broker::date::http_date, reply::Reply};

/// How far back the rate limit looks.
const WINDOW: Duration = Duration::from_secs(60);

/// One account's minute at the time of a call, which is counted in it.
pub(crate) struct Minute {
    limit: u32,
    remaining: usize,
    now: Duration,
    /// When the oldest call leaves the window, and so makes room for another.
    room_at: Duration,
}

impl Minute {
    /// Counts a call; an `Err`, and not counted, where there is no room for it.
    pub(crate) fn count(
        calls: &mut VecDeque<Duration>,
        limit: u32,
        now: Duration,
    ) -> Result<Self, Self> {
        while calls.front().is_some_and(|call| *call + WINDOW <= now) {
            calls.pop_front();
        }
        let has_room = calls.len() < limit as usize;
        if has_room {
            calls.push_back(now);
        }
        let minute = Self {
            limit,
            remaining: (limit as usize).saturating_sub(calls.len()),
            now,
            room_at: calls.front().map_or(now, |oldest| *oldest + WINDOW),
        };
        if has_room { Ok(minute) } else { Err(minute) }
    }

    /// One with no room for so long.
    pub(crate) fn used_up(limit: u32, now: Duration, wait: Duration) -> Self {
        Self { limit, remaining: 0, now, room_at: now + wait }
    }

    /// The reply, with what is left. With the `Date` it is by one clock, the sandbox's, which a
    /// test can move; the HTTP server would add this machine's.
    pub(crate) fn told_in(&self, reply: Reply) -> Reply {
        let reset = self.room_at.as_secs() + u64::from(self.room_at.subsec_nanos() > 0);
        reply
            .header("X-RateLimit-Limit", self.limit.to_string())
            .header("X-RateLimit-Remaining", self.remaining.to_string())
            .header("X-RateLimit-Reset", reset.to_string())
            .header("Date", http_date(self.now))
    }

    /// The reply to a call that there is no room for.
    pub(crate) fn refusal(&self) -> Reply {
        // A second that has begun is a second to wait.
        let wait = self.room_at.saturating_sub(self.now).as_secs() + 1;
        let body = json!({
            "type": "about:blank",
            "title": "Too many requests",
            "status": 429,
            "detail": "The account's calls of this minute are used up.",
            "error": "Too many requests",
            "message": "The account's calls of this minute are used up.",
            "code": "RATE_LIMIT_EXCEEDED",
            "details": { "retryAfter": wait },
        });
        let reply = Reply::typed(429, "application/problem+json", body.to_string());
        self.told_in(reply.header("Retry-After", wait.to_string()))
    }
}
