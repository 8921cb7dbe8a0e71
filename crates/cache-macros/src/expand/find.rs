//! Where the entry is: cache, key and tags out of the arguments.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Ident;

use super::{Cached, local};
use crate::{
    arguments::{Argument, Keeping},
    generics::mentions,
    template::{Piece, Template, Use},
};

impl Cached<'_> {
    /// A statement that gives a reference to the cache, or the cache itself when what holds it is moved before it is
    /// used.
    pub(super) fn find_cache(&self, cache: &Ident, moving: bool) -> TokenStream {
        let (found, krate) = (&self.options.cache, &self.options.krate);
        let own_self = self.arguments.receiver.is_some() && !self.arguments.lends_self();
        let holders: Vec<_> = self.given().filter(|argument| self.holds_cache(argument)).collect();
        let moved = own_self && mentions(found.to_token_stream(), &format_ident!("self"))
            || holders.iter().any(|argument| argument.keeping == Keeping::Move);
        if !(moving && moved) && holders.iter().all(|argument| argument.open().is_empty()) {
            return quote!(let #cache: &#krate::Cache = &(#found););
        }
        let open = holders.iter().map(|argument| argument.open());
        quote! {
            let #cache = {
                #(#open)*
                let #cache: &#krate::Cache = &(#found);
                ::core::clone::Clone::clone(#cache)
            };
        }
    }

    /// A statement that tags what the entry stores.
    pub(super) fn add_tags(&self, entry: &Ident, arguments: &[&Argument]) -> Option<TokenStream> {
        let tags: Vec<_> = self.tags.iter().map(|(tag, span)| fill(self, tag, *span, arguments)).collect();
        (!tags.is_empty()).then(|| quote!(let #entry = #entry.tags([#(#tags),*]);))
    }

    /// An expression that gives the key.
    pub(super) fn find_key(&self, arguments: &[&Argument]) -> TokenStream {
        fill(self, &self.key, self.options.key.span(), arguments)
    }
}

/// An expression that gives the text of a template.
fn fill(cached: &Cached<'_>, template: &Template, span: Span, arguments: &[&Argument]) -> TokenStream {
    let (support, parts) = (&cached.support, local("parts"));
    let open = arguments.iter().filter(|argument| template.names(argument)).map(|argument| argument.open());
    let add = match template.usage {
        Use::Key => quote!(part),
        Use::Tag => quote!(plain),
    };
    let pieces = template.pieces.iter().map(|piece| match piece {
        Piece::Text(text) => quote!(#parts.text(#text);),
        Piece::Place { value, .. } => quote_spanned!(span=> #parts.#add(&#value);),
    });
    quote! {{
        #(#open)*
        let mut #parts = #support::Key::new();
        #(#pieces)*
        #parts.finish()
    }}
}
