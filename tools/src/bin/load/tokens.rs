//! Tokens for a server with required sign-in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

/// The lifetime of a token; no run is longer.
const GOOD_FOR_SECONDS: u64 = 24 * 60 * 60;

/// A secret shared by the load and the server for one run.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    secret: String,
}

impl Tokens {
    /// Makes a secret and writes it to `folder` as a key set; also returns its path.
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

    /// A token that lets `participant` into `room` of `party`.
    pub(crate) fn token(&self, party: &str, room: &str, participant: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims = json!({
            "aud": transport_warp::DEFAULT_AUDIENCE,
            "exp": now + GOOD_FOR_SECONDS,
            "room": format!("{party}/{room}"),
            "participant": participant,
        });
        // Signing claims that were just built as JSON cannot fail; without a token, the server says
        // what is wrong.
        encode(&Header::default(), &claims, &EncodingKey::from_secret(self.secret.as_bytes()))
            .unwrap_or_default()
    }
}
