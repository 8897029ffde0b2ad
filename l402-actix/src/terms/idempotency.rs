//! A merchant's idempotency key, made safe to send.

use actix_web::HttpRequest;
use sha2::{Digest as _, Sha256};

use super::selectors::Selectors;

impl Selectors {
    /// The merchant's key for this request, hashed together with the resource and the price. `None`
    /// if there is none, and the SDK makes a fresh one.
    ///
    /// The same key returns the same challenge. Sent as it is, a key that two routes share would
    /// hand out the invoice of the one on the other, and whoever pays it has bought the wrong thing.
    pub(crate) fn idempotency_key(
        &self,
        request: &HttpRequest,
        resource: &str,
        price_sats: u64,
    ) -> Option<String> {
        let key = (self.idempotency_key_with.as_ref()?.0)(request)?;
        Some(hashed(&key, resource, price_sats))
    }
}

fn hashed(key: &str, resource: &str, price_sats: u64) -> String {
    let mut hash = Sha256::new();
    // The lengths keep two different pairs from running together into one text.
    for part in [key, resource] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(price_sats.to_be_bytes());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::hashed;

    #[test]
    fn a_key_is_bound_to_its_resource_and_its_price() {
        let key = hashed("k", "/a", 1);
        assert_eq!(key, hashed("k", "/a", 1));
        for other in
            [hashed("l", "/a", 1), hashed("k", "/b", 1), hashed("k", "/a", 2), hashed("k/", "a", 1)]
        {
            assert_ne!(key, other);
        }
        assert_eq!(key.len(), 64);
        assert!(key.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
