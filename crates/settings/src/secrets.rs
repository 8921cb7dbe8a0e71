//! What must not be printed, and what is no secret because everybody knows it.

/// Stands for a secret in every text for people.
pub(crate) const MASK: &str = "***";

const SHOWN_CHARS: usize = 80;

/// Passwords that product images, their guides and habit have made public.
const KNOWN: &[&str] = &[
    "1234",
    "12345",
    "123456",
    "1234567",
    "12345678",
    "123456789",
    "1234567890",
    "admin",
    "admin123",
    "change-me",
    "change_me",
    "changeme",
    "changeit",
    "clickhouse",
    "clickhouse123",
    "default",
    "demo",
    "example",
    "foobared",
    "guest",
    "langfuse",
    "letmein",
    "minio",
    "minioadmin",
    "miniosecret",
    "mypassword",
    "mysecretpassword",
    "myredissecret",
    "p@ssw0rd",
    "passw0rd",
    "password",
    "password1",
    "password123",
    "postgres",
    "postgres123",
    "postgrespassword",
    "qwerty",
    "redis",
    "redis123",
    "redispassword",
    "root",
    "secret",
    "stock",
    "stockpile",
    "stockredis123",
    "test",
    "timescaledb",
];

/// Refuses a secret that cannot be one; the advice does not hold it.
pub(crate) fn check(secret: &str) -> Result<(), String> {
    let lower = secret.trim().to_lowercase();
    if KNOWN.contains(&lower.as_str()) {
        return Err(
            "is a well-known default, as good as none: write one of your own, such as the output of \
                    `openssl rand -hex 24`"
                .to_owned(),
        );
    }
    if lower.starts_with("your_") || lower.starts_with("your-") || lower.starts_with("<") {
        return Err("is a placeholder: write the real one, or leave it empty".to_owned());
    }
    if secret.chars().any(char::is_control) {
        return Err("holds a line end or another control character: write it on one line".to_owned());
    }
    Ok(())
}

/// The text of a variable for a message: escaped, cut, and without anything that may be a credential.
pub(crate) fn shown(text: &str) -> String {
    let safe = without_credentials(text);
    let mut quoted: String = safe.chars().take(SHOWN_CHARS).flat_map(char::escape_debug).collect();
    if safe.chars().nth(SHOWN_CHARS).is_some() {
        quoted.push('…');
    }
    format!("`{quoted}`")
}

/// Hides what stands before an `@` and after a `?`, where addresses keep credentials.
fn without_credentials(text: &str) -> String {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (format!("{scheme}://"), rest),
        Some(_) => return MASK.to_owned(),
        None => (String::new(), text),
    };
    let query = rest.find(['?', '#']);
    match (rest.rfind('@'), query) {
        // A password may hold `?` and `#`, a query may hold `@`: nothing tells which this is.
        (Some(at), Some(query)) if query < at => format!("{scheme}{MASK}"),
        (at, query) => {
            let user = at.map_or_else(String::new, |_| format!("{MASK}@"));
            let plain = &rest[at.map_or(0, |at| at + 1)..query.unwrap_or(rest.len())];
            let query = query.map_or_else(String::new, |_| format!("?{MASK}"));
            format!("{scheme}{user}{plain}{query}")
        }
    }
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_addresses_are_hidden_wherever_people_put_them() {
        for text in [
            "redis://:hunter7@host:6379/1",
            "redis://user:hun/ter7hunter7@host",
            "redis://:hun?ter7#hunter7@host",
            "redis://hunter7@host",
            "clickhouse://host/db?password=hunter7",
            "clickhouse://host/db?password=a@hunter7",
            "http://host/#hunter7",
            "user:hunter7@tcp(host)/db",
            "user:hunter7://host",
        ] {
            let shown = shown(text);
            assert!(!shown.contains("ter7"), "{shown}");
        }
    }

    #[test]
    fn ordinary_text_is_shown_escaped_on_one_line_and_cut() {
        assert_eq!(shown("eighty"), "`eighty`");
        assert_eq!(shown("a\nb\u{7}"), r"`a\nb\u{7}`");
        assert_eq!(shown(&"x".repeat(200)).chars().count(), SHOWN_CHARS + 3);
    }

    #[test]
    fn known_defaults_and_placeholders_are_no_secrets() {
        for text in ["clickhouse", "Postgres", "redis", "PASSWORD", "admin", "changeme", "123456", " secret "]
        {
            assert!(check(text).is_err(), "{text}");
        }
        assert!(check("your_openai_key").is_err());
        assert!(check("two\nlines").is_err());
        assert!(check("c2f0a5e7b1").is_ok());
    }
}
