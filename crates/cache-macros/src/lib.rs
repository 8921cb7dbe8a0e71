//! The attribute `#[cached]` of `stockpile-cache`, which re-exports and documents it.

mod account;
mod arguments;
mod attributes;
mod expand;
mod generics;
mod options;
mod output;
mod template;

use proc_macro::TokenStream;
use quote::quote;
use syn::{ItemFn, parse_macro_input};

// Documented where it is re-exported, as the examples need that crate.
#[allow(missing_docs, reason = "documented at the re-export")]
#[proc_macro_attribute]
pub fn cached(options: TokenStream, function: TokenStream) -> TokenStream {
    let options = parse_macro_input!(options as options::Options);
    let function = parse_macro_input!(function as ItemFn);
    match expand::expand(&options, &function) {
        Ok(items) => items.into(),
        // With the function as it is, so that its callers are not reported as well.
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#error #[allow(unused, reason = "what is wrong is told")] #function).into()
        }
    }
}
