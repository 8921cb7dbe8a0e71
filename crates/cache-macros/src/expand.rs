//! Puts the pieces together: the function callers see, its companions, and the function that holds the body.

mod find;
mod load;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{Error, Generics, Ident, ItemFn, LitStr, Result, ext::IdentExt, spanned::Spanned};

use crate::{
    account::{self, is_context},
    arguments::{Argument, Arguments},
    attributes::Attributes,
    generics::{mentions, needed, turbofish},
    options::Options,
    output::Output,
    template::{Piece, Template, Use},
};

/// The function and all that was learnt of it.
struct Cached<'a> {
    function: &'a ItemFn,
    options: &'a Options,
    arguments: Arguments,
    key: Template,
    tags: Vec<(Template, Span)>,
    output: Output,
    attributes: Attributes,
    support: TokenStream,
}

/// What a function made here does, and how it is named.
struct Made {
    name: Ident,
    docs: Option<String>,
    attributes: TokenStream,
}

pub(crate) fn expand(options: &Options, function: &ItemFn) -> Result<TokenStream> {
    check_form(function)?;
    let signature = &function.sig;
    let arguments = Arguments::read(signature)?;
    let key = Template::parse(&options.key, Use::Key)?;
    let tag = |tag: &LitStr| Ok((Template::parse(tag, Use::Tag)?, tag.span()));
    let tags = options.tags.iter().map(tag).collect::<Result<Vec<_>>>()?;
    account::check(options, (&key, &tags), signature, &arguments)?;
    let krate = options.krate.to_token_stream();
    let support = quote!(#krate::macro_support);
    let output = Output::read(signature, &krate, &support)?;
    let attributes = Attributes::split(&function.attrs);
    let cached = Cached { function, options, arguments, key, tags, output, attributes, support };
    Ok(cached.items())
}

fn check_form(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        return Err(Error::new(
            signature.fn_token.span(),
            "`#[cached]` needs an `async fn`: a miss waits for a load in another task, and waiting in a plain function \
             would block the runtime; make it async, or call `Cache::try_get_local` and `set` yourself",
        ));
    }
    if let Some(token) = &signature.constness {
        return Err(Error::new(token.span(), "a cached function cannot be `const`"));
    }
    if let Some(token) = &signature.unsafety {
        return Err(Error::new(
            token.span(),
            "a cached function cannot be `unsafe`: wrap it in one that is not",
        ));
    }
    if let Some(abi) = &signature.abi {
        return Err(Error::new(abi.span(), "a cached function cannot have an ABI of its own"));
    }
    Ok(())
}

impl Cached<'_> {
    fn items(&self) -> TokenStream {
        let name = &self.function.sig.ident;
        let vis = &self.function.vis;
        let outer = &self.attributes.outer;
        let main = Made { name: name.clone(), docs: None, attributes: quote!(#(#outer)*) };
        let cached = self.calling(&main, false);
        if self.is_method() {
            let named = |suffix: &str| format_ident!("{}_{suffix}", name.unraw(), span = name.span());
            let companions = self.companions(named);
            let (loading, body) = (self.loading(), self.body());
            return quote!(#cached #companions #loading #body);
        }
        let companions = self.companions(|suffix| Ident::new(suffix, name.span()));
        let (loading, body, config) = (self.loading(), self.body(), &self.attributes.holder);
        let docs = format!("Companions of the cached function [`{0}()`]({0}()).", name.unraw());
        quote! {
            #cached
            #[doc = #docs]
            #(#config)*
            #[allow(non_camel_case_types, dead_code, reason = "named after the function")]
            #[derive(Debug)]
            #vis enum #name {}

            #[automatically_derived]
            #(#config)*
            impl #name {
                #companions
                #loading
                #body
            }
        }
    }

    fn is_method(&self) -> bool {
        self.arguments.receiver.is_some() || self.options.in_impl
    }

    fn companions(&self, named: impl Fn(&str) -> Ident) -> TokenStream {
        let name = self.function.sig.ident.unraw();
        let attributes = &self.attributes.companions;
        let attributes = quote! {
            #(#attributes)*
            #[allow(dead_code, unreachable_pub, clippy::pedantic, clippy::too_many_arguments, reason = "made by a macro")]
        };
        let made = |suffix: &str, docs: String| Made {
            name: named(suffix),
            docs: Some(docs),
            attributes: attributes.clone(),
        };
        let refresh = self.calling(
            &made(
                "refresh",
                format!("Runs the body of `{name}` whatever is stored, and stores what it gives; an error stores nothing."),
            ),
            true,
        );
        let evict =
            self.evict(&made("evict", format!("Removes the entry of `{name}` with these arguments.")));
        let key = self
            .key_of(&made("key", format!("Returns the key of the entry of `{name}` with these arguments.")));
        quote!(#refresh #evict #key)
    }

    /// The function callers see, or its twin that loads in any case.
    fn calling(&self, made: &Made, anew: bool) -> TokenStream {
        let arguments: Vec<&Argument> = self.given().collect();
        let (name, owner) = (self.hidden("call"), self.owner());
        let (generics, given) = (&self.function.sig.generics, &self.output.given);
        let turbofish = turbofish(generics);
        let this = self.arguments.receiver.as_ref().map(|this| this.self_token.to_token_stream());
        let names = arguments.iter().map(|argument| argument.name.to_token_stream());
        let inputs = this.into_iter().chain(names).chain([quote!(#anew)]);
        let body = quote!(#owner::#name #turbofish (#(#inputs),*).await);
        self.function(made, &quote!(async), generics, &arguments, given, &body)
    }

    fn evict(&self, made: &Made) -> TokenStream {
        let arguments: Vec<&Argument> = self.given().filter(|argument| self.finds(argument)).collect();
        let [cache, kind, key] = ["cache", "kind", "key"].map(local);
        let (find_cache, find_key) = (self.find_cache(&cache, false), self.find_key(&arguments));
        let (kind_path, krate) = (&self.options.kind, &self.options.krate);
        let body = quote! {
            let #key = #find_key;
            #find_cache
            let #kind = #kind_path;
            #cache.delete(&#kind, &#key).await
        };
        let generics = self.generics_for(&arguments);
        self.function(made, &quote!(async), &generics, &arguments, &quote!(#krate::Removed), &body)
    }

    fn key_of(&self, made: &Made) -> TokenStream {
        let arguments: Vec<&Argument> = self.given().filter(|argument| self.is_keyed(argument)).collect();
        let body = self.find_key(&arguments);
        let generics = self.generics_for(&arguments);
        self.function(made, &TokenStream::new(), &generics, &arguments, &quote!(::std::string::String), &body)
    }

    fn function(
        &self,
        made: &Made,
        asyncness: &TokenStream,
        generics: &Generics,
        arguments: &[&Argument],
        output: &TokenStream,
        body: &TokenStream,
    ) -> TokenStream {
        let Made { name, docs, attributes } = made;
        let docs = docs.iter();
        let vis = &self.function.vis;
        let clause = &generics.where_clause;
        let inputs = self.inputs(arguments);
        quote! {
            #(#[doc = #docs])*
            #attributes
            #vis #asyncness fn #name #generics (#inputs) -> #output #clause {
                #body
            }
        }
    }

    fn inputs(&self, arguments: &[&Argument]) -> TokenStream {
        let this = self.arguments.receiver.iter();
        let given = arguments.iter().map(|Argument { name, ty, .. }| quote!(#name: #ty));
        quote!(#(#this,)* #(#given,)*)
    }

    /// The name of a function nobody else calls.
    fn hidden(&self, suffix: &str) -> Ident {
        let name = &self.function.sig.ident;
        format_ident!("__{}_{suffix}", name.unraw(), span = name.span())
    }

    /// What the functions made here stand in.
    fn owner(&self) -> TokenStream {
        if self.is_method() { quote!(Self) } else { self.function.sig.ident.to_token_stream() }
    }

    /// The arguments callers give.
    fn given(&self) -> impl Iterator<Item = &Argument> {
        self.arguments.list.iter().filter(|argument| !is_context(argument, self.options))
    }

    fn is_keyed(&self, argument: &Argument) -> bool {
        self.key.names(argument)
    }

    fn holds_cache(&self, argument: &Argument) -> bool {
        argument.bound.iter().any(|bound| mentions(self.options.cache.to_token_stream(), bound))
    }

    fn finds(&self, argument: &Argument) -> bool {
        self.is_keyed(argument) || self.holds_cache(argument)
    }

    /// Says whether the attribute uses an argument, whatever the body does.
    fn is_used(&self, argument: &Argument) -> bool {
        self.finds(argument) || self.tags.iter().any(|(tag, _)| tag.names(argument))
    }

    fn generics_for(&self, arguments: &[&Argument]) -> Generics {
        let types = arguments.iter().map(|argument| &argument.ty);
        let places = self.key.pieces.iter().filter_map(|piece| match piece {
            Piece::Place { value, .. } => Some(value),
            Piece::Text(_) => None,
        });
        let (cache, kind) = (&self.options.cache, &self.options.kind);
        needed(&self.function.sig.generics, quote!(#(#types)* #(#places)* #cache #kind))
    }
}

/// A name that cannot meet one of the function's own.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
