//! Every argument is in `key`, or named as one that changes nothing: a forgotten one would mix up entries.

use proc_macro2::Span;
use syn::{Error, Expr, GenericParam, Ident, Result, Signature, ext::IdentExt, spanned::Spanned};

use crate::{
    arguments::{Argument, Arguments, same},
    options::Options,
    template::Template,
};

pub(crate) fn check(
    options: &Options,
    (key, tags): (&Template, &[(Template, Span)]),
    signature: &Signature,
    arguments: &Arguments,
) -> Result<()> {
    let mut errors = Errors::default();
    let names: Vec<Name> = names(signature, arguments);
    let known = |wanted: &Ident| names.iter().any(|name| same(&name.ident, wanted));
    for root in key.roots().filter(|root| !known(root)) {
        errors.add(options.key.span(), format!("`{root}` is no argument of `{}`", signature.ident));
    }
    for (tag, span) in tags {
        for root in tag.roots().filter(|root| !known(root)) {
            errors.add(*span, format!("`{root}` is no argument of `{}`", signature.ident));
        }
    }
    for skipped in &options.skip {
        if !known(skipped) {
            errors.add(skipped.span(), format!("`{skipped}` is no argument of `{}`", signature.ident));
        } else if key.roots().any(|root| same(root, skipped)) {
            errors.add(skipped.span(), format!("`{skipped}` is in `key` as well: it cannot be skipped"));
        }
    }
    if let Some(cx) = &options.cx
        && !arguments.list.iter().any(|argument| is_context(argument, options))
    {
        errors.add(cx.span(), format!("`{cx}` is no argument of `{}`", signature.ident));
    }
    let listed = |name: &Ident| {
        key.roots().chain(&options.skip).chain(&options.cx).any(|listed| same(listed, name))
            || the_cache(options).is_some_and(|cache| same(cache, name))
    };
    for name in names.iter().filter(|name| !listed(&name.ident)) {
        errors.add(name.ident.span(), name.missing());
    }
    errors.into_result()
}

/// The argument that is the load's context, which callers do not give.
pub(crate) fn is_context(argument: &Argument, options: &Options) -> bool {
    options.cx.as_ref().is_some_and(|cx| same(cx, &argument.name))
}

/// The argument that is the cache itself, as in `cache = cache`.
fn the_cache(options: &Options) -> Option<&Ident> {
    match &options.cache {
        Expr::Path(path) => path.path.get_ident().filter(|ident| *ident != "self"),
        _ => None,
    }
}

struct Name {
    ident: Ident,
    role: Role,
}

#[derive(Clone, Copy)]
enum Role {
    Argument,
    This,
    Type,
    Const,
}

impl Name {
    fn missing(&self) -> String {
        let name = self.ident.unraw();
        match self.role {
            Role::Argument => format!(
                "`{name}` is neither in `key` nor in `skip`: write `{{{name}}}` into the key, or `skip({name})` when it \
                 does not change the result"
            ),
            Role::This => {
                "`self` is neither in `key` nor in `skip`: write a field that tells instances apart into the \
                           key, as in `{self.region}`, or `skip(self)` when all load the same"
                    .into()
            }
            Role::Type => format!(
                "type parameter `{name}` is neither in `key` nor in `skip`: write a constant of it into the key, as in \
                 `{{{name}::NAME}}`, or `skip({name})` when it does not change the result"
            ),
            Role::Const => format!(
                "parameter `{name}` is neither in `key` nor in `skip`: write `{{{name}}}` into the key, or `skip({name})` \
                 when it does not change the result"
            ),
        }
    }
}

fn names(signature: &Signature, arguments: &Arguments) -> Vec<Name> {
    let parameters = signature.generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(Name { ident: parameter.ident.clone(), role: Role::Type }),
        GenericParam::Const(parameter) => Some(Name { ident: parameter.ident.clone(), role: Role::Const }),
        GenericParam::Lifetime(_) => None,
    });
    let this = arguments.receiver.iter().map(|this| {
        let ident = Ident::new("self", this.self_token.span());
        Name { ident, role: Role::This }
    });
    let bound = arguments.list.iter().flat_map(|argument| &argument.bound);
    let bound = bound.map(|ident| Name { ident: ident.clone(), role: Role::Argument });
    this.chain(bound).chain(parameters).collect()
}

/// Tells all mistakes at once.
#[derive(Default)]
struct Errors(Option<Error>);

impl Errors {
    fn add(&mut self, span: Span, message: String) {
        let error = Error::new(span, message);
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn into_result(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}
