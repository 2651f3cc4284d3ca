//! UTF-8, and Windows-1252 (a superset of printable Latin-1) where a file is not UTF-8.

/// The encoding of a text file, one for the file as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Windows1252,
}

impl Encoding {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Windows1252 => "Windows-1252",
        }
    }

    /// Appends the text that `bytes` mean. Bytes that are no valid UTF-8 are read as Windows-1252 in either case, so
    /// that nothing is lost.
    pub(crate) fn decode_into(self, bytes: &[u8], text: &mut String) {
        match (self, std::str::from_utf8(bytes)) {
            (Self::Utf8, Ok(valid)) => text.push_str(valid),
            _ if bytes.is_ascii() => text.extend(bytes.iter().map(|byte| char::from(*byte))),
            _ => text.extend(bytes.iter().map(|byte| windows_1252(*byte))),
        }
    }
}

/// The character of a Windows-1252 byte; the five unassigned bytes keep their Latin-1 control codes.
fn windows_1252(byte: u8) -> char {
    // https://encoding.spec.whatwg.org/index-windows-1252.txt, 0x80 to 0x9f
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(encoding: Encoding, bytes: &[u8]) -> String {
        let mut text = String::new();
        encoding.decode_into(bytes, &mut text);
        text
    }

    #[test]
    fn windows_1252_has_the_euro_sign_and_umlauts() {
        assert_eq!(decoded(Encoding::Windows1252, b"K\xe4se 5 \x80"), "Käse 5 €");
    }

    #[test]
    fn a_stray_byte_in_utf8_is_kept() {
        assert_eq!(decoded(Encoding::Utf8, b"caf\xe9"), "café");
        assert_eq!(decoded(Encoding::Utf8, "café".as_bytes()), "café");
    }
}
