//! What was paid and when, for your books: as a table in the terminal, or as CSV.
//!
//! `cargo run -p l402-examples --example reconcile [-- --csv >sales.csv]`
//!
//! It lists the account's paid challenges, so it knows of each payment, also of one whose payer never
//! came back. A sandbox sells a few things first, or there would be nothing to see.

use std::{
    collections::HashSet,
    env,
    io::{self, Write as _},
    pin::pin,
};

use futures_util::TryStreamExt as _;
use l402_examples_setup::{Failure, Setup};
use l402_server::{
    ChallengeRequest, ChallengeStatus, L402Client, L402Error, ListChallenges, ListedChallenge,
};

/// How much of a resource or of a hash the table shows.
const SHOWN_CHARS: usize = 32;

async fn paid(client: &L402Client) -> Result<Vec<ListedChallenge>, L402Error> {
    let list = ListChallenges::new().status(ChallengeStatus::Paid).limit(200);
    let mut pages = pin!(client.challenge_pages(list));
    let (mut sales, mut seen) = (Vec::new(), HashSet::new());
    while let Some(page) = pages.try_next().await? {
        // What is sold while this reads moves the pages, and a sale may stand on two of them.
        let fresh = |sale: &ListedChallenge| seen.insert(sale.payment_hash.clone());
        sales.extend(page.challenges.into_iter().filter(fresh));
    }
    // The broker lists the newest first. In ISO 8601 the order of the texts is the order in time.
    sales.reverse();
    sales.sort_by(|one, other| one.paid_at.cmp(&other.paid_at));
    Ok(sales)
}

fn table(sales: &[ListedChallenge]) {
    println!("{:<20}  {:>10}  {:<SHOWN_CHARS$}  payment hash", "paid at", "sats", "resource");
    for sale in sales {
        println!(
            "{:<20}  {:>10}  {:<SHOWN_CHARS$}  {}",
            shown(sale.paid_at.as_deref()),
            sale.amount_sats,
            shown(sale.resource.as_deref()),
            shown(Some(&sale.payment_hash)),
        );
    }
    let total: u64 = sales.iter().map(|sale| sale.amount_sats).sum();
    println!("{:<20}  {total:>10}  in {} payments", "total", sales.len());
}

/// A stranger has chosen the path that is a resource: it must not steer the terminal.
fn shown(text: Option<&str>) -> String {
    let text = text.unwrap_or("-").chars().take(SHOWN_CHARS);
    text.map(|char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char }).collect()
}

fn csv(sales: &[ListedChallenge]) -> Result<(), Failure> {
    let mut lines = csv::Writer::from_writer(io::stdout().lock());
    lines.write_record(["paid_at", "amount_sats", "resource", "payment_hash", "created_at"])?;
    for sale in sales {
        lines.write_record([
            cell(sale.paid_at.as_deref()),
            sale.amount_sats.to_string(),
            cell(sale.resource.as_deref()),
            cell(Some(&sale.payment_hash)),
            cell(sale.created_at.as_deref()),
        ])?;
    }
    lines.flush()?;
    Ok(())
}

/// Nor must it be a formula in whoever's spreadsheet this is opened in.
fn cell(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    let quote = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("{quote}{text}")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let client = setup.client();
    if let Some(sandbox) = setup.sandbox() {
        for (resource, sats) in [("/weather", 100), ("/reports/42", 250), ("=1+1", 1)] {
            let challenge = client.create_challenge(&ChallengeRequest::new(resource, sats)).await?;
            sandbox.pay(&challenge.invoice)?;
        }
        client.create_challenge(&ChallengeRequest::new("/never-paid", 5)).await?;
    }

    let sales = paid(&client).await?;
    if env::args().any(|argument| argument == "--csv") {
        csv(&sales)?;
    } else {
        table(&sales);
    }
    io::stdout().flush()?;
    Ok(())
}
