//! What stands between the parentheses of `#[cached(..)]`.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{
    Error, Expr, ExprPath, Ident, Lit, LitStr, Path, Result, Token, bracketed,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
    spanned::Spanned,
};

pub(crate) struct Options {
    pub(crate) cache: Expr,
    pub(crate) kind: ExprPath,
    pub(crate) key: LitStr,
    pub(crate) tags: Vec<LitStr>,
    pub(crate) skip: Vec<Ident>,
    /// The argument that is the load's context.
    pub(crate) cx: Option<Ident>,
    pub(crate) cache_if: Option<Expr>,
    /// Calls on the entry: its name, its argument.
    pub(crate) wishes: Vec<(Ident, TokenStream)>,
    pub(crate) in_impl: bool,
    pub(crate) krate: Path,
}

const KNOWN: &str = "`cache`, `kind`, `key`, `tags`, `skip(..)`, `cx`, `cache_if`, `ttl`, `stale`, `soft_timeout`, \
                     `hard_timeout`, `in_impl`, `crate`";

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (mut cache, mut kind, mut key, mut cache_if, mut cx) = (None, None, None, None, None);
        let (mut tags, mut skip, mut wishes, mut in_impl) = (Vec::new(), Vec::new(), Vec::new(), false);
        let mut krate: Path = syn::parse_quote!(::stockpile_cache);
        let mut seen = HashSet::new();
        while !input.is_empty() {
            let name = input.call(Ident::parse_any)?;
            let text = name.to_string();
            if !seen.insert(text.clone()) {
                return Err(Error::new(name.span(), format!("`{text}` is given twice")));
            }
            match text.as_str() {
                "skip" => skip = names(input)?,
                "tags" => tags = texts(input)?,
                "in_impl" => in_impl = true,
                "cache" => cache = Some(value(input)?),
                "kind" => kind = Some(constant(&value(input)?)?),
                "key" => key = Some(value(input)?),
                "cache_if" => cache_if = Some(value(input)?),
                "cx" => cx = Some(value(input)?),
                "crate" => krate = value(input)?,
                "ttl" | "stale" | "soft_timeout" | "hard_timeout" => {
                    let wish = duration(&value(input)?)?;
                    wishes.push((name, wish));
                }
                _ => {
                    let message = format!("`{text}` is no option of `cached`; there are {KNOWN}");
                    return Err(Error::new(name.span(), message));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Self {
            cache: required(cache, "cache = <expression>", "the cache that holds the entries")?,
            kind: required(kind, "kind = <path>", "the `Kind` constant of what the function gives")?,
            key: required(key, "key = \"{argument}\"", "what tells the entries of the kind apart")?,
            tags,
            skip,
            cx,
            cache_if,
            wishes,
            in_impl,
            krate,
        })
    }
}

fn required<T>(value: Option<T>, form: &str, meaning: &str) -> Result<T> {
    value.ok_or_else(|| Error::new(Span::call_site(), format!("`{form}` is missing: {meaning}")))
}

fn value<T: Parse>(input: ParseStream<'_>) -> Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

fn names(input: ParseStream<'_>) -> Result<Vec<Ident>> {
    let inside;
    parenthesized!(inside in input);
    let names = Punctuated::<Ident, Token![,]>::parse_terminated_with(&inside, Ident::parse_any)?;
    Ok(names.into_iter().collect())
}

fn texts(input: ParseStream<'_>) -> Result<Vec<LitStr>> {
    input.parse::<Token![=]>()?;
    let inside;
    bracketed!(inside in input);
    Ok(Punctuated::<LitStr, Token![,]>::parse_terminated(&inside)?.into_iter().collect())
}

fn constant(value: &Expr) -> Result<ExprPath> {
    match value {
        Expr::Path(path) => Ok(path.clone()),
        other => Err(Error::new(other.span(), "`kind` is the path of a `Kind` constant")),
    }
}

/// A time as people write it, or an expression that gives a `Duration`.
fn duration(value: &Expr) -> Result<TokenStream> {
    let Expr::Lit(literal) = value else { return Ok(value.to_token_stream()) };
    let wrong = |reason: String| Error::new(literal.span(), reason);
    let Lit::Str(text) = &literal.lit else {
        return Err(wrong("a time needs its unit: write \"30s\" or an expression of type `Duration`".into()));
    };
    let time = humantime::parse_duration(&text.value())
        .map_err(|error| wrong(format!("{error}; a time is written as in \"30s\", \"10m\" or \"1h 30m\"")))?;
    let (secs, nanos) = (time.as_secs(), time.subsec_nanos());
    Ok(quote!(::core::time::Duration::new(#secs, #nanos)))
}
