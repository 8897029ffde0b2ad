//! One paid route, as it is told to clients.

use serde_json::{Value, json};

use crate::{
    config::L402Config,
    terms::{GoodFor, Offer},
};

const COMPUTED: &str = "The price is computed for each request; the 402 states it.";

/// A route with a gate.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// `None` for a scope under a `RequirePayment`, which charges for every method.
    pub(crate) method: Option<String>,
    /// From the root, as Actix matches it: `/items/{id:\d+}`.
    pub(crate) pattern: String,
    pub(crate) description: Option<String>,
    pub(crate) pricing: Pricing,
    /// What one payment is good for, if that is counted.
    pub(crate) good_for: Option<GoodFor>,
    pub(crate) tags: Vec<String>,
    pub(crate) deprecated: bool,
    /// Known to its gate as listed, and told to nobody.
    pub(crate) hidden: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pricing {
    Fixed(u64),
    /// By a function, of the attribute or of the config.
    Computed,
}

impl Pricing {
    /// `None` where the gate would find no price either.
    pub(crate) fn of(offer: &Offer<'_>, config: &L402Config) -> Option<Self> {
        if config.terms.price_with.is_some() || offer.price_with.is_some() {
            return Some(Self::Computed);
        }
        offer.price_sats.or(config.terms.default_price_sats).map(Self::Fixed)
    }

    /// As an offer of draft-payment-discovery: `x-payment-info`. The 402 has the last word.
    pub(crate) fn to_offer(self) -> Value {
        let (amount, note) = match self {
            Self::Fixed(sats) => (Value::String(sats.to_string()), None),
            Self::Computed => (Value::Null, Some(COMPUTED)),
        };
        let mut offer = json!({ "intent": "charge", "method": "lightning", "amount": amount, "currency": "sat" });
        if let Some(note) = note {
            offer["description"] = note.into();
        }
        offer
    }

    /// In the words of the manifest's known readers and writers.
    pub(crate) fn to_json(self) -> Value {
        match self {
            Self::Fixed(sats) => json!({ "model": "perrequest", "base_price_sats": sats }),
            Self::Computed => json!({ "model": "dynamic" }),
        }
    }
}

impl Endpoint {
    pub(crate) fn new(
        method: Option<String>,
        pattern: String,
        description: Option<String>,
        pricing: Pricing,
    ) -> Self {
        Self {
            method,
            pattern,
            description,
            pricing,
            good_for: None,
            tags: vec![],
            deprecated: false,
            hidden: false,
        }
    }

    /// `"uses"` or `"units"`, and how many a payment buys.
    pub(crate) fn buys(&self) -> Option<(&'static str, u64)> {
        self.good_for.map(|good_for| match good_for {
            GoodFor::Uses(uses) => ("uses", uses),
            GoodFor::Units { units, .. } => ("units", units),
        })
    }

    /// The method to show; a scope is read before it is anything else.
    pub(crate) fn method(&self) -> &str {
        self.method.as_deref().unwrap_or("GET")
    }

    /// The path without the expressions that its parts have to match: `/items/{id}`.
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        for segment in segments(&self.pattern) {
            match segment {
                Segment::Text(text) => path.push_str(text),
                Segment::Parameter(name) => path.extend(["{", name, "}"]),
            }
        }
        if self.method.is_none() {
            path.push_str(if path.ends_with('/') { "{path}" } else { "/{path}" });
        }
        path
    }

    /// The names in the path.
    pub(crate) fn parameters(&self) -> Vec<String> {
        let path = self.path();
        let name = |segment| match segment {
            Segment::Parameter(name) => Some(name.to_owned()),
            Segment::Text(_) => None,
        };
        segments(&path).into_iter().filter_map(name).collect()
    }

    /// `GET /v1/items/{id}` -> `get-v1-items-id`.
    fn id(&self) -> String {
        let path = self.path();
        let words = path.split(|char: char| !char.is_ascii_alphanumeric());
        let method = self.method().to_lowercase();
        let words: Vec<&str> =
            [method.as_str()].into_iter().chain(words.filter(|word| !word.is_empty())).collect();
        words.join("-")
    }

    pub(crate) fn summary(&self) -> String {
        self.description.clone().unwrap_or_else(|| format!("{} {}", self.method(), self.path()))
    }

    fn to_json(&self, id: &str) -> Value {
        let computed = (self.pricing == Pricing::Computed).then_some(COMPUTED);
        let description: Vec<&str> =
            self.description.as_deref().into_iter().chain(computed).collect();
        let mut endpoint = json!({
            "id": id,
            "path": self.path(),
            "method": self.method(),
            "summary": self.summary(),
            "l402_enabled": true,
            "pricing": self.pricing.to_json(),
        });
        if let Some((kind, count)) = self.buys() {
            endpoint["pricing"][kind] = count.into();
        }
        if !description.is_empty() {
            endpoint["description"] = description.join(". ").into();
        }
        if !self.tags.is_empty() {
            endpoint["tags"] = self.tags.clone().into();
        }
        if self.deprecated {
            endpoint["deprecated"] = true.into();
        }
        endpoint
    }
}

/// The manifest's `endpoints`, each under an id of its own.
pub(crate) fn to_json(endpoints: &[Endpoint]) -> Value {
    let mut ids: Vec<String> = Vec::new();
    let to_json = |endpoint: &Endpoint| {
        let first = endpoint.id();
        let mut id = first.clone();
        let mut count = 1;
        while ids.contains(&id) {
            count += 1;
            id = format!("{first}-{count}");
        }
        let json = endpoint.to_json(&id);
        ids.push(id);
        json
    };
    endpoints.iter().filter(|endpoint| !endpoint.hidden).map(to_json).collect()
}

enum Segment<'a> {
    Text(&'a str),
    Parameter(&'a str),
}

/// `/items/{id:\d{2}}` -> `/items/`, `id`. Actix's own reading is not to be had from outside.
fn segments(pattern: &str) -> Vec<Segment<'_>> {
    let mut segments = Vec::new();
    let mut rest = pattern;
    while let Some(start) = rest.find('{') {
        let (text, parameter) = rest.split_at(start);
        let mut depth = 0_usize;
        let end = parameter.bytes().position(|byte| {
            match byte {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        // Actix would have refused what has no end.
        let Some(end) = end else { break };
        let inner = &parameter[1..end];
        segments.push(Segment::Text(text));
        segments.push(Segment::Parameter(inner.split(':').next().unwrap_or(inner).trim()));
        // `{tail}*`: the rest of the path, which no reader writes that way.
        rest = parameter[end + 1..].strip_prefix('*').unwrap_or(&parameter[end + 1..]);
    }
    segments.push(Segment::Text(rest));
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(method: Option<&str>, pattern: &str) -> Endpoint {
        Endpoint::new(method.map(str::to_owned), pattern.to_owned(), None, Pricing::Fixed(1))
    }

    #[test]
    fn a_path_is_shown_without_what_its_parts_have_to_match() {
        for (pattern, path) in [
            ("/", "/"),
            ("/items", "/items"),
            (r"/v{version}/items/{id:\d{2}}.json", "/v{version}/items/{id}.json"),
            ("/files/{tail}*", "/files/{tail}"),
            ("/files/{tail:.*}", "/files/{tail}"),
        ] {
            assert_eq!(endpoint(Some("GET"), pattern).path(), path);
        }
        assert_eq!(endpoint(None, "/site").path(), "/site/{path}");
        let names = endpoint(None, "/{tenant}/site").parameters();
        assert_eq!(names, ["tenant", "path"]);
    }

    #[test]
    fn no_two_endpoints_have_the_same_id() {
        let endpoints = ["/a/b", "/a-b", "/a/{b}"].map(|path| endpoint(Some("GET"), path));
        let json = to_json(&endpoints);
        let ids: Vec<&str> =
            json.as_array().expect("a list").iter().filter_map(|one| one["id"].as_str()).collect();
        assert_eq!(ids, ["get-a-b", "get-a-b-2", "get-a-b-3"]);
    }
}
