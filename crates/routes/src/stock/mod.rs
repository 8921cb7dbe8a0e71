//! One security: its facts and its bars.

mod basic;
mod daily;
pub(crate) mod lookup;
pub(crate) mod quote;

use crate::openapi::route::Route;

pub(crate) fn routes() -> [Route; 3] {
    [basic::route(), daily::route(), quote::route()]
}
