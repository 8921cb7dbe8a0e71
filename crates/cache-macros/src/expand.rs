//! Puts the pieces together: the function callers see, its companions, and the function that holds the body.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{
    Block, Error, Generics, Ident, ItemFn, Receiver, Result, ext::IdentExt, punctuated::Punctuated,
    spanned::Spanned,
};

use crate::{
    account::{self, is_context},
    arguments::{Argument, Arguments, Keeping, same},
    attributes::Attributes,
    generics::{mentions, needed, turbofish},
    options::Options,
    output::Output,
    template::{Piece, Template},
};

/// The function and all that was learnt of it.
struct Cached<'a> {
    function: &'a ItemFn,
    options: &'a Options,
    arguments: Arguments,
    key: Template,
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
    let key = Template::parse(&options.key)?;
    account::check(options, &key, signature, &arguments)?;
    let krate = options.krate.to_token_stream();
    let support = quote!(#krate::macro_support);
    let output = Output::read(signature, &krate, &support)?;
    let attributes = Attributes::split(&function.attrs);
    let cached = Cached { function, options, arguments, key, output, attributes, support };
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
            let body = self.body();
            return quote!(#cached #companions #body);
        }
        let companions = self.companions(|suffix| Ident::new(suffix, name.span()));
        let (body, config) = (self.body(), &self.attributes.holder);
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
        let given = &self.output.given;
        let [cache, kind, key, entry, found, cx, value] =
            ["cache", "kind", "key", "entry", "found", "cx", "value"].map(local);
        let (support, into_result) = (&self.support, &self.output.into_result);
        let (find_cache, find_key, load) =
            (self.find_cache(&cache), self.find_key(&arguments), self.load_call(&cx));
        let keep = arguments.iter().map(|argument| argument.keep(support));
        let keep_self = self.keep_self();
        let wishes = self.options.wishes.iter().map(|(call, value)| quote!(.#call(#value)));
        let kind_path = &self.options.kind;
        let quick = (!anew).then(|| {
            quote! {
                if let ::core::option::Option::Some(#found) = #entry.try_get_local() {
                    return ::core::result::Result::Ok(#found);
                }
            }
        });
        let cache_if = self.options.cache_if.as_ref().map(|test| {
            quote! {
                if let ::core::result::Result::Ok(#found) = &#value
                    && !#support::is_kept(#found, #test)
                {
                    #cx.set_ttl(::core::time::Duration::ZERO);
                }
            }
        });
        let call = if anew { quote!(refresh) } else { quote!(get_or_load) };
        let body = quote! {
            let #key = #find_key;
            #find_cache
            let #kind = #kind_path;
            let #entry = #cache.entry(&#kind, &#key)#(#wishes)*;
            #quick
            #keep_self
            #(#keep)*
            #entry
                .#call(move |#cx| async move {
                    let #value = #into_result(#load.await);
                    #cache_if
                    #value
                })
                .await
        };
        let generics = &self.function.sig.generics;
        self.function(made, &quote!(async), generics, &arguments, &quote!(#given), &body)
    }

    fn evict(&self, made: &Made) -> TokenStream {
        let arguments: Vec<&Argument> = self.given().filter(|argument| self.finds(argument)).collect();
        let [cache, kind, key] = ["cache", "kind", "key"].map(local);
        let (find_cache, find_key) = (self.find_cache(&cache), self.find_key(&arguments));
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
        let mut inputs: Punctuated<TokenStream, syn::Token![,]> = Punctuated::new();
        inputs.extend(self.arguments.receiver.as_ref().map(Receiver::to_token_stream));
        inputs.extend(arguments.iter().map(|Argument { name, ty, .. }| quote!(#name: #ty)));
        quote! {
            #(#[doc = #docs])*
            #attributes
            #vis #asyncness fn #name #generics (#inputs) -> #output #clause {
                #body
            }
        }
    }

    /// The function as it was written, under another name.
    fn body(&self) -> TokenStream {
        let mut signature = self.function.sig.clone();
        signature.ident = self.body_name();
        let attributes = &self.attributes.body;
        let Block { stmts, .. } = &*self.function.block;
        // The attribute uses them, so that the body need not.
        let used = self.given().flat_map(|argument| &argument.bound).filter(|bound| {
            self.key.roots().any(|root| same(root, bound))
                || mentions(self.options.cache.to_token_stream(), bound)
        });
        quote! {
            #(#attributes)*
            #[doc(hidden)]
            #[allow(clippy::used_underscore_items, reason = "made by a macro")]
            #signature {
                #(let _ = &#used;)*
                #(#stmts)*
            }
        }
    }

    fn body_name(&self) -> Ident {
        let name = &self.function.sig.ident;
        format_ident!("__{}_load", name.unraw(), span = name.span())
    }

    fn load_call(&self, cx: &Ident) -> TokenStream {
        let name = self.body_name();
        let owner = if self.is_method() { quote!(Self) } else { self.function.sig.ident.to_token_stream() };
        let turbofish = turbofish(&self.function.sig.generics);
        let this = local("this");
        let this = self.arguments.receiver.as_ref().map(|_| {
            if self.arguments.lends_self() {
                let support = &self.support;
                quote!(#support::Kept::lend(&#this))
            } else {
                this.to_token_stream()
            }
        });
        let lent = self.arguments.list.iter().map(|argument| {
            if is_context(argument, self.options) { quote!(&#cx) } else { argument.lend(&self.support) }
        });
        let inputs = this.into_iter().chain(lent);
        quote!(#owner::#name #turbofish (#(#inputs),*))
    }

    fn keep_self(&self) -> Option<TokenStream> {
        self.arguments.receiver.as_ref()?;
        let (this, support) = (local("this"), &self.support);
        Some(if self.arguments.lends_self() {
            quote!(let #this = #support::keep(self);)
        } else {
            quote!(let #this = self;)
        })
    }

    fn find_cache(&self, cache: &Ident) -> TokenStream {
        let (found, krate) = (&self.options.cache, &self.options.krate);
        let reference = quote!(let #cache: &#krate::Cache = &(#found););
        let moved = |argument: &Argument| argument.keeping == Keeping::Move;
        let own_self = self.arguments.receiver.is_some() && !self.arguments.lends_self();
        let from_moved = own_self && mentions(found.to_token_stream(), &format_ident!("self"))
            || self
                .given()
                .filter(|argument| self.holds_cache(argument))
                .any(|argument| moved(argument) || !argument.open().is_empty());
        let open = self.given().filter(|argument| self.holds_cache(argument)).map(Argument::open);
        if from_moved {
            // What holds it goes into the load, or is known inside the braces only.
            quote! {
                let #cache = {
                    #(#open)*
                    let #cache: &#krate::Cache = &(#found);
                    ::core::clone::Clone::clone(#cache)
                };
            }
        } else {
            reference
        }
    }

    /// An expression that gives the key.
    fn find_key(&self, arguments: &[&Argument]) -> TokenStream {
        let (support, key) = (&self.support, local("parts"));
        let open =
            arguments.iter().filter(|argument| self.is_keyed(argument)).map(|argument| argument.open());
        let pieces = self.key.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => quote!(#key.text(#text);),
            Piece::Place { value, .. } => quote!(#key.part(&#value);),
        });
        quote! {{
            #(#open)*
            let mut #key = #support::Key::new();
            #(#pieces)*
            #key.finish()
        }}
    }

    /// The arguments callers give.
    fn given(&self) -> impl Iterator<Item = &Argument> {
        self.arguments.list.iter().filter(|argument| !is_context(argument, self.options))
    }

    fn is_keyed(&self, argument: &Argument) -> bool {
        self.key.roots().any(|root| argument.bound.iter().any(|bound| same(root, bound)))
    }

    fn holds_cache(&self, argument: &Argument) -> bool {
        argument.bound.iter().any(|bound| mentions(self.options.cache.to_token_stream(), bound))
    }

    fn finds(&self, argument: &Argument) -> bool {
        self.is_keyed(argument) || self.holds_cache(argument)
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
