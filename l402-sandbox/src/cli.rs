//! The program's commands. Each ends in a sentence if it cannot do its job.

use std::{env, error::Error, future::pending, process::ExitCode};

use l402_sandbox::Sandbox;
use lexopt::{Arg, Parser, ValueExt as _};
use reqwest::Client;
use serde_json::{Value, json};

use crate::get::get;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

const HELP: &str = "\
The L402 broker on your own machine, and a wallet that pays its invoices. Regtest only.

Usage:
  l402-sandbox [--port PORT] [--api-key KEY]   serve (default: port 8402, key sandbox-key)
  l402-sandbox pay INVOICE                     pay an invoice, print the preimage
  l402-sandbox get URL                         ask for a page, pay for it, ask again, and show
                                               each step

pay and get use the sandbox at LND_REST_HOST (default: http://127.0.0.1:8402).
";

const DEFAULT_PORT: u16 = 8402;
const DEFAULT_API_KEY: &str = "sandbox-key";

/// What every regtest invoice begins with. No other network's invoice is ever sent to a wallet.
const REGTEST: &str = "lnbcrt";

enum Command {
    Serve { port: u16, api_key: String },
    Pay { invoice: String },
    Get { url: String },
    Print(String),
}

pub(crate) async fn run() -> Result<ExitCode> {
    match parse(Parser::from_env()).map_err(|err| format!("{err}; see --help"))? {
        Command::Serve { port, api_key } => serve(port, api_key).await,
        Command::Pay { invoice } => {
            println!("{}", pay(&invoice).await?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Get { url } => get(&url).await,
        Command::Print(text) => {
            print!("{text}");
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn parse(mut parser: Parser) -> std::result::Result<Command, lexopt::Error> {
    let (mut port, mut api_key) = (DEFAULT_PORT, DEFAULT_API_KEY.to_owned());
    let mut words = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Print(HELP.to_owned())),
            Arg::Short('V') | Arg::Long("version") => {
                let version = concat!("l402-sandbox ", env!("CARGO_PKG_VERSION"), "\n");
                return Ok(Command::Print(version.to_owned()));
            }
            Arg::Short('p') | Arg::Long("port") => port = parser.value()?.parse()?,
            Arg::Long("api-key") => api_key = parser.value()?.string()?,
            Arg::Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected()),
        }
    }
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(Command::Serve { port, api_key }),
        ["pay", invoice] => Ok(Command::Pay { invoice: invoice.to_owned() }),
        ["get", url] => Ok(Command::Get { url: url.to_owned() }),
        ["pay" | "get", ..] => Err("expected `pay INVOICE` or `get URL`".into()),
        [word, ..] => Err(format!("unknown command `{word}`").into()),
    }
}

async fn serve(port: u16, api_key: String) -> Result<ExitCode> {
    let sandbox = Sandbox::builder()
        .port(port)
        .api_key(api_key)
        .on_event(|event| println!("{}", printable(&event.to_string())))
        .start()
        .await
        .map_err(|err| format!("{err} Choose another port with --port."))?;
    println!("export LIGHTNING_ENABLE_API_URL={}", sandbox.url());
    println!("export LIGHTNING_ENABLE_API_KEY={}", sandbox.api_key());
    println!("export LND_REST_HOST={}", sandbox.url());
    println!("export LND_MACAROON_HEX=00");
    println!("# regtest only: no real sats move. Ctrl-C stops it. What happens is printed below.");
    pending().await
}

/// Where the wallet is that pays.
pub(crate) fn wallet() -> String {
    env::var("LND_REST_HOST").unwrap_or_else(|_| format!("http://127.0.0.1:{DEFAULT_PORT}"))
}

/// Pays by the route that LND wallets pay by.
pub(crate) async fn pay(invoice: &str) -> Result<String> {
    if !invoice.to_ascii_lowercase().starts_with(REGTEST) {
        return Err("that is no regtest invoice (`lnbcrt…`), and this wallet pays no other".into());
    }
    let host = wallet();
    let response = client()?
        .post(format!("{}/v2/router/send", host.trim_end_matches('/')))
        .body(json!({ "payment_request": invoice }).to_string())
        .send()
        .await
        .map_err(|_| {
            format!("no sandbox answers at {host}; start `l402-sandbox`, or set LND_REST_HOST")
        })?;
    let text = response.text().await?;
    let last: Value = serde_json::from_str(text.lines().last().unwrap_or_default())
        .map_err(|_| format!("what answers at {host} is no LND wallet"))?;
    let result = &last["result"];
    if let (Some("SUCCEEDED"), Some(preimage)) =
        (result["status"].as_str(), result["payment_preimage"].as_str())
    {
        return Ok(preimage.to_owned());
    }
    let reason = last["error"]["message"].as_str().or(result["failure_reason"].as_str());
    Err(format!("not paid: {}", reason.unwrap_or("no reason was given")).into())
}

pub(crate) fn client() -> Result<Client> {
    // The sandbox is on this machine; a proxy from the environment is not the way to it.
    Ok(Client::builder().no_proxy().build()?)
}

/// Text of somebody else's -> text that cannot steer the terminal.
pub(crate) fn printable(text: &str) -> String {
    let shown = |char: char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char };
    text.chars().map(shown).collect()
}
