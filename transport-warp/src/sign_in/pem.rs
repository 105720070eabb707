//! Reads one public key as PEM (RFC 7468).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, DecodingKey};

use super::der;
use super::keys::{ED25519_BYTES, Key, MIN_MODULUS_BYTES};
use super::keys_error::KeysError;

/// The shortest DER form of an RSA key: its modulus, plus the exponent and the framing.
const MIN_RSA_DER_BYTES: usize = MIN_MODULUS_BYTES + 10;
/// An uncompressed point of P-256: one marker byte, and two coordinates.
const P256_POINT_BYTES: usize = 65;

/// Whether a text is PEM, or tries to be.
pub(super) fn is_pem(text: &str) -> bool {
    text.contains("-----BEGIN")
}

/// Whether a text contains a private key, in PEM of any kind.
pub(super) fn holds_private_key(text: &str) -> bool {
    text.contains("PRIVATE KEY") && (is_pem(text) || text.contains("---- BEGIN"))
}

/// Reads a public key that stands alone; also returns its public parts.
pub(super) fn read(text: &str) -> Result<(Key, Vec<Vec<u8>>), KeysError> {
    let der = ["PUBLIC KEY", "RSA PUBLIC KEY"].iter().find_map(|label| block(text, label));
    let der = der.ok_or(KeysError::NotAPublicKey)?;
    if der::is_private(&der) {
        return Err(KeysError::PrivateKey);
    }
    let readings = [
        (Algorithm::EdDSA, DecodingKey::from_ed_pem(text.as_bytes())),
        (Algorithm::ES256, DecodingKey::from_ec_pem(text.as_bytes())),
        (Algorithm::RS256, DecodingKey::from_rsa_pem(text.as_bytes())),
    ];
    for (algorithm, reading) in readings {
        let Ok(proves) = reading else { continue };
        let key = proves.try_get_as_bytes().unwrap_or_default();
        let wrong = match algorithm {
            Algorithm::EdDSA => (key.len() != ED25519_BYTES).then_some("an Ed25519 key needs 32 bytes"),
            Algorithm::ES256 => (key.len() != P256_POINT_BYTES).then_some("the curve must be P-256"),
            _ => (key.len() < MIN_RSA_DER_BYTES).then_some("an RSA key needs at least 2048 bits"),
        };
        if let Some(wrong) = wrong {
            return Err(KeysError::BadKey("in it".to_owned(), wrong));
        }
        let numbers = match algorithm {
            Algorithm::ES256 => key.get(1..).map(|point| point.chunks(32).map(<[u8]>::to_vec).collect()),
            _ => der::first_number(key).map(|modulus| vec![modulus.to_vec()]),
        };
        let public = [vec![key.to_vec(), der], numbers.unwrap_or_default()].concat();
        return Ok((Key { id: None, algorithm, proves }, public));
    }
    Err(KeysError::NotAPublicKey)
}

/// The content of the only block of a text, if it has this label and nothing around it.
fn block(text: &str, label: &str) -> Option<Vec<u8>> {
    let body = text.strip_prefix(&format!("-----BEGIN {label}-----"))?;
    let body = body.strip_suffix(&format!("-----END {label}-----"))?;
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).ok()
}
