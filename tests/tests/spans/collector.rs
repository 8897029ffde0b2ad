//! Keeps what a subscriber hears: spans with their fields, and the events in them.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    filter::EnvFilter,
    layer::{Context, SubscriberExt as _},
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

static HEARD: Mutex<Heard> = Mutex::new(Heard { spans: Vec::new(), events: Vec::new() });

/// Begins once for all tests: servers work on threads of their own.
static BEGUN: LazyLock<()> = LazyLock::new(|| {
    let filter = EnvFilter::new("info,l402_actix=debug");
    tracing_subscriber::registry().with(Collector.with_filter(filter)).init();
});

#[derive(Default)]
struct Heard {
    spans: Vec<Span>,
    events: Vec<Said>,
}

/// The fields of a span or of an event, as text.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(BTreeMap<&'static str, String>);

impl Fields {
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("-", String::as_str)
    }
}

/// A span that has ended.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) name: &'static str,
    pub(super) level: Level,
    pub(super) fields: Fields,
    pub(super) parent: Option<&'static str>,
}

/// An event, and the names of the spans around it, the nearest first.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) level: Level,
    pub(super) fields: Fields,
    pub(super) within: Vec<&'static str>,
    /// The route of the gate that it was said at.
    route: Option<String>,
}

pub(super) fn begin() {
    LazyLock::force(&BEGUN);
}

/// The spans of requests for this route that have ended since the last look.
pub(super) fn spans_of(route: &str) -> Vec<Span> {
    let is_of = |span: &Span| span.name == "l402" && span.fields.get("route") == route;
    heard().spans.extract_if(.., |span| is_of(span)).collect()
}

/// What was said at the gate of this route since the last look.
pub(super) fn said_at(route: &str) -> Vec<Said> {
    heard().events.extract_if(.., |said| said.route.as_deref() == Some(route)).collect()
}

fn heard() -> MutexGuard<'static, Heard> {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Collector;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Collector {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        values.record(span.extensions_mut().get_mut::<Fields>().unwrap());
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let (mut within, mut route) = (Vec::new(), None);
        for span in context.event_scope(event).into_iter().flatten() {
            within.push(span.name());
            if span.name() == "l402" {
                let extensions = span.extensions();
                let fields: Option<&Fields> = extensions.get();
                route = fields.map(|fields| fields.get("route").to_owned());
            }
        }
        heard().events.push(Said { level: *event.metadata().level(), fields, within, route });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let fields = span.extensions_mut().remove().unwrap_or_default();
        heard().spans.push(Span {
            name: span.name(),
            level: *span.metadata().level(),
            fields,
            parent: span.parent().map(|parent| parent.name()),
        });
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        let known = self.0.insert(field.name(), value.to_owned());
        assert!(known.is_none(), "{} is recorded twice", field.name());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
