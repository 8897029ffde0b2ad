//! What lasts longer than a page: streams, WebSockets, uploads and downloads. Each is sold before
//! it begins.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use crate::program::{Api, ask};
use l402_sandbox::Sandbox;
use serde_json::json;

#[actix_web::test]
async fn sse_sells_a_stream_and_lets_its_payer_go_on_where_it_broke_off() {
    let api = Api::start("sse");
    let (credential, stream) = api.buy(api.get("/prices"), 50).await;
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    assert_eq!(stream.body.matches("event: price").count(), 10, "{}", stream.body);

    let rest = api.get("/prices").header("Last-Event-ID", "8");
    let rest = ask(rest.header("Authorization", credential)).await;
    assert_eq!(rest.status, 200);
    assert!(rest.body.starts_with("id: 9\n") && !rest.body.contains("id: 8\n"), "{}", rest.body);
    assert!(api.bought_by_get("/prices").contains("id: 10"));
}

/// A WebSocket's opening handshake, and the head of what it is answered.
fn open(api: &Api, path: &str, authorization: Option<&str>) -> (TcpStream, String) {
    let host = api.url().strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(host).unwrap();
    let authorization =
        authorization.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
    write!(
        socket,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         {authorization}\r\n"
    )
    .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    (socket, String::from_utf8(head).unwrap())
}

#[actix_web::test]
async fn websocket_opens_for_whoever_has_paid_and_for_nobody_else() {
    let api = Api::start("websocket");
    let (_, unpaid) = open(&api, "/shout", None);
    assert!(unpaid.starts_with("HTTP/1.1 402"), "{unpaid}");

    let (credential, answer) = api.buy(api.get("/shout"), 100).await;
    assert!(answer.body.starts_with("100 sats paid"), "{}", answer.body);
    let (mut socket, head) = open(&api, "/shout", Some(&credential));
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");

    // A text frame, masked by zeros, and the server's, which is not masked.
    socket.write_all(b"\x81\x85\0\0\0\0hello").unwrap();
    let mut frame = [0; 7];
    socket.read_exact(&mut frame).unwrap();
    assert_eq!(&frame, b"\x81\x05HELLO");
    // Closed by the client, the server closes too.
    socket.write_all(b"\x88\x80\0\0\0\0").unwrap();
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).unwrap();
    assert_eq!(rest.first(), Some(&0x88), "{rest:?}");
    assert!(api.bought_by_get("/shout").contains("100 sats paid"));
}

#[actix_web::test]
async fn upload_sells_one_upload_before_it_reads_any_of_it() {
    const BOUNDARY: &str = "multipart/form-data; boundary=x";
    let file = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n\
                hello\r\n--x--\r\n";
    let api = Api::start("upload");
    // An empty body is enough to hear the price.
    let unpaid = ask(api.post("/files", &json!(null)).body("")).await;
    assert_eq!(unpaid.price(), 100);
    let credential = api.pay(&unpaid).await;
    let send = || {
        let request = api.post("/files", &json!(null)).body(file);
        let mut request = request.build().unwrap();
        request.headers_mut().insert("Content-Type", BOUNDARY.parse().unwrap());
        request.headers_mut().insert("Authorization", credential.parse().unwrap());
        reqwest::RequestBuilder::from_parts(reqwest::Client::new(), request)
    };
    let kept = ask(send()).await;
    assert_eq!(kept.status, 200, "{}", kept.body);
    assert_eq!(kept.json(), json!({ "download": "/files/1", "bytes": 5 }));
    assert_eq!(ask(send()).await.price(), 100, "one payment is one upload");

    let (_, file) = api.buy(api.get("/files/1"), 10).await;
    assert_eq!(file.body, "hello");
    assert_eq!(ask(api.get("/files/7")).await.status, 404, "and nobody pays for what is not there");
    assert!(api.bought_by_get("/files/0").contains("the first file"));
}

fn order(content: &str) -> serde_json::Value {
    json!({ "messages": [{ "role": "user", "content": content }] })
}

const CHAT: &str = "/v1/chat/completions";

#[actix_web::test]
async fn llm_proxy_sells_by_the_token_and_keeps_the_credential_to_itself() {
    let api = Api::start("llm_proxy");
    let (credential, answer) = api.buy(api.post(CHAT, &order("good morning")), 2000).await;
    // The model refuses whoever does not come with the proxy's own key and nothing else.
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("GOOD") && answer.body.ends_with("data: [DONE]\n\n"));
    assert!(answer.body.contains("\"completion_tokens\":2"), "{}", answer.body);
    // The prompt, twelve letters and what a message adds, is drawn before the model is asked.
    assert_eq!(answer.headers["ratelimit"], "\"units\";r=99995");

    // Another route of the same resource goes on with what is left after two words.
    let again = ask(api.get("/ask/hello").header("Authorization", credential)).await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(again.headers["ratelimit-policy"], "\"units\";q=100000");
    assert_eq!(again.headers["ratelimit"], "\"units\";r=99989", "five, two and four are gone");
    assert!(api.bought_by_get("/ask/hello").contains("HELLO"));
}

#[actix_web::test]
async fn llm_proxy_hands_on_nothing_that_makes_the_model_use_more_than_is_paid_for() {
    let api = Api::start("llm_proxy");
    let mut greedy = order("one two three");
    for (name, value) in [("n", 16), ("max_completion_tokens", 3000), ("max_tokens", 1)] {
        greedy[name] = json!(value);
    }
    let (_, answer) = api.buy(api.post(CHAT, &greedy), 2000).await;
    assert_eq!(answer.body.matches("content").count(), 1, "one word of one: {}", answer.body);

    let picture = json!({ "messages": [{ "role": "user", "content": [{ "type": "image_url" }] }] });
    for uncounted in [json!("no object"), json!({}), picture] {
        let refused = ask(api.post(CHAT, &uncounted)).await;
        assert_eq!(refused.status, 400, "before anybody pays: {uncounted}");
        assert!(refused.headers.get("www-authenticate").is_none());
    }
    let endless = ask(api.post(CHAT, &order(&"x ".repeat(150_000)))).await;
    assert_eq!(endless.status, 413, "before anybody pays");
}

#[actix_web::test]
async fn llm_proxy_is_paid_for_a_long_prompt_before_the_model_reads_it() {
    let api = Api::start("llm_proxy");
    let mut long = order(&"x ".repeat(100_000));
    long["max_tokens"] = json!(2);
    let ask_again =
        |credential: &str| ask(api.post(CHAT, &long).header("Authorization", credential));
    let (credential, answer) = api.buy(api.post(CHAT, &long), 2000).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.headers["ratelimit"], "\"units\";r=49998");
    let again = ask_again(&credential).await;
    assert_eq!(again.status, 409, "not enough is left to read it once more: {}", again.body);
    assert!(again.headers.get("www-authenticate").is_none());
    let short = ask(api.post(CHAT, &order("hi")).header("Authorization", &credential)).await;
    assert_eq!(short.status, 200);
    assert_eq!(short.headers["ratelimit"], "\"units\";r=49993", "the refused one cost nothing");
}

#[actix_web::test]
async fn packs_counts_what_it_answers_and_remembers_it_over_a_restart() {
    let sandbox = Sandbox::start().await;
    let file = std::env::temp_dir().join(format!("packs-{}.redb", std::process::id()));
    let open = || Api::start_with("packs", &sandbox, "BALANCES", file.as_os_str());
    let api = open();
    let (credential, answer) = api.buy(api.get("/forecast/berlin"), 1000).await;
    assert_eq!(answer.body, "berlin: sunny. 99 forecasts are left.\n");
    let unknown = ask(api.get("/forecast/42").header("Authorization", &credential)).await;
    assert_eq!(unknown.status, 404);
    assert_eq!(unknown.headers["ratelimit"], "\"uses\";r=99", "it was not counted");
    drop(api);
    let api = open();
    let again = ask(api.get("/forecast/oslo").header("Authorization", &credential)).await;
    assert_eq!(again.body, "oslo: sunny. 98 forecasts are left.\n");
    std::fs::remove_file(file).unwrap();
}

#[actix_web::test]
async fn metered_draws_word_by_word_and_says_what_is_left() {
    let api = Api::start("metered");
    let prompt = || api.post("/complete", &json!("what is money"));
    let (credential, answer) = api.buy(prompt(), 2000).await;
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    // The quotes count: fifteen letters to read are four tokens, and the words are two, one and two.
    let left = 1_000_000 - 4 - 5;
    let words = "data: money\"\n\ndata: is\n\ndata: \"what\n\n";
    assert_eq!(answer.body, format!("{words}event: left\ndata: {left}\n\n"));
    let again = ask(prompt().header("Authorization", &credential)).await;
    assert_eq!(again.headers["ratelimit-policy"], "\"units\";q=1000000");
    assert!(again.body.ends_with(&format!("data: {}\n\n", left - 9)), "{}", again.body);
}

#[actix_web::test]
async fn metered_sells_no_prompt_that_it_does_not_answer() {
    let api = Api::start("metered");
    let prompt = |letters: usize| api.post("/complete", &json!("word ".repeat(letters / 5)));
    // More than a request holds to begin with: 1,001 tokens to read, and 802 of words and quotes.
    let (_, answer) = api.buy(prompt(4_000), 2000).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.ends_with("event: left\ndata: 998197\n\n"), "{}", answer.body);
    let too_long = ask(prompt(70_000)).await;
    assert_eq!(too_long.status, 413, "before anybody pays");
    assert!(too_long.headers.get("www-authenticate").is_none());
}
