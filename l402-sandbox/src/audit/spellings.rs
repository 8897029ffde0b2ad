//! Other ways to write a path and its query, which a server may read as the same: past a gate.

/// None of them is the target itself.
pub(super) fn of(target: &str) -> Vec<String> {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let with_query = |path: String| match query {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let queries = query.map(queries).unwrap_or_default();
    let mut spellings: Vec<String> = paths(path).into_iter().map(with_query).collect();
    spellings.extend(queries.into_iter().map(|query| format!("{path}?{query}")));
    spellings.sort();
    spellings.dedup();
    spellings.retain(|spelling| spelling != target);
    spellings
}

fn paths(path: &str) -> Vec<String> {
    let mut paths = vec![
        format!("/{path}"),
        format!("/.{path}"),
        format!("/x/..{path}"),
        format!("/x/%2e%2e{path}"),
        path.to_ascii_uppercase(),
        match path.strip_suffix('/') {
            Some(path) if !path.is_empty() => path.to_owned(),
            _ => format!("{path}/"),
        },
    ];
    for (at, _) in path.match_indices('/').skip(1) {
        let (before, after) = (&path[..at], &path[at + 1..]);
        for between in ["//", "/./", "/x/../", "%2F", "%5C"] {
            paths.push([before, between, after].concat());
        }
    }
    let starts = path.match_indices('/').map(|(at, _)| at + 1);
    paths.extend(starts.filter_map(|start| encoded(path, start)));
    paths
}

/// `model=premium&x=1` -> `model=%70remium&x=1`, `model=premium&x=%31`, and with an `&` at its end.
fn queries(query: &str) -> Vec<String> {
    let starts = query.match_indices('=').map(|(at, _)| at + 1);
    let names = std::iter::once(0).chain(query.match_indices('&').map(|(at, _)| at + 1));
    let mut queries: Vec<String> =
        starts.chain(names).filter_map(|start| encoded(query, start)).collect();
    queries.extend([format!("{query}&"), format!("&{query}")]);
    queries
}

/// With the character there percent-encoded, if it is a letter or a digit.
fn encoded(text: &str, at: usize) -> Option<String> {
    let byte = *text.as_bytes().get(at)?;
    byte.is_ascii_alphanumeric().then(|| format!("{}%{byte:02X}{}", &text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spelling_differs_from_the_target() {
        let spellings = of("/premium/a.html?model=big");
        for expected in [
            "//premium/a.html?model=big",
            "/%70remium/a.html?model=big",
            "/premium/%61.html?model=big",
            "/premium//a.html?model=big",
            "/premium%2Fa.html?model=big",
            "/x/../premium/a.html?model=big",
            "/PREMIUM/A.HTML?model=big",
            "/premium/a.html/?model=big",
            "/premium/a.html?model=%62ig",
            "/premium/a.html?%6Dodel=big",
            "/premium/a.html?model=big&",
        ] {
            assert!(spellings.iter().any(|spelling| spelling == expected), "{expected}");
        }
        for target in ["/", "/a", "/a/", "/é", "/1?", "/a?b"] {
            assert!(of(target).iter().all(|spelling| spelling != target), "{target}");
        }
    }
}
