//! The program as a payer: where its wallet is, how it asks, and what it may print.

use std::{env, error::Error};

use reqwest::Client;
use serde_json::{Value, json};

/// An error is a sentence for the terminal.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Where a sandbox listens unless it is told otherwise.
pub(crate) const DEFAULT_PORT: u16 = 8402;

/// What every regtest invoice begins with. No other network's invoice is ever sent to a wallet.
const REGTEST: &str = "lnbcrt";

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
