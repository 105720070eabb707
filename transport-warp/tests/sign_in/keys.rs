//! Keys in every form, and files that are refused.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use transport_warp::{AcceptSettings, KeysError, RouteSettings, SignIn};

use crate::issuer::{Issuer, claims, set};
use crate::server::{ROOM, Server};
use crate::table::SECRET;

#[tokio::test]
async fn keys_of_every_kind_prove_tokens_as_pem_as_secrets_and_in_a_set() {
    for issuer in [Issuer::of_secret(SECRET), Issuer::rsa(), Issuer::ec(), Issuer::ed()] {
        for file in [issuer.file.clone(), set(&[&issuer]).into_bytes(), [&issuer.file[..], b"\r\n"].concat()]
        {
            proves(SignIn::with_keys(&file).unwrap(), &issuer).await;
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let word = SECRET.replace(' ', "-");
    fs::write(&file, format!("{word}\n")).unwrap();
    proves(SignIn::with_secret_file(&file).unwrap(), &Issuer::of_secret(&word)).await;
    proves(SignIn::with_secret(SECRET.as_bytes()).unwrap(), &Issuer::of_secret(SECRET)).await;
}

#[tokio::test]
async fn keys_are_read_whatever_mark_of_their_encoding_stands_before_them() {
    for issuer in [Issuer::rsa(), Issuer::ec(), Issuer::ed(), Issuer::of_secret(SECRET)] {
        for text in [set(&[&issuer]), String::from_utf8(issuer.file.clone()).unwrap()] {
            let marked = format!("\u{FEFF}{text}\r\n");
            for file in [
                marked.clone().into_bytes(),
                format!(" \n\u{FEFF}\u{FEFF}\t{text}").into_bytes(),
                marked.encode_utf16().flat_map(u16::to_le_bytes).collect(),
                marked.encode_utf16().flat_map(u16::to_be_bytes).collect(),
                marked.chars().flat_map(|it| u32::from(it).to_le_bytes()).collect(),
                marked.chars().flat_map(|it| u32::from(it).to_be_bytes()).collect(),
            ] {
                proves(SignIn::with_keys(&file).unwrap(), &issuer).await;
            }
        }
    }
}

#[test]
fn what_is_neither_a_set_nor_pem_is_no_secret() {
    let page = "<!doctype html><html><title>502 Bad Gateway</title><h1>Bad Gateway</h1></html>";
    for file in [
        page.as_bytes(),
        format!("\u{FEFF}{page}").as_bytes(),
        SECRET.as_bytes(),
        SECRET.replace(' ', "-").as_bytes(),
        b"",
        b" \r\n ",
        "\u{FEFF}".as_bytes(),
        b"upstream connect error or disconnect/reset before headers. reset reason: connection failure",
        &[0; 64],
        &[0xFF; 64],
        b"\"a string of JSON which is long enough to be a secret\"",
        b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Ew0C2k3v5 somebody@somewhere",
    ] {
        let error = SignIn::with_keys(file).err().unwrap_or_else(|| panic!("accepted: {file:?}"));
        assert_eq!(error, KeysError::NotKeys, "{file:?}");
        assert!(error.to_string().contains("--auth-secret"), "{error}");
    }
}

#[test]
fn keys_that_are_none_or_weak_are_refused_with_what_would_be_right() {
    let rsa = Issuer::rsa().named("a");
    let public = String::from_utf8(rsa.file.clone()).unwrap();
    let certificate = "-----BEGIN CERTIFICATE-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END CERTIFICATE-----\n";
    let two = [rsa.file.clone(), Issuer::ed().file].concat();
    let set = |keys: Value| json!({ "keys": keys }).to_string();
    let oct = |secret: &str| json!({ "kty": "oct", "k": secret });
    let with = |jwk: Value, field: &str, value: &str| {
        let mut jwk = jwk;
        jwk[field] = json!(value);
        jwk
    };
    for (keys, expected) in [
        (certificate.to_owned(), "one public key"),
        (format!("  \n{certificate}"), "one public key"),
        ("-----BEGIN PUBLIC KEY-----\nxxxx\n-----END PUBLIC KEY-----".to_owned(), "one public key"),
        (String::from_utf8(two).unwrap(), "one public key"),
        (format!("{public}\nmore"), "one public key"),
        (format!("more\n{public}"), "one public key"),
        (public[..200].to_owned(), "one public key"),
        ("{}".to_owned(), "not a key set"),
        ("[]".to_owned(), "not a key set"),
        ("{\"keys\": 7}".to_owned(), "not a key set"),
        ("{\"keys\": [".to_owned(), "not a key set"),
        (rsa.jwk().to_string(), "not a key set"),
        (json!([rsa.jwk()]).to_string(), "not a key set"),
        (set(json!(["key"])), "not a key set"),
        (set(json!([])), "it has no key"),
        (set(json!([{ "k": "AQ" }])), "`kty`"),
        (set(json!([{ "kty": "oct" }])), "missing"),
        (set(json!([with(rsa.jwk(), "key_ops", "verify")])), "wrong type"),
        (set(json!([oct("c2hvcnQ")])), "at least 32 bytes"),
        (set(json!([oct("c2hvcnQ=")])), "base64url"),
        (set(json!([with(rsa.jwk(), "alg", "RS512")])), "it has no key"),
        (set(json!([with(rsa.jwk(), "alg", "HS256")])), "it has no key"),
        (set(json!([with(rsa.jwk(), "use", "enc")])), "it has no key"),
        (set(json!([with(rsa.jwk(), "n", "AQAB")])), "2048 bits"),
        (set(json!([with(Issuer::ec().jwk(), "crv", "P-384")])), "it has no key"),
        (set(json!([with(Issuer::ec().jwk(), "x", "AQAB")])), "32 bytes"),
        (set(json!([with(Issuer::ed().jwk(), "x", "AQAB")])), "32 bytes"),
        (set(json!([rsa.jwk(), Issuer::ed().jwk()])), "needs a `kid`"),
        (set(json!([rsa.jwk(), Issuer::ed().named("a").jwk()])), "same `kid`"),
    ] {
        let error = SignIn::with_keys(keys.as_bytes()).err().unwrap_or_else(|| panic!("accepted: {keys}"));
        assert!(error.to_string().contains(expected), "{keys}: {error}");
    }
    assert!(matches!(SignIn::with_key_file("/nowhere/at/all"), Err(KeysError::Unreadable(_))));
    for secret in ["", "short", &"x".repeat(31)] {
        assert_eq!(SignIn::with_secret(secret.as_bytes()).err(), Some(KeysError::ShortSecret));
    }
}

#[test]
fn a_private_key_is_refused_in_every_form() {
    let [rsa, ec, ed] = [Issuer::rsa(), Issuer::ec(), Issuer::ed()];
    let pems = [&rsa, &ec, &ed].map(|issuer| String::from_utf8(issuer.private.clone()).unwrap());
    let mut files: Vec<String> = pems.to_vec();
    for pem in &pems {
        files.push(format!("\u{FEFF}{pem}"));
        files.push(format!("{}{pem}", String::from_utf8(rsa.file.clone()).unwrap()));
        files.push(pem.replace("PRIVATE KEY", "PUBLIC KEY"));
        for kind in ["RSA PRIVATE", "EC PRIVATE", "ENCRYPTED PRIVATE", "OPENSSH PRIVATE"] {
            files.push(pem.replace("PRIVATE", kind));
        }
    }
    let private = |mut jwk: Value, member: &str| {
        jwk[member] = json!("c2VjcmV0");
        jwk
    };
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth"] {
        files.push(json!({ "keys": [private(rsa.jwk(), member)] }).to_string());
        let mut left_out = private(jwk_named(&rsa, "old"), member);
        left_out["alg"] = json!("RS512");
        files.push(json!({ "keys": [jwk_named(&ed, "ed"), left_out] }).to_string());
    }
    for left_out in [
        json!({ "kty": "EC", "crv": "P-384", "x": "AQ", "y": "AQ", "d": "AQ", "kid": "a" }),
        json!({ "kty": "OKP", "crv": "X25519", "x": "AQ", "d": "AQ", "kid": "a" }),
        json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AQ", "priv": "AQ", "kid": "a" }),
        json!({ "kty": "RSA", "use": "enc", "n": "AQ", "e": "AQAB", "oth": [{ "d": "AQ" }], "kid": "a" }),
    ] {
        files.push(json!({ "keys": [jwk_named(&ed, "ed"), left_out] }).to_string());
        files.push(left_out.to_string());
        files.push(json!([left_out]).to_string());
    }
    for file in &files {
        let error = SignIn::with_keys(file.as_bytes()).err().unwrap_or_else(|| panic!("accepted: {file}"));
        assert_eq!(error, KeysError::PrivateKey, "{file}");
    }
    // Some programs write every member that a key could have, with empty values.
    let mut empty = rsa.jwk();
    (empty["d"], empty["oth"]) = (Value::Null, json!([]));
    assert!(SignIn::with_keys(json!({ "keys": [empty] }).to_string().as_bytes()).is_ok());
}

#[test]
fn a_member_that_stands_twice_hides_nothing() {
    let jwk = Issuer::rsa().jwk().to_string();
    let doubled = |member: &str| format!("{{\"keys\":[{}]}}", jwk.replacen('{', member, 1));
    for file in [
        doubled(r#"{"d":"AQ","d":null,"#),
        doubled(r#"{"kty":"oct","#),
        doubled(r#"{"k\u0074y":"oct","#),
        format!("{{\"keys\":[],\"keys\":[{jwk}]}}"),
        format!("{{\"more\":{{\"a\":1,\"a\":2}},\"keys\":[{jwk}]}}"),
    ] {
        assert_eq!(SignIn::with_keys(file.as_bytes()).err(), Some(KeysError::Twice), "{file}");
    }
}

#[test]
fn a_public_key_is_no_secret_of_a_set() {
    for issuer in [Issuer::rsa(), Issuer::ec(), Issuer::ed()] {
        let pem = String::from_utf8(issuer.file.clone()).unwrap();
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(&body).unwrap();
        let jwk = issuer.jwk();
        for secret in
            [pem.as_bytes(), pem.trim().as_bytes(), body.as_bytes(), &der, jwk.to_string().as_bytes()]
        {
            let oct = json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode(secret) });
            let file = json!({ "keys": [oct] }).to_string();
            assert!(matches!(SignIn::with_keys(file.as_bytes()), Err(KeysError::BadKey(..))), "{file}");
            assert!(matches!(SignIn::with_secret(secret), Err(KeysError::NotASecret(_))), "{file}");
        }
        // A modulus alone looks like any secret, but not beside its key.
        let number = jwk["n"].as_str().or(jwk["x"].as_str()).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(number).unwrap();
        let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        for secret in [number.as_bytes(), &bytes, hex.as_bytes()] {
            let oct = json!({ "kty": "oct", "kid": "oct", "k": URL_SAFE_NO_PAD.encode(secret) });
            let file = json!({ "keys": [oct, jwk_named(&issuer, "public")] }).to_string();
            let error = SignIn::with_keys(file.as_bytes()).err().unwrap();
            assert!(error.to_string().contains("public key"), "{error}");
        }
    }
}

#[test]
fn keys_of_other_kinds_are_left_out_and_the_others_prove_tokens() {
    let mut encrypts = jwk_named(&Issuer::of_secret(SECRET), "encrypts");
    encrypts["key_ops"] = json!(["encrypt", "decrypt"]);
    let others = [
        json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AQ" }),
        json!({ "kty": "EC", "crv": "secp256k1", "x": "AQ", "y": "AQ", "kid": "a" }),
        json!({ "kty": "RSA", "alg": "RSA-OAEP", "use": "enc", "n": "AQ", "e": "AQAB", "kid": "b" }),
        json!({ "kty": "oct", "alg": "HS512", "k": "AQ", "kid": "c" }),
        encrypts,
    ];
    let file = json!({ "keys": others }).to_string();
    assert_eq!(SignIn::with_keys(file.as_bytes()).err(), Some(KeysError::NoKey));
    let keys = [&others[..], &[jwk_named(&Issuer::ed(), "ed")]].concat();
    let file = json!({ "keys": keys }).to_string();
    assert!(SignIn::with_keys(file.as_bytes()).is_ok());
}

#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(SignIn::with_key_file(folder.path()).err(), Some(KeysError::NotAFile));
    #[cfg(unix)]
    {
        let pipe = folder.path().join("pipe");
        make_pipe(&pipe);
        for path in [&pipe, Path::new("/dev/null"), Path::new("/dev/zero")] {
            assert_eq!(SignIn::with_key_file(path).err(), Some(KeysError::NotAFile), "{}", path.display());
            assert_eq!(SignIn::with_secret_file(path).err(), Some(KeysError::NotAFile), "{}", path.display());
        }
    }
    let large = folder.path().join("large");
    fs::write(&large, " ".repeat((1 << 20) + 1)).unwrap();
    assert_eq!(SignIn::with_key_file(&large).err(), Some(KeysError::TooLarge));
}

#[test]
fn nothing_shows_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let word = SECRET.replace(' ', "-");
    fs::write(&file, &word).unwrap();
    for sign_in in [SignIn::with_secret(word.as_bytes()), SignIn::with_secret_file(&file)] {
        let shown = format!("{:?}", sign_in.unwrap());
        assert!(!shown.contains(&word) && !shown.contains("97, 45, 115"), "{shown}");
    }
}

/// Asserts that the keys verify a token of this issuer.
async fn proves(sign_in: SignIn, issuer: &Issuer) {
    let routes = RouteSettings { sign_in: Some(Arc::new(sign_in)), ..RouteSettings::default() };
    let server = Server::with(routes, AcceptSettings::default()).await;
    let answer = server.get(&format!("{ROOM}?token={}", issuer.token(&claims("asha")))).await;
    assert_eq!(answer.json()["code"], "order_not_found", "{:?}", issuer.algorithm);
}

fn jwk_named(issuer: &Issuer, id: &str) -> Value {
    let mut jwk = issuer.jwk();
    jwk["kid"] = json!(id);
    jwk
}

#[cfg(unix)]
pub(crate) fn make_pipe(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}
