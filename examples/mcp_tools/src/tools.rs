//! The MCP server: two tools. It knows nothing of prices.

use rmcp::{
    ServerHandler,
    handler::server::{router::tool::ToolRouter, wrapper::Parameters},
    tool, tool_handler, tool_router,
};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
pub struct Text {
    /// The text to work on.
    text: String,
}

#[derive(Clone)]
pub struct Tools {
    tool_router: ToolRouter<Self>,
}

impl Tools {
    pub fn new() -> Self {
        Self { tool_router: Self::tool_router() }
    }
}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Tools {}

#[tool_router(router = tool_router)]
impl Tools {
    #[tool(description = "A text in capitals. 50 sats.")]
    pub async fn shout(&self, Parameters(Text { text }): Parameters<Text>) -> String {
        text.to_uppercase()
    }

    #[tool(description = "How many words a text has. 10 sats.")]
    pub async fn count(&self, Parameters(Text { text }): Parameters<Text>) -> String {
        text.split_whitespace().count().to_string()
    }
}
