//! The fields of the binary format: a kind, a length, and data.

pub(crate) fn put(bytes: &mut Vec<u8>, kind: u8, data: &[u8]) {
    bytes.push(kind);
    // The length in groups of seven bits, the lowest first, all but the last marked.
    let mut length = data.len();
    loop {
        let [group, ..] = (length & 0x7f).to_le_bytes();
        length >>= 7;
        bytes.push(if length == 0 { group } else { group | 0x80 });
        if length == 0 {
            break;
        }
    }
    bytes.extend_from_slice(data);
}

/// What is still to be read.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl Reader<'_> {
    pub(crate) fn take(&mut self, byte: u8) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        (*first == byte).then(|| self.0 = rest)
    }

    /// `None` for a broken field, `Some(None)` for one that is not there.
    #[expect(clippy::option_option, reason = "a field that is broken is not one that is absent")]
    pub(crate) fn optional(&mut self, kind: u8) -> Option<Option<Vec<u8>>> {
        if self.0.first() == Some(&kind) { self.field(kind).map(Some) } else { Some(None) }
    }

    pub(crate) fn field(&mut self, kind: u8) -> Option<Vec<u8>> {
        self.take(kind)?;
        let length = self.length()?;
        let (data, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(data.to_vec())
    }

    fn length(&mut self) -> Option<usize> {
        let mut length = 0_usize;
        // Five groups of seven bits are more than any field has.
        for shift in (0..35).step_by(7) {
            let (first, rest) = self.0.split_first()?;
            self.0 = rest;
            length |= usize::from(first & 0x7f) << shift;
            if first & 0x80 == 0 {
                return Some(length);
            }
        }
        None
    }
}
