//! What a cached function gives, asked of its type: an alias of `Result` is one, and a type named `Result` need not be.

use std::{convert::Infallible, marker::PhantomData};

use crate::CacheValue;

/// What a body gives, as a result.
#[diagnostic::on_unimplemented(
    message = "a cached function cannot give `{Self}`",
    label = "not a type that can be cached",
    note = "it gives a `CacheValue`, or a `Result` of one whose error is `Send + Sync + 'static`; where the type depends \
            on type parameters it must be a `Result`"
)]
pub trait Return<const IS_RESULT: bool> {
    /// What is stored.
    type Value: CacheValue;
    /// What is not.
    type Error: Send + Sync + 'static;

    /// Tells the two apart.
    ///
    /// # Errors
    ///
    /// Those of the body.
    fn into_result(self) -> Result<Self::Value, Self::Error>;
}

impl<V: CacheValue, E: Send + Sync + 'static> Return<true> for Result<V, E> {
    type Value = V;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

impl<V: CacheValue> Return<false> for V {
    type Value = V;
    type Error = Infallible;

    fn into_result(self) -> Result<V, Infallible> {
        Ok(self)
    }
}

/// Answers whether a type is a `Result`: its own constant hides that of [`NoResult`].
#[derive(Debug)]
pub struct Ask<T>(PhantomData<T>);

impl<V, E> Ask<Result<V, E>> {
    /// It is.
    pub const IS_RESULT: bool = true;
}

/// Answers for every other type.
pub trait NoResult {
    /// It is not.
    const IS_RESULT: bool = false;
}

impl<T> NoResult for Ask<T> {}
