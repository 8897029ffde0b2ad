//! The name of the account that a client talks to.

use reqwest::Url;
use sha2::{Digest as _, Sha256};

use crate::key::ApiKey;

/// The URL that calls go to, up to this path, and the API key -> the account's name.
///
/// The URL as it was parsed and not as it was spelt: case, default port and dot segments are
/// settled in it. Two names for one account would be two budgets for one minute.
pub(crate) fn name(called: &Url, path: &str, key: &ApiKey) -> [u8; 32] {
    let called = without_trailing_dot(called.clone());
    let base_url = called.as_str().strip_suffix(path).unwrap_or(called.as_str());
    let mut hash = Sha256::new();
    hash.update((base_url.len() as u64).to_be_bytes());
    hash.update(base_url);
    hash.update(key.expose());
    hash.finalize().into()
}

/// A secret that whoever has the API key can make, and nobody else.
pub(crate) fn sealing_key(account: &[u8; 32], key: &ApiKey) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"sealing key");
    hash.update(account);
    hash.update(key.expose());
    hash.finalize().into()
}

/// `example.com.` is the same host as `example.com`, which `Url` keeps apart.
fn without_trailing_dot(mut url: Url) -> Url {
    if let Some(host) = url.host_str().and_then(|host| host.strip_suffix('.')).map(str::to_owned) {
        // A host that is nothing but the dot stays what it is.
        let _ = url.set_host(Some(&host));
    }
    url
}
