//! The sandbox as a program: serve, `pay INVOICE`, `get URL`.

mod cli;
mod curl;
mod get;
mod payer;

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match cli::run().await {
        Ok(code) => code,
        Err(err) => {
            eprintln!("l402-sandbox: {err}");
            ExitCode::FAILURE
        }
    }
}
