//! What the sandbox can be told to do wrong.

use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};

use serde_json::Value;

use crate::{problems::Problem, seen::Endpoint};

/// Something the sandbox does wrong with the next request, or with several.
///
/// Applies to mint and verify alike unless it is [`named`](Self::named) or [`on`](Self::on) says
/// otherwise, once unless
/// [`times`](Self::times) or [`always`](Self::always) do. Faults are used up in the order in which
/// they were given.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use l402_sandbox::{Endpoint, Fault, Sandbox};
///
/// let sandbox = Sandbox::start().await;
/// sandbox.fault(Fault::status(503).header("Retry-After", "7"));
/// sandbox.fault(Fault::hang().on(Endpoint::Verify).always());
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is given to `Sandbox::fault`"]
pub struct Fault {
    pub(crate) kind: Kind,
    on: Option<Endpoint>,
    left: Option<u64>,
}

#[derive(Clone)]
pub(crate) enum Kind {
    Answer { status: u16, headers: Vec<(String, String)>, body: String },
    Problem(&'static Problem),
    Hang,
    Drip(Duration),
    Reset,
    Truncated,
    Oversize,
    Delay(Duration),
    Late(Duration),
    Edit(Arc<dyn Fn(&mut Value) + Send + Sync>),
}

impl Fault {
    fn new(kind: Kind) -> Self {
        Self { kind, on: None, left: Some(1) }
    }

    pub(crate) fn refusing(problem: &'static Problem) -> Self {
        Self::new(Kind::Problem(problem))
    }

    /// Answers with this status and an empty body.
    pub fn status(status: u16) -> Self {
        Self::new(Kind::Answer { status, headers: Vec::new(), body: String::new() })
    }

    /// Answers 200 with this JSON in place of the genuine reply.
    pub fn json(body: impl Into<Value>) -> Self {
        Self::status(200).header("Content-Type", "application/json").body(body.into().to_string())
    }

    /// Answers 200 with a page of HTML, as a captive portal or a misrouted host does.
    pub fn garbage() -> Self {
        let page = "<!doctype html><title>Welcome</title><p>Please log in.";
        Self::status(200).header("Content-Type", "text/html").body(page)
    }

    /// Answers 307 to another address.
    pub fn redirect(location: impl Into<String>) -> Self {
        Self::status(307).header("Location", location)
    }

    /// Takes the request and never answers.
    pub fn hang() -> Self {
        Self::new(Kind::Hang)
    }

    /// Sends the head of an answer at once, then a byte in each interval, for ever.
    pub fn drip(interval: Duration) -> Self {
        Self::new(Kind::Drip(interval))
    }

    /// Resets the TCP connection instead of answering.
    pub fn reset() -> Self {
        Self::new(Kind::Reset)
    }

    /// Sends the first half of the genuine reply under its full length, then closes.
    pub fn truncated() -> Self {
        Self::new(Kind::Truncated)
    }

    /// Answers 200 with a body of 256 MiB.
    pub fn oversize() -> Self {
        Self::new(Kind::Oversize)
    }

    /// Answers properly, but this much later.
    pub fn delay(delay: Duration) -> Self {
        Self::new(Kind::Delay(delay))
    }

    /// Does what is asked at once, and answers this much later: it is done also for a caller that has
    /// hung up by then.
    pub fn late(late: Duration) -> Self {
        Self::new(Kind::Late(late))
    }

    /// Changes the genuine reply before it is sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use l402_sandbox::Fault;
    ///
    /// let cheaper = Fault::edit(|reply| reply["priceSats"] = 1.into());
    /// ```
    pub fn edit(edit: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self::new(Kind::Edit(Arc::new(edit)))
    }

    /// Adds a header to an answer made by [`status`](Self::status) or [`json`](Self::json).
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Kind::Answer { headers, .. } = &mut self.kind {
            headers.push((name.into(), value.into()));
        }
        self
    }

    /// Sets the body of an answer made by [`status`](Self::status).
    pub fn body(mut self, text: impl Into<String>) -> Self {
        if let Kind::Answer { body, .. } = &mut self.kind {
            *body = text.into();
        }
        self
    }

    /// Applies to this endpoint only.
    pub fn on(mut self, endpoint: Endpoint) -> Self {
        self.on = Some(endpoint);
        self
    }

    /// Applies to so many requests.
    pub fn times(mut self, times: u64) -> Self {
        self.left = Some(times);
        self
    }

    /// Applies until [`clear_faults`](crate::Sandbox::clear_faults).
    pub fn always(mut self) -> Self {
        self.left = None;
        self
    }

    fn applies_to(&self, endpoint: Endpoint) -> bool {
        match (self.on, &self.kind) {
            (Some(on), _) => on == endpoint,
            (None, Kind::Problem(problem)) => problem.on.contains(&endpoint),
            (None, _) => matches!(endpoint, Endpoint::Mint | Endpoint::Verify),
        }
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer { status, .. } => write!(f, "Answer({status})"),
            Self::Problem(problem) => write!(f, "Problem({})", problem.name),
            Self::Hang => f.write_str("Hang"),
            Self::Drip(interval) => write!(f, "Drip({interval:?})"),
            Self::Reset => f.write_str("Reset"),
            Self::Truncated => f.write_str("Truncated"),
            Self::Oversize => f.write_str("Oversize"),
            Self::Delay(delay) => write!(f, "Delay({delay:?})"),
            Self::Late(late) => write!(f, "Late({late:?})"),
            Self::Edit(_) => f.write_str("Edit"),
        }
    }
}

/// The faults that are still to come.
#[derive(Debug, Default)]
pub(crate) struct Faults(VecDeque<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push_back(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Uses up the next one for this endpoint.
    pub(crate) fn next(&mut self, endpoint: Endpoint) -> Option<Kind> {
        self.0.retain(|fault| fault.left != Some(0));
        let fault = self.0.iter_mut().find(|fault| fault.applies_to(endpoint))?;
        if let Some(left) = &mut fault.left {
            *left -= 1;
        }
        Some(fault.kind.clone())
    }
}
