//! The keys that verify tokens, each for exactly one algorithm.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};
use tracing::warn;

use super::keys_error::{KeysError, MIN_SECRET_BYTES};
use super::secret::{self, SharedSecret};
use super::{document, encoding, pem};

/// The shortest RSA modulus (RFC 7518, 3.3).
pub(super) const MIN_MODULUS_BYTES: usize = 256;
const P256_COORDINATE_BYTES: usize = 32;
pub(super) const ED25519_BYTES: usize = 32;

/// The members that only a private JSON Web Key has (RFC 7518, 6.2.2 and 6.3.2; `priv` in keys of later algorithms).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "priv"];

/// Keys that verify tokens, each for the one algorithm it belongs to.
#[derive(Debug)]
pub(super) struct Keys {
    keys: Vec<Key>,
    /// The public parts of all public keys, including those that are left out.
    public: Vec<Vec<u8>>,
}

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    /// The id (`kid`) by which tokens name it.
    pub(super) id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) proves: DecodingKey,
}

impl Key {
    /// The shared secret, if it is one.
    fn secret(&self) -> Option<&[u8]> {
        if self.algorithm == Algorithm::HS256 { self.proves.try_get_as_bytes().ok() } else { None }
    }
}

impl Keys {
    /// Reads a JSON Web Key Set (RFC 7517), or one public key as PEM, in any Unicode encoding
    /// with a byte order mark.
    ///
    /// Anything else is refused and never taken for a secret: a job that overwrites the file by
    /// mistake may write something that others know.
    pub(super) fn read(file: &[u8]) -> Result<Self, KeysError> {
        let text = encoding::text(file).ok_or(KeysError::NotKeys)?;
        if pem::holds_private_key(&text) {
            return Err(KeysError::PrivateKey);
        }
        if text.starts_with(['{', '[']) {
            return Self::read_set(&text);
        }
        if pem::is_pem(&text) {
            let (key, public) = pem::read(&text)?;
            return Ok(Self { keys: vec![key], public });
        }
        Err(KeysError::NotKeys)
    }

    /// Takes a value that was given explicitly as a shared secret.
    pub(super) fn of_secret(secret: &[u8]) -> Result<Self, KeysError> {
        if let Some(what) = secret::looks_public(secret) {
            return Err(KeysError::NotASecret(what));
        }
        if secret.len() < MIN_SECRET_BYTES {
            return Err(KeysError::ShortSecret);
        }
        let key = Key { id: None, algorithm: Algorithm::HS256, proves: DecodingKey::from_secret(secret) };
        Ok(Self { keys: vec![key], public: Vec::new() })
    }

    fn read_set(text: &str) -> Result<Self, KeysError> {
        let document = document::read(text)?;
        if holds_private_key(&document) {
            return Err(KeysError::PrivateKey);
        }
        let set = document.get("keys").and_then(Value::as_array).ok_or(KeysError::NotAKeySet)?;
        let several = set.len() > 1;
        let mut keys: Vec<Key> = Vec::new();
        for (place, key) in (1..).zip(set) {
            let key = key.as_object().ok_or(KeysError::NotAKeySet)?;
            let id = key.get("kid").and_then(Value::as_str).map(str::to_owned);
            let name = || id.clone().unwrap_or_else(|| format!("number {place}"));
            let bad = |why| KeysError::BadKey(name(), why);
            let Some((jwk, algorithm)) = read_jwk(key).map_err(bad)? else {
                warn!(key = name(), "a key is not for HS256, RS256, ES256 or EdDSA tokens and is ignored");
                continue;
            };
            check(&jwk).map_err(bad)?;
            if several && id.is_none() {
                return Err(bad("each of several keys needs a `kid`"));
            }
            if keys.iter().any(|other| other.id == id) {
                return Err(bad("another key has the same `kid`"));
            }
            let proves = DecodingKey::from_jwk(&jwk).map_err(|_| bad("its parts are not base64url"))?;
            keys.push(Key { id, algorithm, proves });
        }
        if keys.is_empty() {
            return Err(KeysError::NoKey);
        }
        let keys = Self { keys, public: set.iter().flat_map(public_parts).collect() };
        keys.check_secrets_against(&keys.public)?;
        Ok(keys)
    }

    /// Refuses a shared secret that can be read from these public keys.
    fn check_secrets_against(&self, public: &[Vec<u8>]) -> Result<(), KeysError> {
        for (place, key) in (1..).zip(&self.keys) {
            if key.secret().is_some_and(|secret| secret::holds(secret, public)) {
                let name = key.id.clone().unwrap_or_else(|| format!("number {place}"));
                return Err(KeysError::BadKey(name, "its secret is a public key, which anybody may know"));
            }
        }
        Ok(())
    }

    /// Whether these keys may replace `before` while the server runs. A shared secret may not
    /// appear where there were only public keys, nor take the id of one, nor contain one: the
    /// change of the file may be a mistake.
    pub(super) fn may_follow(&self, before: &Self) -> Result<(), KeysError> {
        let is_new = |key: &Key| {
            let was_public = |other: &Key| other.secret().is_none() && other.id == key.id;
            key.secret().is_some() && before.keys.iter().any(was_public)
        };
        let had_secrets = before.keys.iter().any(|key| key.secret().is_some());
        if self.keys.iter().any(|key| key.secret().is_some()) && !had_secrets || self.keys.iter().any(is_new)
        {
            return Err(KeysError::NewSecret);
        }
        self.check_secrets_against(&before.public)
    }

    /// The first shared secret, if there is one.
    pub(super) fn first_secret(&self) -> Option<SharedSecret> {
        let secret = |key: &Key| Some(SharedSecret::new(key.id.clone(), key.secret()?.to_owned()));
        self.keys.iter().find_map(secret)
    }

    /// Finds the key that a token names, or the only one if it names none. A key without an id
    /// is always alone, and serves every token.
    pub(super) fn find(&self, id: Option<&str>) -> Option<&Key> {
        match (self.keys.as_slice(), id) {
            ([only], None) => Some(only),
            ([only], Some(_)) if only.id.is_none() => Some(only),
            (_, None) => None,
            (keys, Some(_)) => keys.iter().find(|key| key.id.as_deref() == id),
        }
    }

    /// The number of keys.
    pub(super) fn count(&self) -> usize {
        self.keys.len()
    }
}

/// Whether a document contains a private JSON Web Key, at any depth and of any kind.
fn holds_private_key(document: &Value) -> bool {
    match document {
        Value::Object(members) => {
            // Some programs write every member that a key could have, with empty values.
            let is_there =
                |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
            let is_private = |name: &&str| members.get(*name).is_some_and(is_there);
            members.contains_key("kty") && PRIVATE_MEMBERS.iter().any(is_private)
                || members.values().any(holds_private_key)
        }
        Value::Array(values) => values.iter().any(holds_private_key),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The public parts of a key, as bytes. A shared secret has none.
fn public_parts(key: &Value) -> Vec<Vec<u8>> {
    let part = |name| URL_SAFE_NO_PAD.decode(key.get(name)?.as_str()?).ok();
    ["n", "x", "y"].into_iter().filter_map(part).collect()
}

/// Reads a key and its algorithm. `None`: its algorithm is not supported.
fn read_jwk(key: &Map<String, Value>) -> Result<Option<(Jwk, Algorithm)>, &'static str> {
    let part = |name| key.get(name).and_then(Value::as_str);
    let kind = part("kty").ok_or("it lacks its type (`kty`)")?;
    match (kind, part("crv")) {
        ("oct" | "RSA", _) | ("EC", Some("P-256")) | ("OKP", Some("Ed25519")) => {}
        // RFC 7517 (5): keys of unknown kinds are ignored.
        _ => return Ok(None),
    }
    let jwk: Jwk =
        serde_json::from_value(Value::Object(key.clone())).map_err(|_| "a member has the wrong type")?;
    if matches!(jwk.algorithm, AlgorithmParameters::Other(_)) {
        return Err("a part of it is missing");
    }
    Ok(algorithm_of(&jwk).map(|algorithm| (jwk, algorithm)))
}

/// The algorithm that a key is for. `None`: it is not supported.
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
    let operations = jwk.common.key_operations.as_deref().unwrap_or_default();
    let proves = |operation: &KeyOperations| matches!(operation, KeyOperations::Verify | KeyOperations::Sign);
    let may_prove = operations.is_empty() || operations.iter().any(proves);
    (signs && named && may_prove).then_some(algorithm)
}

/// Checks the lengths of a key's parts.
fn check(jwk: &Jwk) -> Result<(), &'static str> {
    let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| "its parts are not base64url");
    match &jwk.algorithm {
        AlgorithmParameters::OctetKey(key) => {
            let secret = bytes(&key.value)?;
            if secret.len() < MIN_SECRET_BYTES {
                return Err("a shared secret needs at least 32 bytes");
            }
            secret::looks_public(&secret).map_or(Ok(()), Err)
        }
        AlgorithmParameters::RSA(key) if modulus_bytes(&bytes(&key.n)?) < MIN_MODULUS_BYTES => {
            Err("an RSA key needs at least 2048 bits")
        }
        AlgorithmParameters::EllipticCurve(key)
            if [&key.x, &key.y]
                .iter()
                .any(|part| bytes(part).is_ok_and(|part| part.len() != P256_COORDINATE_BYTES)) =>
        {
            Err("a P-256 coordinate needs 32 bytes")
        }
        AlgorithmParameters::OctetKeyPair(key) if bytes(&key.x)?.len() != ED25519_BYTES => {
            Err("an Ed25519 key needs 32 bytes")
        }
        _ => Ok(()),
    }
}

fn modulus_bytes(modulus: &[u8]) -> usize {
    modulus.iter().skip_while(|byte| **byte == 0).count()
}
