//! What is right: the rules in their shortest form, and beside them what becomes of each request, to
//! the status, by what the broker says and what has happened so far.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::case::{Lie, Mode, Settings, Verify};

/// A refusal stands for a second at least; what is older is not foretold.
const SURELY_STANDS: Duration = Duration::from_millis(700);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The handler's own answer.
    Served,
    /// A 402 with a fresh challenge over so much.
    Asked(u64),
    /// Anything else, and no challenge.
    Failed,
}

/// A gate as it meets one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) price: u64,
    pub(crate) accepts: u64,
    pub(crate) uses: Option<u64>,
}

/// What was paid, and what has become of it.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Payment {
    pub(crate) resource: String,
    pub(crate) sats: u64,
    /// Whether it was sold by the server under test.
    pub(crate) sold_here: bool,
    pub(crate) macaroon: String,
    pub(crate) preimage: String,
    pub(crate) has_expired: bool,
    /// How many answers it has paid for, where they are counted.
    drawn: u64,
    /// Whether it has passed a gate.
    was_accepted: bool,
    /// Whether the broker has taken it as an MPP payment.
    is_taken: bool,
    /// What it was accepted for as one: the resource, so much, and for so many answers.
    good_for: Option<(String, u64, Option<u64>)>,
}

impl Payment {
    pub(crate) fn new(resource: &str, sats: u64, sold_here: bool, proof: [String; 2]) -> Self {
        let [macaroon, preimage] = proof;
        Self {
            resource: resource.to_owned(),
            sats,
            sold_here,
            macaroon,
            preimage,
            has_expired: false,
            drawn: 0,
            was_accepted: false,
            is_taken: false,
            good_for: None,
        }
    }
}

/// A credential, and what is true of it.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) mpp: bool,
    /// Whose preimage it is.
    pub(crate) payment: Option<usize>,
    /// Whether its macaroon is signed and its own.
    pub(crate) is_genuine: bool,
    /// Whether it says itself that it has expired.
    pub(crate) says_expired: bool,
    /// What was appended: paths, amounts.
    pub(crate) paths: Vec<String>,
    pub(crate) amounts: Vec<u64>,
}

/// One request.
pub(crate) struct Asked<'a> {
    /// Those that charge, from the outermost.
    pub(crate) gates: &'a [Terms],
    pub(crate) resource: &'a str,
    pub(crate) shown: Option<&'a Shown>,
    pub(crate) verify: Verify,
    pub(crate) mints: bool,
    pub(crate) handler_fails: bool,
    pub(crate) begun: Instant,
}

/// A question: the resource and the amount that are sent.
type Question = (Option<String>, Option<u64>);

#[derive(Debug, Clone, PartialEq)]
enum Said {
    Yes(Facts),
    No,
    Nothing,
}

/// What a yes reads out.
#[derive(Debug, Clone, PartialEq)]
struct Facts {
    resource: Option<String>,
    sats: Option<u64>,
}

/// A no that is remembered.
#[derive(Debug, Clone)]
struct No {
    was_accepted: bool,
    is_for_something_else: Option<bool>,
    since: Instant,
}

enum Step {
    Passes,
    Pays,
    Fails,
}

/// Where a request has come to, on its way in.
#[derive(Default)]
struct Way {
    price: u64,
    /// Whether answers are counted at a gate that it has passed.
    is_counted: bool,
    /// What an MPP payment is good for at the scopes so far, where they count nothing.
    taken_for: Option<u64>,
    /// What it was asked about at the last gate, what that was answered, and whether just now.
    passed: Option<(Question, Facts, bool)>,
}

pub(crate) struct Reference {
    settings: Settings,
    /// Whether the broker reads out the caveat that stands last.
    reads_last: bool,
    pub(crate) payments: Vec<Payment>,
    /// The yes that stands, by token and resource: the amount that was sent, and what was read out.
    standing: HashMap<(String, Option<String>), (Option<u64>, Facts)>,
    refused: HashMap<(String, Question), No>,
    /// Whether the clock has overtaken what can be foretold.
    pub(crate) is_unsure: bool,
}

impl Reference {
    pub(crate) fn new(settings: Settings, reads_last: bool) -> Self {
        Self {
            settings,
            reads_last,
            payments: Vec::new(),
            standing: HashMap::new(),
            refused: HashMap::new(),
            is_unsure: false,
        }
    }

    /// Who may be served and who may be asked to pay, whatever the broker does. Everybody else gets a
    /// failure, which asks for nothing.
    pub(crate) fn allows(&self, asked: &Asked<'_>, outcome: Outcome) -> bool {
        let Some(dearest) = asked.gates.iter().map(|gate| gate.accepts).max() else {
            return outcome == Outcome::Served;
        };
        let paid = asked.shown.and_then(|shown| Some((shown, &self.payments[shown.payment?])));
        let Some((shown, payment)) = paid else { return outcome != Outcome::Served };
        let Settings { enforces_resource, enforces_amount, cache, mpp, .. } = self.settings;
        let is_genuine = if shown.mpp { mpp } else { shown.is_genuine };
        // Of an MPP payment the broker's books are believed, in which no holder can write.
        let by_word = shown.mpp && asked.verify == Verify::ReadsOut(Lie::Much);
        let accepted = payment.good_for.as_ref().filter(|_| shown.mpp).map_or(0, |good| good.1);
        let served = outcome == Outcome::Served;
        let covers = |binds_resource: bool, binds_amount: bool| {
            let is_of = |path: &String| !binds_resource || path == asked.resource;
            let is_enough = |sats: &u64| !binds_amount || *sats >= dearest;
            is_genuine
                && is_of(&payment.resource)
                && (by_word && served || is_enough(&payment.sats.max(accepted)))
                && shown.paths.iter().all(is_of)
                && shown.amounts.iter().all(is_enough)
        };
        let is_live = !payment.has_expired && !shown.says_expired;
        let stated = asked.gates.iter().find_map(|gate| gate.uses);
        let accepted_for = payment.good_for.as_ref().and_then(|(.., uses)| *uses).unwrap_or(1);
        let uses = if shown.mpp { Some(stated.unwrap_or(accepted_for)) } else { stated };
        let is_left = uses.is_none_or(|uses| payment.drawn < uses);
        match outcome {
            // A verdict stands, and the broker takes an MPP payment once, so what was good may be.
            Outcome::Served => {
                let covers = covers(enforces_resource, enforces_amount);
                covers && is_left && (is_live || cache || shown.mpp)
            }
            // By the broker's word what was good may be so no longer, and both are always sent with
            // an MPP payment.
            Outcome::Asked(_) => {
                let covers = covers(enforces_resource || shown.mpp, enforces_amount || shown.mpp);
                !(covers && is_live && is_left)
                    || payment.was_accepted && asked.verify != Verify::Well
                    || payment.was_accepted && self.was_refused(shown)
                    || shown.mpp && (payment.is_taken || payment.drawn > 0)
                    || !payment.sold_here
                        && (self.settings.mode == Mode::Rechallenge
                            || shown.mpp && asked.verify != Verify::Well)
            }
            Outcome::Failed => true,
        }
    }

    fn was_refused(&self, shown: &Shown) -> bool {
        self.refused.keys().any(|(text, _)| *text == shown.text)
    }

    /// What becomes of it, and what it leaves behind.
    pub(crate) fn answer(&mut self, asked: &Asked<'_>) -> Outcome {
        let mut way = Way::default();
        let shown = asked.shown.filter(|shown| !shown.mpp || self.settings.mpp);
        for gate in asked.gates {
            way.price = way.price.max(gate.price);
            let step = match shown {
                None => Step::Pays,
                Some(payment) if payment.mpp => self.payment_at(gate, payment, asked, &mut way),
                Some(token) => self.token_at(gate, token, asked, &mut way),
            };
            match step {
                Step::Passes => {}
                Step::Pays if asked.mints => return Outcome::Asked(way.price),
                Step::Pays | Step::Fails => return Outcome::Failed,
            }
        }
        let draws = way.is_counted || way.taken_for.is_some();
        if let Some(payment) = shown.and_then(|shown| shown.payment)
            && draws
            && !asked.handler_fails
        {
            self.payments[payment].drawn += 1;
        }
        Outcome::Served
    }

    fn question(&self, gate: &Terms, resource: &str) -> Question {
        let Settings { enforces_resource, enforces_amount, .. } = self.settings;
        let resource = enforces_resource.then(|| resource.to_owned());
        (resource, enforces_amount.then_some(gate.accepts))
    }

    fn token_at(&mut self, gate: &Terms, token: &Shown, asked: &Asked<'_>, way: &mut Way) -> Step {
        let uses = gate.uses.filter(|_| !way.is_counted);
        let drawn = token.payment.map_or(0, |payment| self.payments[payment].drawn);
        if uses.is_some_and(|uses| drawn >= uses) {
            return Step::Pays;
        }
        way.is_counted |= uses.is_some();
        // What is sold once is sold on a verdict of this moment.
        let cached = self.settings.cache && uses != Some(1);
        let question = self.question(gate, asked.resource);
        let stands = |this: &Self, (resource, sats): &Question| {
            let yes = this.standing.get(&(token.text.clone(), resource.clone()));
            yes.filter(|(sent, _)| cached && sats <= sent).map(|(_, facts)| facts.clone())
        };
        if let Some((passed, facts, is_fresh)) = &way.passed {
            let is_included = (question.0.is_none() || question.0 == passed.0)
                && question.1 <= passed.1
                && covers(facts, &question);
            if is_included && (*is_fresh || stands(self, passed).is_some()) {
                way.passed = Some((question, facts.clone(), *is_fresh));
                return Step::Passes;
            }
        } else if let Some(facts) = stands(self, &question) {
            self.accept(token);
            way.passed = Some((question, facts, false));
            return Step::Passes;
        }
        let opens_scope =
            way.passed.as_ref().is_some_and(|(_, facts, _)| !covers(facts, &question));
        let by = (token.text.clone(), question.clone());
        if let Some(no) = self.refused.get(&by).cloned()
            && let Some(step) =
                self.step_of_a_no(token, &question, opens_scope, &no, asked.resource)
        {
            self.is_unsure |= no.since.elapsed() > SURELY_STANDS;
            return step;
        }
        let stood = stands(self, &question).is_some();
        match self.ask_to_admit(token, &question, cached, asked.verify) {
            Said::Nothing => Step::Fails,
            Said::Yes(facts) if facts.resource.is_none() || facts.sats.is_none() => Step::Fails,
            Said::Yes(facts) if covers(&facts, &question) => {
                self.accept(token);
                way.passed = Some((question, facts, !stood));
                Step::Passes
            }
            Said::Yes(_) => {
                self.stands_no_longer(token, &question);
                Step::Fails
            }
            Said::No => {
                let was_accepted = token.payment.is_some_and(|at| self.payments[at].was_accepted);
                let mut no = No { was_accepted, is_for_something_else: None, since: asked.begun };
                let known = self.step_of_a_no(token, &question, opens_scope, &no, asked.resource);
                let step = match known {
                    Some(step) => step,
                    None => match self.ask(token, &(None, None), cached, asked.verify) {
                        Said::No => {
                            no.is_for_something_else = Some(false);
                            Step::Fails
                        }
                        Said::Yes(facts) if covers_not(&facts, &question) => {
                            no.is_for_something_else = Some(true);
                            Step::Pays
                        }
                        Said::Nothing | Said::Yes(_) => return Step::Fails,
                    },
                };
                self.refused.insert(by, no);
                self.stands_no_longer(token, &question);
                step
            }
        }
    }

    /// Lines 6 to 11 of the list, up to the second question, which is `None`.
    fn step_of_a_no(
        &self,
        token: &Shown,
        question: &Question,
        opens_scope: bool,
        no: &No,
        resource: &str,
    ) -> Option<Step> {
        let sold = token.payment.map(|at| &self.payments[at]).filter(|payment| payment.sold_here);
        let is_for_this = sold.map(|sold| self.is_for(sold, question, resource));
        if is_for_this == Some(true) && !no.was_accepted {
            return Some(Step::Fails);
        }
        match self.settings.mode {
            Mode::Unauthorized if !opens_scope => return Some(Step::Fails),
            Mode::Unauthorized | Mode::Rechallenge => return Some(Step::Pays),
            Mode::Diagnose | Mode::Custom => {}
        }
        let was_good = no.was_accepted || token.says_expired || is_for_this == Some(false);
        match no.is_for_something_else {
            _ if was_good => Some(Step::Pays),
            Some(true) => Some(Step::Pays),
            Some(false) => Some(Step::Fails),
            None if *question == (None, None) => Some(Step::Fails),
            None => None,
        }
    }

    /// Whether it was minted for just this, as far as that is enforced.
    fn is_for(&self, sold: &Payment, question: &Question, resource: &str) -> bool {
        let enforces = self.settings.enforces_resource;
        (!enforces || sold.resource == resource) && question.1.is_none_or(|sats| sold.sats >= sats)
    }

    fn accept(&mut self, shown: &Shown) {
        if let Some(payment) = shown.payment {
            self.payments[payment].was_accepted = true;
        }
    }

    fn stands_no_longer(&mut self, token: &Shown, (resource, sats): &Question) {
        let by = (token.text.clone(), resource.clone());
        if self.standing.get(&by).is_some_and(|(sent, _)| sats <= sent) {
            self.standing.remove(&by);
        }
    }

    /// Where a yes to less stands, the broker is asked first for all that the token is said to have paid.
    fn ask_to_admit(
        &mut self,
        token: &Shown,
        question: &Question,
        cached: bool,
        verify: Verify,
    ) -> Said {
        let standing = self.standing.get(&(token.text.clone(), question.0.clone()));
        if cached
            && let Some((sent, Facts { sats, .. })) = standing
            && *sent < question.1
            && question.1 < *sats
        {
            let all = (question.0.clone(), *sats);
            if let Said::Yes(facts) = self.ask(token, &all, cached, verify)
                && covers(&facts, &all)
            {
                return Said::Yes(facts);
            }
        }
        self.ask(token, question, cached, verify)
    }

    /// What the gate hears: what stands, or what the broker says.
    fn ask(&mut self, token: &Shown, question: &Question, cached: bool, verify: Verify) -> Said {
        let by = (token.text.clone(), question.0.clone());
        if cached
            && let Some((sent, facts)) = self.standing.get(&by)
            && question.1 <= *sent
        {
            return Said::Yes(facts.clone());
        }
        let said = said(verify, || self.truth_of_a_token(token, question));
        if cached
            && let Said::Yes(facts) = &said
            && facts.resource.is_some()
            && facts.sats.is_some()
        {
            self.standing.insert(by, (question.1, facts.clone()));
        }
        said
    }

    fn truth_of_a_token(&self, token: &Shown, (resource, sats): &Question) -> Option<Facts> {
        let payment = token.payment.map(|at| &self.payments[at]);
        let payment = payment.filter(|payment| token.is_genuine && !payment.has_expired)?;
        let (mut paths, mut amounts) = (vec![payment.resource.clone()], vec![payment.sats]);
        paths.extend(token.paths.clone());
        amounts.extend(token.amounts.clone());
        let holds = !token.says_expired
            && resource.as_ref().is_none_or(|asked| paths.iter().all(|path| path == asked))
            && sats.is_none_or(|asked| amounts.iter().all(|paid| *paid >= asked));
        let at = |length: usize| if self.reads_last { length - 1 } else { 0 };
        let resource = Some(paths.swap_remove(at(paths.len())));
        holds.then(|| Facts { resource, sats: Some(amounts[at(amounts.len())]) })
    }

    fn payment_at(
        &mut self,
        gate: &Terms,
        shown: &Shown,
        asked: &Asked<'_>,
        way: &mut Way,
    ) -> Step {
        let question = self.question(gate, asked.resource);
        let uses = gate.uses.filter(|_| !way.is_counted);
        if let Some((_, facts, _)) = &way.passed {
            if !covers(facts, &question) {
                return Step::Pays;
            }
            if let (Some(uses), Some(at)) = (uses, shown.payment) {
                // The gate within that counts holds it, and no longer the scope.
                if way.taken_for.take() != Some(uses) {
                    let sats = facts.sats.unwrap_or_default();
                    let good_for = (asked.resource.to_owned(), sats, Some(uses));
                    self.payments[at].good_for = Some(good_for);
                }
                way.is_counted = true;
                if self.payments[at].drawn >= uses {
                    return Step::Pays;
                }
            }
            return Step::Passes;
        }
        let Some(at) = shown.payment else {
            // Nobody has paid it.
            return match said(asked.verify, || None) {
                Said::No => Step::Pays,
                Said::Yes(_) | Said::Nothing => Step::Fails,
            };
        };
        let payment = self.payments[at].clone();
        let before = payment.good_for.filter(|(resource, sats, _)| {
            (question.0.is_none() || *resource == asked.resource)
                && question.1.is_none_or(|asked| *sats >= asked)
        });
        let counted = before.as_ref().and_then(|(.., uses)| *uses);
        let good_for = uses.or(counted).unwrap_or(1);
        if payment.drawn >= good_for {
            return Step::Pays;
        }
        let facts = if let Some((_, sats, _)) = before {
            Facts { resource: Some(asked.resource.to_owned()), sats: Some(sats) }
        } else {
            let is_good = !payment.has_expired
                && !payment.is_taken
                && payment.resource == asked.resource
                && payment.sats >= gate.accepts;
            let facts = Facts { resource: Some(payment.resource), sats: Some(payment.sats) };
            self.payments[at].is_taken |= is_good && asked.verify.does_as_asked();
            match said(asked.verify, || is_good.then_some(facts)) {
                Said::Nothing => return Step::Fails,
                Said::No => {
                    let sold = &self.payments[at];
                    let just_paid = sold.sold_here
                        && self.is_for(sold, &question, asked.resource)
                        && !sold.was_accepted;
                    return if just_paid { Step::Fails } else { Step::Pays };
                }
                Said::Yes(facts) => {
                    // Without facts it is valid for what was sent, and for what it was sold for here.
                    let resource = facts.resource.unwrap_or_else(|| asked.resource.to_owned());
                    let sold = Some(&self.payments[at]).filter(|payment| payment.sold_here);
                    let sold = sold.map_or(0, |sold| sold.sats);
                    let sats = facts.sats.unwrap_or(gate.accepts.max(sold));
                    let facts = Facts { resource: Some(resource), sats: Some(sats) };
                    if !covers(&facts, &question) {
                        return Step::Fails;
                    }
                    let good_for = (asked.resource.to_owned(), sats, uses);
                    self.payments[at].good_for = Some(good_for);
                    self.accept(shown);
                    facts
                }
            }
        };
        if uses.is_some() {
            way.is_counted = true;
        } else {
            way.taken_for = Some(good_for);
        }
        way.passed = Some((question, facts, false));
        Step::Passes
    }
}

fn covers(facts: &Facts, (resource, sats): &Question) -> bool {
    (resource.is_none() || facts.resource == *resource) && (sats.is_none() || facts.sats >= *sats)
}

/// It says for what, and that is something else or less.
fn covers_not(facts: &Facts, question: &Question) -> bool {
    facts.resource.is_some() && facts.sats.is_some() && !covers(facts, question)
}

fn said(verify: Verify, truth: impl FnOnce() -> Option<Facts>) -> Said {
    let yes = |facts: Option<Facts>| facts.map_or(Said::No, Said::Yes);
    match verify {
        Verify::Well => yes(truth()),
        Verify::SaysNo => Said::No,
        Verify::ReadsOut(lie) => yes(truth().map(|facts| match lie {
            Lie::Little => Facts { sats: Some(0), ..facts },
            Lie::Much => Facts { sats: Some(1_000_000), ..facts },
            Lie::OtherResource => Facts { resource: Some("/elsewhere".to_owned()), ..facts },
            Lie::NoAmount => Facts { sats: None, ..facts },
            Lie::NoResource => Facts { resource: None, ..facts },
        })),
        _ => Said::Nothing,
    }
}

impl Verify {
    /// Whether the broker does what it is asked, whatever it answers.
    fn does_as_asked(self) -> bool {
        matches!(self, Self::Well | Self::ReadsOut(_) | Self::BreaksOff)
    }
}
