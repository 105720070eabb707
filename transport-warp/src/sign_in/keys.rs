//! The keys by which tokens are proved: each of one algorithm, and of no other.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use thiserror::Error;
use tracing::warn;

/// The shortest shared secret: as long as the hash, as RFC 7518 (3.2) has it. A shorter one can be guessed from a token.
const MIN_SECRET_BYTES: usize = 32;
/// The shortest RSA modulus, as RFC 7518 (3.3) has it.
const MIN_MODULUS_BYTES: usize = 256;
/// A DER form of an RSA key is longer than its modulus by its exponent and what tells the two apart.
const MIN_RSA_DER_BYTES: usize = MIN_MODULUS_BYTES + 10;
/// A point of P-256, not compressed: what says so, and two coordinates.
const P256_POINT_BYTES: usize = 65;
const P256_COORDINATE_BYTES: usize = 32;
const ED25519_BYTES: usize = 32;

/// Why keys cannot be used. It says which, and never what is in them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// More than any set of keys needs.
    #[error("it is larger than a file of keys can be")]
    TooLarge,
    /// A JSON document that is no set of keys (RFC 7517).
    #[error("it is JSON, but no set of keys: `{{\"keys\": [...]}}`")]
    NotAKeySet,
    /// There is no key in it by which a token could be proved.
    #[error("there is no key in it for HS256, RS256, ES256 or EdDSA")]
    NoKey,
    /// Something is wrong with one of the keys.
    #[error("the key {0} cannot be used: {1}")]
    BadKey(String, &'static str),
    /// PEM that holds no public key.
    #[error("PEM must be one public key (RSA, P-256 or Ed25519): `PUBLIC KEY` or `RSA PUBLIC KEY`")]
    NotAPublicKey,
    /// A private key, which belongs with whoever signs.
    #[error("this is a private key; the server needs only its public half, so keep this one elsewhere")]
    PrivateKey,
    /// A shared secret that can be guessed.
    #[error(
        "a shared secret has at least {MIN_SECRET_BYTES} bytes; `stonepot token --new-key FILE` makes one"
    )]
    ShortSecret,
}

/// Keys that prove tokens, each by the one algorithm that it is for.
#[derive(Debug)]
pub(super) struct Keys(Vec<Key>);

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    /// By which a token names it.
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) proves: DecodingKey,
}

impl Keys {
    /// Reads a set of keys as JSON (RFC 7517), one public key as PEM, or else a secret as it stands, without white space at
    /// its ends.
    pub(super) fn read(file: &[u8]) -> Result<Self, KeysError> {
        let text = file.trim_ascii();
        if text.starts_with(b"{") {
            return Self::read_set(text);
        }
        // Whatever looks like PEM is a key of two halves, or nothing: it is never taken for a secret, which everybody who has
        // the public half would know.
        if contains(text, b"-----BEGIN") {
            return Ok(Self(vec![read_pem(text)?]));
        }
        if text.len() < MIN_SECRET_BYTES {
            return Err(KeysError::ShortSecret);
        }
        let proves = DecodingKey::from_secret(text);
        Ok(Self(vec![Key { id: None, algorithm: Algorithm::HS256, proves }]))
    }

    fn read_set(text: &[u8]) -> Result<Self, KeysError> {
        let set: JwkSet = serde_json::from_slice(text).map_err(|_| KeysError::NotAKeySet)?;
        let several = set.keys.len() > 1;
        let mut keys: Vec<Key> = Vec::new();
        for (place, jwk) in (1..).zip(&set.keys) {
            let name = || jwk.common.key_id.clone().unwrap_or_else(|| format!("number {place}"));
            let bad = |why| KeysError::BadKey(name(), why);
            let Some(algorithm) = algorithm_of(jwk) else {
                warn!(
                    key = name(),
                    "a key is not for tokens of HS256, RS256, ES256 or EdDSA and is left out"
                );
                continue;
            };
            check(jwk).map_err(bad)?;
            let id = jwk.common.key_id.clone();
            if several && id.is_none() {
                return Err(bad("where there are several, each needs a `kid`"));
            }
            if keys.iter().any(|other| other.id == id) {
                return Err(bad("another key has the same `kid`"));
            }
            let proves = DecodingKey::from_jwk(jwk).map_err(|_| bad("its parts are not base64url"))?;
            keys.push(Key { id, algorithm, proves });
        }
        if keys.is_empty() { Err(KeysError::NoKey) } else { Ok(Self(keys)) }
    }

    /// The key that a token names, or the only one if it names none. A key without an id is alone, and for every token.
    pub(super) fn find(&self, id: Option<&str>) -> Option<&Key> {
        match (self.0.as_slice(), id) {
            ([only], None) => Some(only),
            ([only], Some(_)) if only.id.is_none() => Some(only),
            (_, None) => None,
            (keys, Some(_)) => keys.iter().find(|key| key.id.as_deref() == id),
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

/// The one algorithm that a key is for, if it is one that is allowed.
fn algorithm_of(jwk: &Jwk) -> Option<Algorithm> {
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::OctetKey(_) => (Algorithm::HS256, KeyAlgorithm::HS256),
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    let signs = jwk.common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature);
    let named = jwk.common.key_algorithm.is_none_or(|named| named == name);
    (signs && named).then_some(algorithm)
}

/// Whether the parts of a key are as long as they must be.
fn check(jwk: &Jwk) -> Result<(), &'static str> {
    let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| "its parts are not base64url");
    match &jwk.algorithm {
        AlgorithmParameters::OctetKey(key) if bytes(&key.value)?.len() < MIN_SECRET_BYTES => {
            Err("a shared secret has at least 32 bytes")
        }
        AlgorithmParameters::RSA(key) if modulus_bytes(&bytes(&key.n)?) < MIN_MODULUS_BYTES => {
            Err("an RSA key has at least 2048 bits")
        }
        AlgorithmParameters::EllipticCurve(key)
            if [&key.x, &key.y]
                .iter()
                .any(|part| bytes(part).is_ok_and(|part| part.len() != P256_COORDINATE_BYTES)) =>
        {
            Err("a coordinate of P-256 has 32 bytes")
        }
        AlgorithmParameters::OctetKeyPair(key) if bytes(&key.x)?.len() != ED25519_BYTES => {
            Err("a key of Ed25519 has 32 bytes")
        }
        _ => Ok(()),
    }
}

fn modulus_bytes(modulus: &[u8]) -> usize {
    modulus.iter().skip_while(|byte| **byte == 0).count()
}

fn read_pem(text: &[u8]) -> Result<Key, KeysError> {
    if contains(text, b"PRIVATE KEY-----") {
        return Err(KeysError::PrivateKey);
    }
    let is_public_key = [&b"-----BEGIN PUBLIC KEY-----"[..], b"-----BEGIN RSA PUBLIC KEY-----"]
        .iter()
        .any(|begin| text.starts_with(begin));
    let blocks = text.windows(10).filter(|ten| *ten == b"-----BEGIN").count();
    if !is_public_key || blocks != 1 {
        return Err(KeysError::NotAPublicKey);
    }
    let readings = [
        (Algorithm::EdDSA, DecodingKey::from_ed_pem(text)),
        (Algorithm::ES256, DecodingKey::from_ec_pem(text)),
        (Algorithm::RS256, DecodingKey::from_rsa_pem(text)),
    ];
    for (algorithm, reading) in readings {
        let Ok(proves) = reading else { continue };
        let bytes = proves.try_get_as_bytes().map_or(0, <[u8]>::len);
        let wrong = match algorithm {
            Algorithm::EdDSA => (bytes != ED25519_BYTES).then_some("a key of Ed25519 has 32 bytes"),
            Algorithm::ES256 => (bytes != P256_POINT_BYTES).then_some("the curve must be P-256"),
            _ => (bytes < MIN_RSA_DER_BYTES).then_some("an RSA key has at least 2048 bits"),
        };
        return match wrong {
            Some(wrong) => Err(KeysError::BadKey("in it".to_owned(), wrong)),
            None => Ok(Key { id: None, algorithm, proves }),
        };
    }
    Err(KeysError::NotAPublicKey)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
