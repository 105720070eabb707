//! The keys: in every form, and changed while the server runs.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use transport_warp::{AcceptSettings, KeysError, RouteSettings, SignIn};

use crate::issuer::{Issuer, claims};
use crate::server::{ROOM, Server};
use crate::table::{SECRET, Table, open};

#[tokio::test]
async fn keys_of_every_kind_prove_tokens_as_pem_as_secrets_and_in_a_set() {
    for issuer in [Issuer::of_secret(SECRET), Issuer::rsa(), Issuer::ec(), Issuer::ed()] {
        let set = json!({ "keys": [issuer.jwk()] }).to_string();
        for file in [issuer.file.clone(), set.into_bytes(), [&issuer.file[..], b"\r\n"].concat()] {
            let sign_in = Some(Arc::new(SignIn::with_keys(&file).unwrap()));
            let routes = RouteSettings { sign_in, ..RouteSettings::default() };
            let server = Server::with(routes, AcceptSettings::default()).await;
            let answer = server.get(&at(&issuer.token(&claims("asha")))).await;
            assert_eq!(answer.json()["code"], "order_not_found", "{:?}", issuer.algorithm);
        }
    }
}

#[test]
fn keys_that_are_none_or_weak_are_refused_with_what_would_be_right() {
    let rsa = Issuer::rsa().named("a");
    let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----\n";
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
        (String::new(), "at least 32 bytes"),
        ("short".to_owned(), "at least 32 bytes"),
        (format!("{}\n\n", "x".repeat(31)), "at least 32 bytes"),
        (private.to_owned(), "private key"),
        (private.replace("PRIVATE", "RSA PRIVATE"), "private key"),
        (certificate.to_owned(), "one public key"),
        (format!("  \n{certificate}"), "one public key"),
        ("-----BEGIN PUBLIC KEY-----\nxxxx\n-----END PUBLIC KEY-----".to_owned(), "one public key"),
        (String::from_utf8(two).unwrap(), "one public key"),
        ("{}".to_owned(), "no set of keys"),
        ("{\"keys\": 7}".to_owned(), "no set of keys"),
        ("{\"keys\": [".to_owned(), "no set of keys"),
        (set(json!([])), "no key in it"),
        (set(json!([oct("c2hvcnQ")])), "at least 32 bytes"),
        (set(json!([with(rsa.jwk(), "alg", "RS512")])), "no key in it"),
        (set(json!([with(rsa.jwk(), "alg", "HS256")])), "no key in it"),
        (set(json!([with(rsa.jwk(), "use", "enc")])), "no key in it"),
        (set(json!([with(rsa.jwk(), "n", "AQAB")])), "2048 bits"),
        (set(json!([with(Issuer::ec().jwk(), "crv", "P-384")])), "no key in it"),
        (set(json!([with(Issuer::ec().jwk(), "x", "AQAB")])), "32 bytes"),
        (set(json!([with(Issuer::ed().jwk(), "x", "AQAB")])), "32 bytes"),
        (set(json!([rsa.jwk(), Issuer::ed().jwk()])), "each needs a `kid`"),
        (set(json!([rsa.jwk(), Issuer::ed().named("a").jwk()])), "same `kid`"),
    ] {
        let error = SignIn::with_keys(keys.as_bytes()).err().unwrap_or_else(|| panic!("accepted: {keys}"));
        assert!(error.to_string().contains(expected), "{keys}: {error}");
    }
    assert!(matches!(SignIn::with_key_file("/nowhere/at/all"), Err(KeysError::Unreadable(_))));
}

#[test]
fn nothing_shows_a_key() {
    let shown = format!("{:?}", SignIn::with_keys(SECRET.as_bytes()).unwrap());
    assert!(!shown.contains(SECRET) && !shown.contains("97, 32, 115"), "{shown}");
}

#[tokio::test]
async fn keys_change_without_a_restart_and_a_broken_file_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let [old, new] = [Issuer::of_secret(SECRET).named("old"), Issuer::ed().named("new")];
    let keys = |issuers: &[&Issuer]| {
        json!({ "keys": issuers.iter().map(|issuer| issuer.jwk()).collect::<Vec<_>>() }).to_string()
    };
    fs::write(&file, keys(&[&old])).unwrap();
    let mut table = Table::with(old, SignIn::with_key_file(&file).unwrap(), &claims("asha")).await;
    table.turns_away("a key to come", &new.token(&claims("ben")), 401, "token_invalid").await;

    changes(&file, &keys(&[&new, &table.issuer])).await;
    let ben = |issuer: &Issuer| issuer.token(&claims("ben"));
    for token in [ben(&new), ben(&table.issuer)] {
        assert!(open(&table.server, &at(&token), "").await.read_text_ping().await, "both for a while");
    }

    changes(&file, &keys(&[&new])[..40]).await;
    for token in [ben(&new), ben(&table.issuer)] {
        assert!(open(&table.server, &at(&token), "").await.read_text_ping().await, "a broken file");
    }
    fs::remove_file(&file).unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(open(&table.server, &at(&ben(&new)), "").await.read_text_ping().await, "no file");

    changes(&file, &keys(&[&new])).await;
    let answer = table.get(&at(&ben(&table.issuer)), "").await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (401, &json!("token_invalid")),
        "the old key is gone"
    );
    assert!(open(&table.server, &at(&ben(&new)), "").await.read_text_ping().await);
}

async fn changes(file: &Path, keys: &str) {
    fs::write(file, keys).unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
}

fn at(token: &str) -> String {
    format!("{ROOM}?token={token}")
}
