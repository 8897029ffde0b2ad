//! What a priced module imports: attributes under another name, and what it hands on.

use proc_macro2::Ident;
use syn::{
    Error, Item, ItemUse, Meta, Path, UseTree, Visibility, ext::IdentExt as _,
    spanned::Spanned as _,
};

use crate::attrs;

/// The attributes that are imported under another name.
#[derive(Clone, Default)]
pub(crate) struct Renames {
    routes: Vec<Rename>,
    /// The names that `#[l402]` goes by, beside its own.
    prices: Vec<Ident>,
}

#[derive(Clone)]
struct Rename {
    original: Ident,
    name: Ident,
}

impl Renames {
    pub(crate) fn of<'a>(imports: impl IntoIterator<Item = &'a ItemUse>) -> Self {
        let mut renames = Self::default();
        for import in imports {
            renames.read(&import.tree, &mut Vec::new());
        }
        renames
    }

    /// These imports, and those that are in force around them.
    pub(crate) fn within(mut self, outer: &Self) -> Self {
        self.prices.extend(outer.prices.iter().cloned());
        self
    }

    fn read(&mut self, tree: &UseTree, path: &mut Vec<Ident>) {
        match tree {
            UseTree::Path(step) => {
                path.push(step.ident.clone());
                self.read(&step.tree, path);
                path.pop();
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.read(tree, path);
                }
            }
            // Nobody can write that name.
            UseTree::Rename(rename) if rename.rename == "_" => {}
            UseTree::Rename(rename) => {
                let (original, name) = (rename.ident.clone(), rename.rename.clone());
                // Actix's functions of these names, for `web::get().to(handler)`.
                let function =
                    matches!(&path[..], [krate, web] if krate == "actix_web" && web == "web");
                if attrs::names_l402(&original) {
                    self.prices.push(name);
                } else if attrs::names_route(&original) && !function {
                    self.routes.push(Rename { original, name });
                }
            }
            UseTree::Name(_) | UseTree::Glob(_) => {}
        }
    }

    /// An error for each route attribute, by which a priced module knows a handler.
    pub(crate) fn errors(&self) -> impl Iterator<Item = Error> {
        self.routes.iter().map(|Rename { original, name }| {
            let message = format!(
                "`{}` cannot be renamed in a priced module, which knows a handler by it; remove \
                 `as {name}`",
                original.unraw()
            );
            Error::new(name.span(), message)
        })
    }

    pub(crate) fn is_l402(&self, meta: &Meta) -> bool {
        attrs::is_l402(meta) || is_one_of(meta.path(), &self.prices)
    }

    pub(crate) fn is_route(&self, meta: &Meta) -> bool {
        attrs::name(meta).is_some_and(|name| self.routes.iter().any(|route| route.name == *name))
    }
}

fn is_one_of(path: &Path, names: &[Ident]) -> bool {
    names.iter().any(|name| path.is_ident(name))
}

/// The imports among these items.
pub(crate) fn imports(items: &[Item]) -> impl Iterator<Item = &ItemUse> {
    items.iter().filter_map(|item| match item {
        Item::Use(import) => Some(import),
        _ => None,
    })
}

/// An error for each name that is handed on and may be a handler: whoever registers it from here
/// takes it for one that the module has priced.
pub(crate) fn exported(import: &ItemUse) -> Vec<Error> {
    let mut errors = Vec::new();
    let private = match &import.vis {
        Visibility::Inherited => true,
        Visibility::Restricted(to) => to.path.is_ident("self"),
        Visibility::Public(_) => false,
    };
    if !private {
        find_exported(&import.tree, &mut errors);
    }
    errors
}

fn find_exported(tree: &UseTree, errors: &mut Vec<Error>) {
    let (names, span) = match tree {
        UseTree::Path(step) => return find_exported(&step.tree, errors),
        UseTree::Group(group) => {
            return group.items.iter().for_each(|tree| find_exported(tree, errors));
        }
        UseTree::Name(name) => (vec![&name.ident], name.ident.span()),
        UseTree::Rename(rename) if rename.rename == "_" => return,
        UseTree::Rename(rename) => (vec![&rename.ident, &rename.rename], rename.ident.span()),
        UseTree::Glob(glob) => (Vec::new(), glob.star_token.span()),
    };
    // The compiler warns of a function in capitals, so this is a type or a constant.
    let is_type = |name: &&Ident| name.unraw().to_string().starts_with(char::is_uppercase);
    if names.is_empty() || !names.iter().all(is_type) {
        let message = "a priced module cannot export what it does not price; price it where it is \
                       written and register it from there, or write `use` without `pub`";
        errors.push(Error::new(span, message));
    }
}
