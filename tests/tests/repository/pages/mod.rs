//! What people read in the repository: the guide is there as Markdown, links lead somewhere, and
//! tables are whole.

mod guide;

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Every page of Markdown that is ours.
fn pages() -> Vec<PathBuf> {
    let folders =
        [".", "docs", "docs/guide", "l402-actix", "l402-macros", "l402-sandbox", "l402-server"];
    let of = |folder| fs::read_dir(root().join(folder)).unwrap();
    let files = folders.into_iter().flat_map(of).map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|kind| kind == "md")).collect()
}

/// The lines that are not code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let fence = line.starts_with("```");
        in_code ^= fence;
        !fence && !in_code
    })
}

/// What stands in `](…)`.
fn targets(line: &str) -> Vec<&str> {
    let ends = line.split("](").skip(1);
    ends.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target).collect()
}

#[test]
fn every_link_to_a_file_leads_to_one() {
    let mut followed = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for target in prose(&text).flat_map(targets) {
            let path = target.split('#').next().unwrap();
            if target.contains("://") || path.is_empty() {
                continue;
            }
            let file = page.parent().unwrap().join(path);
            assert!(file.exists(), "{} links to {target}", page.display());
            followed += 1;
        }
    }
    assert!(followed > 40, "only {followed} links were recognised");
}

#[test]
fn what_a_registry_shows_has_no_link_into_the_repository() {
    for package in ["l402-actix", "l402-macros", "l402-sandbox", "l402-server"] {
        let text = fs::read_to_string(root().join(package).join("README.md")).unwrap();
        for target in prose(&text).flat_map(targets) {
            assert!(target.starts_with("https://"), "{package}: {target}");
        }
    }
}

#[test]
fn every_row_of_every_table_has_all_its_cells_and_none_is_empty() {
    let mut rows = 0;
    for page in ["README.md", "docs/MIGRATING.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let mut columns = None;
        for line in prose(&text) {
            let Some(cells) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |"))
            else {
                columns = None;
                continue;
            };
            let cells: Vec<_> = cells.split(" | ").collect();
            assert_eq!(cells.len(), *columns.get_or_insert(cells.len()), "{page}: {line}");
            assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "{page}: {line}");
            rows += 1;
        }
    }
    assert!(rows > 60, "only {rows} rows were recognised");
}

#[test]
fn the_front_page_is_short() {
    let lines = fs::read_to_string(root().join("README.md")).unwrap().lines().count();
    assert!(lines <= 130, "{lines} lines: what is for one kind of reader has a page in docs/");
}
