//! `"{symbol}:{day}"`: text with places for arguments.

use std::iter::Peekable;

use proc_macro2::Span;
use syn::{
    Error, Expr, ExprPath, Ident, Index, LitFloat, LitStr, Member, Result, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
    spanned::Spanned,
};

use crate::arguments::{Argument, same};

pub(crate) struct Template {
    pub(crate) usage: Use,
    pub(crate) pieces: Vec<Piece>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Distinct values must give distinct texts.
    Key,
    /// The text is what `format!` gives, as it is named elsewhere; two values of one tag are invalidated together.
    Tag,
}

pub(crate) enum Piece {
    Text(String),
    /// An argument, a field of one, or a constant of a type parameter.
    Place {
        root: Ident,
        value: Box<Expr>,
    },
}

impl Template {
    pub(crate) fn parse(literal: &LitStr, usage: Use) -> Result<Self> {
        let wrong = |reason: String| Error::new(literal.span(), reason);
        let text = literal.value();
        if text.is_empty() {
            return Err(wrong("the text must not be empty".into()));
        }
        let (mut pieces, mut plain, mut chars) = (Vec::new(), String::new(), text.chars().peekable());
        // What stands between two values must tell where the first ends: only `:` never occurs in one.
        let mut separated = true;
        while let Some(char) = chars.next() {
            match char {
                '{' | '}' if chars.next_if_eq(&char).is_some() => plain.push(char),
                '}' => return Err(wrong("`}` without `{`; a brace itself is written `}}`".into())),
                '{' => {
                    let inside = until_brace(&mut chars)
                        .ok_or_else(|| wrong("`{` without `}`; a brace itself is written `{{`".into()))?;
                    if usage == Use::Key && !separated && !plain.contains(':') {
                        let message = format!(
                            "`:` is missing before `{{{inside}}}`: else two different pairs of values give one key"
                        );
                        return Err(wrong(message));
                    }
                    if !plain.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    }
                    pieces.push(place(&inside, literal.span())?);
                    separated = false;
                }
                other => plain.push(other),
            }
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self { usage, pieces })
    }

    /// Says whether an argument is needed to fill this.
    pub(crate) fn names(&self, argument: &Argument) -> bool {
        self.roots().any(|root| argument.bound.iter().any(|bound| same(root, bound)))
    }

    /// The arguments and parameters named.
    pub(crate) fn roots(&self) -> impl Iterator<Item = &Ident> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Place { root, .. } => Some(root),
        })
    }
}

fn until_brace(chars: &mut Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut inside = String::new();
    loop {
        match chars.next()? {
            '}' => return Some(inside),
            char => inside.push(char),
        }
    }
}

fn place(inside: &str, span: Span) -> Result<Piece> {
    let wrong = |reason: String| Error::new(span, reason);
    // `T::NAME` has colons of its own.
    if inside.replace("::", "").contains(':') {
        let message = format!(
            "`{{{inside}}}` has a format: values that print alike would share an entry; write the bare name"
        );
        return Err(wrong(message));
    }
    let shape =
        || wrong(format!("`{{{inside}}}` is no name of an argument, nor a field of one as in `{{user.id}}`"));
    let parser = |input: ParseStream<'_>| path(input, span);
    parser.parse_str(inside).map_err(|_| shape())
}

fn path(input: ParseStream<'_>, span: Span) -> Result<Piece> {
    let mut root = input.call(Ident::parse_any)?;
    root.set_span(span);
    if input.peek(Token![::]) {
        let mut path = syn::Path::from(root.clone());
        while input.parse::<Option<Token![::]>>()?.is_some() {
            let mut segment: Ident = input.parse()?;
            segment.set_span(span);
            path.segments.push(segment.into());
        }
        end(input)?;
        let value = Expr::Path(ExprPath { attrs: Vec::new(), qself: None, path });
        return Ok(Piece::Place { root, value: Box::new(value) });
    }
    let path = syn::Path::from(root.clone());
    let mut value = Expr::Path(ExprPath { attrs: Vec::new(), qself: None, path });
    while input.parse::<Option<Token![.]>>()?.is_some() {
        for member in members(input, span)? {
            value = syn::parse_quote_spanned!(span=> #value.#member);
        }
    }
    end(input)?;
    Ok(Piece::Place { root, value: Box::new(value) })
}

/// Fields; two numbers with a point between them are one token.
fn members(input: ParseStream<'_>, span: Span) -> Result<Vec<Member>> {
    if !input.peek(LitFloat) {
        let mut member: Member = input.parse()?;
        match &mut member {
            Member::Named(name) => name.set_span(span),
            Member::Unnamed(index) => index.span = span,
        }
        return Ok(vec![member]);
    }
    let numbers: LitFloat = input.parse()?;
    let index = |text: &str| text.parse().map(|index| Member::Unnamed(Index { index, span }));
    numbers.to_string().split('.').map(|text| index(text).map_err(|error| Error::new(span, error))).collect()
}

fn end(input: ParseStream<'_>) -> Result<()> {
    if input.is_empty() { Ok(()) } else { Err(Error::new(input.span().span(), "unexpected")) }
}
