//! The function that starts loads, and the one that holds the body.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{Block, Ident};

use super::{Cached, local};
use crate::{account::is_context, arguments::Argument, generics::turbofish};

impl Cached<'_> {
    /// The one function that starts loads; apart, so that the compiler tells a mistake once.
    pub(super) fn loading(&self) -> TokenStream {
        let arguments: Vec<&Argument> = self.given().collect();
        let [cache, kind, key, entry, found, cx, value, anew] =
            ["cache", "kind", "key", "entry", "found", "cx", "value", "anew"].map(local);
        let (support, into_result, given) = (&self.support, &self.output.into_result, &self.output.given);
        let (find_cache, find_key) = (self.find_cache(&cache, true), self.find_key(&arguments));
        let (keep_self, load) = (self.keep_self(), self.load_call(&cx));
        let tags = self.add_tags(&entry, &arguments);
        let keep = arguments.iter().map(|argument| argument.keep(support));
        let wishes = self.options.wishes.iter().map(|(call, value)| quote!(.#call(#value)));
        let kind_path = &self.options.kind;
        let cache_if = self.options.cache_if.as_ref().map(|test| {
            quote! {
                if let ::core::result::Result::Ok(#found) = &#value
                    && !#support::is_kept(#found, #test)
                {
                    #cx.set_ttl(::core::time::Duration::ZERO);
                }
            }
        });
        let lints = &self.attributes.loading;
        let (name, clause) = (self.hidden("call"), &self.function.sig.generics.where_clause);
        let (generics, inputs) = (&self.function.sig.generics, self.inputs(&arguments));
        quote! {
            #(#lints)*
            #[doc(hidden)]
            #[allow(clippy::all, clippy::pedantic, reason = "made by a macro")]
            async fn #name #generics (#inputs #anew: bool) -> #given #clause {
                let #key = #find_key;
                #find_cache
                let #kind = #kind_path;
                #support::load(#cache.entry(&#kind, &#key)#(#wishes)*, #anew, move |#entry| {
                    #tags
                    #keep_self
                    #(#keep)*
                    (#entry, move |#cx| async move {
                        let #value = #into_result(#load.await);
                        #cache_if
                        #value
                    })
                })
                .await
            }
        }
    }

    /// The function as it was written, under another name.
    pub(super) fn body(&self) -> TokenStream {
        let mut signature = self.function.sig.clone();
        signature.ident = self.hidden("body");
        let attributes = &self.attributes.body;
        let Block { stmts, .. } = &*self.function.block;
        // The attribute uses them, so that the body need not.
        let used =
            self.given().filter(|argument| self.is_used(argument)).flat_map(|argument| &argument.bound);
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

    fn load_call(&self, cx: &Ident) -> TokenStream {
        let name = self.hidden("body");
        let owner = self.owner();
        let turbofish = turbofish(&self.function.sig.generics);
        let this = local("this");
        let this = self.arguments.receiver.as_ref().map(|receiver| {
            if self.arguments.lends_self() {
                let (support, span) = (&self.support, receiver.self_token.span);
                quote_spanned!(span=> #support::Kept::lend(&#this))
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
        let token = self.arguments.receiver.as_ref()?.self_token;
        let (this, support) = (local("this"), &self.support);
        Some(if self.arguments.lends_self() {
            quote_spanned!(token.span=> let #this = #support::keep(#token);)
        } else {
            quote!(let #this = #token;)
        })
    }
}
