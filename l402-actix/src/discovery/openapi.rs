//! What an OpenAPI document says of the paid routes.
//!
//! Works on the document's JSON, so that it fits every generator and its every version.

use serde_json::{Map, Value, json};

use super::endpoint::{Endpoint, Pricing};

/// The scheme's name in the document.
const SCHEME: &str = "l402";
/// The response's name in the document.
const RESPONSE: &str = "L402PaymentRequired";
/// The schema's name in the document.
const SCHEMA: &str = "L402Challenge";

/// A document of an app that has none of its own.
pub(crate) fn blank(name: &str, version: &str, description: Option<&str>) -> Value {
    let mut info = json!({ "title": name, "version": version });
    if let Some(description) = description {
        info["description"] = description.into();
    }
    json!({ "openapi": "3.1.0", "info": info, "paths": {} })
}

/// What draft-payment-discovery says of the service as a whole.
pub(crate) fn add_service_info(
    document: &mut Value,
    categories: &[String],
    homepage: Option<&str>,
) {
    let mut info = json!({});
    if !categories.is_empty() {
        info["categories"] = categories.into();
    }
    if let Some(homepage) = homepage {
        info["docs"] = json!({ "homepage": homepage });
    }
    if let Some(document) = document.as_object_mut() {
        document.entry("x-service-info").or_insert(info);
    }
}

/// Puts it in. Whatever the document states itself is kept.
pub(crate) fn describe(document: &mut Value, endpoints: &[Endpoint]) {
    let shown = || endpoints.iter().filter(|endpoint| !endpoint.hidden);
    if shown().next().is_none() {
        return;
    }
    let Some(document) = document.as_object_mut() else { return };
    add_components(document);
    // A requirement of an operation's own takes the place of the document's.
    let everywhere = document.get("security").cloned();
    let Some(paths) = object(document, "paths") else { return };
    for endpoint in shown() {
        let path = endpoint.path();
        let known = paths.keys().find(|known| is_same_path(known, &path)).cloned();
        let Some(item) = object(paths, &known.unwrap_or(path)) else { continue };
        let method = endpoint.method().to_lowercase();
        // OpenAPI has no other methods.
        let methods = ["get", "post", "put", "delete", "head", "options", "trace", "patch"];
        if !methods.contains(&method.as_str()) {
            continue;
        }
        let operation = item.entry(method).or_insert_with(|| skeleton(endpoint));
        if let Some(operation) = operation.as_object_mut() {
            describe_operation(operation, endpoint, everywhere.as_ref());
        }
    }
}

fn add_components(document: &mut Map<String, Value>) {
    let Some(components) = object(document, "components") else { return };
    let parts = [
        ("securitySchemes", SCHEME, scheme()),
        ("responses", RESPONSE, response()),
        ("schemas", SCHEMA, schema()),
    ];
    for (kind, name, part) in parts {
        if let Some(kind) = object(components, kind) {
            kind.entry(name).or_insert(part);
        }
    }
}

fn describe_operation(
    operation: &mut Map<String, Value>,
    endpoint: &Endpoint,
    everywhere: Option<&Value>,
) {
    let security = operation.get("security").or(everywhere).and_then(Value::as_array);
    let security = secured(security.map_or(&[], Vec::as_slice));
    operation.insert("security".to_owned(), security);
    if let Some(responses) = object(operation, "responses") {
        responses
            .entry("402")
            .or_insert_with(|| json!({ "$ref": format!("#/components/responses/{RESPONSE}") }));
    }
    operation.entry("x-l402").or_insert_with(|| {
        let mut terms = match endpoint.pricing {
            Pricing::Fixed(sats) => json!({ "model": "perrequest", "price_sats": sats }),
            Pricing::Computed => json!({ "model": "dynamic" }),
        };
        if let Some((kind, count)) = endpoint.buys() {
            terms[kind] = count.into();
        }
        terms
    });
    let offers = || json!({ "offers": [endpoint.pricing.to_offer()] });
    operation.entry("x-payment-info").or_insert_with(offers);
    if !endpoint.tags.is_empty() {
        operation.entry("tags").or_insert_with(|| endpoint.tags.clone().into());
    }
    if endpoint.deprecated {
        operation.entry("deprecated").or_insert(true.into());
    }
}

/// The payment comes on top of each alternative that there is: a route with a key of its own wants
/// both.
fn secured(alternatives: &[Value]) -> Value {
    let mut alternatives: Vec<Value> = alternatives.to_vec();
    if alternatives.is_empty() {
        alternatives.push(json!({}));
    }
    for alternative in alternatives.iter_mut().filter_map(Value::as_object_mut) {
        alternative.entry(SCHEME).or_insert(json!([]));
    }
    alternatives.into()
}

/// An operation that the document has left out.
fn skeleton(endpoint: &Endpoint) -> Value {
    let parameter = |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } });
    let parameters: Vec<Value> = endpoint.parameters().into_iter().map(parameter).collect();
    let mut operation = json!({
        "summary": endpoint.summary(),
        "responses": { "200": { "description": "What was paid for." } },
    });
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    operation
}

/// Paths that differ in the names of their parameters alone are the same to OpenAPI.
fn is_same_path(a: &str, b: &str) -> bool {
    nameless(a) == nameless(b)
}

/// `/v{version}/items/{id}` -> `/v{}/items/{}`.
fn nameless(path: &str) -> String {
    let mut is_name = false;
    let keep = |char: &char| {
        is_name &= *char != '}';
        let keep = !is_name;
        is_name |= *char == '{';
        keep
    };
    path.chars().filter(keep).collect()
}

/// The object under a key, made if it is not there; `None` if something else is.
fn object<'a>(parent: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Map<String, Value>> {
    parent.entry(key).or_insert_with(|| json!({})).as_object_mut()
}

/// The header as an API key. `http` with a scheme of `L402` would say more, but OpenAPI wants
/// registered schemes there: typed readers refuse the whole document for another one (utoipa does),
/// and generators make nothing of it.
fn scheme() -> Value {
    json!({
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "Pay the invoice of the 402, then send \
            `L402 <macaroon>:<preimage>`.",
    })
}

fn response() -> Value {
    json!({
        "description": "Nobody has paid yet: a Lightning invoice, and a macaroon that is good once \
            it is paid.",
        "headers": {
            "WWW-Authenticate": {
                "description": "`L402 macaroon=\"…\", invoice=\"…\", version=\"0\", token=\"…\"`",
                "required": true,
                "schema": { "type": "string" },
            },
        },
        "content": {
            "application/json": {
                "schema": { "$ref": format!("#/components/schemas/{SCHEMA}") },
            },
        },
    })
}

/// The body of [`payment_required`](crate::challenge::payment_required).
fn schema() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let sats =
        || json!({ "type": "integer", "minimum": 1, "description": "As `l402.amount_sats`." });
    json!({
        "type": "object",
        "required": ["error", "l402"],
        "properties": {
            "error": { "type": "string" },
            "l402": {
                "type": "object",
                "required": [
                    "macaroon", "invoice", "amount_sats", "payment_hash", "expires_at", "resource",
                ],
                "properties": {
                    "macaroon": text("Base64, to be sent back as it is."),
                    "invoice": text("BOLT11."),
                    "amount_sats": {
                        "type": "integer",
                        "minimum": 1,
                        "description": "What the invoice asks for.",
                    },
                    "payment_hash": text("Hexadecimal."),
                    "expires_at": text("When the invoice expires, in ISO 8601."),
                    "resource": text("What the token will open."),
                },
            },
            "macaroon": text("As `l402.macaroon`."),
            "invoice": text("As `l402.invoice`."),
            "price_sats": sats(),
            "amountSats": sats(),
            "paymentHash": text("As `l402.payment_hash`."),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(document: Value) -> Value {
        let pattern = r"/items/{id:\d+}".to_owned();
        let endpoint = Endpoint::new(Some("GET".to_owned()), pattern, None, Pricing::Fixed(7));
        let mut document = document;
        describe(&mut document, &[endpoint]);
        document
    }

    #[test]
    fn the_payment_comes_on_top_of_the_operations_own_requirements() {
        let document = described(json!({
            "security": [{ "key": [] }, { "bearer": [] }],
            "paths": { "/items/{number}": { "get": { "responses": {} } } },
        }));
        let operation = &document["paths"]["/items/{number}"]["get"];
        let both = json!([{ "key": [], "l402": [] }, { "bearer": [], "l402": [] }]);
        assert_eq!(operation["security"], both);
        assert_eq!(operation["x-l402"]["price_sats"], 7);
        assert_eq!(document["paths"].as_object().map(Map::len), Some(1));

        let document = described(json!({
            "security": [{ "key": [] }],
            "paths": { "/items/{id}": { "get": { "security": [], "responses": {} } } },
        }));
        assert_eq!(document["paths"]["/items/{id}"]["get"]["security"], json!([{ "l402": [] }]));
    }

    #[test]
    fn what_the_document_states_itself_is_kept() {
        let own = json!({ "description": "Ours" });
        let document = described(json!({
            "paths": { "/items/{id}": { "get": { "responses": { "402": own } } } },
        }));
        assert_eq!(document["paths"]["/items/{id}"]["get"]["responses"]["402"], own);
    }
}
