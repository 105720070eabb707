//! Signing in: who somebody is, and which orders they may join, by a token that somebody else has signed.
//!
//! Tokens are JSON Web Tokens (RFC 7519). Here they are proved and read; what reaches the host is an
//! [`Identity`](order_host::Identity), which knows nothing of tokens. No token, nor any part of one, is ever logged.

mod bearer;
mod claims;
mod denied;
mod der;
mod document;
mod encoding;
mod key_file;
mod keys;
mod keys_error;
mod pem;
mod room_name;
mod secret;
mod times;

use std::path::Path;
use std::sync::Arc;

use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Validation, decode, decode_header};
use order_host::RoomKey;
use warp::http::HeaderMap;

pub(crate) use claims::Guest;
pub(crate) use denied::Denied;
pub use keys_error::KeysError;
pub use room_name::{RoomName, RoomNameError};
pub use secret::SharedSecret;

use claims::Claims;
use key_file::{Holds, KeyFile};
use keys::Keys;

/// The longest token that is looked at.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// Whom tokens are for, unless somebody says otherwise.
pub const DEFAULT_AUDIENCE: &str = "stonepot";

/// Who may open a socket or look at an order: whoever has a token that one of these keys proves.
///
/// For [`RouteSettings::sign_in`](crate::RouteSettings).
///
/// ```
/// use std::sync::Arc;
/// use transport_warp::{RouteSettings, SignIn};
///
/// # fn main() -> Result<(), transport_warp::KeysError> {
/// let sign_in = SignIn::with_secret(b"a secret that whoever makes the tokens has, too")?.audience("my-orders");
/// let settings = RouteSettings { sign_in: Some(Arc::new(sign_in)), ..RouteSettings::default() };
/// # let _ = settings;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SignIn {
    keys: Source,
    audience: String,
    issuer: Option<String>,
}

#[derive(Debug)]
enum Source {
    Fixed(Arc<Keys>),
    File(KeyFile),
}

impl SignIn {
    /// With the keys of a file: a set of keys as JSON (RFC 7517), or one public key as PEM. When the file changes it is read
    /// again, within a second or so; one that cannot be used changes nothing but the log, and neither does one in which a
    /// shared secret stands where there were only public keys.
    ///
    /// # Errors
    /// When the file is anything else, or holds a private key.
    pub fn with_key_file(path: impl AsRef<Path>) -> Result<Self, KeysError> {
        Ok(Self::over(Source::File(KeyFile::open(path.as_ref(), Holds::Keys)?)))
    }

    /// With these keys, in one of the forms that a file may have.
    ///
    /// # Errors
    /// As [`SignIn::with_key_file`].
    pub fn with_keys(keys: &[u8]) -> Result<Self, KeysError> {
        Ok(Self::over(Source::Fixed(Arc::new(Keys::read(keys)?))))
    }

    /// With the shared secret that a file holds alone: one word of visible ASCII, without white space at its ends. When the
    /// file changes it is read again, as that of [`SignIn::with_key_file`].
    ///
    /// # Errors
    /// When the secret is short, or the file looks like anything else.
    pub fn with_secret_file(path: impl AsRef<Path>) -> Result<Self, KeysError> {
        Ok(Self::over(Source::File(KeyFile::open(path.as_ref(), Holds::Secret)?)))
    }

    /// With this shared secret, byte for byte.
    ///
    /// # Errors
    /// When it is shorter than 32 bytes, or is a key of two halves, JSON or a page.
    pub fn with_secret(secret: &[u8]) -> Result<Self, KeysError> {
        Ok(Self::over(Source::Fixed(Arc::new(Keys::of_secret(secret)?))))
    }

    fn over(keys: Source) -> Self {
        Self { keys, audience: DEFAULT_AUDIENCE.to_owned(), issuer: None }
    }

    /// Whom tokens must be for (`aud`), in place of [`DEFAULT_AUDIENCE`].
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// Who must have issued the tokens (`iss`); by default anybody who has a key.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Who asks for `room`, by the token in the request.
    pub(crate) fn guest(&self, room: &RoomKey, headers: &HeaderMap, query: &str) -> Result<Guest, Denied> {
        let token = bearer::find(headers, query)?.ok_or(Denied::NoToken)?;
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Denied::Invalid("it is longer than 8 KiB"));
        }
        self.prove(&token)?.guest(room)
    }

    /// What a token says, if it is proved and in force.
    fn prove(&self, token: &str) -> Result<Claims, Denied> {
        let header = decode_header(token).map_err(|error| invalid(&error))?;
        if header.crit.is_some() {
            return Err(Denied::Invalid("it asks for extensions (`crit`) that are not known here"));
        }
        let keys = match &self.keys {
            Source::Fixed(keys) => Arc::clone(keys),
            Source::File(file) => file.keys(),
        };
        let unknown = Denied::Invalid("it names no key (`kid`) that is known here");
        let key = keys.find(header.kid.as_deref()).ok_or(unknown)?;
        // The one algorithm of the key, never the token's choice: or a public key could be taken for a secret.
        let mut validation = Validation::new(key.algorithm);
        // The claims are held against the clock where they are read, which says more of what is wrong.
        validation.validate_exp = false;
        validation.set_audience(&[&self.audience]);
        let mut required = vec!["aud"];
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        validation.set_required_spec_claims(&required);
        decode::<Claims>(token, &key.proves, &validation)
            .map(|token| token.claims)
            .map_err(|error| invalid(&error))
    }
}

/// What a token's owner is told: never a part of it.
fn invalid(error: &Error) -> Denied {
    Denied::Invalid(match error.kind() {
        ErrorKind::InvalidSignature => "its signature is wrong",
        ErrorKind::InvalidAudience => "it is for another audience (`aud`)",
        ErrorKind::InvalidIssuer => "it is of another issuer (`iss`)",
        ErrorKind::InvalidAlgorithm => "its algorithm (`alg`) is not that of the key",
        ErrorKind::MissingRequiredClaim(_) => "it lacks `aud` or, where it is asked for, `iss`",
        _ => "it cannot be read, or a claim is not what it should be",
    })
}
