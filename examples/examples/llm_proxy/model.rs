//! The model that answers where no other is named: it repeats what it hears, louder, a token for
//! each word. As others it does what it is told, and may be told to use more than is wanted.

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
    let number = |name: &str| order[name].as_u64().and_then(|number| usize::try_from(number).ok());
    let heard = order["messages"][0]["content"].as_str().unwrap_or_default().to_uppercase();
    let words: Vec<&str> = heard.split_whitespace().collect();
    let most = number("max_completion_tokens").or(number("max_tokens")).unwrap_or(usize::MAX);
    let said = &words[..words.len().min(most)];
    let choices = number("n").unwrap_or(1);
    let choice = |index: usize, word: &str| {
        let delta = json!({ "content": word });
        json!({ "choices": [{ "index": index, "delta": delta }] })
    };
    let mut events: Vec<Value> =
        said.iter().flat_map(|word| (0..choices).map(move |index| choice(index, word))).collect();
    let usage = json!({
        "prompt_tokens": words.len(),
        "completion_tokens": events.len(),
        "total_tokens": words.len() + events.len(),
    });
    events.push(json!({ "choices": [], "usage": usage }));
    let lines = events.iter().map(ToString::to_string).chain(["[DONE]".to_owned()]);
    let lines: Vec<_> =
        lines.map(|line| Ok::<_, Error>(Bytes::from(format!("data: {line}\n\n")))).collect();
    HttpResponse::Ok().content_type("text/event-stream").streaming(stream::iter(lines))
}

/// On a port of its own; its URL.
pub(crate) fn serve() -> Result<String, Failure> {
    let app =
        || App::new().app_data(web::JsonConfig::default().limit(1 << 20)).service(completions);
    let server = HttpServer::new(app).workers(1);
    let server = server.bind(("127.0.0.1", 0))?;
    let url = format!("http://{}", server.addrs()[0]);
    rt::spawn(server.run());
    Ok(url)
}
