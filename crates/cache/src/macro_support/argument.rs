//! Borrowed arguments, made to outlive the caller.

use std::borrow::{Borrow, ToOwned};

/// What can be copied into a load.
#[diagnostic::on_unimplemented(
    message = "`&{Self}` cannot be handed to the load of a cached function",
    label = "borrowed, and `{Self}` cannot be copied",
    note = "the load outlives its caller and gets a copy: take a handle that is `Clone`, such as an `Arc`"
)]
pub trait Keep {
    /// The copy.
    type Owned: Borrow<Self>;

    /// Copies.
    fn keep(&self) -> Self::Owned;
}

#[diagnostic::do_not_recommend]
impl<T: ToOwned + ?Sized> Keep for T {
    type Owned = T::Owned;

    fn keep(&self) -> T::Owned {
        self.to_owned()
    }
}

/// A copy that can be lent as what it was made from, without naming its type.
#[allow(missing_debug_implementations, reason = "not part of the API")]
pub struct Kept<T: Keep + ?Sized>(T::Owned);

impl<T: Keep + ?Sized> Kept<T> {
    /// Lends it.
    pub fn lend(&self) -> &T {
        self.0.borrow()
    }
}

/// Copies a borrowed argument.
pub fn keep<T: Keep + ?Sized>(argument: &T) -> Kept<T> {
    Kept(argument.keep())
}

/// Copies a list of borrowed things.
pub fn keep_each<T: Keep + ?Sized>(arguments: &[&T]) -> Vec<Kept<T>> {
    arguments.iter().map(|argument| keep(*argument)).collect()
}

/// Lends what [`keep_each`] copied.
pub fn lend_each<T: Keep + ?Sized>(kept: &[Kept<T>]) -> Vec<&T> {
    kept.iter().map(Kept::lend).collect()
}
