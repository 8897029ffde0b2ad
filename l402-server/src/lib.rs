//! Typed async client for Lightning Enable's L402 producer API.
//! (Placeholder for the first commit: the signatures that the other crates build against.)

use std::fmt;

/// Client.
#[derive(Debug, Clone)]
pub struct L402Client(());
/// Builder.
#[derive(Debug)]
pub struct L402ClientBuilder(());
/// Error.
#[derive(Debug)]
pub struct L402Error;
impl fmt::Display for L402Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("")
    }
}
impl std::error::Error for L402Error {}
impl L402Client {
    /// A builder.
    pub fn builder(_api_key: impl Into<String>) -> L402ClientBuilder {
        L402ClientBuilder(())
    }
}
impl L402ClientBuilder {
    /// Base URL.
    #[must_use]
    pub fn base_url(self, _url: impl Into<String>) -> Self {
        self
    }
    /// Builds it.
    pub fn build(self) -> Result<L402Client, L402Error> {
        Ok(L402Client(()))
    }
}
