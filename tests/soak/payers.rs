//! Who has paid: each payment is presented at either process, one request or several at a time, until it
//! is used up, and its payer has to get what it has bought and no more.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::RequestBuilder;
use tokio::time::sleep;

use crate::{
    api::CONTENT,
    fleet::End,
    illness::right,
    payment::{Form, Kind, Payment},
    random::Random,
    town::{Asked, Reply, Said, Town, units},
};

/// How many are presented in turn; whoever comes then uses one of them up before another is bought.
const OPEN: usize = 400;

/// How long a payment is presented at the end until it is served or used up.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long who has got nothing waits at the end.
const TRIED_AGAIN: Duration = Duration::from_millis(200);

/// All that are not used up.
#[derive(Default)]
pub(crate) struct Payers {
    open: Mutex<Vec<Arc<Mutex<Payment>>>>,
    /// A token for `/paid`, for those who try it elsewhere.
    token: Mutex<Option<String>>,
}

impl Payers {
    fn open(&self) -> MutexGuard<'_, Vec<Arc<Mutex<Payment>>>> {
        lock(&self.open)
    }

    pub(crate) fn token(&self) -> Option<String> {
        lock(&self.token).clone()
    }

    /// Somebody buys, or presents what was bought before.
    pub(crate) async fn come(&self, town: &Town, random: &mut Random) {
        let count = self.open().len();
        if count < OPEN && random.one_in(5) {
            if let Some(payment) = buys(town, random).await {
                let form = (payment.kind, payment.form);
                if form == (Kind::Plain, Form::Token) {
                    *lock(&self.token) = Some(payment.credential.clone());
                }
                self.open().push(Arc::new(Mutex::new(payment)));
            }
            return;
        }
        let Some(payment) = self.open().get(random.index(count)).cloned() else { return };
        if random.one_in(6) {
            let slots = [random.index(2), random.index(2), random.index(2)];
            let [one, two, three] = slots.map(|slot| present(town, slot, &payment));
            tokio::join!(one, two, three);
        } else {
            present(town, random.index(2), &payment).await;
        }
        let is_done = {
            let payment = lock(&payment);
            // One that never ends makes room once it was good.
            payment.is_closed || payment.buys().is_none() && payment.got > 0 && random.one_in(20)
        };
        if is_done {
            self.open().retain(|open| !Arc::ptr_eq(open, &payment));
        }
    }

    /// With all well again each is presented until it is served, or used up.
    pub(crate) async fn all_come(&self, town: &Town) {
        let payments = std::mem::take(&mut *self.open());
        town.seen.note("presented at the end", payments.len() as u64);
        for (number, payment) in payments.into_iter().enumerate() {
            let until = Instant::now() + PATIENCE;
            let mut slot = number % 2;
            let before = lock(&payment).got;
            let mut had = before;
            while Instant::now() < until {
                present(town, slot, &payment).await;
                slot = 1 - slot;
                let (is_done, got) = {
                    let payment = lock(&payment);
                    let is_served = payment.buys().is_none() && payment.got > before;
                    (payment.is_closed || is_served, payment.got)
                };
                if is_done {
                    break;
                }
                if got == had {
                    sleep(TRIED_AGAIN).await;
                }
                had = got;
            }
            let payment = lock(&payment);
            if !payment.is_closed && (payment.buys().is_some() || payment.got == before) {
                town.seen.wrong(format!("paid, and not served at the end: {payment:?}"));
            }
        }
    }
}

/// Asks without a payment, as from an address of its own, and pays.
async fn buys(town: &Town, random: &mut Random) -> Option<Payment> {
    let kind = [Kind::Plain, Kind::Once, Kind::Pack, Kind::Metered][random.index(4)];
    let form = match (kind, random.below(3)) {
        (Kind::Plain, 0) => Form::Cookie,
        (_, 1) => Form::Mpp,
        _ => Form::Token,
    };
    let mut payment = Payment::new(kind, form, String::new());
    let number = random.below(1 << 24);
    let from = format!("11.{}.{}.{}", number >> 16, (number >> 8) & 255, number & 255);
    let (path, begun) = (payment.path(), Instant::now());
    let asked = town.ask(random.index(2), path, &from, |request| request).await?;
    match &asked.said {
        Said::Refused => town.nobody_listens(&asked, "buying"),
        Said::Nothing { why, .. } => town.no_answer(&asked, "buying", why),
        Said::Answer(answer) => {
            town.seen.answer("buying", answer.status);
            town.judge_form(&asked, answer, "buying");
            let [state, then] = asked.states;
            let allowed = right(state, then, 402, true, false);
            if !allowed.contains(&answer.status) {
                town.seen.wrong(format!("buying: {} and not one of {allowed:?}", answer.status));
            }
            if answer.status == 402 {
                match town.sandbox.pay_challenge(&answer.headers) {
                    Ok(token) => payment.credential = credential(form, token),
                    Err(err) => town.seen.wrong(format!("a challenge that cannot be paid: {err}")),
                }
                let unknown = town.outages.touch(begun, Instant::now()) || asked.end().is_some();
                payment.may_be_unknown = unknown;
                town.seen.note("paid", 1);
                return Some(payment);
            }
        }
    }
    None
}

fn credential(form: Form, token: String) -> String {
    if form != Form::Mpp {
        return token;
    }
    let preimage = token.split_once(':').map(|(_, preimage)| preimage).unwrap_or_default();
    let proof = format!(r#"{{"payload":{{"preimage":"{preimage}"}}}}"#);
    format!("Payment {}", URL_SAFE_NO_PAD.encode(proof))
}

async fn present(town: &Town, slot: usize, shared: &Mutex<Payment>) {
    let (path, credential, cookie, form, address) = {
        let mut payment = lock(shared);
        if payment.is_closed || town.fleet.now(slot).is_none() {
            return;
        }
        payment.in_flight += 1;
        // As from one address for each payment.
        let sum = payment.credential.bytes().rev().take(24);
        let sum = sum.fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
        let [_, a, b, c] = sum.to_be_bytes();
        let address = format!("12.{a}.{b}.{c}");
        let (credential, cookie) = (payment.credential.clone(), payment.cookie.clone());
        (payment.path(), credential, cookie, payment.form, address)
    };
    let with = |request: RequestBuilder| match (&cookie, form) {
        (Some(cookie), _) => request.header("cookie", cookie),
        (None, Form::Cookie) => {
            request.header("authorization", &credential).header("x-l402-cookie", "1")
        }
        (None, _) => request.header("authorization", &credential),
    };
    let asked = town.ask(slot, path, &address, with).await;
    let mut payment = lock(shared);
    payment.in_flight -= 1;
    if let Some(asked) = asked {
        judge(town, &mut payment, &asked, cookie.is_some());
        payment.ended = Some(Instant::now());
    }
}

fn judge(town: &Town, payment: &mut Payment, asked: &Asked, by_cookie: bool) {
    let outage = town.outages.touch(asked.begun, Instant::now());
    let who = name(payment);
    let breaks_off = asked.states.iter().any(|state| state.breaks_off());
    match &asked.said {
        Said::Refused => town.nobody_listens(asked, who),
        Said::Nothing { units, why } => {
            payment.got += units;
            match asked.end() {
                Some(End::Killed) => {
                    payment.cut_off += payment.costs() - units.min(&payment.costs());
                    payment.left_held = Some(Instant::now());
                    town.seen.note("cut off by a kill", 1);
                }
                Some(End::Stopped) => {
                    payment.left_held = Some(Instant::now());
                    let what = if outage {
                        "cut off by a stop without Redis"
                    } else {
                        "cut off by a stop"
                    };
                    town.seen.note(what, 1);
                }
                None if outage && payment.kind == Kind::Metered => {
                    payment.left_held = Some(Instant::now());
                    payment.doubts(asked, *units);
                    town.seen.note("streams cut off: no Redis to draw from", 1);
                }
                None => town.no_answer(asked, who, why),
            }
        }
        Said::Answer(answer) => {
            town.seen.answer(who, answer.status);
            town.judge_form(asked, answer, who);
            let is_well = answered(town, payment, asked, answer, by_cookie, outage);
            if !is_well {
                let [begun, ended] = asked.states;
                town.seen.wrong(format!(
                    "{who} ({} to {}, outage {outage}): {} {} to {payment:?}",
                    begun.name(),
                    ended.name(),
                    answer.status,
                    answer.body,
                ));
            }
            if answer.status == 504 {
                payment.too_late = Some(Instant::now());
            }
            if answer.status >= 500 {
                payment.is_perhaps_taken |= breaks_off;
                if outage {
                    payment.left_held = Some(Instant::now());
                    payment.doubts(asked, 0);
                }
            }
        }
    }
    if payment.got_too_much() {
        town.seen.note("answered more often than paid", 1);
        town.seen.wrong(format!("answered more often than was paid for: {payment:?}"));
    }
}

/// Whether the answer is one that was promised.
fn answered(
    town: &Town,
    payment: &mut Payment,
    asked: &Asked,
    answer: &Reply,
    by_cookie: bool,
    outage: bool,
) -> bool {
    let [begun, ended] = asked.states;
    let counts = payment.buys().is_some();
    let mut fails = right(begun, ended, 200, false, true);
    match answer.status {
        200 if payment.kind == Kind::Metered => {
            payment.got += units(&answer.body);
            units(&answer.body) > 0
        }
        200 => {
            payment.got += 1;
            answer.body == CONTENT && (by_cookie || payment.form != Form::Cookie)
        }
        204 => {
            let cookie = answer.all("set-cookie").concat();
            payment.cookie = cookie.split_once(';').map(|(cookie, _)| cookie.to_owned());
            payment.form == Form::Cookie && payment.cookie.is_some()
        }
        402 if payment.may_be_used_up() => {
            if payment.in_flight == 0 {
                closes(town, payment);
            }
            true
        }
        // The broker has taken it, nobody knows, and neither does anybody know that it was sold here.
        402 if payment.may_be_lost() && payment.may_be_unknown => is_lost(town, payment),
        // Nobody knows that it was sold here, and a request beside it has had the broker take it.
        402 if payment.may_be_unknown && is_beside_another(payment, asked) => {
            town.seen.note("asked again beside a request that is served", 1);
            true
        }
        // A request beside it may be asking the broker, which takes it once.
        403 if is_beside_another(payment, asked) => true,
        403 if payment.form == Form::Mpp && !fails.contains(&401) => {
            payment.may_be_lost() && is_lost(town, payment)
        }
        403 => payment.form == Form::Mpp && fails.contains(&401),
        409 => counts && payment.may_be_held(asked.begun),
        // A Redis that is silent is waited for, more than once within the deadline.
        503 | 504 if outage && counts => true,
        504 if payment.may_wait_for_another(asked.begun) => true,
        503 if others_may_know_more(town, payment, asked) => true,
        status => {
            if payment.may_be_used_up() {
                // Where only the challenge fails.
                fails.extend(right(begun, ended, 402, true, false));
            }
            status != 402 && status != 200 && fails.contains(&status)
        }
    }
}

/// Whether another process may not have written down yet that the broker has taken it.
fn others_may_know_more(town: &Town, payment: &Payment, asked: &Asked) -> bool {
    let were_lately = town.outages.were_lately(asked.begun, Instant::now());
    // Beside a hold on the only answer there is none, and then it is 409.
    let is_beside_others =
        payment.buys().is_some_and(|buys| buys > 1) && payment.may_be_held(asked.begun);
    payment.form == Form::Mpp && payment.got == 0 && (were_lately || is_beside_others)
}

/// Whether another request came with the same MPP payment meanwhile.
fn is_beside_another(payment: &Payment, asked: &Asked) -> bool {
    let has_ended = payment.ended.is_some_and(|at| at >= asked.begun);
    payment.form == Form::Mpp && (payment.in_flight > 0 || has_ended)
}

/// The broker's own yes, or the process that heard it, is gone: "Not promised" in docs/RELIABILITY.md.
fn is_lost(town: &Town, payment: &mut Payment) -> bool {
    if payment.in_flight == 0 {
        payment.is_closed = true;
        town.seen.note("MPP payments lost, as documented", 1);
    }
    true
}

/// It is used up. What its payer has not got went down with a process that was killed after it had
/// written it down, and nowhere else.
fn closes(town: &Town, payment: &mut Payment) {
    payment.is_closed = true;
    town.seen.note("used up", 1);
    if payment.lost() > payment.killed() {
        town.seen.note("paid and not served", 1);
        town.seen.wrong(format!("used up, and {} not served: {payment:?}", payment.lost()));
    } else if payment.lost() > 0 {
        town.seen.note("drawn, and killed before the answer was there", payment.lost());
    }
}

fn name(payment: &Payment) -> &'static str {
    match (payment.kind, payment.form) {
        (Kind::Plain, Form::Token) => "paid",
        (Kind::Plain, Form::Mpp) => "paid by MPP",
        (Kind::Plain, Form::Cookie) => "paid, by cookie",
        (Kind::Once, Form::Mpp) => "once, by MPP",
        (Kind::Once, _) => "once",
        (Kind::Pack, Form::Mpp) => "pack, by MPP",
        (Kind::Pack, _) => "pack",
        (Kind::Metered, Form::Mpp) => "metered, by MPP",
        (Kind::Metered, _) => "metered",
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
