//! The API key: what is refused before it can do harm, and how it is kept out of sight.

use std::fmt;

use reqwest::header::HeaderValue;

use crate::L402Error;

/// A merchant's API key, ready to be sent. Nothing prints it.
#[derive(Clone)]
pub(crate) struct ApiKey(HeaderValue);

impl ApiKey {
    /// Trims the key and refuses what cannot be one. The messages never repeat the value.
    pub(crate) fn new(key: &str) -> Result<Self, L402Error> {
        let key = key.trim();
        if key.is_empty() {
            return Err(L402Error::invalid_request("the API key is empty"));
        }
        // What a template leaves behind when the variable it names was not set. Only the whole
        // form counts: a real key may hold a `$` or a brace.
        if key.starts_with("${") && key.ends_with('}') {
            return Err(L402Error::invalid_request(
                "the API key is the placeholder of an environment variable that nobody filled in \
                 (`${NAME}`); set the variable, or pass the key itself",
            ));
        }
        let mut value = HeaderValue::from_str(key).map_err(|_| {
            L402Error::invalid_request("the API key holds characters that no HTTP header can carry")
        })?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// The key's text, to take it out of what the broker may echo.
    pub(crate) fn expose(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::ApiKey;

    fn refusal(key: &str) -> String {
        ApiKey::new(key).expect_err("the key is refused").to_string()
    }

    #[test]
    fn empty_and_blank_keys_are_refused() {
        assert!(refusal("").contains("empty"));
        assert!(refusal(" \t\n").contains("empty"));
    }

    #[test]
    fn an_unfilled_placeholder_is_refused_with_its_cause_and_without_its_value() {
        for key in ["${LIGHTNING_ENABLE_API_KEY}", " ${SECRET_NAME} ", "${}"] {
            let message = refusal(key);
            assert!(message.contains("environment variable"), "{message}");
            assert!(!message.contains("LIGHTNING_ENABLE_API_KEY"), "{message}");
            assert!(!message.contains("SECRET_NAME"), "{message}");
        }
    }

    #[test]
    fn keys_that_only_look_like_placeholders_are_accepted() {
        for key in ["abc$def", "abc{def}", "${incomplete", "$NAME", "x${NAME}"] {
            assert_eq!(ApiKey::new(key).expect("accepted").expose(), key);
        }
    }

    #[test]
    fn the_key_is_trimmed() {
        assert_eq!(ApiKey::new("  key-1\n").expect("accepted").expose(), "key-1");
    }

    #[test]
    fn a_key_that_would_break_the_header_is_refused_without_its_value() {
        let message = refusal("secret\r\nX-Evil: 1");
        assert!(message.contains("header"), "{message}");
        assert!(!message.contains("secret"), "{message}");
    }

    #[test]
    fn debug_never_shows_the_key() {
        let key = ApiKey::new("secret-key").expect("accepted");
        assert!(!format!("{key:?} {:?}", key.header()).contains("secret-key"));
    }
}
