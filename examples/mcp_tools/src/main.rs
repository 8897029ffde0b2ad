//! An MCP server over HTTP with a price for each tool.
//!
//! `cargo run --manifest-path examples/mcp_tools/Cargo.toml`

mod call;
mod tools;

use std::sync::Arc;

use actix_web::{
    App, Error, HttpRequest, HttpResponse, HttpServer,
    error::{ErrorInternalServerError, ErrorNotFound},
    get,
    http::StatusCode,
    post,
    web::{self, Bytes},
};
use call::Call;
use http_body_util::{BodyExt as _, Full};
use l402_actix::{L402Config, Price, l402};
use l402_examples_setup::{Failure, Setup};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use tools::Tools;

type Mcp = StreamableHttpService<Tools, NeverSessionManager>;

/// What stands around a call (`initialize`, `tools/list`) is free, so that agents can look.
async fn by_tool(call: Call) -> Result<Price, Error> {
    match call.tool() {
        None => Ok(Price::FREE),
        Some("shout") => Ok(Price::sats(50)),
        Some("count") => Ok(Price::sats(10)),
        Some(_) => Err(ErrorNotFound("no such tool")),
    }
}

/// So that a payment for one tool does not open another.
async fn for_tool(call: Call) -> Result<String, Error> {
    Ok(format!("mcp/{}", call.tool().unwrap_or_default()))
}

/// Hands a message that is paid for, or free, to the MCP server, without the payer's credential.
#[post("/mcp")]
#[l402(price_with = by_tool, resource_with = for_tool, single_use)]
async fn mcp(
    call: Call,
    request: HttpRequest,
    tools: web::Data<Mcp>,
) -> Result<HttpResponse, Error> {
    let mut message = http::Request::post("/mcp");
    for (name, value) in request.headers() {
        let name = name.as_str();
        if matches!(name, "accept" | "content-type" | "host" | "origin") || name.starts_with("mcp-")
        {
            message = message.header(name, value.as_bytes());
        }
    }
    let message =
        message.body(Full::<Bytes>::from(call.0.to_string())).map_err(ErrorInternalServerError)?;
    let (head, body) = tools.handle(message).await.into_parts();
    let status = StatusCode::from_u16(head.status.as_u16()).map_err(ErrorInternalServerError)?;
    let mut answer = HttpResponse::build(status);
    if let Some(kind) = head.headers.get("content-type") {
        answer.insert_header(("content-type", kind.as_bytes()));
    }
    Ok(answer.body(body.collect().await.map_err(ErrorInternalServerError)?.to_bytes()))
}

/// For agents that buy with `GET` only.
#[get("/shout/{text}")]
#[l402(price_sats = 50, description = "A text in capitals")]
async fn shout(text: web::Path<String>) -> String {
    text.to_uppercase()
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let config = L402Config::new(setup.client());
    let listener = setup.listen(&[
        r#"{api}/mcp -H 'Accept: application/json, text/event-stream' --json '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"shout","arguments":{"text":"hello"}}}'"#,
        "{api}/shout/hello",
    ])?;
    // One answer for each message, and no session: what is paid for is a message.
    let settings = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true);
    let tools = Mcp::new(|| Ok(Tools::new()), Arc::new(NeverSessionManager::default()), settings);
    let tools = web::Data::new(tools);
    let server = HttpServer::new(move || {
        App::new().app_data(config.clone()).app_data(tools.clone()).service(mcp).service(shout)
    });
    Ok(server.listen(listener)?.run().await?)
}
