//! The program's commands. Each ends in a sentence if it cannot do its job.

use std::{future::pending, num::NonZeroU32, process::ExitCode};

use l402_sandbox::{Fault, Sandbox};
use lexopt::{Arg, Parser, ValueExt as _};

use crate::{
    curl::{Data, Words},
    get::get,
    payer::{DEFAULT_PORT, Result, pay, printable},
};

const HELP: &str = "\
The L402 broker on your own machine, and a wallet that pays its invoices. Regtest only.

Usage:
  l402-sandbox [--port PORT] [--api-key KEY]   serve (default: port 8402, key sandbox-key)
               [--rate-limit N]                answer 429 to more than N calls a minute
                                               (default: no limit; the hosted broker's is 100)
               [--fault NAME]                  do this wrong, each time; may be given several times
  l402-sandbox pay INVOICE                     pay an invoice, print the preimage
  l402-sandbox get URL                         ask for a page, pay for it, ask again, show each
               [-X METHOD] [-H 'NAME: VALUE']  step, and say what it spends; the options as curl
               [-d DATA] [--data-binary DATA]  has them (`@FILE` reads a file)
  l402-sandbox audit URL 'GET /a' …            say what each route costs a stranger, and whether
                                               another spelling of it costs less; pays nothing

pay and get use the sandbox at LND_REST_HOST (default: http://127.0.0.1:8402).
";

const DEFAULT_API_KEY: &str = "sandbox-key";

enum Command {
    Serve(Serve),
    Pay { invoice: String },
    Get { url: String, words: Words },
    Audit { url: String, routes: Vec<String> },
    Print(String),
}

struct Serve {
    port: u16,
    api_key: String,
    rate_limit: Option<NonZeroU32>,
    faults: Vec<Fault>,
}

pub(crate) async fn run() -> Result<ExitCode> {
    match parse(Parser::from_env()).map_err(|err| format!("{err}; see --help"))? {
        Command::Serve(settings) => serve(settings).await,
        Command::Pay { invoice } => {
            println!("{}", pay(&invoice).await?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Get { url, words } => get(&words.ask(url)?).await,
        Command::Audit { url, routes } => {
            let audit = Sandbox::audit(&url, routes).await;
            print!(
                "{}",
                audit.to_string().lines().map(|line| printable(line) + "\n").collect::<String>()
            );
            Ok(if audit.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Print(text) => {
            print!("{text}");
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn parse(mut parser: Parser) -> std::result::Result<Command, lexopt::Error> {
    let api_key = DEFAULT_API_KEY.to_owned();
    let mut serve = Serve { port: DEFAULT_PORT, api_key, rate_limit: None, faults: Vec::new() };
    let (mut words, mut curls) = (Vec::new(), Words::default());
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Print(help())),
            Arg::Short('V') | Arg::Long("version") => {
                let version = concat!("l402-sandbox ", env!("CARGO_PKG_VERSION"), "\n");
                return Ok(Command::Print(version.to_owned()));
            }
            Arg::Short('p') | Arg::Long("port") => serve.port = parser.value()?.parse()?,
            Arg::Long("api-key") => serve.api_key = parser.value()?.string()?,
            Arg::Long("rate-limit") => {
                let wrong = |_| "`--rate-limit` must be a whole number, at least 1";
                let limit = parser.value()?.parse_with(|text| text.parse().map_err(wrong))?;
                serve.rate_limit = Some(limit);
            }
            Arg::Long("fault") => {
                let fault = Fault::named(&parser.value()?.string()?);
                serve.faults.push(fault.map_err(|err| err.to_string())?.always());
            }
            Arg::Short('X') | Arg::Long("request") => {
                curls.method = Some(parser.value()?.string()?);
            }
            Arg::Short('H') | Arg::Long("header") => curls.headers.push(parser.value()?.string()?),
            Arg::Short('d') | Arg::Long("data") => {
                curls.data.push(Data::Text(parser.value()?.string()?));
            }
            Arg::Long("data-binary") => curls.data.push(Data::Binary(parser.value()?.string()?)),
            Arg::Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected()),
        }
    }
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["audit", url, ref routes @ ..] if !routes.is_empty() && curls.are_empty() => {
            let routes = routes.iter().map(|&route| route.to_owned()).collect();
            Ok(Command::Audit { url: url.to_owned(), routes })
        }
        ["get", url] => Ok(Command::Get { url: url.to_owned(), words: curls }),
        _ if !curls.are_empty() => Err("`-X`, `-H` and `-d` are for `get URL`".into()),
        [] => Ok(Command::Serve(serve)),
        ["pay", invoice] => Ok(Command::Pay { invoice: invoice.to_owned() }),
        ["pay" | "get" | "audit", ..] => {
            Err("expected `pay INVOICE`, `get URL` or `audit URL 'GET /path'`".into())
        }
        [word, ..] => Err(format!("unknown command `{word}`").into()),
    }
}

fn help() -> String {
    format!("{HELP}\nFaults by name: {}.\n", Fault::NAMES.join(", "))
}

async fn serve(settings: Serve) -> Result<ExitCode> {
    let mut builder = Sandbox::builder();
    if let Some(per_minute) = settings.rate_limit {
        builder = builder.rate_limit(per_minute.get());
    }
    let sandbox = builder
        .port(settings.port)
        .api_key(settings.api_key)
        .on_event(|event| println!("{}", printable(&event.to_string())))
        .start()
        .await
        .map_err(|err| format!("{err} Choose another port with --port."))?;
    for fault in settings.faults {
        sandbox.fault(fault);
    }
    println!("export LIGHTNING_ENABLE_API_URL={}", sandbox.url());
    println!("export LIGHTNING_ENABLE_API_KEY={}", sandbox.api_key());
    println!("export LND_REST_HOST={}", sandbox.url());
    println!("export LND_MACAROON_HEX=00");
    println!("# regtest only: no real sats move. Ctrl-C stops it. What happens is printed below.");
    pending().await
}
