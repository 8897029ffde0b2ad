//! A bounded map: what has not been used for longest is forgotten first.

use std::{
    any::Any,
    marker::PhantomData,
    sync::{Mutex, MutexGuard, PoisonError},
};

use foldhash::fast::RandomState;
use lru::LruCache;

use crate::key::Key;

/// How many entries one memory holds. At the hosted broker's 100 calls a minute that is more than
/// an hour and a half of them, and a token lives for one.
pub(crate) const CAPACITY: usize = 10_000;

/// Remembers a value for each key, up to a number of entries.
pub(crate) struct Memory<V> {
    entries: Mutex<Entries>,
    of: PhantomData<fn() -> V>,
}

/// Of any type: one table is compiled, and not one for each kind of value.
type Entries = LruCache<Key, Box<dyn Any + Send>, RandomState>;

impl<V> Default for Memory<V> {
    fn default() -> Self {
        Self { entries: Mutex::new(no_entries()), of: PhantomData }
    }
}

impl<V: Send + 'static> Memory<V> {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    pub(crate) fn holds(&self, key: &Key) -> bool {
        self.entries().get(key).is_some()
    }

    pub(crate) fn get(&self, key: &Key) -> Option<V>
    where
        V: Clone,
    {
        self.entries().get(key).and_then(|entry| entry.downcast_ref()).cloned()
    }

    pub(crate) fn put(&self, key: Key, value: V, capacity: usize) {
        put(&mut self.entries(), key, Box::new(value), capacity);
    }

    pub(crate) fn forget(&self, key: &Key) {
        self.entries().pop(key);
    }

    /// Forgets the entry if it is this one.
    pub(crate) fn forget_if(&self, key: &Key, is_this: impl FnOnce(&V) -> bool) {
        let mut entries = self.entries();
        let entry = entries.peek(key).and_then(|entry| entry.downcast_ref());
        if entry.is_some_and(is_this) {
            entries.pop(key);
        }
    }

    /// The entry, which is forgotten.
    pub(crate) fn take(&self, key: &Key) -> Option<V> {
        let entry = self.entries().pop(key)?;
        entry.downcast().ok().map(|value| *value)
    }

    /// Works on the entry under a key, if there is one.
    pub(crate) fn change<R>(&self, key: &Key, work: impl FnOnce(&mut V) -> R) -> Option<R> {
        self.entries().get_mut(key).and_then(|entry| entry.downcast_mut()).map(work)
    }

    /// Works on the entry under a key, which is made if there is none.
    pub(crate) fn with<R>(&self, key: Key, work: impl FnOnce(&mut V) -> R) -> R
    where
        V: Default,
    {
        let mut entries = self.entries();
        if let Some(entry) = entries.get_mut(&key).and_then(|entry| entry.downcast_mut()) {
            return work(entry);
        }
        let mut value = V::default();
        let result = work(&mut value);
        put(&mut entries, key, Box::new(value), CAPACITY);
        result
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_entries() -> Entries {
    // Bounded below and not by `lru`, which would allocate the whole capacity at once.
    LruCache::unbounded_with_hasher(RandomState::default())
}

fn put(entries: &mut Entries, key: Key, value: Box<dyn Any + Send>, capacity: usize) {
    entries.put(key, value);
    while entries.len() > capacity {
        entries.pop_lru();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_not_been_used_for_longest_is_forgotten_first() {
        let memory = Memory::default();
        memory.put([1; 32], "one", 2);
        memory.put([2; 32], "two", 2);
        assert!(memory.holds(&[1; 32]));
        memory.put([3; 32], "three", 2);
        assert_eq!(memory.get(&[1; 32]), Some("one"));
        assert_eq!(memory.get(&[2; 32]), None);
        memory.forget(&[1; 32]);
        assert!(!memory.holds(&[1; 32]));
    }

    #[test]
    fn a_flood_of_keys_is_bounded() {
        let memory = Memory::<u32>::default();
        for number in 0_u64..20_000 {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&number.to_be_bytes());
            memory.with(key, |count| *count += 1);
        }
        assert_eq!(memory.entries().len(), CAPACITY);
    }
}
