//! What must not come back to light: the key, the macaroon, the preimage.

/// The longest text that is taken over from the broker, in characters.
const MAX_TEXT_CHARS: usize = 500;

/// What stands in for a secret in the broker's words.
const REDACTED: &str = "[redacted]";

/// From here on a run of base64 or hexadecimal digits counts as a token. A preimage has 64, the
/// id of a request, which is worth having in a log, 36.
const MIN_TOKEN_CHARS: usize = 40;

/// A shorter secret is none: a client that sends `a:b` would have each `a` and `b` taken out.
const MIN_SECRET_CHARS: usize = 3;

/// What must not come back to light in the broker's words: the key, the macaroon, the preimage.
/// An empty one stands for none.
#[derive(Clone, Copy)]
pub(crate) struct Secrets<'a>(pub(crate) [&'a str; 3]);

impl Secrets<'_> {
    /// The broker's words without the secrets, without what could forge a line in a log, and not
    /// longer than a few sentences.
    pub(crate) fn presentable(&self, text: &str) -> String {
        let mut text: String = text.chars().filter(|char| !char.is_control()).collect();
        for secret in self.0.into_iter().filter(|secret| secret.len() >= MIN_SECRET_CHARS) {
            text = text.replace(secret, REDACTED);
        }
        without_tokens(&text).chars().take(MAX_TEXT_CHARS).collect()
    }

    /// The URL of a call, without the key that somebody may have put into it.
    pub(crate) fn url(&self, url: &str) -> String {
        let [key, ..] = self.0;
        if key.len() < MIN_SECRET_CHARS { url.to_owned() } else { url.replace(key, REDACTED) }
    }
}

/// Takes out whatever looks like a macaroon or a preimage: the broker may quote one that this call
/// does not know, such as another payer's.
fn without_tokens(text: &str) -> String {
    let is_digit = |char: char| char.is_ascii_alphanumeric() || "+/=_-".contains(char);
    let mut shown = String::with_capacity(text.len());
    for piece in text.split_inclusive(|char| !is_digit(char)) {
        let run = piece.trim_end_matches(|char| !is_digit(char));
        if run.len() >= MIN_TOKEN_CHARS && run.bytes().any(|byte| byte.is_ascii_digit()) {
            shown += REDACTED;
            shown += &piece[run.len()..];
        } else {
            shown += piece;
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_token_is_taken_out_and_what_does_not_stays() {
        let secrets = Secrets(["key", "a", ""]);
        let preimage = "5ec2e7".repeat(11);
        let macaroon = "AgELbDQwMi1zYW5kYm94AkIAAFl+/w==".repeat(2);
        for (text, shown) in [
            (format!("no {preimage}!"), "no [redacted]!"),
            (format!("{macaroon}:{preimage}"), "[redacted]:[redacted]"),
            (format!("{preimage}\u{e9}key"), "[redacted]\u{e9}[redacted]"),
            ("key\r\nforged".to_owned(), "[redacted]forged"),
            ("the token has expired".to_owned(), "the token has expired"),
            (
                "request 123e4567-e89b-12d3-a456-426614174000".to_owned(),
                "request 123e4567-e89b-12d3-a456-426614174000",
            ),
        ] {
            assert_eq!(secrets.presentable(&text), shown, "{text}");
        }
        assert_eq!(secrets.presentable(&"x".repeat(600)).len(), MAX_TEXT_CHARS);
    }
}
