//! The balances in use, and what the file knows of them.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::file::{Failure, File, Row};
use crate::balance::{
    sheet::Sheet,
    store::{Accepted, Claim, HoldId, Mark, Portion, Quota},
};

/// What a request wants of a balance.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Hold(HoldId, Quota, u64),
    Draw(HoldId, Quota, Portion),
    Settle(HoldId),
    GiveBack(HoldId),
    Look(Quota),
    Accept(Accepted, Duration),
    Accepted,
}

#[derive(Clone, Copy)]
pub(super) enum Reply {
    Claim(Claim),
    Done(bool),
    Accepted(Option<Accepted>),
}

pub(super) type Outcome = Result<Reply, Arc<Failure>>;

/// A file is locked by one process, so what requests hold is in memory, and a crash frees it. Only
/// what is drawn is written.
pub(super) struct Books {
    file: File,
    /// Those on which requests run, and those that the file has to be told of.
    open: HashMap<Mark, Page>,
}

#[derive(Clone)]
struct Page {
    sheet: Sheet,
    kept_for: Duration,
    /// What the file says; `None` if a write has failed and may have been done all the same.
    written: Option<Row>,
}

impl Page {
    fn row(&self) -> Row {
        let drawn = self.sheet.drawn();
        Row { kind: self.sheet.kind.filter(|_| drawn > 0), drawn, accepted: self.sheet.accepted }
    }

    fn take(&mut self, step: Step) -> Reply {
        match step {
            Step::Hold(id, quota, amount) => Reply::Claim(self.sheet.hold(id, quota, amount)),
            Step::Draw(id, quota, portion) => {
                self.kept_for = quota.kept_for;
                Reply::Done(self.sheet.draw(id, quota, portion))
            }
            Step::Settle(id) => {
                self.sheet.settle(id);
                Reply::Done(true)
            }
            Step::GiveBack(id) => {
                self.sheet.give_back(id);
                Reply::Done(true)
            }
            Step::Look(quota) => Reply::Claim(self.sheet.look(quota)),
            Step::Accept(accepted, kept_for) => {
                self.kept_for = kept_for;
                self.sheet.accepted = Some(accepted);
                Reply::Done(true)
            }
            Step::Accepted => Reply::Accepted(self.sheet.accepted),
        }
    }
}

impl Books {
    pub(super) fn new(file: File) -> Self {
        Self { file, open: HashMap::new() }
    }

    /// Takes the steps in their order, with one write for all that they have drawn.
    pub(super) fn take(&mut self, steps: &[(Mark, Step)]) -> Vec<Outcome> {
        let outcomes = match self.load(steps).and_then(|before| self.try_take(steps, before)) {
            Ok(replies) => replies.into_iter().map(Ok).collect(),
            Err(failure) => {
                let failure = Arc::new(failure);
                steps.iter().map(|step| self.without_the_file(*step, &failure)).collect()
            }
        };
        self.open.retain(|_, page| page.sheet.is_open() || page.written != Some(page.row()));
        outcomes
    }

    /// `before` is what comes back if the write fails.
    fn try_take(
        &mut self,
        steps: &[(Mark, Step)],
        before: Vec<(Mark, Page)>,
    ) -> Result<Vec<Reply>, Failure> {
        let take =
            |(mark, step): &(Mark, Step)| self.open.get_mut(mark).map(|page| page.take(*step));
        let replies = steps.iter().filter_map(take).collect();
        let rows: Vec<_> = self.unwritten().collect();
        if rows.is_empty() {
            return Ok(replies);
        }
        if let Err(failure) = self.file.write(&rows) {
            self.open.extend(before);
            // It may have been written all the same.
            for (mark, _, kept_for) in rows {
                if let Some(page) = self.open.get_mut(&mark) {
                    page.written = None;
                    page.kept_for = kept_for;
                }
            }
            return Err(failure);
        }
        for (mark, row, _) in rows {
            if let Some(page) = self.open.get_mut(&mark) {
                page.written = Some(row);
            }
        }
        Ok(replies)
    }

    /// What changes nothing in the file goes on without it: a hold must end, whatever fails.
    fn without_the_file(&mut self, (mark, step): (Mark, Step), failure: &Arc<Failure>) -> Outcome {
        match (step, self.open.get_mut(&mark)) {
            (Step::Draw(..) | Step::Accept(..), _) => Err(Arc::clone(failure)),
            (_, Some(page)) => Ok(page.take(step)),
            // Nobody holds anything.
            (Step::Settle(_) | Step::GiveBack(_), None) => Ok(Reply::Done(true)),
            (_, None) => Err(Arc::clone(failure)),
        }
    }

    /// The pages of these steps, as they are before.
    fn load(&mut self, steps: &[(Mark, Step)]) -> Result<Vec<(Mark, Page)>, Failure> {
        let mut before = Vec::with_capacity(steps.len());
        for (mark, _) in steps {
            let page = if let Some(page) = self.open.get(mark) {
                page.clone()
            } else {
                let row = self.file.read(*mark)?.unwrap_or_default();
                let sheet = Sheet::known(row.kind, row.drawn, row.accepted);
                let page = Page { sheet, kept_for: Duration::ZERO, written: Some(row) };
                self.open.insert(*mark, page.clone());
                page
            };
            before.push((*mark, page));
        }
        Ok(before)
    }

    fn unwritten(&self) -> impl Iterator<Item = (Mark, Row, Duration)> {
        self.open.iter().filter_map(|(mark, page)| {
            let row = page.row();
            (page.written != Some(row)).then_some((*mark, row, page.kept_for))
        })
    }
}
