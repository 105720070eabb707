//! Shared secrets, and checks that refuse values which are not secret.

use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::IgnoredAny;

use super::key_file::read_file;
use super::keys::Keys;
use super::keys_error::{KeysError, MIN_SECRET_BYTES};
use super::{der, encoding};

/// The shortest part of a public key that counts when found in a secret; shorter ones may
/// occur by chance.
const MIN_TELLING_BYTES: usize = 16;

/// Base64 in either alphabet, with or without padding.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// A shared secret that signs tokens (HS256) for a server that has the same secret. Its
/// `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedSecret {
    id: Option<String>,
    bytes: Vec<u8>,
}

impl SharedSecret {
    /// Reads the first secret (`oct`) of a key file, by the rules of
    /// [`SignIn::with_key_file`](crate::SignIn::with_key_file). `None`: all its keys are
    /// public.
    ///
    /// # Errors
    /// When a server would refuse the file.
    pub fn from_key_file(path: impl AsRef<Path>) -> Result<Option<Self>, KeysError> {
        Ok(Keys::read(&read_file(path.as_ref())?)?.first_secret())
    }

    /// Reads a file that holds only a secret, by the rules of
    /// [`SignIn::with_secret_file`](crate::SignIn::with_secret_file).
    ///
    /// # Errors
    /// When a server would refuse the file.
    pub fn from_secret_file(path: impl AsRef<Path>) -> Result<Self, KeysError> {
        let file = read_file(path.as_ref())?;
        Ok(Self::new(None, of_file(&file)?.to_owned()))
    }

    pub(super) fn new(id: Option<String>, bytes: Vec<u8>) -> Self {
        Self { id, bytes }
    }

    /// The id (`kid`) by which tokens name the key, if it has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The secret itself.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSecret").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The secret in a file that holds nothing else, without white space at its ends.
///
/// Anything that may be public is refused: a key set, PEM, a page, an error message. So a
/// job that overwrites the file by mistake does not install a secret that others know.
pub(super) fn of_file(file: &[u8]) -> Result<&[u8], KeysError> {
    if encoding::is_marked(file) {
        return Err(KeysError::NotASecret(
            "it begins with a byte order mark, which would be a part of the secret",
        ));
    }
    let secret = file.trim_ascii();
    if let Some(what) = looks_public(secret) {
        return Err(KeysError::NotASecret(what));
    }
    if secret.starts_with(b"{") || secret.starts_with(b"[") || secret.starts_with(b"<") {
        return Err(KeysError::NotASecret("it looks like JSON or a page, which others may know"));
    }
    if secret.iter().any(u8::is_ascii_whitespace) {
        return Err(KeysError::NotASecret("it has white space inside, like a text that others may know"));
    }
    if !secret.iter().all(u8::is_ascii_graphic) {
        return Err(KeysError::NotASecret("it has bytes that are not visible ASCII"));
    }
    if secret.len() < MIN_SECRET_BYTES { Err(KeysError::ShortSecret) } else { Ok(secret) }
}

/// What a value looks like, if it looks public: as it is, or decoded from base64 or
/// hexadecimal, as some secret stores encode values.
pub(super) fn looks_public(secret: &[u8]) -> Option<&'static str> {
    readings(secret).iter().find_map(|reading| {
        if is_a_key_of_two_halves(reading) {
            return Some("it is a public or private key, not a secret");
        }
        text_looks_public(reading.trim_ascii())
    })
}

/// The last bytes of a key may look like white space, so each possible end of the key is
/// tried.
fn is_a_key_of_two_halves(reading: &[u8]) -> bool {
    let reading = reading.trim_ascii_start();
    let shortest = reading.trim_ascii_end().len();
    (shortest..=reading.len()).any(|end| reading.get(..end).is_some_and(der::is_a_key))
}

fn text_looks_public(text: &[u8]) -> Option<&'static str> {
    let is_text = str::from_utf8(text).is_ok();
    if contains(text, b"-----BEGIN") {
        return Some("it is PEM, not a secret");
    }
    // A random secret may begin with this character, but is not text.
    if is_text && text.starts_with(b"<") {
        return Some("it looks like a page, which others may know");
    }
    if is_text && contains(text, b"://") {
        return Some("it looks like an address, which others may know");
    }
    if matches!(text.first(), Some(b'{' | b'[' | b'"')) && serde_json::from_slice::<IgnoredAny>(text).is_ok()
    {
        return Some("it is JSON, not a secret");
    }
    if text.starts_with(b"eyJ") && text.contains(&b'.') {
        return Some("it looks like a token, not a secret");
    }
    None
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Whether a secret contains a part of a public key, in any form: then anyone could know
/// it.
pub(super) fn holds(secret: &[u8], public: &[Vec<u8>]) -> bool {
    let readings = readings(secret);
    let telling =
        public.iter().map(|part| without_zeros(part)).filter(|part| part.len() >= MIN_TELLING_BYTES);
    let mut parts = telling.filter_map(|part| Some((part, part.get(..MIN_TELLING_BYTES)?)));
    parts.any(|(part, first)| {
        readings.iter().any(|bytes| {
            // The whole part, or as much of it as fits into a secret of this length.
            bytes.windows(first.len()).any(|window| window == first)
                || (bytes.len() >= MIN_TELLING_BYTES
                    && part.windows(bytes.len()).any(|window| window == bytes))
        })
    })
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// A secret as it is, and decoded from base64 and from hexadecimal.
fn readings(secret: &[u8]) -> Vec<Vec<u8>> {
    let packed: Vec<u8> = secret.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let mut readings = vec![secret.to_owned()];
    readings.extend([&STANDARD, &URL_SAFE].into_iter().filter_map(|base64| base64.decode(&packed).ok()));
    readings.extend(hexadecimal(&packed));
    readings
}

fn hexadecimal(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    let byte = |pair: &[u8; 2]| {
        let pair =
            str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        u8::from_str_radix(pair, 16).ok()
    };
    pairs.iter().map(byte).collect::<Option<Vec<u8>>>().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_secret_is_one_whatever_it_begins_with() {
        for first in [b'{', b'[', b'<', 0x30, 0, 0xFF] {
            let mut secret = [0xA7; 32];
            secret[0] = first;
            assert_eq!(looks_public(&secret), None, "{first}");
        }
        assert_eq!(looks_public(b"a sentence is one for a program"), None);
    }

    #[test]
    fn a_public_key_is_none_whatever_byte_it_ends_with() {
        for last in 0..=u8::MAX {
            let mut key = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0].to_vec();
            key.extend([0xA7; 31]);
            key.push(last);
            for secret in [STANDARD.encode(&key).into_bytes(), [&key[..], b"\n"].concat(), key] {
                assert!(looks_public(&secret).is_some(), "{last}");
            }
        }
    }

    #[test]
    fn the_secret_of_a_file_is_one_word() {
        let word = "k3y-".repeat(8);
        for file in [word.clone(), format!("\n  {word}\r\n")] {
            assert_eq!(of_file(file.as_bytes()), Ok(word.as_bytes()));
        }
        for file in [
            format!("\u{FEFF}{word}"),
            format!("{word} {word}"),
            format!("{word}\n{word}"),
            format!("{{{word}"),
            format!("<{word}>"),
            format!("{word}é"),
            "\0".repeat(64),
            format!("eyJhbGciOiJIUzI1NiJ9.{word}.{word}"),
        ] {
            assert!(matches!(of_file(file.as_bytes()), Err(KeysError::NotASecret(_))), "{file:?}");
        }
        // Encodings that a secret store, or a job, may produce of a public value.
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n";
        let page = "<html><h1>502 Bad Gateway</h1></html>";
        let set = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg"}]}"#;
        for public in [pem, page, set, "https://keys.example/v1/keys/that-everybody-may-read"] {
            let hex = public.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
            for file in [STANDARD.encode(public), URL_SAFE.encode(public), hex] {
                assert!(matches!(of_file(file.as_bytes()), Err(KeysError::NotASecret(_))), "{file:?}");
            }
        }
        for file in [
            "https://keys.example/v1/keys/that-everybody-may-read",
            "\"error:this-key-was-rotated-in-november\"",
        ] {
            assert!(matches!(of_file(file.as_bytes()), Err(KeysError::NotASecret(_))), "{file:?}");
        }
        assert_eq!(of_file(&word.as_bytes()[1..]), Err(KeysError::ShortSecret));
        assert_eq!(of_file(b""), Err(KeysError::ShortSecret));
    }

    #[test]
    fn a_part_of_a_public_key_is_found_in_every_form() {
        let part: Vec<u8> = (0..64).collect();
        let public = [part.clone()];
        let hex = part.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().concat();
        for secret in [
            part.clone(),
            part[1..].to_owned(),
            [&[7; 40][..], &part].concat(),
            part[10..50].to_owned(),
            STANDARD.encode(&part).into_bytes(),
            format!("{}\n", URL_SAFE.encode(&part)).into_bytes(),
            hex.into_bytes(),
        ] {
            assert!(holds(&secret, &public), "{secret:?}");
        }
        assert!(!holds(&[9; 64], &public));
        assert!(!holds(&part, &[vec![1, 0, 1]]), "an exponent is in many");
    }
}
