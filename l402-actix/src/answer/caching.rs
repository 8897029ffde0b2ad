//! What every answer of a gated route tells caches: it is for the client that asked.

use actix_web::http::header::{
    AUTHORIZATION, CACHE_CONTROL, COOKIE, HeaderMap, HeaderName, HeaderValue, VARY,
};

use super::settings::Settings;

/// Makes an answer private and lets it vary with the credential.
///
/// The handler's own directives stay, but those that let a shared cache keep the answer are taken
/// out unless the settings allow them: it would serve paid content to whoever asks next.
pub(crate) fn mark(headers: &mut HeaderMap, settings: Option<&Settings>) {
    vary_by(headers, &AUTHORIZATION);
    if let Some(own) = settings.and_then(|settings| settings.credential_header.as_ref()) {
        vary_by(headers, own);
    }
    if settings.is_some_and(|settings| settings.credential_cookie) {
        vary_by(headers, &COOKIE);
    }
    let shared = settings.is_some_and(|settings| settings.shared_cache);
    restrict(headers, shared);
    if !shared {
        forbid_targeted(headers);
    }
}

/// Takes out what single caches heed in the place of `Cache-Control`: the targeted fields of RFC
/// 9213, of which each CDN has its own, and their forerunners.
fn forbid_targeted(headers: &mut HeaderMap) {
    let targeted: Vec<HeaderName> = headers
        .keys()
        .filter(|name| {
            let name = name.as_str();
            name.ends_with("-cache-control")
                || ["surrogate-control", "edge-control", "x-accel-expires"].contains(&name)
        })
        .cloned()
        .collect();
    for name in targeted {
        headers.remove(name);
    }
}

fn restrict(headers: &mut HeaderMap, shared: bool) {
    // Most handlers say nothing about it.
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private"));
        return;
    }
    let directives = directives(headers);
    let has = |name: &str| directives.iter().any(|directive| is(directive, name));
    if shared && (has("public") || has("s-maxage")) {
        return;
    }
    // The gate's own refusals; stricter than `private` and complete as they are.
    if let [only] = directives.as_slice()
        && only == "no-store"
    {
        return;
    }
    let mut kept: Vec<&str> = directives
        .iter()
        .map(String::as_str)
        .filter(|directive| !is(directive, "public") && !is(directive, "s-maxage"))
        .collect();
    // `private="Set-Cookie"` is about that one header only.
    if !kept.iter().any(|directive| directive.eq_ignore_ascii_case("private")) {
        kept.insert(0, "private");
    }
    let value = HeaderValue::from_str(&kept.join(", "))
        .unwrap_or_else(|_| HeaderValue::from_static("private"));
    headers.insert(CACHE_CONTROL, value);
}

fn is(directive: &str, name: &str) -> bool {
    directive.split('=').next().is_some_and(|key| key.trim().eq_ignore_ascii_case(name))
}

/// All `Cache-Control` lines -> their directives. A comma within quotes ends none.
fn directives(headers: &HeaderMap) -> Vec<String> {
    let mut directives = Vec::new();
    // A line that is not readable as text is dropped: what it allows cannot be told.
    for line in headers.get_all(CACHE_CONTROL).filter_map(|line| line.to_str().ok()) {
        let mut quoted = false;
        directives.extend(
            line.split(|char| {
                quoted ^= char == '"';
                char == ',' && !quoted
            })
            .map(|directive| directive.trim().to_owned())
            .filter(|directive| !directive.is_empty()),
        );
    }
    directives
}

fn vary_by(headers: &mut HeaderMap, name: &HeaderName) {
    // Most handlers say nothing about it.
    if name == AUTHORIZATION && !headers.contains_key(VARY) {
        headers.insert(VARY, HeaderValue::from_static("Authorization"));
        return;
    }
    let mut fields: Vec<&str> = headers
        .get_all(VARY)
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|field| !field.is_empty())
        .collect();
    if fields.iter().any(|field| *field == "*" || field.eq_ignore_ascii_case(name.as_str())) {
        return;
    }
    fields.push(if name == AUTHORIZATION { "Authorization" } else { name.as_str() });
    // All in one line: `actix-cors` keeps the first and drops the others.
    if let Ok(value) = HeaderValue::from_str(&fields.join(", ")) {
        headers.insert(VARY, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(name: HeaderName, lines: &[&str], shared: bool) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name.clone(), HeaderValue::from_str(line).expect("a header value"));
        }
        vary_by(&mut headers, &AUTHORIZATION);
        restrict(&mut headers, shared);
        headers.get_all(name).map(|line| line.to_str().expect("text").to_owned()).collect()
    }

    #[test]
    fn an_answer_is_private_whatever_the_handler_says() {
        for (lines, expected) in [
            (&[][..], "private"),
            (&["max-age=60"], "private, max-age=60"),
            (&["public, max-age=60"], "private, max-age=60"),
            (&["PUBLIC", "S-MaxAge=9, must-revalidate"], "private, must-revalidate"),
            (&["private, max-age=1"], "private, max-age=1"),
            (
                &["private=\"set-cookie, public\", public"],
                "private, private=\"set-cookie, public\"",
            ),
            (&["no-cache=\"a, public\""], "private, no-cache=\"a, public\""),
            (&["no-store, public"], "private, no-store"),
            (&["no-store"], "no-store"),
        ] {
            assert_eq!(marked(CACHE_CONTROL, lines, false), [expected], "{lines:?}");
        }
    }

    #[test]
    fn no_cache_is_told_otherwise_by_a_field_of_its_own() {
        let fields = [
            "cdn-cache-control",
            "cloudflare-cdn-cache-control",
            "surrogate-control",
            "x-accel-expires",
        ];
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.insert(HeaderName::from_static(field), HeaderValue::from_static("max-age=60"));
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
        mark(&mut headers, None);
        assert_eq!(headers.get(CACHE_CONTROL).expect("set"), "private, max-age=60");
        assert_eq!(headers.len(), 2, "{headers:?}");
    }

    #[test]
    fn shared_caches_are_allowed_only_where_that_is_switched_on_and_asked_for() {
        assert_eq!(marked(CACHE_CONTROL, &["public, max-age=60"], true), ["public, max-age=60"]);
        assert_eq!(marked(CACHE_CONTROL, &["max-age=60"], true), ["private, max-age=60"]);
        assert_eq!(marked(CACHE_CONTROL, &[], true), ["private"]);
    }

    #[test]
    fn a_line_that_is_no_text_is_dropped() {
        let mut headers = HeaderMap::new();
        let line = HeaderValue::from_bytes(b"public, x=\xff").expect("a header value");
        headers.insert(CACHE_CONTROL, line);
        restrict(&mut headers, false);
        assert_eq!(headers.get(CACHE_CONTROL).expect("set"), "private");
    }

    #[test]
    fn the_answer_varies_with_the_credential_exactly_once() {
        assert_eq!(marked(VARY, &[], false), ["Authorization"]);
        assert_eq!(marked(VARY, &["Accept"], false), ["Accept, Authorization"]);
        assert_eq!(marked(VARY, &["Accept", "Origin"], false), ["Accept, Origin, Authorization"]);
        assert_eq!(marked(VARY, &["accept, authorization"], false), ["accept, authorization"]);
        assert_eq!(marked(VARY, &["*"], false), ["*"]);
    }
}
