//! Tokens for a server at which everybody has to sign in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

/// No run is longer.
const GOOD_FOR_SECONDS: u64 = 24 * 60 * 60;

/// A secret that the load and the server share, for one run.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    secret: String,
}

impl Tokens {
    /// With a secret that is written to `folder` as a set of keys, and where that is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn shared_in(folder: &Path) -> io::Result<(Self, PathBuf)> {
        let secret = format!("the load's: {:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
        let file = folder.join("keys.json");
        let key = json!({ "kty": "oct", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode(&secret) });
        fs::write(&file, json!({ "keys": [key] }).to_string())?;
        Ok((Self { secret }, file))
    }

    /// What lets `participant` into `room` of `party`.
    pub(crate) fn token(&self, party: &str, room: &str, participant: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims = json!({
            "aud": transport_warp::DEFAULT_AUDIENCE,
            "exp": now + GOOD_FOR_SECONDS,
            "room": format!("{party}/{room}"),
            "participant": participant,
        });
        // An HMAC of what was JSON a moment ago cannot fail; without a token, the server says what is wrong.
        encode(&Header::default(), &claims, &EncodingKey::from_secret(self.secret.as_bytes()))
            .unwrap_or_default()
    }
}
