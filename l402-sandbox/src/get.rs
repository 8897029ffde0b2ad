//! `get URL`: the whole protocol, with what is sent, what comes back, what is taken from it, and what
//! it costs.

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
    header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE},
};

use crate::{
    curl::Ask,
    payer::{Result, client, pay, printable, wallet},
};

/// How much of a long value is shown: enough to tell two apart, and to find it again below.
const SHOWN_CHARS: usize = 16;

pub(crate) async fn get(page: &Ask) -> Result<ExitCode> {
    println!("1. Ask for the page, without a payment");
    let response = ask(page, None).await?;
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
    let credential = format!("L402 {}:{preimage}", challenge.macaroon);
    let spent = spent(&challenge);
    // Whoever has paid keeps what it was paid for, and what is left of it.
    let keep = || format!("{spent}. Ask again with -H 'Authorization: {credential}'");
    let response =
        ask(page, Some(&credential)).await.map_err(|err| format!("{err}\n{}", keep()))?;
    let left = response.headers().get("ratelimit").and_then(|left| left.to_str().ok());
    if let Some(left) = left {
        println!("   <- RateLimit: {}", printable(left));
    }
    let is_used_up = left.is_none_or(|left| left.ends_with("r=0"));
    if response.status().is_success() && is_used_up {
        println!("\n{spent}. The answer:\n");
    } else {
        println!("\n{}. The answer:\n", keep());
    }
    show(response).await
}

fn spent(challenge: &Challenge) -> String {
    let sats = challenge.sats().map_or_else(|| "An unknown amount".to_owned(), in_words);
    format!("Spent: {sats} (regtest: no real money)")
}

fn in_words(sats: u64) -> String {
    format!("{sats} {}", if sats == 1 { "sat" } else { "sats" })
}

/// Asks and prints both heads, as far as they matter here.
async fn ask(page: &Ask, credential: Option<&str>) -> Result<Response> {
    let Ask { url, method, headers, body } = page;
    let no_url =
        || format!("{url} is no URL; write it whole, such as http://127.0.0.1:8080/weather");
    let target = Url::parse(url).map_err(|_| no_url())?;
    println!("   -> {method} {target}");
    let mut request = client()?.request(method.clone(), target);
    for (name, value) in headers {
        // A token that did not do must not stand before the one that was bought.
        if credential.is_some() && name == AUTHORIZATION && is_token(value) {
            continue;
        }
        println!("   -> {name}: {}", abridged(&String::from_utf8_lossy(value.as_bytes())));
        request = request.header(name, value);
    }
    if let Some(credential) = credential {
        println!("   -> Authorization: {}", abridged(credential));
        request = request.header(AUTHORIZATION, credential);
    }
    if let Some(body) = body {
        println!("   -> a body of {} bytes", body.len());
        request = request.body(body.clone());
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

fn is_token(authorization: &HeaderValue) -> bool {
    let scheme = authorization.as_bytes().get(..5).unwrap_or_default();
    scheme.eq_ignore_ascii_case(b"L402 ") || scheme.eq_ignore_ascii_case(b"LSAT ")
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
            println!("      asks for {}", self.sats().map_or("any amount".to_owned(), in_words));
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

    /// What the invoice asks for.
    fn sats(&self) -> Option<u64> {
        let invoice = Bolt11Invoice::from_str(&self.invoice).ok()?;
        invoice.amount_milli_satoshis().map(|amount| amount.div_ceil(1000))
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
