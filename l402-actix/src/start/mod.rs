//! A look at everything around the gates before the first request comes.
//!
//! In: a config, and what it names: the broker, the stores.
//! Out: that all of it can be used, or each fault in a line with what to do.
//! Never: a request, a route or a price that is asked.

mod not_ready;

pub use not_ready::NotReady;

use crate::{answer, config::L402Config};

impl L402Config {
    /// Looks at what gated routes need, before the first payer does: for `main`.
    ///
    /// It asks the broker whether the API key is good, whether L402 is in the plan and whether a
    /// receiving wallet is set, as [`L402Client::check`](crate::L402Client::check) does, which costs
    /// nothing of the rate limit. It writes to the store of [`balances`](Self::balances) and takes it
    /// back, and asks the Redis of `shared_state`: each has to answer, and must not forget.
    ///
    /// Of routes it knows nothing. A route without a price is told in the log when it is registered
    /// through `PaidRoutes`; one without a config in sight is found by `Sandbox::audit` in your tests.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actix_web::{App, HttpServer};
    /// use l402_actix::L402Config;
    ///
    /// # #[actix_web::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sandbox = l402_sandbox::Sandbox::start().await;
    /// # let config = L402Config::new(sandbox.client());
    /// # /*
    ///     let config = L402Config::from_env()?;
    /// # */
    ///     config.ready().await?;
    ///     let server = HttpServer::new(move || App::new().app_data(config.clone()));
    /// #   let _ = server;
    /// #   Ok(())
    /// # /*
    ///     Ok(server.bind(("0.0.0.0", 8080))?.run().await?)
    /// # */
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotReady`] with all faults, each with what to do. As `main`'s error it is printed with a line
    /// for each. A broker that is away for a moment is one of them: whether to start all the same is
    /// yours to decide.
    pub async fn ready(&self) -> Result<(), NotReady> {
        let mut faults = Vec::new();
        if self.terms.default_price_sats == Some(0) {
            faults.push("`default_price_sats` is 0, and a price is at least 1".to_owned());
        }
        if let Err(err) = self.broker.line.client.check().await {
            faults.push(answer::explained(&err));
        }
        let account = self.broker.line.account.id;
        faults.extend(self.balance.faults(account).await);
        if faults.is_empty() { Ok(()) } else { Err(NotReady::of(faults)) }
    }
}
