//! The arguments of the function: what they bind, and how each gets into a load that outlives its caller.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{
    Error, FnArg, GenericArgument, Ident, Pat, PatIdent, PatType, Path, PathArguments, Receiver, Result,
    Signature, Token, Type, TypeReference,
    ext::IdentExt,
    spanned::Spanned,
    visit::{self, Visit},
    visit_mut::{self, VisitMut},
};

pub(crate) struct Argument {
    /// The name in the signatures that are made.
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    pub(crate) pat: Pat,
    /// The names the body sees.
    pub(crate) bound: Vec<Ident>,
    pub(crate) keeping: Keeping,
}

/// How a value gets into the load.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// It is owned already.
    Move,
    /// `&T`
    Borrowed,
    /// `Option<&T>`
    OptionBorrowed,
    /// `&[&T]`
    SliceOfBorrowed,
    /// `Cow<'_, T>`
    Cow,
}

pub(crate) struct Arguments {
    pub(crate) receiver: Option<Receiver>,
    pub(crate) list: Vec<Argument>,
}

impl Arguments {
    pub(crate) fn read(signature: &Signature) -> Result<Self> {
        let (mut receiver, mut list) = (None, Vec::new());
        for (at, input) in signature.inputs.iter().enumerate() {
            match input {
                FnArg::Receiver(this) => receiver = Some(check_receiver(this)?),
                FnArg::Typed(typed) => list.push(Argument::read(at, typed)?),
            }
        }
        Ok(Self { receiver, list })
    }

    /// True when the load gets a copy of `self`, not `self`.
    pub(crate) fn lends_self(&self) -> bool {
        self.receiver.as_ref().is_some_and(|this| matches!(*this.ty, Type::Reference(_)))
    }
}

fn check_receiver(this: &Receiver) -> Result<Receiver> {
    if let Type::Reference(TypeReference { mutability: Some(_), .. }) = &*this.ty {
        return Err(Error::new(
            this.span(),
            "a cached method cannot take `&mut self`: on a hit its body does not run; take `&self`",
        ));
    }
    let mut this = this.clone();
    if this.reference.is_none() {
        this.mutability = None;
    }
    this.attrs.clear();
    Ok(this)
}

impl Argument {
    fn read(at: usize, typed: &PatType) -> Result<Self> {
        let mut bound = Bound::default();
        bound.visit_pat(&typed.pat);
        if bound.0.is_empty() {
            return Err(Error::new(
                typed.pat.span(),
                "give this argument a name, so that `key` or `skip` can mention it",
            ));
        }
        let (pat, name) = match &*typed.pat {
            Pat::Ident(PatIdent { ident, subpat: None, .. }) => (bare(&typed.pat), ident.clone()),
            _ => (bare(&typed.pat), format_ident!("argument_{at}")),
        };
        let keeping = Keeping::of(&typed.ty, &bound.0[0])?;
        Ok(Self { name, ty: (*typed.ty).clone(), pat, bound: bound.0, keeping })
    }

    /// Makes the names of a pattern known, by reference.
    pub(crate) fn open(&self) -> TokenStream {
        let Self { name, pat, .. } = self;
        match pat {
            Pat::Ident(PatIdent { ident, subpat: None, .. }) if ident == name => TokenStream::new(),
            Pat::Reference(_) => {
                quote!(#[allow(unused_variables, reason = "only some are asked for")] let #pat = #name;)
            }
            _ => quote!(#[allow(unused_variables, reason = "only some are asked for")] let #pat = &#name;),
        }
    }

    /// Makes the value owned.
    pub(crate) fn keep(&self, support: &TokenStream) -> TokenStream {
        let (name, span) = (&self.name, self.ty.span());
        match self.keeping {
            Keeping::Move => TokenStream::new(),
            Keeping::Borrowed => quote_spanned!(span=> let #name = #support::keep(#name);),
            Keeping::OptionBorrowed => {
                quote_spanned!(span=> let #name = ::core::option::Option::map(#name, #support::keep);)
            }
            Keeping::SliceOfBorrowed => quote_spanned!(span=> let #name = #support::keep_each(#name);),
            Keeping::Cow => quote_spanned!(span=> let #name = ::std::borrow::Cow::into_owned(#name);),
        }
    }

    /// Gives the value to the body in the type it asks for.
    pub(crate) fn lend(&self, support: &TokenStream) -> TokenStream {
        let (name, span) = (&self.name, self.ty.span());
        match self.keeping {
            Keeping::Move => name.to_token_stream(),
            Keeping::Borrowed => quote_spanned!(span=> #support::Kept::lend(&#name)),
            Keeping::OptionBorrowed => {
                quote_spanned!(span=> ::core::option::Option::map(::core::option::Option::as_ref(&#name), #support::Kept::lend))
            }
            Keeping::SliceOfBorrowed => quote_spanned!(span=> &#support::lend_each(&#name)),
            Keeping::Cow => quote!(::std::borrow::Cow::Owned(#name)),
        }
    }
}

impl Keeping {
    fn of(ty: &Type, name: &Ident) -> Result<Self> {
        if !borrows(ty) {
            return Ok(Self::Move);
        }
        match ty {
            Type::Paren(inner) => Self::of(&inner.elem, name),
            Type::Group(inner) => Self::of(&inner.elem, name),
            Type::Reference(TypeReference { mutability: Some(_), .. }) => Err(Error::new(
                ty.span(),
                format!(
                    "`{name}` is borrowed mutably: on a hit the body does not run, and nothing would change it"
                ),
            )),
            Type::Reference(reference) => match &*reference.elem {
                Type::Slice(slice) if is_plain_reference(&slice.elem) => Ok(Self::SliceOfBorrowed),
                inner if !borrows(inner) => Ok(Self::Borrowed),
                _ => Err(refused(ty, name)),
            },
            Type::Path(path) if path.qself.is_none() => match only_argument(&path.path) {
                Some(("Option", GenericArgument::Type(inner))) if is_plain_reference(inner) => {
                    Ok(Self::OptionBorrowed)
                }
                Some(("Cow", GenericArgument::Type(inner))) if !borrows(inner) => Ok(Self::Cow),
                _ => Err(refused(ty, name)),
            },
            _ => Err(refused(ty, name)),
        }
    }
}

fn refused(ty: &Type, name: &Ident) -> Error {
    Error::new(
        ty.span(),
        format!(
            "`{name}` borrows, and the load outlives its caller: take it owned, or as `&T`, `Option<&T>`, `&[&T]` or \
             `Cow<'_, T>`, which are copied when a load starts"
        ),
    )
}

/// `&T` that borrows no further.
fn is_plain_reference(ty: &Type) -> bool {
    matches!(ty, Type::Reference(reference) if reference.mutability.is_none() && !borrows(&reference.elem))
}

/// The last type argument of a path's last segment, with that segment's name.
fn only_argument(path: &Path) -> Option<(&'static str, &GenericArgument)> {
    let last = path.segments.last()?;
    let name = ["Option", "Cow"].into_iter().find(|name| last.ident == name)?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => Some((name, arguments.args.last()?)),
        _ => None,
    }
}

/// Says whether a type holds a reference or a lifetime that may be shorter than `'static`.
fn borrows(ty: &Type) -> bool {
    let mut finder = Borrows(false);
    finder.visit_type(ty);
    finder.0
}

struct Borrows(bool);

impl<'ast> Visit<'ast> for Borrows {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        if reference.mutability.is_some() || reference.lifetime.is_none() {
            self.0 = true;
        }
        visit::visit_type_reference(self, reference);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast syn::Lifetime) {
        self.0 |= lifetime.ident != "static";
    }

    // Arguments of functions are borrowed when they are called.
    fn visit_type_bare_fn(&mut self, _: &'ast syn::TypeBareFn) {}
    fn visit_parenthesized_generic_arguments(&mut self, _: &'ast syn::ParenthesizedGenericArguments) {}
    fn visit_bound_lifetimes(&mut self, _: &'ast syn::BoundLifetimes) {}
}

#[derive(Default)]
struct Bound(Vec<Ident>);

impl<'ast> Visit<'ast> for Bound {
    fn visit_pat_ident(&mut self, pat: &'ast PatIdent) {
        self.0.push(pat.ident.clone());
        visit::visit_pat_ident(self, pat);
    }
}

/// A pattern that binds by reference: without `mut` and `ref`.
fn bare(pat: &Pat) -> Pat {
    struct Bare;
    impl VisitMut for Bare {
        fn visit_pat_ident_mut(&mut self, pat: &mut PatIdent) {
            (pat.by_ref, pat.mutability) = (None::<Token![ref]>, None);
            visit_mut::visit_pat_ident_mut(self, pat);
        }
    }
    let mut pat = pat.clone();
    Bare.visit_pat_mut(&mut pat);
    pat
}

/// Compares names, whether written raw or not.
pub(crate) fn same(a: &Ident, b: &Ident) -> bool {
    a.unraw() == b.unraw()
}
