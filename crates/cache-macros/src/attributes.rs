//! Which of the function's attributes go where.

use syn::{Attribute, Meta, parse_quote};

pub(crate) struct Attributes {
    /// As written, for the function callers see.
    pub(crate) outer: Vec<Attribute>,
    /// For the function that holds the body.
    pub(crate) body: Vec<Attribute>,
    /// For the companions.
    pub(crate) companions: Vec<Attribute>,
    /// For the function that both call.
    pub(crate) loading: Vec<Attribute>,
    /// For what the companions stand in.
    pub(crate) holder: Vec<Attribute>,
}

impl Attributes {
    pub(crate) fn split(all: &[Attribute]) -> Self {
        let is =
            |attribute: &Attribute, names: &[&str]| names.iter().any(|name| attribute.path().is_ident(name));
        let lint = |attribute: &&Attribute| is(attribute, &["allow", "expect", "warn", "deny", "forbid"]);
        let config = |attribute: &&Attribute| is(attribute, &["cfg", "cfg_attr"]);
        Self {
            outer: all.iter().map(unexpecting).collect(),
            body: all.iter().filter(|attribute| lint(attribute) || config(attribute)).cloned().collect(),
            companions: all
                .iter()
                .filter(|attribute| is(attribute, &["deprecated"]) || lint(attribute) || config(attribute))
                .map(unexpecting)
                .collect(),
            loading: all
                .iter()
                .filter(|attribute| lint(attribute) || config(attribute))
                .map(unexpecting)
                .collect(),
            holder: all.iter().filter(config).cloned().collect(),
        }
    }
}

/// A lint that is expected fires where the body is, and need not fire elsewhere.
fn unexpecting(attribute: &Attribute) -> Attribute {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("expect") => {
            let lints = &list.tokens;
            parse_quote!(#[allow(#lints)])
        }
        _ => attribute.clone(),
    }
}
