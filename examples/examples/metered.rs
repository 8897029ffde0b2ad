//! Metered use: a stream of a model's words that draws as it goes, and shows what is left.
//!
//! `cargo run -p l402-examples --example metered`

use actix_web::{
    App, Error, HttpResponse, HttpServer, Responder, post,
    web::{Bytes, PayloadConfig},
};
use futures_util::{Stream, stream};
use l402_actix::{Balance, BalanceError, L402Config, l402};
use l402_examples_setup::{Failure, Setup};

/// The longest prompt that is sold: 16,384 tokens, which each new payment covers.
const LONGEST_BYTES: usize = 64 * 1024;

/// 2,000 sats buy a million tokens of the model, for as long as the payment's token lives. While a
/// request runs it holds 64 of them, so two requests of one payer do not draw the same ones.
///
/// `extract_first`, so that a prompt that is too long is refused before anybody pays.
#[post("/complete")]
#[l402(
    price_sats = 2000,
    units = 1_000_000,
    hold = 64,
    extract_first,
    description = "A million tokens"
)]
async fn complete(prompt: String, balance: Balance) -> impl Responder {
    // What reading the prompt costs is known, and drawn, before the model begins.
    if let Err(err) = pay(&balance, tokens(&prompt)).await {
        return HttpResponse::from_error(err);
    }
    HttpResponse::Ok().content_type("text/event-stream").streaming(answer(&prompt, balance))
}

/// Draws `n`, however many are held. An error if not so many are left: then nothing is drawn.
async fn pay(balance: &Balance, n: u64) -> Result<(), BalanceError> {
    while balance.held() < n {
        // It may get less, and fails when nothing is left.
        balance.hold_more((n - balance.held()).max(64)).await?;
    }
    balance.draw(n)
}

/// Each word is an event. It is sent once its draw is written down, and the last event says what is
/// left. A client that leaves has paid for the words that it was sent.
fn answer(prompt: &str, balance: Balance) -> impl Stream<Item = Result<Bytes, Error>> + use<> {
    stream::unfold(Some((model(prompt), balance)), |state| async move {
        let (mut words, balance) = state?;
        let Some(word) = words.next() else {
            let left = format!("event: left\ndata: {}\n\n", balance.held() + balance.left());
            return Some((Ok(Bytes::from(left)), None));
        };
        if let Err(err) = pay(&balance, tokens(&word)).await {
            // Not enough is left: the answer ends here, and says so.
            let cut = format!("event: cut\ndata: {err}\n\n");
            return Some((Ok(Bytes::from(cut)), None));
        }
        Some((Ok(Bytes::from(format!("data: {word}\n\n"))), Some((words, balance))))
    })
}

/// A token of this model is four letters, begun or full.
fn tokens(text: &str) -> u64 {
    text.len().div_ceil(4) as u64
}

/// A model that has one thought: your words, in the reverse order.
fn model(prompt: &str) -> impl Iterator<Item = String> + use<> {
    let words: Vec<_> = prompt.split_whitespace().map(str::to_owned).collect();
    words.into_iter().rev()
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    // In memory: a restart forgets what was drawn before it. `packs` keeps balances in a file.
    let config = L402Config::new(setup.client());
    let listener = setup.listen(&["-N {api}/complete -d 'what is money'"])?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(config.clone())
            .app_data(PayloadConfig::new(LONGEST_BYTES))
            .service(complete)
    });
    Ok(server.listen(listener)?.run().await?)
}
