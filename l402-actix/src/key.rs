//! The names that things are remembered under.

use l402_server::{Challenge, decode_hex};
use sha2::{Digest as _, Sha256};

/// A name in memory: a hash, which gives nothing away of what it names.
pub(crate) type Key = [u8; 32];

/// SHA-256 over the parts, each behind its length: two different lists never run together into one
/// text. A part that is left out is not one that is empty.
pub(crate) fn key(parts: &[Option<&[u8]>]) -> Key {
    let mut hash = Sha256::new();
    for part in parts {
        let (mut head, bytes) = ([u8::from(part.is_some()); 9], part.unwrap_or_default());
        head[1..].copy_from_slice(&(bytes.len() as u64).to_be_bytes());
        hash.update(head);
        hash.update(bytes);
    }
    hash.finalize().into()
}

/// A name in hexadecimal.
pub(crate) fn hex(name: &Key) -> String {
    name.iter().copied().flat_map(digits).map(char::from).collect()
}

/// The same into a buffer, for what is on the way of each answer with a receipt: formatting 32 bytes
/// one by one takes longer than hashing them.
pub(crate) fn write_hex(buffer: &mut Vec<u8>, name: &Key) {
    for byte in name {
        buffer.extend_from_slice(&digits(*byte));
    }
}

fn digits(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [byte >> 4, byte & 15].map(|nibble| DIGITS[usize::from(nibble)])
}

/// The payment hash that a challenge states; `None` if that is not 64 hexadecimal digits.
pub(crate) fn payment_hash(challenge: &Challenge) -> Option<[u8; 32]> {
    decode_hex(challenge.payment_hash.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_counts_and_none_runs_into_the_next() {
        let lists: [&[Option<&[u8]>]; 6] = [
            &[Some(b"ab"), Some(b"c")],
            &[Some(b"a"), Some(b"bc")],
            &[Some(b"abc"), Some(b"")],
            &[Some(b"abc"), None],
            &[Some(b"abc")],
            &[None, Some(b"abc")],
        ];
        for (index, one) in lists.iter().enumerate() {
            for other in &lists[index + 1..] {
                assert_ne!(key(one), key(other), "{one:?} {other:?}");
            }
        }
    }
}
