//! `stonepot token`: makes a token to sign in with, or a key to make tokens with.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use order_core::ParticipantId;
use order_core::text::{MAX_LABEL_CHARS, MAX_NAME_CHARS, Text, TextError};
use rand::RngExt as _;
use serde::Serialize;
use serde_json::json;
use thiserror::Error;
use transport_warp::{KeysError, MAX_TOKEN_BYTES, RoomName, RoomNameError, SharedSecret};

use crate::arguments::{Token, TokenRole};

/// The length of the secret: that of HS256's hash.
const SECRET_BYTES: usize = 32;
const KEY_ID_BYTES: usize = 6;

/// Why there is no token, or no key.
#[derive(Debug, Error)]
pub(crate) enum TokenError {
    #[error("cannot use the key {}: {source}", .path.display())]
    Key { path: PathBuf, source: KeysError },
    #[error("{} has no shared secret to sign with; `stonepot token --new-key FILE` makes one", .0.display())]
    NoSecret(PathBuf),
    #[error("say which orders the token opens, with --room, --circle or --tenant")]
    NoRoom,
    #[error("say who the token is for, with --participant")]
    NoParticipant,
    #[error("a server would refuse the token: {option} is not valid: {source}")]
    Label { option: &'static str, source: TextError },
    #[error("the token would open no room: --room is not valid: {0}")]
    Room(#[from] RoomNameError),
    #[error("a server would refuse the token: it is longer than {MAX_TOKEN_BYTES} bytes; use shorter values")]
    TooLong,
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
        // Only a hint: the program works without it.
        drop(writeln!(
            io::stderr(),
            "{0} has a new key: keep it secret.\n  stonepot --auth required --auth-keys {0}\n  \
             stonepot token --key {0} --room ROOM --participant ID",
            path.display()
        ));
        return Ok(());
    }
    let key = read_key(token)?;
    let room = token.room.as_deref().map(RoomName::new).transpose()?;
    let signed = signed(token, &key)?;
    if let Some(room) = room.filter(RoomName::is_encoded) {
        // Standard output gets only the token.
        drop(writeln!(
            io::stderr(),
            "The room's name is percent-encoded in an address. Connect to: {}",
            room.path()
        ));
    }
    writeln!(io::stdout(), "{signed}").map_err(TokenError::Write)
}

/// Reads the secret to sign with. Refuses what a server would refuse.
fn read_key(token: &Token) -> Result<SharedSecret, TokenError> {
    let cannot_use = |path: &Path| {
        let path = path.to_owned();
        |source| TokenError::Key { path, source }
    };
    match (&token.key, &token.secret) {
        (Some(path), _) => {
            let secret = SharedSecret::from_key_file(path).map_err(cannot_use(path))?;
            secret.ok_or_else(|| TokenError::NoSecret(path.clone()))
        }
        (None, Some(path)) => SharedSecret::from_secret_file(path).map_err(cannot_use(path)),
        // clap requires one of the two.
        (None, None) => Err(TokenError::NoSecret(PathBuf::new())),
    }
}

/// Refuses labels that a server would refuse in a token.
fn check_labels(token: &Token) -> Result<(), TokenError> {
    for (option, label) in [("--circle", &token.circle), ("--tenant", &token.tenant)] {
        if let Some(label) = label {
            Text::exact(label, MAX_LABEL_CHARS).map_err(|source| TokenError::Label { option, source })?;
        }
    }
    if let Some(name) = &token.name {
        let unusable = |source| TokenError::Label { option: "--name", source };
        Text::clean(name, MAX_NAME_CHARS).map_err(unusable)?;
    }
    Ok(())
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

fn signed(token: &Token, key: &SharedSecret) -> Result<String, TokenError> {
    if token.room.is_none() && token.circle.is_none() && token.tenant.is_none() {
        return Err(TokenError::NoRoom);
    }
    if token.role == TokenRole::Diner && token.participant.is_none() {
        return Err(TokenError::NoParticipant);
    }
    check_labels(token)?;
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
    header.kid = key.id().map(str::to_owned);
    let signed = encode(&header, &claims, &EncodingKey::from_secret(key.as_bytes()))?;
    if signed.len() > MAX_TOKEN_BYTES { Err(TokenError::TooLong) } else { Ok(signed) }
}

/// Writes a new random key to a file. An existing file is left unchanged.
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
