//! Recognizes the DER form of keys.

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// Whether the bytes are the DER form of a public or a private key, or of a certificate.
pub(super) fn is_a_key(der: &[u8]) -> bool {
    let Some(content) = whole_sequence(der) else { return false };
    match value(content) {
        // PKCS #8 and SEC 1, or PKCS #1.
        Some((INTEGER, number, rest)) => {
            is_version(number) || matches!(value(rest), Some((INTEGER, _, _))) && number.len() >= 64
        }
        // A public key, which begins with its algorithm, or a certificate.
        Some((SEQUENCE, inner, _)) => {
            matches!(value(inner), Some((OBJECT_IDENTIFIER | SEQUENCE | INTEGER | 0xA0, _, _)))
        }
        _ => false,
    }
}

/// Whether the bytes are the DER form of a private key (PKCS #1, PKCS #8 or SEC 1): it
/// begins with its version.
pub(super) fn is_private(der: &[u8]) -> bool {
    whole_sequence(der)
        .and_then(value)
        .is_some_and(|(tag, number, rest)| tag == INTEGER && is_version(number) && !rest.is_empty())
}

fn is_version(number: &[u8]) -> bool {
    matches!(number, [0 | 1])
}

/// The content of a sequence that spans all the bytes.
fn whole_sequence(der: &[u8]) -> Option<&[u8]> {
    value(der).filter(|(tag, _, rest)| *tag == SEQUENCE && rest.is_empty()).map(|(_, content, _)| content)
}

/// Reads the first value: its tag, its content and the bytes after it.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(first), rest),
        0x81 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
        0x82 => rest
            .split_first_chunk::<2>()
            .map(|(length, rest)| (usize::from(u16::from_be_bytes(*length)), rest))?,
        // No key is that long.
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// The first number of a sequence of numbers: the modulus of an RSA public key (PKCS #1).
pub(super) fn first_number(der: &[u8]) -> Option<&[u8]> {
    whole_sequence(der).and_then(value).filter(|(tag, _, _)| *tag == INTEGER).map(|(_, number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_is_told_from_a_public_one_and_both_from_other_bytes() {
        let sequence = |content: &[u8]| [&[SEQUENCE, u8::try_from(content.len()).unwrap()], content].concat();
        let pkcs_8 = sequence(&[&[2, 1, 0][..], &sequence(&[6, 3, 0x2B, 0x65, 0x70]), &[4, 1, 7]].concat());
        let sec_1 = sequence(&[2, 1, 1, 4, 1, 7]);
        let public = sequence(&[&sequence(&[6, 3, 0x2B, 0x65, 0x70])[..], &[3, 2, 0, 7]].concat());
        for private in [&pkcs_8, &sec_1] {
            assert!(is_private(private) && is_a_key(private), "{private:?}");
        }
        assert!(!is_private(&public) && is_a_key(&public));
        for other in [
            &[][..],
            &[SEQUENCE],
            &[SEQUENCE, 0x84, 1, 2, 3, 4],
            &[7; 40],
            &[SEQUENCE, 0x1E, 1],
            &public[1..],
        ] {
            assert!(!is_private(other) && !is_a_key(other), "{other:?}");
        }
        assert_eq!(first_number(&sequence(&[2, 2, 0, 9, 2, 1, 3])), Some(&[0, 9][..]));
    }
}
