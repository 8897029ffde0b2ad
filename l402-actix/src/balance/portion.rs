//! What a handler has in its hand of a balance: `Balance`.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use super::{
    line::Line,
    store::{Claim, Kind, Mark, Portion, Quota, StoreError},
};
use crate::lines::Lines;

/// What this request holds of the payment behind it; an extractor for handlers under `#[l402]` with
/// `uses` or `units`.
///
/// A request holds a part before its handler is called: one use, or `hold` units. The handler draws
/// from it what the answer costs. What it does not draw is free again when the answer is sent, or
/// when its stream has ended. The clones are one hold, so a stream can take one along.
///
/// | the handler draws | what the answer costs |
/// | --- | --- |
/// | something | that |
/// | `0` | nothing |
/// | not at all, with `uses` | one use |
/// | not at all, with `units`, and answers below 400 | all that is held, and an error in the log |
/// | and answers 5xx before its stream begins, or panics | nothing |
///
/// # Examples
///
/// Work is bounded by what is held before it begins. A handler that works first and draws then works
/// for nothing whenever its answer costs more than it holds, and its payer can have that as often as
/// they like.
///
/// ```
/// use actix_web::{Error, Responder, post};
/// use l402_actix::{Balance, l402};
///
/// /// 2,000 sats buy a million tokens of the model: of the prompt and of the answer.
/// #[post("/complete")]
/// #[l402(price_sats = 2000, units = 1_000_000, hold = 4096)]
/// async fn complete(prompt: String, balance: Balance) -> Result<impl Responder, Error> {
///     let read = tokens(&prompt);
///     // Room for the prompt and for an answer, or 409 where nothing is left.
///     while balance.held() <= read {
///         balance.hold_more(read + 1 - balance.held()).await?;
///     }
///     balance.draw(read)?;
///     // No more than is held now, so that this `draw` cannot fail.
///     let answer = model(&prompt, balance.held());
///     balance.draw(tokens(&answer))?;
///     Ok(answer)
/// }
///
/// fn tokens(text: &str) -> u64 {
///     text.split_whitespace().count() as u64
/// }
///
/// fn model(prompt: &str, most: u64) -> String {
///     let words = prompt.split_whitespace().take(usize::try_from(most).unwrap_or(usize::MAX));
///     words.map(str::to_uppercase).collect::<Vec<_>>().join(" ")
/// }
/// # use actix_web::{App, test};
/// # #[actix_web::main]
/// # async fn main() {
/// # let sandbox = l402_sandbox::Sandbox::start().await;
/// # let config = l402_actix::L402Config::new(sandbox.client());
/// # let app = test::init_service(App::new().app_data(config).service(complete)).await;
/// # let ask = || test::TestRequest::post().uri("/complete").set_payload("a ".repeat(5000));
/// # let unpaid = test::call_service(&app, ask().to_request()).await;
/// # let credential = sandbox.pay_challenge(unpaid.headers()).unwrap();
/// # let paid = ask().insert_header(("Authorization", credential)).to_request();
/// # let paid = test::call_service(&app, paid).await;
/// # assert_eq!(paid.status(), 200);
/// # assert_eq!(paid.headers().get("RateLimit").unwrap(), r#""units";r=994999"#);
/// # }
/// ```
#[derive(Clone)]
pub struct Balance(Arc<Shared>);

impl Balance {
    pub(super) fn of(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    pub(crate) fn kind(&self) -> Kind {
        self.0.kind()
    }

    /// Names the route in what the log says of its handler.
    pub(crate) fn at(self, route: impl FnOnce() -> String) -> Self {
        self.0.route.get_or_init(route);
        self
    }

    /// How much the payment is good for, and what is left of it as far as this request knows.
    pub(crate) fn remaining(&self) -> (Quota, u64) {
        self.0.remaining()
    }

    /// A balance that nobody has paid for, for unit tests of code that takes one: it holds `held` and
    /// `left` more can be held.
    #[must_use]
    pub fn for_tests(held: u64, left: u64) -> Self {
        Self(Arc::new(Shared::with(None, held, left)))
    }

    /// What can still be drawn.
    #[must_use]
    pub fn held(&self) -> u64 {
        let state = self.0.state();
        state.held - state.drawn
    }

    /// What is left of the payment beside what this request and others hold, as of the store's last
    /// answer.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.0.state().left
    }

    /// Draws `n` out of what is held. It is written down before the answer is sent, or the next piece
    /// of its stream. `draw(0)` says that the answer costs nothing.
    ///
    /// Draw before you work, or bound the work by [`held`](Self::held). What was done for a `draw` that
    /// then fails was done for nothing: the answer is 500, and nothing is drawn for it.
    ///
    /// # Errors
    ///
    /// [`BalanceError::NotHeld`] if that is more than is held, and then nothing is drawn: its payer can
    /// ask for the same again, as often as they like. Call [`hold_more`](Self::hold_more) before.
    /// [`BalanceError::Settled`] after the answer was sent or its stream has ended.
    pub fn draw(&self, n: u64) -> Result<(), BalanceError> {
        let mut state = self.0.state();
        if state.ended {
            return Err(BalanceError::Settled);
        }
        let held = state.held - state.drawn;
        if n > held {
            let err = BalanceError::NotHeld { asked: n, held };
            drop(state);
            // Also where the handler passes over it: what it answers beyond its hold costs nothing.
            if let Some((route, times)) = self.0.line_is_due("overdrawn") {
                tracing::error!(
                    kind = "misconfigured",
                    route,
                    times,
                    "a handler draws too much: {err}"
                );
            }
            return Err(err);
        }
        state.drew = true;
        state.drawn += n;
        Ok(())
    }

    /// Holds `n` more, or as much of it as is left. Returns how much more is held now, at least 1.
    ///
    /// # Errors
    ///
    /// [`BalanceError::UsedUp`] if nothing is left, or all of it is held by other requests;
    /// [`BalanceError::Settled`] after the answer; [`BalanceError::Store`] if it cannot be told.
    pub async fn hold_more(&self, n: u64) -> Result<u64, BalanceError> {
        // Two clones that ask at once ask one after the other.
        let _turn = self.0.turn.lock().await;
        let before = {
            let mut state = self.0.state();
            match &self.0.line {
                _ if state.ended => return Err(BalanceError::Settled),
                Some(_) => state.held,
                None => return state.take_left(n),
            }
        };
        let Some(line) = &self.0.line else { return Err(BalanceError::UsedUp) };
        let _late = Late(&self.0);
        let claim = line.hold(before.saturating_add(n)).await.map_err(BalanceError::Store)?;
        let mut state = self.0.state();
        match claim {
            _ if state.ended => Err(BalanceError::Settled),
            Claim::Held { amount, left } if amount > state.held => {
                let more = amount - state.held;
                (state.held, state.left) = (amount, left);
                Ok(more)
            }
            _ => Err(BalanceError::UsedUp),
        }
    }
}

impl fmt::Debug for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.state();
        f.debug_struct("Balance")
            .field("held", &(state.held - state.drawn))
            .field("left", &state.left)
            .finish_non_exhaustive()
    }
}

/// Why a balance was not drawn from.
#[derive(Debug, derive_more::Display, derive_more::Error)]
#[non_exhaustive]
pub enum BalanceError {
    /// More than this request holds.
    #[display("{asked} were to be drawn and {held} are held; hold more before")]
    NotHeld {
        /// What was to be drawn.
        asked: u64,
        /// What could have been.
        held: u64,
    },
    /// Nothing is left of the payment for this request.
    #[display("nothing is left of the payment")]
    UsedUp,
    /// The answer was sent before, or its stream has ended.
    #[display("the answer that this was for is settled")]
    Settled,
    /// The store cannot say.
    #[display("{_0}")]
    Store(StoreError),
}

/// What an answer draws beside what its handler has drawn.
pub(super) enum Cost {
    /// The handler has said it, or the answer is free.
    AsDrawn,
    /// All that is held.
    Whole,
    /// The same, of a handler that should have said it.
    Forgotten,
}

/// The state of a hold as its end is decided.
pub(super) struct AtEnd {
    /// Whether the handler has drawn, be it nothing.
    pub(super) drew: bool,
}

/// One request's hold, between the gate and the handler.
#[derive(Debug)]
pub(crate) struct Shared {
    /// `None` in tests of a merchant's.
    line: Option<Line>,
    route: OnceLock<String>,
    state: Mutex<State>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State {
    held: u64,
    drawn: u64,
    /// What the store knows to be drawn.
    written: u64,
    left: u64,
    drew: bool,
    ended: bool,
    /// A draw has failed, and the store may have it all the same.
    is_unsure: bool,
}

impl State {
    fn holding(held: u64, left: u64) -> Self {
        Self { held, drawn: 0, written: 0, left, drew: false, ended: false, is_unsure: false }
    }

    fn take_left(&mut self, n: u64) -> Result<u64, BalanceError> {
        let more = n.min(self.left);
        if more == 0 {
            return Err(BalanceError::UsedUp);
        }
        self.held += more;
        self.left -= more;
        Ok(more)
    }
}

impl Shared {
    pub(super) fn holding(line: Line, held: u64, left: u64) -> Self {
        Self::with(Some(line), held, left)
    }

    fn with(line: Option<Line>, held: u64, left: u64) -> Self {
        let state = Mutex::new(State::holding(held, left));
        Self { line, route: OnceLock::new(), state, turn: tokio::sync::Mutex::default() }
    }

    pub(super) fn kind(&self) -> Kind {
        self.line.as_ref().map_or(Kind::Units, |line| line.quota.kind)
    }

    pub(super) fn mark(&self) -> Mark {
        self.line.as_ref().map_or_else(|| Mark::new([0; 32], [0; 32]), |line| line.mark)
    }

    /// Whether to write a line about the handler now: its route, and of how many requests.
    fn line_is_due(&self, about: &str) -> Option<(&str, u64)> {
        let route = self.route.get().map_or("other", String::as_str);
        Lines::of_the_process().due(about, None, route).map(|times| (route, times))
    }

    pub(super) fn is_ended(&self) -> bool {
        self.state().ended
    }

    pub(super) fn remaining(&self) -> (Quota, u64) {
        let state = self.state();
        let quota = self
            .line
            .as_ref()
            .map_or(Quota { kind: Kind::Units, limit: 0, kept_for: Duration::ZERO }, |line| {
                line.quota
            });
        (quota, state.left.saturating_add(state.held - state.drawn))
    }

    /// The line of a request that has not ended.
    pub(super) fn running(&self) -> Option<Line> {
        if self.is_ended() { None } else { self.line.clone() }
    }

    /// Nothing can be drawn from here on. What was decided before stays.
    pub(super) fn end_with(&self, cost: impl FnOnce(&AtEnd) -> Cost) {
        let mut state = self.state();
        if std::mem::replace(&mut state.ended, true) {
            return;
        }
        match cost(&AtEnd { drew: state.drew }) {
            Cost::AsDrawn => {}
            Cost::Whole => state.drawn = state.held,
            Cost::Forgotten => {
                state.drawn = state.held;
                let held = state.held;
                drop(state);
                if let Some((route, times)) = self.line_is_due("forgotten") {
                    tracing::error!(
                        kind = "misconfigured",
                        route,
                        times,
                        mark = %self.mark(),
                        held,
                        "a handler with `units` has answered without `Balance::draw`, so all that its \
                         request held is drawn; call `draw`, with 0 where the answer costs nothing"
                    );
                }
            }
        }
    }

    /// Nothing is drawn, whatever the handler did. `None` in a merchant's tests.
    pub(super) fn undone(&self) -> Option<Line> {
        let mut state = self.state();
        (state.ended, state.drawn) = (true, 0);
        self.line.clone()
    }

    pub(super) fn is_written(&self) -> bool {
        let state = self.state();
        state.written >= state.drawn
    }

    /// Writes down what is drawn so far.
    pub(super) async fn write(&self) -> Result<(), StoreError> {
        let portion = {
            let state = self.state();
            Portion { held: state.held, drawn: state.drawn }
        };
        if let Some(line) = &self.line
            && !self.is_written()
        {
            line.draw(portion).await?;
            self.state().written = portion.drawn;
        }
        Ok(())
    }

    /// What could not be written down was not sent either.
    pub(super) fn keep_what_is_written(&self) {
        let mut state = self.state();
        state.is_unsure |= state.drawn > state.written;
        (state.ended, state.drawn) = (true, state.written);
    }

    /// Ends the hold at what is drawn.
    pub(super) fn settle(&self) {
        let Some(line) = self.line.clone() else { return };
        let (portion, is_written, is_unsure) = {
            let state = self.state();
            let portion = Portion { held: state.held, drawn: state.drawn };
            (portion, state.written >= state.drawn, state.is_unsure)
        };
        if is_unsure {
            line.settle_at_in_the_background(portion.drawn);
        } else if is_written {
            line.settle_in_the_background();
        } else {
            line.draw_in_the_background(portion);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request for more that comes to the store after the end: what it then holds nobody would free.
struct Late<'a>(&'a Shared);

impl Drop for Late<'_> {
    fn drop(&mut self) {
        if self.0.is_ended()
            && let Some(line) = self.0.line.clone()
        {
            line.settle_in_the_background();
        }
    }
}
