//! Accounts at data and model providers; a feature whose account is missing says so.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `TUSHARE_TOKEN` | none | token of the market data source |
//! | `OPENAI_API_KEY` | none | key of the language model |
//! | `OPENAI_BASE_URL` | `https://api.openai.com/v1` | any service with the same interface |
//! | `OPENAI_MODEL` | `gpt-4` | name of the model |

use secrecy::SecretString;

use crate::{langfuse::web_address, reader::Reader};

/// Accounts at data and model providers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Providers {
    /// Token of the market data source. `TUSHARE_TOKEN`, default none.
    pub tushare_token: Option<SecretString>,
    /// The language model.
    pub openai: OpenAi,
}

/// A service with the interface of `OpenAI`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenAi {
    /// Key of the account. `OPENAI_API_KEY`, default none.
    pub api_key: Option<SecretString>,
    /// Address of the service, without a slash at its end. `OPENAI_BASE_URL`, default `https://api.openai.com/v1`.
    pub base_url: String,
    /// Name of the model. `OPENAI_MODEL`, default `gpt-4`.
    pub model: String,
}

pub(crate) fn read(reader: &mut Reader<'_>) -> Providers {
    let tushare_token = reader.secret("TUSHARE_TOKEN");
    let api_key = reader.secret("OPENAI_API_KEY");
    let base_url =
        reader.value("OPENAI_BASE_URL", "https://api.openai.com/v1".to_owned(), String::clone, |text| {
            web_address(text).map(|url| url.as_str().trim_end_matches('/').to_owned())
        });
    let model = reader.value("OPENAI_MODEL", "gpt-4".to_owned(), String::clone, |text| {
        let printable = text.chars().all(|char| !char.is_control()) && text.len() <= 200;
        if printable { Ok(text.to_owned()) } else { Err("write the name of a model".to_owned()) }
    });
    Providers { tushare_token, openai: OpenAi { api_key, base_url, model } }
}
