//! `l402-actix/src/guide` -> `docs/guide`: the same pages for those who read in the repository.
//!
//! `GUIDE=write cargo test -p l402-tests --test repository guide` writes them.

use std::{collections::BTreeMap, env, fs};

use super::root;

const SOURCE: &str = "l402-actix/src/guide";
const PAGES: &str = "docs/guide";

#[test]
fn the_guide_in_the_repository_is_the_one_in_the_documentation() {
    let wanted: BTreeMap<String, String> = fs::read_dir(root().join(SOURCE))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let page = if name == "mod" { "README" } else { &name };
            (format!("{page}.md"), page_of(&name, &fs::read_to_string(&path).unwrap()))
        })
        .collect();
    let folder = root().join(PAGES);
    if env::var_os("GUIDE").is_some_and(|todo| todo == "write") {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (page, text) in &wanted {
            fs::write(folder.join(page), text).unwrap();
        }
    }
    let found: BTreeMap<String, String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect();
    for (page, text) in &wanted {
        let same = found.get(page).is_some_and(|found| found.replace('\r', "") == *text);
        assert!(same, "{PAGES}/{page} is old: write the pages with GUIDE=write (see above)");
    }
    assert!(found.keys().eq(wanted.keys()), "a page without a source in {SOURCE}");
}

/// A module's documentation -> a page: without what only the doctest needs, with links that lead to
/// other pages.
fn page_of(name: &str, source: &str) -> String {
    let mut page =
        format!("<!-- Made from {SOURCE}/{name}.rs; edit that. -->\n\n# {}\n", title(name));
    let mut code = None;
    let mut lines = vec![String::new()];
    for line in source.lines() {
        let Some(line) = line.strip_prefix("//!") else { continue };
        let line = line.strip_prefix(' ').unwrap_or(line);
        let (indent, text) = line.split_at(line.len() - line.trim_start().len());
        match (&mut code, text.strip_prefix("```")) {
            (None, Some(language)) => {
                let is_rust = matches!(language, "" | "no_run" | "ignore" | "compile_fail");
                lines.push(if is_rust { format!("{indent}```rust") } else { line.to_owned() });
                code = Some(is_rust);
            }
            (Some(_), Some(_)) => {
                while lines.last().is_some_and(String::is_empty) {
                    lines.pop();
                }
                lines.push(line.to_owned());
                code = None;
            }
            // Hidden by rustdoc.
            (Some(true), None) if text == "#" || text.starts_with("# ") => {}
            (Some(true), None) if line.is_empty() => {
                let is_first =
                    lines.last().is_some_and(|line| line.trim_start().starts_with("```"));
                if !is_first && !lines.last().unwrap().is_empty() {
                    lines.push(String::new());
                }
            }
            _ => lines.push(line.to_owned()),
        }
    }
    let mut in_code = false;
    for line in &lines {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        if in_code || is_fence {
            page.push_str(line);
        } else if line.starts_with('#') {
            page.push('#');
            page.push_str(line);
        } else {
            page.push_str(&linked(line));
        }
        page.push('\n');
    }
    let pages = if name == "mod" { "../.." } else { "." };
    page.truncate(page.trim_end().len());
    page + &format!(
        "\n\n---\n\n[{}]({pages}/README.md)\n",
        if name == "mod" { "l402-actix" } else { "All pages" }
    )
}

fn title(name: &str) -> String {
    let title = match name {
        "mod" => "Guide",
        "mcp_servers" => "MCP servers",
        "mpp" => "MPP",
        "websockets" => "WebSockets",
        "wire" => "The wire",
        _ => {
            let mut title = name.replace('_', " ");
            title[..1].make_ascii_uppercase();
            return title;
        }
    };
    title.to_owned()
}

/// ``[`x`](super::x)`` -> ``[`x`](x.md)``; links into the API lead nowhere here and are left out.
fn linked(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['`', '[']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(end) =
            (if rest.starts_with('`') { end_of_code(rest) } else { end_of_label(rest) })
        else {
            break;
        };
        let (whole, after) = rest.split_at(end);
        rest = after;
        let Some(label) = whole.strip_prefix('[').and_then(|label| label.strip_suffix(']')) else {
            text.push_str(whole);
            continue;
        };
        let target = after.strip_prefix('(').and_then(|after| after.split_once(')'));
        rest = target.map_or(after, |(_, after)| after);
        let target = target.map_or(label.trim_matches('`'), |(target, _)| target);
        let page = target.strip_prefix("super::").unwrap_or(target);
        if root().join(SOURCE).join(format!("{page}.rs")).exists() {
            text.extend(["[", label, "](", page, ".md)"]);
        } else if target.contains('/') {
            text.extend(["[", label, "](", target, ")"]);
        } else {
            text.push_str(label);
        }
    }
    text + rest
}

fn end_of_code(text: &str) -> Option<usize> {
    text[1..].find('`').map(|at| at + 2)
}

/// The label's own brackets in code are no end.
fn end_of_label(text: &str) -> Option<usize> {
    let mut in_code = false;
    let end = |char| {
        in_code ^= char == '`';
        !in_code && char == ']'
    };
    text.find(end).map(|at| at + 1)
}

#[test]
fn a_piece_of_code_within_a_list_is_code() {
    let source =
        "//! - so:\n//!\n//!   ```\n//!   # hidden();\n//!   ![A, B].contains(&c)\n//!   ```\n";
    let page = page_of("packs", source);
    assert!(page.contains("  ```rust\n  ![A, B].contains(&c)\n  ```\n"), "{page}");
}

#[test]
fn links_lead_to_pages_and_code_stays_as_it_is() {
    for (line, page) in [
        (
            "see [`resources`](super::resources), or [prices](guide::x)",
            "see [`resources`](resources.md), or prices",
        ),
        (
            "| [`pricing`] | `#[l402(free)]`, [`#[l402]`](macro@crate::l402) |",
            "| [`pricing`](pricing.md) | `#[l402(free)]`, `#[l402]` |",
        ),
        (
            "[`Price::sats`](crate::Price::sats) and `uses[0]` [x](https://a.b/c)",
            "`Price::sats` and `uses[0]` [x](https://a.b/c)",
        ),
    ] {
        assert_eq!(linked(line), page);
    }
}
