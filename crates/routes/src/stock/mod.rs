//! One security: its facts and its bars.

mod basic;
mod daily;
pub(crate) mod lookup;

use crate::openapi::route::Route;

pub(crate) fn routes() -> [Route; 2] {
    [basic::route(), daily::route()]
}
