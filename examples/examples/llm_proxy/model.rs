//! The model that answers where no other is named: it repeats what it hears, louder, a token for
//! each word.

use actix_web::{
    App, Error, HttpRequest, HttpResponse, HttpServer, Responder, post, rt,
    web::{self, Bytes},
};
use futures_util::stream;
use l402_examples_setup::Failure;
use serde_json::{Value, json};

/// What its callers have to know.
pub(crate) const KEY: &str = "a-key-of-the-model";

#[post("/v1/chat/completions")]
async fn completions(request: HttpRequest, order: web::Json<Value>) -> impl Responder {
    let authorization = request.headers().get_all("authorization").collect::<Vec<_>>();
    if authorization != [format!("Bearer {KEY}").as_bytes()] {
        return HttpResponse::Unauthorized().finish();
    }
    let heard = order["messages"][0]["content"].as_str().unwrap_or_default().to_uppercase();
    let words: Vec<&str> = heard.split_whitespace().collect();
    let most = order["max_tokens"].as_u64().and_then(|most| usize::try_from(most).ok());
    let said = &words[..words.len().min(most.unwrap_or(usize::MAX))];
    let mut events: Vec<Value> = said
        .iter()
        .map(|word| json!({ "choices": [{ "index": 0, "delta": { "content": word } }] }))
        .collect();
    let usage = json!({
        "prompt_tokens": words.len(),
        "completion_tokens": said.len(),
        "total_tokens": words.len() + said.len(),
    });
    events.push(json!({ "choices": [], "usage": usage }));
    let lines = events.iter().map(ToString::to_string).chain(["[DONE]".to_owned()]);
    let lines: Vec<_> =
        lines.map(|line| Ok::<_, Error>(Bytes::from(format!("data: {line}\n\n")))).collect();
    HttpResponse::Ok().content_type("text/event-stream").streaming(stream::iter(lines))
}

/// On a port of its own; its URL.
pub(crate) fn serve() -> Result<String, Failure> {
    let server = HttpServer::new(|| App::new().service(completions)).workers(1);
    let server = server.bind(("127.0.0.1", 0))?;
    let url = format!("http://{}", server.addrs()[0]);
    rt::spawn(server.run());
    Ok(url)
}
