//! The rooms of `l402-actix/src` and the arrows between them: imports run from the upper floors to
//! the lower ones. `table.rs` is the plan. In no crate do files import each other in a circle.

mod source;
mod table;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use source::{Import, Source, room};
use table::{Of, ROOMS, advice};

fn of(krate: &str) -> Source {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(krate).join("src");
    Source::read(&folder).expect("the crate's source")
}

/// What the table does not allow, each with what to do.
fn forbidden(source: &Source) -> Vec<String> {
    let is_allowed = |import: &Import| {
        let (by, from) = (room(&import.by), room(&import.from));
        if by == from || by == "lib" || from == "ground" {
            return true;
        }
        let Some((_, arrows)) = ROOMS.iter().find(|(room, _)| *room == by) else { return false };
        arrows.iter().any(|arrow| match arrow {
            Of::All(room) => *room == from,
            Of::Only(room, names) => *room == from && names.contains(&import.name.as_str()),
        })
    };
    let imports = source.imports();
    let wrong = imports.iter().filter(|import| !is_allowed(import));
    let message = |Import { by, from, name, .. }: &Import| {
        let to = room(from);
        format!("`{by}` imports `{to}` (`{name}` of `{from}`): {}", advice(to))
    };
    wrong.map(message).collect()
}

/// Files that import each other, and do not say at their top that they are one thought.
fn circles(source: &Source) -> Vec<String> {
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for import in source.imports().into_iter().filter(|import| !import.is_face) {
        if import.by != "lib.rs" {
            arrows.entry(import.by).or_default().insert(import.from);
        }
    }
    let reachable = |from: &String| {
        let (mut seen, mut waiting) = (BTreeSet::new(), vec![from]);
        while let Some(file) = waiting.pop() {
            for next in arrows.get(file).into_iter().flatten() {
                if seen.insert(next) {
                    waiting.push(next);
                }
            }
        }
        seen
    };
    let from_each: BTreeMap<&String, BTreeSet<&String>> =
        arrows.keys().map(|file| (file, reachable(file))).collect();
    let mut circles = BTreeSet::new();
    for (file, seen) in &from_each {
        let others = seen.iter().filter(|other| {
            other != &file && from_each.get(*other).is_some_and(|seen| seen.contains(file))
        });
        for other in others {
            let named = format!("`{}`", other.rsplit('/').next().unwrap_or(other));
            let says = |line: &&str| line.contains("One thought with") && line.contains(&named);
            if room(file) != room(other) || !source.head(file).iter().any(says) {
                circles.insert(format!(
                    "`{file}` and `{other}` import each other, perhaps through others: move what \
                     both need into a file below them, or, where they are one thought, begin both \
                     with `//! One thought with {named}.`"
                ));
            }
        }
    }
    circles.into_iter().collect()
}

#[test]
fn imports_run_the_way_the_table_says() {
    let wrong = forbidden(&of("l402-actix"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other() {
    for krate in ["l402-actix", "l402-macros", "l402-sandbox", "l402-server"] {
        let circles = circles(&of(krate));
        assert!(circles.is_empty(), "{krate}: {}", circles.join("\n"));
    }
}

#[test]
fn each_room_begins_with_what_it_is_for_what_comes_in_what_goes_out_and_what_it_never_knows() {
    let source = of("l402-actix");
    let rooms: Vec<&String> = source
        .files()
        .filter(|file| file.matches('/').count() == 1 && file.ends_with("/mod.rs"))
        .collect();
    for (name, _) in ROOMS.iter().filter(|(name, _)| *name != "ground") {
        assert!(rooms.iter().any(|file| room(file) == *name), "the table's `{name}` is no folder");
    }
    for file in rooms.into_iter().filter(|file| room(file) != "guide") {
        assert!(ROOMS.iter().any(|(name, _)| *name == room(file)), "`{file}` is not in the table");
        let head = source.head(file).join("\n");
        for line in ["//! In: ", "//! Out: ", "//! Never: "] {
            assert!(head.contains(line), "`{file}` does not begin with `{line}…`");
        }
    }
}

/// A house of two floors in which everything is in order.
fn house(changes: &[(&str, &str)]) -> Source {
    let mut files = BTreeMap::from([
        ("lib.rs", "mod answer; mod broker; pub use answer::Refusal; pub use broker::Budget;"),
        ("answer/mod.rs", "mod refusal; pub use refusal::Refusal;"),
        ("answer/refusal.rs", "use crate::broker::BrokerRefusal; pub enum Refusal {}"),
        ("broker/mod.rs", "mod held; pub(crate) use held::{Budget, BrokerRefusal};"),
        ("broker/held.rs", "use crate::{key::Key}; pub struct Budget; pub enum BrokerRefusal {}"),
        (
            "key.rs",
            "// crate::gate::Visit\npub type Key = &'static str; const A: &str = \"crate::gate\";",
        ),
    ]);
    files.extend(changes.iter().copied());
    Source::of(files.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())))
}

#[test]
fn an_arrow_up_is_seen_however_it_is_written() {
    assert_eq!(forbidden(&house(&[])), [""; 0]);
    for text in [
        "use crate::Refusal;",
        "use crate::answer::Refusal;",
        "use crate::{key::Key, answer::{self as above}}; fn f() -> above::Refusal {}",
        "use crate::answer; fn f() -> answer::Refusal {}",
        "use super::super::answer::Refusal;",
        "fn f(refusal: crate::Refusal) {}",
        "fn f() { let c = '\"'; crate::answer::refusal::Refusal::x() }",
        "pub(crate) use crate::answer::Refusal as Fault;",
    ] {
        let wrong = forbidden(&house(&[("broker/held.rs", text)]));
        let message = "`broker/held.rs` imports `answer` (`Refusal` of `answer/refusal.rs`): \
                       errors go up; return an error of your own room";
        assert!(wrong.len() == 1 && wrong[0].starts_with(message), "{text}: {wrong:?}");
    }
}

#[test]
fn of_a_room_below_only_the_names_in_the_table_are_open() {
    let text = "use crate::{broker::BrokerRefusal, Budget}; pub enum Refusal {}";
    let wrong = forbidden(&house(&[("answer/refusal.rs", text)]));
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].contains("(`Budget` of `broker/held.rs`)"), "{wrong:?}");
}

#[test]
fn a_circle_within_a_room_is_seen_unless_both_say_that_they_are_one_thought() {
    let circle = |first: &str, second: &str| {
        circles(&house(&[
            ("broker/mod.rs", "mod held; mod mint; pub(crate) use held::BrokerRefusal;"),
            (
                "broker/held.rs",
                &format!("{first}use super::mint::mint; pub enum BrokerRefusal {{}}"),
            ),
            ("broker/mint.rs", &format!("{second}use super::BrokerRefusal; pub fn mint() {{}}")),
        ]))
    };
    assert_eq!(circle("", "").len(), 2);
    assert_eq!(circle("//! One thought with `mint.rs`.\n", "").len(), 1);
    let both = circle("//! One thought with `mint.rs`.\n", "//! One thought with `held.rs`.\n");
    assert_eq!(both, [""; 0]);
}
