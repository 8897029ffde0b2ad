//! The SDK alone: a worker that is paid for each job, with no web framework and no HTTP of its own.
//!
//! `cargo run -p l402-examples --example queue_worker`
//!
//! The queue is a channel here; with a broker of messages the invoice and the credential would
//! travel in the messages' headers.

use std::io;

use l402_examples_setup::{Failure, Setup};
use l402_server::{Challenge, ChallengeRequest, L402Client, L402Error, VerifyRequest};
use tokio::sync::{mpsc, oneshot};

const PRICE_SATS: u64 = 50;

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
}

async fn work(client: L402Client, mut jobs: mpsc::Receiver<Job>) {
    while let Some(Job { id, text, credential, reply }) = jobs.recv().await {
        // A sender that has gone does not hold up the others.
        let _ = reply.send(serve(&client, id, &text, credential.as_deref()).await);
    }
}

/// An `Err` is a failure: nothing was done, and whoever has paid may try the same credential again.
async fn serve(
    client: &L402Client,
    id: u32,
    text: &str,
    credential: Option<&str>,
) -> Result<Reply, L402Error> {
    // A token is good for an hour and for its resource, as often as it is shown: so each job is a
    // resource of its own.
    let resource = format!("jobs/{id}");
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
    Ok(Reply::Done(text.to_uppercase()))
}

/// Sends a job and waits for what becomes of it.
async fn order(
    queue: &mpsc::Sender<Job>,
    id: u32,
    credential: Option<&str>,
) -> Result<Reply, Failure> {
    let (reply, answer) = oneshot::channel();
    let (text, credential) = ("shout".to_owned(), credential.map(str::to_owned));
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
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let (queue, jobs) = mpsc::channel(16);
    let worker = tokio::spawn(work(setup.client(), jobs));

    let reply = order(&queue, 1, None).await?;
    report(1, &reply);
    if let Reply::PayFirst(challenge) = reply {
        let preimage = match setup.sandbox() {
            Some(sandbox) => sandbox.pay(&challenge.invoice)?,
            None => typed_in()?,
        };
        let credential = format!("L402 {}:{preimage}", challenge.macaroon);
        // The first job's payment does not buy the second.
        for id in [1, 2] {
            report(id, &order(&queue, id, Some(&credential)).await?);
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
