//! Holds docs/api to what each crate makes public, as rustdoc's JSON has it; `.ci/api` calls it.

use std::{collections::BTreeSet, env, error::Error, fs, path::Path, process::ExitCode};

const CRATES: [&str; 4] = ["l402_actix", "l402_macros", "l402_sandbox", "l402_server"];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let writes = env::args().nth(1).is_some_and(|word| word == "write");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // `target/debug/l402-api` -> `target`, wherever it is.
    let program = env::current_exe()?;
    let target = program.ancestors().nth(2).ok_or("not in a target folder")?;
    let mut differs = false;
    for name in CRATES {
        let listed = root.join("docs/api").join(name).with_extension("txt");
        let public = listing(&target.join("doc").join(name).with_extension("json"))?;
        if writes {
            fs::write(&listed, public)?;
            continue;
        }
        for line in difference(&fs::read_to_string(&listed).unwrap_or_default(), &public) {
            differs = true;
            println!("{name}: {line}");
        }
    }
    if differs {
        println!("the public API is not that of docs/api; if it is meant, run `just api`");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// One line for each item, with the auto traits: a type that is no longer `Send` breaks an app.
fn listing(json: &Path) -> Result<String, Box<dyn Error>> {
    let api = public_api::Builder::from_rustdoc_json(json).omit_blanket_impls(true).build()?;
    let items: Vec<_> = api.items().map(ToString::to_string).collect();
    Ok(items.join("\n") + "\n")
}

/// What went and what came.
fn difference(before: &str, after: &str) -> Vec<String> {
    let [old, new] = [before, after].map(|text| text.lines().collect::<BTreeSet<_>>());
    let gone = old.difference(&new).map(|line| format!("- {line}"));
    gone.chain(new.difference(&old).map(|line| format!("+ {line}"))).collect()
}
