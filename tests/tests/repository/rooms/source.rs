//! Rust files -> what each imports, and of which file it is in the end.
//!
//! Read as text: comments, strings and unit tests are passed over, and then every path counts that
//! begins with `crate`, `super` or `self`, with a module of one's own, or with a module that was
//! imported.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

/// A file by its path below the source folder, such as `gate/visit.rs`.
pub(crate) type File = String;

/// One name that a file takes from another one.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    pub(crate) by: File,
    /// Where it is defined, through whatever re-exports.
    pub(crate) from: File,
    pub(crate) name: String,
    /// A `mod.rs` that hands out what is in its own room, which makes it no reader of it.
    pub(crate) is_face: bool,
}

/// All files of a crate.
pub(crate) struct Source(BTreeMap<File, Read>);

struct Read {
    text: String,
    module: Vec<String>,
    uses: Vec<Use>,
    /// Paths within the code, outside of `use`.
    paths: Vec<Vec<String>>,
}

struct Use {
    path: Vec<String>,
    name: String,
    is_public: bool,
}

impl Source {
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        let mut waiting = vec![folder.to_owned()];
        while let Some(path) = waiting.pop() {
            if path.is_dir() {
                for entry in fs::read_dir(&path)? {
                    waiting.push(entry?.path());
                }
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(folder).expect("a file below its folder");
                let name = name.to_string_lossy().replace('\\', "/");
                files.insert(name, fs::read_to_string(&path)?);
            }
        }
        Ok(Self::of(files))
    }

    pub(crate) fn of(files: impl IntoIterator<Item = (File, String)>) -> Self {
        let read = |(name, text): (File, String)| {
            let module = module(&name);
            let (uses, paths) = uses_and_paths(&tokens(&text));
            (name, Read { text, module, uses, paths })
        };
        Self(files.into_iter().map(read).collect())
    }

    /// What a file says of itself, in its first lines.
    pub(crate) fn head(&self, file: &str) -> Vec<&str> {
        self.0[file].text.lines().take_while(|line| line.starts_with("//!")).collect()
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &File> {
        self.0.keys()
    }

    pub(crate) fn imports(&self) -> BTreeSet<Import> {
        let mut imports = BTreeSet::new();
        for (by, read) in &self.0 {
            let modules = read.uses.iter().filter_map(|used| {
                let target = self.absolute(&read.module, &used.path)?;
                self.file(&target).map(|_| (used.name.as_str(), target))
            });
            let modules: BTreeMap<&str, Vec<String>> = modules.collect();
            let of_uses = read.uses.iter().map(|used| (&used.path, used.is_public));
            let of_code = read.paths.iter().map(|path| (path, false));
            for (path, is_public) in of_uses.chain(of_code) {
                let through = path.split_first().and_then(|(first, rest)| {
                    Some([modules.get(first.as_str())?.as_slice(), rest].concat())
                });
                let Some(path) = through.or_else(|| self.absolute(&read.module, path)) else {
                    continue;
                };
                // A module by itself is a name for what is then taken of it.
                let Some((from, name)) = self.resolve(&path, 0).filter(|(from, _)| from != by)
                else {
                    continue;
                };
                let is_face = is_public && by.ends_with("mod.rs") && room(by) == room(&from);
                imports.insert(Import { by: by.clone(), from, name, is_face });
            }
        }
        imports
    }

    /// A path as it is written in a module -> from the root. `None` for what is not of this crate.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Vec<String>> {
        let (first, mut rest) = path.split_first()?;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "self" => module.to_vec(),
            "super" => module.split_last()?.1.to_vec(),
            child => {
                let child = [module, &[child.to_owned()]].concat();
                self.file(&child)?;
                child
            }
        };
        while let Some(("super", after)) =
            rest.split_first().map(|(one, rest)| (one.as_str(), rest))
        {
            base.pop();
            rest = after;
        }
        base.extend_from_slice(rest);
        Some(base)
    }

    fn file(&self, module: &[String]) -> Option<&File> {
        self.0.iter().find(|(_, read)| read.module == module).map(|(name, _)| name)
    }

    /// A path from the root -> the file that defines its end, and the name there.
    fn resolve(&self, path: &[String], depth: usize) -> Option<(File, String)> {
        assert!(depth < 20, "a circle of re-exports at {path:?}");
        let known = (0..path.len()).rev().find(|length| self.file(&path[..*length]).is_some())?;
        let name = path[known].clone();
        if self.file(&path[..=known]).is_some() {
            return None;
        }
        let file = self.file(&path[..known])?;
        let read = &self.0[file];
        let handed_on = read.uses.iter().find(|used| used.is_public && used.name == name);
        if let Some(used) = handed_on
            && let Some(target) = self.absolute(&read.module, &used.path)
        {
            let rest = &path[known + 1..];
            if let Some(found) = self.resolve(&[target.as_slice(), rest].concat(), depth + 1) {
                return Some(found);
            }
        }
        Some((file.clone(), name))
    }
}

/// `gate/visit.rs` -> `gate`, and for the small files at the root `ground`.
pub(crate) fn room(file: &str) -> &str {
    match file.split_once('/') {
        Some((room, _)) => room,
        None if file == "lib.rs" => "lib",
        None => "ground",
    }
}

fn module(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs").split('/');
    path.filter(|part| !["lib", "mod"].contains(part)).map(str::to_owned).collect()
}

/// Words, `::` and single signs, without comments, strings and the unit tests at the end.
fn tokens(text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut tokens: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(string) = rest.strip_prefix('"') {
            1 + end_of_string(string)
        } else if let Some(hashes) = raw_string(rest) {
            let end = format!("\"{hashes}");
            let begin = 2 + hashes.len();
            rest[begin..].find(&end).map_or(rest.len(), |at| begin + at + end.len())
        } else if first == '\'' && char_literal(rest).is_some() {
            char_literal(rest).unwrap_or(1)
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else if first.is_alphanumeric() || first == '_' {
            let is_word = |char: char| char.is_alphanumeric() || char == '_';
            let length = rest.find(|char| !is_word(char)).unwrap_or(rest.len());
            tokens.push(rest[..length].to_owned());
            length
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

fn end_of_string(string: &str) -> usize {
    let mut escaped = false;
    let end = string.find(|char| {
        let ends = char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
        ends
    });
    end.map_or(string.len(), |at| at + 1)
}

/// `r#"…` -> its hashes.
fn raw_string(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('r')?;
    let count = rest.len() - rest.trim_start_matches('#').len();
    rest[count..].starts_with('"').then_some(&rest[..count])
}

/// `'x'` or `'\n'` -> its length; `None` for a lifetime.
fn char_literal(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('\'')?;
    let length = if inner.starts_with('\\') { 2 } else { inner.chars().next()?.len_utf8() };
    inner.get(length..)?.starts_with('\'').then_some(length + 2)
}

fn uses_and_paths(tokens: &[String]) -> (Vec<Use>, Vec<Vec<String>>) {
    let (mut uses, mut paths) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at] == "use" && tokens.get(at + 1).is_some_and(|next| next != "<") {
            // `pub(crate) use` ends in a bracket, which nothing else before a `use` does.
            let is_public = at > 0 && ["pub", ")"].contains(&tokens[at - 1].as_str());
            at += 1;
            tree(tokens, &mut at, &[], is_public, &mut uses);
        } else if tokens.get(at + 1).is_some_and(|next| next == "::") {
            let mut path = vec![tokens[at].clone()];
            while tokens.get(at + 1).is_some_and(|next| next == "::")
                && tokens.get(at + 2).is_some_and(|next| is_name(next))
            {
                path.push(tokens[at + 2].clone());
                at += 2;
            }
            if path.len() > 1 {
                paths.push(path);
            }
            at += 1;
        } else {
            at += 1;
        }
    }
    (uses, paths)
}

fn is_name(token: &str) -> bool {
    token.starts_with(|char: char| char.is_alphabetic() || char == '_')
}

/// `a::{b, c as d}` -> two uses. Ends behind the tree.
fn tree(
    tokens: &[String],
    at: &mut usize,
    before: &[String],
    is_public: bool,
    uses: &mut Vec<Use>,
) {
    let mut path = before.to_vec();
    while let Some(token) = tokens.get(*at) {
        match token.as_str() {
            "{" => {
                *at += 1;
                while tokens.get(*at).is_some_and(|token| token != "}") {
                    tree(tokens, at, &path, is_public, uses);
                    if tokens.get(*at).is_some_and(|token| token == ",") {
                        *at += 1;
                    }
                }
                *at += 1;
                return;
            }
            "," | "}" | ";" => break,
            "::" => *at += 1,
            "as" => {
                let name = tokens.get(*at + 1).cloned().unwrap_or_default();
                *at += 2;
                uses.push(Use { path, name, is_public });
                return;
            }
            // Of `a::{self, b}`: `a` itself.
            "self" if !path.is_empty() => *at += 1,
            part => {
                path.push(part.to_owned());
                *at += 1;
            }
        }
    }
    let name = path.last().cloned().unwrap_or_default();
    uses.push(Use { path, name, is_public });
}
