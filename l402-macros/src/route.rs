//! A handler's route attributes -> the methods and paths that they register.

use syn::{
    Attribute, Ident, LitStr, Result, Token,
    parse::{Parse, ParseStream},
};

/// A method and a path, such as `GET` and `/weather`.
pub(crate) struct Route {
    pub(crate) method: String,
    pub(crate) path: LitStr,
}

/// The routes that Actix makes of these attributes, each of them stated outright; nothing if one
/// is stated by condition or cannot be read.
pub(crate) fn stated(attrs: &[Attribute]) -> Vec<Route> {
    let mut routes = Vec::new();
    for attr in attrs {
        let Some(name) = attr.path().segments.last().map(|segment| segment.ident.to_string())
        else {
            continue;
        };
        match name.as_str() {
            // Whether that route exists is decided later, and a listing of it would not know.
            "cfg_attr" => return Vec::new(),
            "route" => match attr.parse_args::<Arguments>() {
                Ok(Arguments { path, methods }) => {
                    let route = |method| Route { method, path: path.clone() };
                    routes.extend(methods.into_iter().map(route));
                }
                Err(_) => return Vec::new(),
            },
            "get" | "post" | "put" | "delete" | "head" | "connect" | "options" | "trace"
            | "patch" | "query" => match attr.parse_args::<Arguments>() {
                Ok(Arguments { path, .. }) => {
                    routes.push(Route { method: name.to_uppercase(), path });
                }
                Err(_) => return Vec::new(),
            },
            _ => {}
        }
    }
    routes
}

/// `"/weather", method = "GET", guard = "…"`: the path, and the methods if any are named.
struct Arguments {
    path: LitStr,
    methods: Vec<String>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let path = input.parse()?;
        let mut methods = Vec::new();
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let key: Ident = input.parse()?;
            input.parse::<Token![=]>()?;
            let value: LitStr = input.parse()?;
            if key == "method" {
                methods.push(value.value().to_uppercase());
            }
        }
        Ok(Self { path, methods })
    }
}
