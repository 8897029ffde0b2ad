//! State of which there is one in each process, however many configs there are.
//!
//! A config that is built inside the `HttpServer::new` closure exists once for each worker. Spent
//! tokens, caches and budgets must not multiply with it: four workers would sell one single-use
//! token four times.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

type Key = (TypeId, [u8; 32]);
type Shared = HashMap<Key, Arc<dyn Any + Send + Sync>>;

static SHARED: LazyLock<Mutex<Shared>> = LazyLock::new(Mutex::default);

/// The process's one `T` for this account, made on first use. It is kept for the process's life:
/// a server that is stopped and started anew must not forget what was drawn.
///
/// Settings that the state depends on belong into `T`'s own look-up; whoever asks first decides
/// what `make` is given.
pub(crate) fn shared<T: Any + Send + Sync>(account: [u8; 32], make: impl FnOnce() -> T) -> Arc<T> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let state = shared.entry((TypeId::of::<T>(), account)).or_insert_with(|| Arc::new(make()));
    match Arc::clone(state).downcast() {
        Ok(state) => state,
        // The key holds the type, so this cannot be; if it were, nobody would share.
        Err(_) => unreachable!("the entry under a type is of that type"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn there_is_one_state_for_each_type_and_account() {
        let first = shared([1; 32], || AtomicU32::new(0));
        let again = shared([1; 32], || AtomicU32::new(5));
        first.store(7, Ordering::SeqCst);
        assert_eq!(again.load(Ordering::SeqCst), 7);
        assert_eq!(shared([2; 32], || AtomicU32::new(5)).load(Ordering::SeqCst), 5);
        assert_eq!(*shared([1; 32], || 3_u8), 3);
    }
}
