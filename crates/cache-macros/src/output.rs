//! What the function gives, and what callers of the cached one get for it.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    Error, GenericArgument, GenericParam, Ident, PathArguments, Result, ReturnType, Signature, Type,
    spanned::Spanned,
    visit::{self, Visit},
};

pub(crate) struct Output {
    /// What a caller gets.
    pub(crate) given: TokenStream,
    /// Turns what the body gives into a result with the loader's error.
    pub(crate) into_result: TokenStream,
}

impl Output {
    pub(crate) fn read(signature: &Signature, krate: &TokenStream, support: &TokenStream) -> Result<Self> {
        let ReturnType::Type(_, ty) = &signature.output else {
            return Err(Error::new(
                signature.ident.span(),
                "a cached function must return something: there is nothing to keep",
            ));
        };
        let mut mentions = Mentions::of(signature);
        mentions.visit_type(ty);
        if mentions.opaque {
            return Err(Error::new(
                ty.span(),
                "a cached function must name its type: what is stored must be read back as it",
            ));
        }
        if let Some((value, error)) = spelled_result(ty) {
            let given = quote!(#krate::LoadResult<#value, #error>);
            return Ok(Self { given, into_result: quote!(<#ty as #support::Return<true>>::into_result) });
        }
        // An alias may hide what it is: ask the type, where the language allows to; not when it depends on parameters.
        let is_result = if named(ty, "Result") {
            quote!(true)
        } else if mentions.generic {
            (!named(ty, "Option")).into_token_stream()
        } else {
            quote!({ use #support::NoResult as _; #support::Ask::<#ty>::IS_RESULT })
        };
        let bridge = quote!(<#ty as #support::Return<#is_result>>);
        let given = quote!(#krate::LoadResult<#bridge::Value, #bridge::Error>);
        Ok(Self { given, into_result: quote!(#bridge::into_result) })
    }
}

/// `Result<V, E>`: written out, so that documentation shows the two as they are.
fn spelled_result(ty: &Type) -> Option<(&Type, &Type)> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| path.qself.is_none() && last.ident == "Result")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let mut arguments = arguments.args.iter();
    match (arguments.next(), arguments.next(), arguments.next()) {
        (Some(GenericArgument::Type(value)), Some(GenericArgument::Type(error)), None) => {
            Some((value, error))
        }
        _ => None,
    }
}

fn named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == name))
}

/// What a type speaks of.
struct Mentions {
    parameters: HashSet<Ident>,
    generic: bool,
    opaque: bool,
}

impl Mentions {
    fn of(signature: &Signature) -> Self {
        let parameters = signature.generics.params.iter().filter_map(|parameter| match parameter {
            GenericParam::Type(parameter) => Some(parameter.ident.clone()),
            GenericParam::Const(parameter) => Some(parameter.ident.clone()),
            GenericParam::Lifetime(_) => None,
        });
        Self { parameters: parameters.collect(), generic: false, opaque: false }
    }
}

impl<'ast> Visit<'ast> for Mentions {
    fn visit_ident(&mut self, ident: &'ast Ident) {
        self.generic |= *ident == "Self" || self.parameters.contains(ident);
    }

    fn visit_type_impl_trait(&mut self, opaque: &'ast syn::TypeImplTrait) {
        self.opaque = true;
        visit::visit_type_impl_trait(self, opaque);
    }
}
