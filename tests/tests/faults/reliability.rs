//! `docs/RELIABILITY.md` promises nothing that no test holds.

use std::{fs, path::PathBuf};

fn root() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), ".."].iter().collect()
}

fn page() -> String {
    fs::read_to_string(root().join("docs/RELIABILITY.md")).expect("the page")
}

/// The cells of each row of each table, without the heads.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let tables = page.lines().map(cells).collect::<Vec<_>>();
    // Other tables are of figures.
    let of_tests = tables.split(Option::is_none).filter(|table| {
        table
            .first()
            .is_some_and(|head| head.as_ref().is_some_and(|head| head.ends_with(&["test"])))
    });
    // Below the head and its line.
    of_tests.flat_map(|table| table.iter().skip(2).flatten().cloned()).collect()
}

fn cells(line: &str) -> Option<Vec<&str>> {
    let is_row = line.starts_with('|');
    is_row.then(|| line.trim_matches('|').split('|').map(str::trim).collect())
}

/// `` `a::b`, `c::d` `` -> the names.
fn names(cell: &str) -> Vec<&str> {
    cell.split(", ").map(|name| name.trim_matches('`')).collect()
}

/// Whether the file that the name stands for has a test of that name.
fn exists(name: &str) -> bool {
    let (module, test) = name.rsplit_once("::").expect("a module and a test");
    if module == "browser" {
        return is_trial(test);
    }
    let file = match module.split_once("::") {
        Some(("client", module)) => format!("l402-server/tests/client/{module}.rs"),
        Some((target, module)) => format!("tests/tests/{target}/{}.rs", module.replace("::", "/")),
        None if module == "client" => "l402-server/tests/client/main.rs".to_owned(),
        None => format!("tests/tests/{module}.rs"),
    };
    let Ok(source) = fs::read_to_string(root().join(&file)) else { return false };
    let mut before = "";
    source.lines().map(str::trim).any(|line| {
        let is_function = line.starts_with(&format!("async fn {test}("))
            || line.starts_with(&format!("fn {test}("));
        let is_test = before == "#[test]" || before.ends_with("::test]");
        let is_row = file.ends_with("faults/broker.rs") && line.starts_with(&format!("{test}: "));
        let found = is_function && is_test || is_row;
        before = line;
        found
    })
}

/// Whether the browser suite has this trial, whose name there is a sentence.
fn is_trial(name: &str) -> bool {
    let file = root().join("tests/interop/paywall/trials.mjs");
    let source = fs::read_to_string(file).expect("the browser suite");
    let titles = source.lines().filter_map(|line| line.trim().strip_prefix("async '"));
    titles.filter_map(|line| line.strip_suffix("'() {")).any(|title| {
        title.replace(|char: char| !char.is_alphanumeric() && char != ' ', "").replace(' ', "_")
            == name
    })
}

#[test]
fn every_row_of_the_page_has_a_test_and_every_named_test_exists() {
    let page = page();
    let rows = rows(&page);
    assert!(rows.len() > 40, "{}", rows.len());
    for row in rows {
        let [_, promised, tests] = row[..] else { panic!("three cells: {row:?}") };
        assert!(!promised.is_empty(), "{row:?}");
        for name in names(tests) {
            assert!(exists(name), "no such test: {name:?} in {row:?}");
        }
    }
}

#[test]
fn every_fault_of_the_matrix_is_on_the_page() {
    let matrix = fs::read_to_string(root().join("tests/tests/faults/broker.rs")).unwrap();
    let page = page();
    let rows = matrix.lines().skip_while(|line| *line != "matrix! {").skip(1);
    let rows = rows.take_while(|line| *line != "}").filter_map(|line| line.trim().split_once(": "));
    let mut seen = 0;
    for (name, _) in rows {
        assert!(page.contains(&format!("`faults::broker::{name}`")), "{name}");
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
}
