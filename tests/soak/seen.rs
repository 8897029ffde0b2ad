//! What was answered, and what of it was wrong.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

const EXAMPLES: usize = 20;

#[derive(Default)]
pub(crate) struct Seen(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    answers: BTreeMap<(&'static str, u16), u64>,
    noted: BTreeMap<&'static str, u64>,
    wrong: u64,
    examples: Vec<String>,
}

impl Seen {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn answer(&self, who: &'static str, status: u16) {
        *self.counts().answers.entry((who, status)).or_default() += 1;
    }

    /// What is counted beside the answers.
    pub(crate) fn note(&self, what: &'static str, times: u64) {
        *self.counts().noted.entry(what).or_default() += times;
    }

    pub(crate) fn wrong(&self, what: String) {
        let mut counts = self.counts();
        counts.wrong += 1;
        if counts.examples.len() < EXAMPLES {
            println!("WRONG: {what}");
            counts.examples.push(what);
        }
    }

    pub(crate) fn is_right(&self) -> bool {
        self.counts().wrong == 0
    }

    pub(crate) fn print(&self) {
        let counts = self.counts();
        println!("{:<40}{}", "answers", counts.answers.values().sum::<u64>());
        for ((who, status), times) in &counts.answers {
            println!("  {:<38}{times}", format!("{who}, {status}"));
        }
        for (what, times) in &counts.noted {
            println!("{what:<40}{times}");
        }
        println!("{:<40}{}", "wrong", counts.wrong);
        for example in &counts.examples {
            println!("  {example}");
        }
    }
}
