//! The parameters a companion needs when it does not take every argument.

use std::collections::HashSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericParam, Generics, Ident};

/// Keeps the parameters that `used` mentions, and those their bounds mention.
pub(crate) fn needed(generics: &Generics, used: TokenStream) -> Generics {
    let mut names = HashSet::new();
    collect(used, &mut names);
    loop {
        let before = names.len();
        let kept: Vec<_> =
            generics.params.iter().filter(|parameter| names.contains(&name(parameter))).collect();
        for parameter in kept {
            collect(parameter.to_token_stream(), &mut names);
        }
        if names.len() == before {
            break;
        }
    }
    let all: HashSet<String> = generics.params.iter().map(name).collect();
    let mut kept = generics.clone();
    kept.params =
        generics.params.iter().filter(|parameter| names.contains(&name(parameter))).cloned().collect();
    if let Some(clause) = &mut kept.where_clause {
        let predicates = clause.predicates.iter().filter(|predicate| {
            let mut mentioned = HashSet::new();
            collect(predicate.to_token_stream(), &mut mentioned);
            mentioned.iter().all(|name| names.contains(name) || !all.contains(name))
        });
        clause.predicates = predicates.cloned().collect();
    }
    kept
}

/// `::<T, N>`: lifetimes are inferred, parameters that no argument mentions are not.
pub(crate) fn turbofish(generics: &Generics) -> TokenStream {
    let names: Vec<&Ident> = generics
        .params
        .iter()
        .filter_map(|parameter| match parameter {
            GenericParam::Type(parameter) => Some(&parameter.ident),
            GenericParam::Const(parameter) => Some(&parameter.ident),
            GenericParam::Lifetime(_) => None,
        })
        .collect();
    if names.is_empty() { TokenStream::new() } else { quote::quote!(::<#(#names),*>) }
}

/// Says whether tokens mention a name.
pub(crate) fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    let mut names = HashSet::new();
    collect(tokens, &mut names);
    names.contains(&name.to_string())
}

fn name(parameter: &GenericParam) -> String {
    match parameter {
        GenericParam::Type(parameter) => parameter.ident.to_string(),
        GenericParam::Const(parameter) => parameter.ident.to_string(),
        GenericParam::Lifetime(parameter) => format!("'{}", parameter.lifetime.ident),
    }
}

fn collect(tokens: TokenStream, names: &mut HashSet<String>) {
    let mut quoted = false;
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect(group.stream(), names),
            TokenTree::Ident(ident) if quoted => {
                names.insert(format!("'{ident}"));
            }
            TokenTree::Ident(ident) => {
                names.insert(ident.to_string());
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                quoted = true;
                continue;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
        quoted = false;
    }
}
