//! Tools for agents over MCP, each at its price.
//!
//! MCP over HTTP has one path: each call is a `POST` with the tool's name in its JSON. So the price is a
//! matter of the body, and the price function takes it as the handler does. For the JSON: `cargo add serde
//! --features derive` and `cargo add serde_json`.
//!
//! ```
//! use actix_web::{App, Error, post, test, web};
//! use l402_actix::{L402Config, Price, l402};
//! use serde::Deserialize;
//! use serde_json::{Value, json};
//!
//! /// A JSON-RPC message. A batch, which names no tool of its own, is none: 400.
//! #[derive(Deserialize)]
//! struct Message {
//!     id: Value,
//!     method: String,
//!     #[serde(default)]
//!     params: Value,
//! }
//!
//! impl Message {
//!     fn tool(&self) -> Option<&str> {
//!         (self.method == "tools/call").then(|| self.params["name"].as_str().unwrap_or("?"))
//!     }
//! }
//!
//! /// Listing tools and everything else around a call is free.
//! async fn by_tool(message: web::Json<Message>) -> Result<Price, Error> {
//!     Ok(match message.tool() {
//!         Some("translate") => Price::sats(50),
//!         Some(_) => Price::sats(10),
//!         None => Price::FREE,
//!     })
//! }
//!
//! /// So that a payment for one tool does not open another of the same price.
//! async fn for_tool(message: web::Json<Message>) -> Result<String, Error> {
//!     Ok(format!("mcp/{}", message.tool().unwrap_or_default()))
//! }
//!
//! #[post("/mcp")]
//! #[l402(price_with = by_tool, resource_with = for_tool, single_use)]
//! async fn mcp(message: web::Json<Message>) -> web::Json<Value> {
//!     // … hand the message to your MCP server.
//!     web::Json(json!({ "jsonrpc": "2.0", "id": message.id, "result": {} }))
//! }
//!
//! # #[actix_web::main]
//! # async fn main() {
//! let sandbox = l402_sandbox::Sandbox::start().await;
//! let config = L402Config::new(sandbox.client());
//! let app = test::init_service(App::new().app_data(config).service(mcp)).await;
//! for (message, status) in [
//!     (json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }), 200),
//!     (json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call",
//!              "params": { "name": "translate", "arguments": {} } }), 402),
//! ] {
//!     let request = test::TestRequest::post().uri("/mcp").set_json(&message).to_request();
//!     assert_eq!(test::call_service(&app, request).await.status(), status);
//! }
//! # assert_eq!(sandbox.requests()[0].body["priceSats"], 50);
//! # assert_eq!(sandbox.requests()[0].body["resource"], "mcp/translate");
//! # }
//! ```
//!
//! The example `mcp_tools` hands the call to a server made with `rmcp`, the official Rust SDK. It is a
//! package of its own, in `examples/mcp_tools`, so that nobody else builds it.
//!
//! # What is charged, and when
//!
//! With `single_use` each call is a payment. A pack (`uses = 50`) fits agents better, since a payment
//! takes a second or two. A tool that fails says so with status 200 and `isError`, which counts as an
//! answer; answer 5xx if nobody should pay for a failure.
//!
//! # Which agents can pay
//!
//! The 402 comes on HTTP, below MCP. An MCP client that hands its requests to an HTTP client which pays,
//! such as `l402-requests` or `fetch402`, needs no change. One that does not shows its user an error.
//! Lightning Enable's own agent tool buys with `GET` and `HEAD` only and follows no redirect, so it does
//! not buy calls of tools; offer what matters to it as a `GET` route too.
//!
//! # What goes wrong
//!
//! - What the extractor does not recognise as a call is free. Let it refuse what it does not know, as
//!   batches above.
//! - An SSE stream that the server opens by `GET` is another route: leave it out, or price it.
