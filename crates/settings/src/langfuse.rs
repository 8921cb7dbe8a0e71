//! Where traces go; off while no keys are set.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `LANGFUSE_HOST` | `LANGFUSE_URL`, else `http://localhost:3000` | address the server sends to |
//! | `LANGFUSE_URL` | `LANGFUSE_HOST` | address for links that people open |
//! | `LANGFUSE_PUBLIC_KEY`, `LANGFUSE_SECRET_KEY` | none | the pair of a project |

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::reader::Reader;

/// A Langfuse project and where it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Langfuse {
    /// Address the server sends to. `LANGFUSE_HOST`.
    pub host: Url,
    /// Address for links that people open. `LANGFUSE_URL`.
    pub url: Url,
    /// Public half of the key, kept like the other because the two are easily swapped. `LANGFUSE_PUBLIC_KEY`.
    pub public_key: SecretString,
    /// Secret half of the key. `LANGFUSE_SECRET_KEY`.
    pub secret_key: SecretString,
}

pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Langfuse> {
    let host = reader.optional("LANGFUSE_HOST", Url::to_string, web_address).map(|given| given.value);
    let url = reader.optional("LANGFUSE_URL", Url::to_string, web_address).map(|given| given.value);
    let public_key = reader.secret("LANGFUSE_PUBLIC_KEY");
    let secret_key = reader.secret("LANGFUSE_SECRET_KEY");
    if public_key.as_ref().is_some_and(|key| key.expose_secret().starts_with("sk-")) {
        reader.problem("LANGFUSE_PUBLIC_KEY", "holds a secret key (sk-): write the one that starts with pk-");
    }

    let host = host.or_else(|| url.clone()).or_else(|| Url::parse("http://localhost:3000").ok())?;
    let url = url.unwrap_or_else(|| host.clone());
    for (variable, address) in [("LANGFUSE_HOST", &host), ("LANGFUSE_URL", &url)] {
        reader.show_default(variable, address.to_string());
    }
    match (public_key, secret_key) {
        (Some(public_key), Some(secret_key)) => Some(Langfuse { host, url, public_key, secret_key }),
        (None, None) => None,
        (Some(_), None) => {
            reader
                .problem("LANGFUSE_SECRET_KEY", "is missing beside LANGFUSE_PUBLIC_KEY: set both or neither");
            None
        }
        (None, Some(_)) => {
            reader
                .problem("LANGFUSE_PUBLIC_KEY", "is missing beside LANGFUSE_SECRET_KEY: set both or neither");
            None
        }
    }
}

/// Reads an address that holds no credentials.
pub(crate) fn web_address(text: &str) -> Result<Url, String> {
    let advice = || "write an address such as http://localhost:3000, without user, ? or #".to_owned();
    let url = Url::parse(text).map_err(|_| advice())?;
    let bare = url.username().is_empty() && url.password().is_none();
    let plain = url.query().is_none() && url.fragment().is_none();
    if matches!(url.scheme(), "http" | "https") && bare && plain { Ok(url) } else { Err(advice()) }
}
