//! Sign-in: signed tokens say who a person is and which orders they may join.
//!
//! Tokens are JSON Web Tokens (RFC 7519). They are verified and read here; the host gets an
//! [`Identity`](order_host::Identity), which knows nothing of tokens. No token, nor any
//! part of one, is ever logged.

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

/// The longest token that is accepted, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The default audience (`aud`) of tokens.
pub const DEFAULT_AUDIENCE: &str = "stonepot";

/// Checks who may open a socket or look at an order: anyone with a token that one of these
/// keys verifies.
///
/// For [`RouteSettings::sign_in`](crate::RouteSettings).
///
/// ```
/// use std::sync::Arc;
/// use transport_warp::{RouteSettings, SignIn};
///
/// # fn main() -> Result<(), transport_warp::KeysError> {
/// let sign_in = SignIn::with_secret(b"a secret that the maker of the tokens has, too")?.audience("my-orders");
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
    /// Uses the keys of a file: a JSON Web Key Set (RFC 7517), or one public key as PEM.
    ///
    /// When the file changes, it is read again within about a second. If the new content cannot
    /// be used, or has a shared secret where there were only public keys, an error is logged
    /// and the earlier keys stay.
    ///
    /// # Errors
    /// When the file is anything else, or holds a private key.
    pub fn with_key_file(path: impl AsRef<Path>) -> Result<Self, KeysError> {
        Ok(Self::over(Source::File(KeyFile::open(path.as_ref(), Holds::Keys)?)))
    }

    /// Uses these keys, in either form that a key file may have.
    ///
    /// # Errors
    /// As [`SignIn::with_key_file`].
    pub fn with_keys(keys: &[u8]) -> Result<Self, KeysError> {
        Ok(Self::over(Source::Fixed(Arc::new(Keys::read(keys)?))))
    }

    /// Uses the shared secret of a file that holds nothing else: one word of visible ASCII;
    /// white space at its ends is ignored. When the file changes, it is read again as with
    /// [`SignIn::with_key_file`].
    ///
    /// # Errors
    /// When the secret is too short, or the file looks like anything else.
    pub fn with_secret_file(path: impl AsRef<Path>) -> Result<Self, KeysError> {
        Ok(Self::over(Source::File(KeyFile::open(path.as_ref(), Holds::Secret)?)))
    }

    /// Uses this shared secret, byte for byte.
    ///
    /// # Errors
    /// When it is shorter than 32 bytes, or is a public or private key, JSON or a page.
    pub fn with_secret(secret: &[u8]) -> Result<Self, KeysError> {
        Ok(Self::over(Source::Fixed(Arc::new(Keys::of_secret(secret)?))))
    }

    fn over(keys: Source) -> Self {
        Self { keys, audience: DEFAULT_AUDIENCE.to_owned(), issuer: None }
    }

    /// Sets the audience that tokens must name (`aud`), instead of [`DEFAULT_AUDIENCE`].
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// Sets the issuer that tokens must name (`iss`). Default: any issuer whose key is known.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Returns who asks for `room`, by the token in the request.
    pub(crate) fn guest(&self, room: &RoomKey, headers: &HeaderMap, query: &str) -> Result<Guest, Denied> {
        let token = bearer::find(headers, query)?.ok_or(Denied::NoToken)?;
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Denied::Invalid("it is longer than 8 KiB"));
        }
        self.prove(&token)?.guest(room)
    }

    /// Verifies a token and returns its claims, if it is in force.
    fn prove(&self, token: &str) -> Result<Claims, Denied> {
        let header = decode_header(token).map_err(|error| invalid(&error))?;
        if header.crit.is_some() {
            return Err(Denied::Invalid("it needs extensions (`crit`) that are not supported"));
        }
        let keys = match &self.keys {
            Source::Fixed(keys) => Arc::clone(keys),
            Source::File(file) => file.keys(),
        };
        let unknown = Denied::Invalid("it names no key (`kid`) that this server knows");
        let key = keys.find(header.kid.as_deref()).ok_or(unknown)?;
        // The key's algorithm, never the token's choice: otherwise a public key could be used as a
        // secret.
        let mut validation = Validation::new(key.algorithm);
        // `exp` is checked where the claims are read, with more precise errors.
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

/// The error that the client gets; it contains no part of the token.
fn invalid(error: &Error) -> Denied {
    Denied::Invalid(match error.kind() {
        ErrorKind::InvalidSignature => "its signature is wrong",
        ErrorKind::InvalidAudience => "it is for another audience (`aud`)",
        ErrorKind::InvalidIssuer => "it is from another issuer (`iss`)",
        ErrorKind::InvalidAlgorithm => "its algorithm (`alg`) is not that of the key",
        ErrorKind::MissingRequiredClaim(_) => "it lacks `aud`, or an `iss` that this server needs",
        _ => "it cannot be read, or a claim has the wrong type",
    })
}
