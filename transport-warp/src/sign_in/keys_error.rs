//! The errors of keys.

use thiserror::Error;

/// The shortest shared secret: the length of the hash (RFC 7518, 3.2). A shorter one can be
/// guessed from a token.
pub(super) const MIN_SECRET_BYTES: usize = 32;

/// Why keys cannot be used. It names the key, but never shows its content.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// A folder, a pipe or a device: changes of it cannot be detected.
    #[error("it is not a regular file: copy its content into one")]
    NotAFile,
    /// Larger than any key set needs to be.
    #[error("it is larger than 1 MiB")]
    TooLarge,
    /// Neither JSON nor PEM. It is never taken for a secret: it may be a page that anyone can
    /// read.
    #[error(
        "it is neither a JSON Web Key Set nor a PEM public key; name a file with only a shared secret with \
         `--auth-secret` (`stonepot token`: `--secret`), or make a key set with `stonepot token --new-key FILE`"
    )]
    NotKeys,
    /// A JSON document that is not a key set (RFC 7517).
    #[error("it is JSON, but not a key set: `{{\"keys\": [...]}}`")]
    NotAKeySet,
    /// A JSON document with duplicate members, which is ambiguous.
    #[error("a member appears twice in one of its JSON objects: keep one of them")]
    Twice,
    /// It contains no key that can verify tokens.
    #[error("it has no key for HS256, RS256, ES256 or EdDSA")]
    NoKey,
    /// One of the keys is invalid.
    #[error("the key {} cannot be used: {}", .0.escape_debug(), .1)]
    BadKey(String, &'static str),
    /// PEM without a public key.
    #[error(
        "PEM must be one public key (RSA, P-256 or Ed25519): `PUBLIC KEY` or `RSA PUBLIC KEY`, and nothing else"
    )]
    NotAPublicKey,
    /// A private key, which belongs only to the signer.
    #[error("it has a private key; give the server only the public key, and keep the private one elsewhere")]
    PrivateKey,
    /// A shared secret short enough to be guessed.
    #[error(
        "a shared secret needs at least {MIN_SECRET_BYTES} bytes; `stonepot token --new-key FILE` makes one, for `--auth-keys`"
    )]
    ShortSecret,
    /// A value given as a shared secret that looks public.
    #[error(
        "{0}; the file of a shared secret must have one word of at least {MIN_SECRET_BYTES} visible ASCII characters, as \
         `openssl rand -base64 48` makes; give any other secret as an `oct` key of the set in `--auth-keys`"
    )]
    NotASecret(&'static str),
    /// A file of public keys changed into one with a shared secret.
    #[error(
        "it now has a shared secret, where there were only public keys; restart the server if that is intended"
    )]
    NewSecret,
}
