//! The program's commands. Each ends in a sentence if it cannot do its job.

use std::{future::pending, num::NonZeroU32, process::ExitCode};

use l402_sandbox::Sandbox;
use lexopt::{Arg, Parser, ValueExt as _};

use crate::{
    get::get,
    payer::{DEFAULT_PORT, Result, pay, printable},
};

const HELP: &str = "\
The L402 broker on your own machine, and a wallet that pays its invoices. Regtest only.

Usage:
  l402-sandbox [--port PORT] [--api-key KEY]   serve (default: port 8402, key sandbox-key)
               [--rate-limit N]                answer 429 to more than N calls a minute
                                               (default: no limit; the hosted broker's is 100)
  l402-sandbox pay INVOICE                     pay an invoice, print the preimage
  l402-sandbox get URL                         ask for a page, pay for it, ask again, and show
                                               each step

pay and get use the sandbox at LND_REST_HOST (default: http://127.0.0.1:8402).
";

const DEFAULT_API_KEY: &str = "sandbox-key";

enum Command {
    Serve { port: u16, api_key: String, rate_limit: Option<NonZeroU32> },
    Pay { invoice: String },
    Get { url: String },
    Print(String),
}

pub(crate) async fn run() -> Result<ExitCode> {
    match parse(Parser::from_env()).map_err(|err| format!("{err}; see --help"))? {
        Command::Serve { port, api_key, rate_limit } => serve(port, api_key, rate_limit).await,
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
    let mut rate_limit = None;
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
            Arg::Long("rate-limit") => {
                let wrong = |_| "`--rate-limit` must be a whole number, at least 1";
                rate_limit = Some(parser.value()?.parse_with(|text| text.parse().map_err(wrong))?);
            }
            Arg::Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected()),
        }
    }
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(Command::Serve { port, api_key, rate_limit }),
        ["pay", invoice] => Ok(Command::Pay { invoice: invoice.to_owned() }),
        ["get", url] => Ok(Command::Get { url: url.to_owned() }),
        ["pay" | "get", ..] => Err("expected `pay INVOICE` or `get URL`".into()),
        [word, ..] => Err(format!("unknown command `{word}`").into()),
    }
}

async fn serve(port: u16, api_key: String, rate_limit: Option<NonZeroU32>) -> Result<ExitCode> {
    let mut builder = Sandbox::builder();
    if let Some(per_minute) = rate_limit {
        builder = builder.rate_limit(per_minute.get());
    }
    let sandbox = builder
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
