//! `get URL`: the whole protocol, with what is sent, what comes back, and what is taken from it.

use std::{
    error::Error,
    process::ExitCode,
    str::FromStr as _,
    time::{SystemTime, UNIX_EPOCH},
};

use bitcoin::hashes::{Hash as _, hex::FromHex as _, sha256};
use l402_sandbox::caveats;
use lightning_invoice::Bolt11Invoice;
use reqwest::{
    Response, Url,
    header::{AUTHORIZATION, WWW_AUTHENTICATE},
};

use crate::payer::{Result, client, pay, printable, wallet};

/// How much of a long value is shown: enough to tell two apart, and to find it again below.
const SHOWN_CHARS: usize = 16;

pub(crate) async fn get(url: &str) -> Result<ExitCode> {
    println!("1. Ask for the page, without anything");
    let response = ask(url, None).await?;
    if response.status() != 402 {
        println!("\nNothing was asked for, so nothing is paid. The answer:\n");
        return show(response).await;
    }

    let (line, challenge) = response
        .headers()
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find_map(|line| Some((line, Challenge::read(line)?)))
        .ok_or("the 402 holds no L402 challenge in WWW-Authenticate")?;
    println!("   <- WWW-Authenticate: {}", abridged(line));

    println!("\n2. Take the challenge apart");
    challenge.explain();

    println!("\n3. Pay the invoice, which reveals its preimage");
    println!("   -> POST {}/v2/router/send", wallet().trim_end_matches('/'));
    let preimage = pay(&challenge.invoice).await?;
    println!("   <- preimage: {}", shortened(&preimage));
    match challenge.is_paid_by(&preimage) {
        Some(true) => println!("      its SHA-256 is the payment hash, so it proves the payment"),
        Some(false) => println!("      its SHA-256 is NOT the payment hash, so it proves nothing"),
        None => {}
    }

    println!("\n4. Ask again, with macaroon and preimage");
    let response = ask(url, Some(&format!("L402 {}:{preimage}", challenge.macaroon))).await?;
    println!("\nThe answer:\n");
    show(response).await
}

/// Asks and prints both heads, as far as they matter here.
async fn ask(url: &str, authorization: Option<&str>) -> Result<Response> {
    let no_url =
        || format!("{url} is no URL; write it whole, such as http://127.0.0.1:8080/weather");
    let target = Url::parse(url).map_err(|_| no_url())?;
    println!("   -> GET {target}");
    let mut request = client()?.get(target);
    if let Some(authorization) = authorization {
        println!("   -> Authorization: {}", abridged(authorization));
        request = request.header(AUTHORIZATION, authorization);
    }
    let response = request.send().await.map_err(|err| {
        if err.is_builder() {
            no_url()
        } else if err.is_connect() || err.is_timeout() {
            format!("nobody answers at {url}")
        } else {
            format!("what answers at {url} cannot be read: {}", cause(&err))
        }
    })?;
    println!("   <- {}", response.status());
    Ok(response)
}

/// The innermost error, which says what happened; those around it say that something has.
fn cause(err: &dyn Error) -> String {
    err.source().map_or_else(|| err.to_string(), cause)
}

async fn show(response: Response) -> Result<ExitCode> {
    let success = response.status().is_success();
    println!("{}", response.text().await?);
    Ok(if success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The two halves of an L402 challenge.
struct Challenge {
    macaroon: String,
    invoice: String,
}

impl Challenge {
    fn read(line: &str) -> Option<Self> {
        let (scheme, parameters) = line.split_once(' ')?;
        let value = |name: &str| {
            parameters.split(',').find_map(|parameter| {
                let value = parameter.trim().strip_prefix(name)?.strip_prefix('=')?;
                Some(value.trim_matches('"').to_owned())
            })
        };
        let is_ours = scheme.eq_ignore_ascii_case("L402");
        is_ours.then(|| Some(Self { macaroon: value("macaroon")?, invoice: value("invoice")? }))?
    }

    fn explain(&self) {
        println!("   invoice: {}", shortened(&self.invoice));
        if let Ok(invoice) = Bolt11Invoice::from_str(&self.invoice) {
            let sats = invoice.amount_milli_satoshis().unwrap_or_default() / 1000;
            println!("      asks for {sats} {}", if sats == 1 { "sat" } else { "sats" });
            let description = invoice.description().to_string();
            if !description.is_empty() {
                println!("      for \"{}\"", printable(&description));
            }
            println!(
                "      under the payment hash {}",
                shortened(&invoice.payment_hash().to_string())
            );
        }
        println!("   macaroon: {}", shortened(&self.macaroon));
        if let Ok(caveats) = caveats(&self.macaroon) {
            println!("      a token that is good once the invoice is paid, as far as it says:");
            for caveat in caveats {
                println!("      - {}{}", printable(&caveat), from_now(&caveat).unwrap_or_default());
            }
        }
    }

    /// Whether the preimage is this invoice's; `None` if that cannot be told.
    fn is_paid_by(&self, preimage: &str) -> Option<bool> {
        let preimage = <[u8; 32]>::from_hex(preimage).ok()?;
        let hash = *Bolt11Invoice::from_str(&self.invoice).ok()?.payment_hash();
        Some(hash.to_byte_array() == sha256::Hash::hash(&preimage).to_byte_array())
    }
}

/// `expires=<seconds since 1970>` -> how long that is from now.
fn from_now(caveat: &str) -> Option<String> {
    let expires = caveat.strip_prefix("expires=")?.parse().ok()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    let minutes = u64::checked_sub(expires, now)?.div_ceil(60);
    Some(format!(" (in {minutes} min)"))
}

/// A header's value with its long words shortened.
fn abridged(line: &str) -> String {
    let ends = [' ', '"', ':', ','];
    let mut abridged = String::new();
    for piece in line.split_inclusive(ends) {
        let word = piece.trim_end_matches(ends);
        match word.get(..SHOWN_CHARS) {
            Some(head) if word.len() > 2 * SHOWN_CHARS => abridged.extend([head, "…"]),
            _ => abridged.push_str(word),
        }
        abridged.push_str(&piece[word.len()..]);
    }
    printable(&abridged)
}

fn shortened(text: &str) -> String {
    match (text.get(..SHOWN_CHARS), text.len()) {
        (Some(head), length) if length > 2 * SHOWN_CHARS => {
            format!("{head}… ({length} characters)")
        }
        _ => text.to_owned(),
    }
}
