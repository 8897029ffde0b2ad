//! Bytes as hexadecimal digits, and back.

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// 64 hexadecimal digits -> 32 bytes.
pub(crate) fn unhex(digits: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        digits.chars().map(|char| char.to_digit(16)?.try_into().ok()).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    bytes.try_into().ok().filter(|_| digits.len() == 64)
}
