//! Answers -> counts, and counts -> a table in Markdown.

use std::{collections::BTreeMap, fmt};

use crate::processes::Api;

/// How often each status was answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally(BTreeMap<u16, usize>);

impl Tally {
    pub(crate) fn note(&mut self, status: u16) {
        *self.0.entry(status).or_default() += 1;
    }

    pub(crate) fn with(mut self, other: Self) -> Self {
        for (status, times) in other.0 {
            *self.0.entry(status).or_default() += times;
        }
        self
    }

    pub(crate) fn all(&self) -> usize {
        self.0.values().sum()
    }

    pub(crate) fn of(&self, status: u16) -> usize {
        self.0.get(&status).copied().unwrap_or(0)
    }

    /// Whether this is the only answer that there was.
    pub(crate) fn is_only(&self, status: u16) -> bool {
        self.all() > 0 && self.all() == self.of(status)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers: Vec<_> =
            self.0.iter().map(|(status, times)| format!("{times} x {status}")).collect();
        f.write_str(
            if answers.is_empty() { "none".to_owned() } else { answers.join(", ") }.as_str(),
        )
    }
}

/// Broker calls as the table names them.
pub(crate) fn calls(mints: u64, verifies: u64) -> String {
    let mint = if mints == 1 { "mint" } else { "mints" };
    let verify = if verifies == 1 { "verify" } else { "verifies" };
    format!("{mints} {mint}, {verifies} {verify}")
}

/// One line of the table.
pub(crate) struct Row {
    /// Where in the table; rows of the same scenario stand together.
    pub(crate) place: u8,
    pub(crate) what: &'static str,
    pub(crate) api: Api,
    pub(crate) requests: usize,
    pub(crate) answers: String,
    pub(crate) calls: String,
    pub(crate) target: String,
    /// `None` where the figure is only stated.
    pub(crate) met: Option<bool>,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, requests, answers, calls, target, .. } = self;
        let met = match self.met {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        };
        let Api { processes, shared } = self.api;
        let redis = if shared { " with Redis" } else { "" };
        write!(
            f,
            "| {what} | {processes}{redis} | {requests} | {answers} | {calls} | {target} | {met} |"
        )
    }
}

pub(crate) fn print(rows: &[Row]) {
    println!("| scenario | processes | requests | answers | broker calls | target | met |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for row in rows {
        println!("{row}");
    }
}
