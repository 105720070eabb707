//! Why keys cannot be used.

use thiserror::Error;

/// The shortest shared secret: as long as the hash, as RFC 7518 (3.2) has it. A shorter one can be guessed from a token.
pub(super) const MIN_SECRET_BYTES: usize = 32;

/// Why keys cannot be used. It says which, and never what is in them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// A folder, a pipe or a device, of which nobody can say whether it has changed.
    #[error("it is no regular file: write what it gives into one")]
    NotAFile,
    /// More than any set of keys needs.
    #[error("it is larger than a file of keys can be, which is 1 MiB")]
    TooLarge,
    /// Neither JSON nor PEM. It is never taken for a secret: it may be a page that anybody can read.
    #[error(
        "it is neither a JSON Web Key Set nor a public key as PEM; a file that holds only a shared secret is given with \
         `--auth-secret` (`stonepot token`: `--secret`), and `stonepot token --new-key FILE` makes a set"
    )]
    NotKeys,
    /// A JSON document that is no set of keys (RFC 7517).
    #[error("it is JSON, but no set of keys: `{{\"keys\": [...]}}`")]
    NotAKeySet,
    /// A JSON document that can be read in two ways.
    #[error("a member stands twice in one of its JSON objects: write each member once")]
    Twice,
    /// There is no key in it by which a token could be proved.
    #[error("there is no key in it for HS256, RS256, ES256 or EdDSA")]
    NoKey,
    /// Something is wrong with one of the keys.
    #[error("the key {} cannot be used: {}", .0.escape_debug(), .1)]
    BadKey(String, &'static str),
    /// PEM that holds no public key.
    #[error(
        "PEM must be one public key (RSA, P-256 or Ed25519): `PUBLIC KEY` or `RSA PUBLIC KEY`, with nothing around it"
    )]
    NotAPublicKey,
    /// A private key, which belongs with whoever signs.
    #[error(
        "it holds a private key; the server needs only the public half, so keep the private one elsewhere"
    )]
    PrivateKey,
    /// A shared secret that can be guessed.
    #[error(
        "a shared secret has at least {MIN_SECRET_BYTES} bytes; `stonepot token --new-key FILE` makes one, for `--auth-keys`"
    )]
    ShortSecret,
    /// What is given as a shared secret looks like something that others know.
    #[error(
        "{0}; a file with a shared secret holds one word of at least {MIN_SECRET_BYTES} visible ASCII characters, such as \
         `openssl rand -base64 48` makes, and any other secret can be an `oct` key of a set in `--auth-keys`"
    )]
    NotASecret(&'static str),
    /// A file of public keys that changed into one with a shared secret.
    #[error(
        "a shared secret stands in it where there were only public keys; restart the server to use it on purpose"
    )]
    NewSecret,
}
