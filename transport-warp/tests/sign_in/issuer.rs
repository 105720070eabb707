//! Issuers of tokens, honest or not, with keys made for the tests.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

/// An issuer with a key that signs anything.
pub(crate) struct Issuer {
    pub(crate) algorithm: Algorithm,
    signs: EncodingKey,
    id: Option<&'static str>,
    /// The public key, or the secret, as a JSON Web Key.
    jwk: Value,
    /// The content of the server's key file: a set with the secret, or the public key as PEM.
    pub(crate) file: Vec<u8>,
    /// The private key as PEM; empty for a secret.
    pub(crate) private: Vec<u8>,
}

impl Issuer {
    pub(crate) fn of_secret(secret: &str) -> Self {
        let signs = EncodingKey::from_secret(secret.as_bytes());
        let jwk = json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode(secret) });
        let file = json!({ "keys": [jwk] }).to_string().into();
        Self { algorithm: Algorithm::HS256, signs, id: None, jwk, file, private: Vec::new() }
    }

    pub(crate) fn rsa() -> Self {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let private: Pkcs8V1Der<'_> = key.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
        let private = pem("PRIVATE KEY", private.as_ref());
        let signs = EncodingKey::from_rsa_pem(&private).unwrap();
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let parts = key.public_key();
        let [n, e] =
            [parts.modulus(), parts.exponent()].map(|number| part(number.big_endian_without_leading_zero()));
        let jwk = json!({ "kty": "RSA", "n": n, "e": e, "use": "sig", "alg": "RS256" });
        let file = pem("PUBLIC KEY", public.as_ref());
        Self { algorithm: Algorithm::RS256, signs, id: None, jwk, file, private }
    }

    pub(crate) fn ec() -> Self {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let private = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, private.as_ref()).unwrap();
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
        let private = pem("PRIVATE KEY", private.as_ref());
        let signs = EncodingKey::from_ec_pem(&private).unwrap();
        let [x, y] = [1..33, 33..65].map(|part| URL_SAFE_NO_PAD.encode(&key.public_key().as_ref()[part]));
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y });
        let file = pem("PUBLIC KEY", public.as_ref());
        Self { algorithm: Algorithm::ES256, signs, id: None, jwk, file, private }
    }

    pub(crate) fn ed() -> Self {
        let private = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = Ed25519KeyPair::from_pkcs8(private.as_ref()).unwrap();
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
        let private = pem("PRIVATE KEY", private.as_ref());
        let signs = EncodingKey::from_ed_pem(&private).unwrap();
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(key.public_key()) });
        let file = pem("PUBLIC KEY", public.as_ref());
        Self { algorithm: Algorithm::EdDSA, signs, id: None, jwk, file, private }
    }

    /// The same issuer, whose tokens name the key by an id.
    pub(crate) fn named(self, id: &'static str) -> Self {
        Self { id: Some(id), ..self }
    }

    /// Its key as the server needs it in a key set.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = self.jwk.clone();
        if let Some(id) = self.id {
            jwk["kid"] = json!(id);
        }
        jwk
    }

    pub(crate) fn token(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = self.id.map(str::to_owned);
        encode(&header, claims, &self.signs).unwrap()
    }

    /// A token with these header fields, valid or not, signed as they say with this issuer's
    /// key.
    pub(crate) fn token_with_header(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", part(header), part(claims));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.signs, self.algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

/// A key set with these issuers' keys, as the server needs them.
pub(crate) fn set(issuers: &[&Issuer]) -> String {
    json!({ "keys": issuers.iter().map(|issuer| issuer.jwk()).collect::<Vec<_>>() }).to_string()
}

/// An encoded part of a token.
pub(crate) fn part(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// The claims of a token for `who` in the tests' room.
pub(crate) fn claims(who: &str) -> Value {
    json!({ "aud": "stonepot", "exp": now() + 3600.0, "room": "r1", "participant": who })
}

/// The same with some claims changed; `null` removes one.
pub(crate) fn claims_with(who: &str, others: &Value) -> Value {
    let mut claims = claims(who);
    for (claim, value) in others.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(claim)),
            value => claims[claim] = value.clone(),
        }
    }
    claims
}

/// Seconds since 1970.
pub(crate) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

fn pem(kind: &str, der: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n")).into()
}
