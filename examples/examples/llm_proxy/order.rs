//! What a payer may ask of the model, and what it costs.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The longest answer that is sold, in tokens.
const LONGEST_ANSWER: u64 = 4096;

/// What a model adds to each message, in tokens: who says it, and where it ends.
const MESSAGE_TOKENS: usize = 8;

/// What goes on to the model: what is named here, and nothing else. Whoever passes on what he does not
/// know is told `n = 16` or `max_completion_tokens`, and pays for it. What is not a text, as a
/// picture, would be tokens that nobody here can count.
#[derive(Deserialize)]
pub(crate) struct Order {
    messages: Vec<Message>,
    max_tokens: Option<u64>,
    temperature: Option<f32>,
    top_p: Option<f32>,
}

#[derive(Deserialize, Serialize)]
struct Message {
    role: Role,
    content: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    System,
    User,
    Assistant,
}

impl Order {
    pub(crate) fn of(question: String) -> Self {
        let messages = vec![Message { role: Role::User, content: question }];
        Self { messages, max_tokens: None, temperature: None, top_p: None }
    }

    /// What reading it costs, in units: a quarter of the bytes, as models take for a token that they
    /// read a quarter of one that they write. No token is shorter than a byte, so this is never too
    /// little, in whatever language.
    pub(crate) fn reading(&self) -> u64 {
        let bytes = |message: &Message| message.content.len() + MESSAGE_TOKENS;
        self.messages.iter().map(bytes).sum::<usize>().div_ceil(4) as u64
    }

    /// What the answer may cost at most: a unit for each token.
    pub(crate) fn writing(&self) -> u64 {
        self.max_tokens.unwrap_or(LONGEST_ANSWER).clamp(1, LONGEST_ANSWER)
    }

    /// As the model reads it: one answer, no longer than `tokens`, which says in the end how long it
    /// was. The model is the merchant's choice, since a dearer one costs more.
    pub(crate) fn for_model(&self, model: &str, tokens: u64) -> Value {
        json!({
            "model": model,
            "messages": self.messages,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "n": 1,
            "max_tokens": tokens,
            "stream": true,
            "stream_options": { "include_usage": true },
        })
    }
}
