//! The SDK alone: a worker that is paid for each job, with no web framework and no HTTP of its own.
//!
//! `cargo run -p l402-examples --example queue_worker`
//!
//! The queue is a channel here; with a broker of messages the invoice and the credential would
//! travel in the messages' headers.

use std::{collections::HashMap, io};

use l402_examples_setup::{Failure, Setup};
use l402_server::{Challenge, ChallengeRequest, L402Client, L402Error, VerifyRequest};
use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, oneshot};

const PRICE_SATS: u64 = 50;

/// The longest text that is worked on for that price.
const LONGEST_BYTES: usize = 10_000;

struct Job {
    id: u32,
    text: String,
    /// `L402 <macaroon>:<preimage>`, once the sender has paid.
    credential: Option<String>,
    reply: oneshot::Sender<Result<Reply, L402Error>>,
}

enum Reply {
    PayFirst(Challenge),
    Refused(String),
    Done(String),
    /// The result of before: a reply that was lost is asked for again.
    DoneBefore(String),
}

/// What was done, by its resource. A worker that is started anew, or one of several, keeps it in a
/// database, and forgets it when its token has expired.
type Results = HashMap<String, String>;

async fn work(client: L402Client, mut jobs: mpsc::Receiver<Job>) {
    let mut results = Results::new();
    while let Some(Job { id, text, credential, reply }) = jobs.recv().await {
        // A sender that has gone does not hold up the others.
        let _ = reply.send(serve(&client, &mut results, id, &text, credential.as_deref()).await);
    }
}

/// What a payment is for. The sender chooses the id, so by that alone one payment would do any number
/// of jobs with other texts.
fn resource(id: u32, text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .fold(format!("jobs/{id}/"), |hex, byte| hex + &format!("{byte:02x}"))
}

/// An `Err` is a failure: nothing was done, and whoever has paid may try the same credential again.
async fn serve(
    client: &L402Client,
    results: &mut Results,
    id: u32,
    text: &str,
    credential: Option<&str>,
) -> Result<Reply, L402Error> {
    // Before anybody pays.
    if text.len() > LONGEST_BYTES {
        return Ok(Reply::Refused(format!("a text has at most {LONGEST_BYTES} bytes")));
    }
    let resource = resource(id, text);
    let Some(credential) = credential else {
        let ask = ChallengeRequest::new(resource, PRICE_SATS).description("One job");
        return client.create_challenge(&ask).await.map(Reply::PayFirst);
    };
    // Both are sent: what is not sent is not checked, and a token's holder can add to it.
    let question =
        VerifyRequest::from_credential(credential)?.resource(&resource).amount_sats(PRICE_SATS);
    let verdict = client.verify_token(&question).await?;
    if !verdict.valid {
        return Ok(Reply::Refused(verdict.error.unwrap_or_default()));
    }
    // And both are compared: a broker that ignores what was sent must not give the work away.
    if verdict.resource.as_ref() != Some(&resource) || verdict.amount_sats < Some(PRICE_SATS) {
        return Ok(Reply::Refused("the payment is for another job".to_owned()));
    }
    // A token is good for an hour, as often as it is shown, and the job is done once.
    if let Some(result) = results.get(&resource) {
        return Ok(Reply::DoneBefore(result.clone()));
    }
    let result = text.to_uppercase();
    results.insert(resource, result.clone());
    Ok(Reply::Done(result))
}

/// Sends a job and waits for what becomes of it.
async fn order(
    queue: &mpsc::Sender<Job>,
    id: u32,
    text: &str,
    credential: Option<&str>,
) -> Result<Reply, Failure> {
    let (reply, answer) = oneshot::channel();
    let (text, credential) = (text.to_owned(), credential.map(str::to_owned));
    queue.send(Job { id, text, credential, reply }).await?;
    Ok(answer.await??)
}

fn report(id: u32, reply: &Reply) {
    match reply {
        Reply::PayFirst(challenge) => {
            println!("job {id}: costs {} sats: {}", challenge.price_sats, challenge.invoice);
        }
        Reply::Refused(reason) => println!("job {id}: refused: {reason}"),
        Reply::Done(result) => println!("job {id}: done: {result}"),
        Reply::DoneBefore(result) => println!("job {id}: was done before: {result}"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let (queue, jobs) = mpsc::channel(16);
    let worker = tokio::spawn(work(setup.client(), jobs));

    let reply = order(&queue, 1, "shout", None).await?;
    report(1, &reply);
    if let Reply::PayFirst(challenge) = reply {
        let preimage = match setup.sandbox() {
            Some(sandbox) => sandbox.pay(&challenge.invoice)?,
            None => typed_in()?,
        };
        let credential = format!("L402 {}:{preimage}", challenge.macaroon);
        // The first job's payment does not buy the second, nor the first with another text.
        for (id, text) in [(1, "shout"), (1, "shout"), (1, "another"), (2, "shout")] {
            report(id, &order(&queue, id, text, Some(&credential)).await?);
        }
    }
    drop(queue);
    Ok(worker.await?)
}

fn typed_in() -> io::Result<String> {
    println!("Pay it with any wallet and type the preimage:");
    let mut preimage = String::new();
    io::stdin().read_line(&mut preimage)?;
    Ok(preimage.trim().to_owned())
}
