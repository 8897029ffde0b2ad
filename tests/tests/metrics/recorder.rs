//! A real exporter, and what it would tell Prometheus.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, MutexGuard, PoisonError},
};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

static EXPORTER: LazyLock<PrometheusHandle> =
    LazyLock::new(|| PrometheusBuilder::new().install_recorder().unwrap());

/// One at a time: figures are the process's, as they are in a merchant's.
static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// What has changed in the figures since a moment.
pub(super) struct Figures {
    before: BTreeMap<String, f64>,
    _turn: MutexGuard<'static, ()>,
}

impl Figures {
    pub(super) fn from_now() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Self { before: all(), _turn: turn }
    }

    /// The series that have grown, as `name{labels} by`, in their order. Times are left out.
    pub(super) fn grown(&self) -> Vec<String> {
        let grown = all().into_iter().filter_map(|(series, now)| {
            let by = now - self.before.get(&series).copied().unwrap_or_default();
            let is_time = series.contains("_sum") || series.contains("quantile");
            (by > 0.0 && !is_time).then(|| format!("{series} {by}"))
        });
        grown.collect()
    }

    /// How many a series has counted.
    pub(super) fn by(&self, series: &str) -> u64 {
        let line = format!("{series} ");
        let grown =
            self.grown().into_iter().find_map(|grown| grown.strip_prefix(&line)?.parse().ok());
        grown.unwrap_or_default()
    }

    /// How many seconds a series has grown by.
    pub(super) fn seconds(&self, series: &str) -> f64 {
        let now = all().get(series).copied().unwrap_or_default();
        now - self.before.get(series).copied().unwrap_or_default()
    }
}

pub(super) fn rendered() -> String {
    EXPORTER.render()
}

/// All lines that are no comment: a series and its value.
fn all() -> BTreeMap<String, f64> {
    let line = |line: &str| {
        let (series, value) = line.rsplit_once(' ')?;
        Some((series.to_owned(), value.parse().ok()?))
    };
    rendered().lines().filter(|line| !line.starts_with('#')).filter_map(line).collect()
}
