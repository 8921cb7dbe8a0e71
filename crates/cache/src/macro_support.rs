//! What the code made by `#[cached]` calls. Not part of the API, and not covered by semver.

mod argument;
mod call;
mod key;
mod output;

pub use self::{
    argument::{Keep, Kept, keep, keep_each, lend_each},
    call::{is_kept, load},
    key::{AsList, AsText, Key, KeyPart, List},
    output::{Ask, NoResult, Return},
};
