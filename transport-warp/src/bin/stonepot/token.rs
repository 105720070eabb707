//! `stonepot token`: a token to sign in with, or a key to make tokens with.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use order_core::ParticipantId;
use rand::RngExt as _;
use serde::Serialize;
use serde_json::json;
use thiserror::Error;
use transport_warp::{KeysError, SignIn};

use crate::arguments::{Token, TokenRole};

/// As long as the hash of HS256.
const SECRET_BYTES: usize = 32;
const KEY_ID_BYTES: usize = 6;

/// Why there is no token, or no key.
#[derive(Debug, Error)]
pub(crate) enum TokenError {
    #[error("cannot read the key {}: {source}", .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot use the key {}: {source}", .path.display())]
    Key { path: PathBuf, source: KeysError },
    #[error("there is no shared secret in {} to sign with; `stonepot token --new-key FILE` makes one", .0.display())]
    NoSecret(PathBuf),
    #[error("say which orders the token opens: --room, --circle or --tenant")]
    NoRoom,
    #[error("say who it is for: --participant")]
    NoParticipant,
    #[error("cannot make the key {}: {source}", .path.display())]
    Make { path: PathBuf, source: io::Error },
    #[error("cannot sign: {0}")]
    Sign(#[from] jsonwebtoken::errors::Error),
    #[error("cannot write to standard output: {0}")]
    Write(#[source] io::Error),
}

/// Prints a token on standard output, or makes a key.
pub(crate) fn run(token: &Token) -> Result<(), TokenError> {
    if let Some(path) = &token.new_key {
        make_key(path).map_err(|source| TokenError::Make { path: path.clone(), source })?;
        // Who cannot read it can do without it.
        drop(writeln!(
            io::stderr(),
            "{0} holds a fresh key: keep it secret.\n  stonepot --auth required --auth-keys {0}\n  \
             stonepot token --key {0} --room ROOM --participant ID",
            path.display()
        ));
        return Ok(());
    }
    // One of the two is there, or the command line would have been refused.
    let Some(path) = &token.key else { return Err(TokenError::NoSecret(PathBuf::new())) };
    let key = read_key(path)?;
    writeln!(io::stdout(), "{}", signed(token, &key)?).map_err(TokenError::Write)
}

/// A shared secret, and by what name tokens call it.
struct Key {
    id: Option<String>,
    secret: EncodingKey,
}

fn read_key(path: &Path) -> Result<Key, TokenError> {
    let file = fs::read(path).map_err(|source| TokenError::Read { path: path.to_owned(), source })?;
    // What the server would not take is not worth signing with.
    SignIn::with_keys(&file).map_err(|source| TokenError::Key { path: path.to_owned(), source })?;
    let no_secret = || TokenError::NoSecret(path.to_owned());
    let text = file.trim_ascii();
    if text.starts_with(b"-----BEGIN") {
        return Err(no_secret());
    }
    let Ok(set) = serde_json::from_slice::<JwkSet>(text) else {
        return Ok(Key { id: None, secret: EncodingKey::from_secret(text) });
    };
    let secrets = set.keys.into_iter().filter_map(|key| match key.algorithm {
        AlgorithmParameters::OctetKey(secret) => Some((key.common.key_id, secret.value)),
        _ => None,
    });
    let (id, secret) = secrets.into_iter().next().ok_or_else(no_secret)?;
    let secret = URL_SAFE_NO_PAD.decode(secret).map_err(|_| no_secret())?;
    Ok(Key { id, secret: EncodingKey::from_secret(&secret) })
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    iat: u64,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    circle: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    participant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    role: &'static str,
}

fn signed(token: &Token, key: &Key) -> Result<String, TokenError> {
    if token.room.is_none() && token.circle.is_none() && token.tenant.is_none() {
        return Err(TokenError::NoRoom);
    }
    if token.role == TokenRole::Diner && token.participant.is_none() {
        return Err(TokenError::NoParticipant);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let claims = Claims {
        aud: &token.audience,
        iss: token.issuer.as_deref(),
        iat: now.as_secs(),
        exp: (now + token.ttl).as_secs(),
        room: token.room.as_deref(),
        circle: token.circle.as_deref(),
        tenant: token.tenant.as_deref(),
        participant: token.participant.as_ref().map(ParticipantId::as_str),
        name: token.name.as_deref(),
        role: match token.role {
            TokenRole::Diner => "diner",
            TokenRole::Backend => "backend",
        },
    };
    let mut header = Header::new(Algorithm::HS256);
    header.kid.clone_from(&key.id);
    Ok(encode(&header, &claims, &key.secret)?)
}

/// Makes a file with a key from the operating system's randomness. One that is there already is left alone.
fn make_key(path: &Path) -> io::Result<()> {
    let secret: [u8; SECRET_BYTES] = rand::rng().random();
    let id: [u8; KEY_ID_BYTES] = rand::rng().random();
    let key = json!({
        "kty": "oct",
        "alg": "HS256",
        "use": "sig",
        "kid": URL_SAFE_NO_PAD.encode(id),
        "k": URL_SAFE_NO_PAD.encode(secret),
    });
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{:#}", json!({ "keys": [key] }))?;
    file.sync_all()
}
