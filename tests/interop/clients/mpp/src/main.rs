//! The `mpp` crate's client, which pays up to three times when it is asked to, with a method for
//! Lightning written to its interface. It is driven as `adapter.py` and `adapter.mjs` say.

use std::{env, error::Error, io};

use mpp::{
    ChargeRequest, MppError, PaymentChallenge, PaymentCredential,
    client::{AcceptPaymentPolicy, Fetch as _, PaymentProvider},
    parse_receipt,
};
use serde_json::{Value, json};

/// The invoice is in the challenge, the preimage is the credential; the sandbox's LND REST route
/// pays.
#[derive(Clone)]
struct Lightning {
    http: reqwest::Client,
    wallet: String,
    budget_sats: Option<String>,
}

impl Lightning {
    async fn preimage(&self, invoice: &str) -> Result<String, reqwest::Error> {
        let order = json!({ "payment_request": invoice }).to_string();
        let url = format!("{}/v2/router/send", self.wallet);
        let answer = self.http.post(url).body(order).send().await?.text().await?;
        let last: Value =
            serde_json::from_str(answer.lines().last().unwrap_or_default()).unwrap_or_default();
        Ok(last["result"]["payment_preimage"].as_str().unwrap_or_default().to_owned())
    }
}

impl PaymentProvider for Lightning {
    fn supports(&self, method: &str, intent: &str) -> bool {
        (method, intent) == ("lightning", "charge")
    }

    fn accept_payment_header(&self) -> Option<String> {
        Some("lightning/charge".to_owned())
    }

    async fn pay(&self, challenge: &PaymentChallenge) -> Result<PaymentCredential, MppError> {
        let request: ChargeRequest = challenge.request.decode()?;
        if let Some(most) = &self.budget_sats {
            request.validate_max_amount(most)?;
        }
        let details = request.method_details.unwrap_or_default();
        let invoice = details["invoice"].as_str().unwrap_or_default();
        let preimage =
            self.preimage(invoice).await.map_err(|err| MppError::InvalidConfig(err.to_string()))?;
        Ok(PaymentCredential::new(challenge.to_echo(), json!({ "preimage": preimage })))
    }
}

async fn get(lightning: &Lightning, url: &str) -> Result<Value, Box<dyn Error>> {
    let request = lightning.http.get(url);
    let answer = request.send_with_payment_policy(lightning, &AcceptPaymentPolicy::Always).await?;
    let receipt = answer
        .headers()
        .get("Payment-Receipt")
        .map(|line| parse_receipt(line.to_str().unwrap_or_default()))
        .transpose()?;
    Ok(json!({ "status": answer.status().as_u16(), "receipt": receipt }))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let budget_sats = env::var("BUDGET_SATS").ok();
    let lightning = Lightning { http, wallet: env::var("LND_REST_HOST")?, budget_sats };
    println!("=> ready");
    for url in io::stdin().lines() {
        let outcome = match get(&lightning, url?.trim()).await {
            Ok(outcome) => outcome,
            Err(err) => json!({ "error": format!("HttpError: {err}") }),
        };
        println!("=> {outcome}");
    }
    Ok(())
}
