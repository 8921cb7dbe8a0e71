//! A service that keeps prices, and a backend of its own. Beside the runtime its only dependency is `stockpile-cache`.

pub mod service;
pub mod shelf;
