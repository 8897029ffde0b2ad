//! Hexadecimal digits -> bytes.

const NO_DIGIT: u8 = u8::MAX;

/// What each byte is worth as a digit.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0_u8;
    while value < 16 {
        values[b"0123456789abcdef"[value as usize] as usize] = value;
        values[b"0123456789ABCDEF"[value as usize] as usize] = value;
        value += 1;
    }
    values
};

/// `2 * N` digits in either case; `None` for anything else.
///
/// By a table and without a branch for each digit: every request with a credential comes through
/// here, and the mix of letters and digits in a hash is nothing that a processor could guess.
#[must_use]
pub fn decode<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    let mut seen = 0;
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let (high, low) = (VALUES[usize::from(pair[0])], VALUES[usize::from(pair[1])]);
        seen |= high | low;
        *byte = high << 4 | (low & 0x0f);
    }
    (seen != NO_DIGIT).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_hexadecimal_digits_are_read() {
        for byte in 0..=u8::MAX {
            let expected = char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            assert_eq!(decode::<1>(&[b'0', byte]), expected.map(|digit| [digit]), "{byte}");
            assert_eq!(decode::<1>(&[byte, b'0']), expected.map(|digit| [digit << 4]), "{byte}");
        }
    }

    #[test]
    fn exactly_so_many_digits_are_read() {
        assert_eq!(decode(b"00fF10"), Some([0, 255, 16]));
        for digits in ["", "00", "00fF1", "00fF100", "00fF1000"] {
            assert_eq!(decode::<3>(digits.as_bytes()), None, "{digits}");
        }
    }
}
