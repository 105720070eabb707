//! Forged and manipulated tokens.

use jsonwebtoken::Algorithm;
use serde_json::json;
use transport_warp::{MAX_TOKEN_BYTES, SignIn};

use crate::issuer::{Issuer, claims, claims_with, now, part};
use crate::server::{HANDSHAKE, ROOM};
use crate::table::{SECRET, Table, hides, is_refused};

#[tokio::test]
async fn without_a_token_nobody_is_let_in_or_shown_anything() {
    let mut table = Table::new().await;
    for (path, more) in [(ROOM, HANDSHAKE), (ROOM, ""), (&format!("{ROOM}?tokens=x&_pk=y"), HANDSHAKE)] {
        let answer = table.get(path, more).await;
        is_refused(path, &answer, 401, "token_missing");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"stonepot\""));
    }
    let head = table.server.ask(&crate::server::request("HEAD", ROOM, "")).await;
    assert_eq!(head.status, 401);
    table.nothing_happened("no token").await;
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let mut table = Table::new().await;
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let message = format!("{}.{}", part(&json!({"alg": alg, "typ": "JWT"})), part(&claims("asha")));
        table.turns_away(alg, &format!("{message}."), 401, "token_invalid").await;
        // With the signature of a valid token.
        let good = table.issuer.token(&claims("asha"));
        let signature = good.rsplit('.').next().unwrap();
        table.turns_away(alg, &format!("{message}.{signature}"), 401, "token_invalid").await;
    }
    let good = table.issuer.token(&claims("asha"));
    let unsigned = good.rsplit_once('.').unwrap().0;
    for token in [unsigned.to_owned(), format!("{unsigned}.")] {
        table.turns_away("the signature cut off", &token, 401, "token_invalid").await;
    }
}

#[tokio::test]
async fn a_public_key_is_never_taken_for_a_secret() {
    for issuer in [Issuer::rsa(), Issuer::ec(), Issuer::ed()] {
        let pem = String::from_utf8(issuer.file.clone()).unwrap();
        let jwk = issuer.jwk();
        let sign_in = SignIn::with_keys(&issuer.file).unwrap();
        let mut table = Table::with(issuer, sign_in, &claims("asha")).await;
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        for secret in [&pem, pem.trim(), &body, &jwk.to_string()] {
            let forged = Issuer::of_secret(secret).token(&claims("ben"));
            table.turns_away("HS256 with the public key", &forged, 401, "token_invalid").await;
        }
    }
    // Nor in a set that also has a secret under another id.
    let [rsa, secret] = [Issuer::rsa().named("rsa"), Issuer::of_secret(SECRET).named("secret")];
    let keys = json!({ "keys": [rsa.jwk(), secret.jwk()] }).to_string();
    let pem = String::from_utf8(rsa.file.clone()).unwrap();
    let mut table = Table::with(rsa, SignIn::with_keys(keys.as_bytes()).unwrap(), &claims("asha")).await;
    let forged = Issuer::of_secret(&pem).named("rsa").token(&claims("ben"));
    table.turns_away("HS256 with the RSA key of the set", &forged, 401, "token_invalid").await;
    let confused = Issuer::of_secret(SECRET).named("rsa").token(&claims("ben"));
    table.turns_away("the secret by the name of the RSA key", &confused, 401, "token_invalid").await;
    assert!(table.open(&claims("ben")).await.read_text_ping().await);
}

#[tokio::test]
async fn an_algorithm_that_is_not_the_keys_is_refused_even_of_its_kind() {
    let mut table = Table::new().await;
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let mut other = Issuer::of_secret(SECRET);
        other.algorithm = algorithm;
        table.turns_away("another hash", &other.token(&claims("ben")), 401, "token_invalid").await;
    }
    let rsa = Issuer::rsa();
    let sign_in = SignIn::with_keys(&rsa.file).unwrap();
    let mut table = Table::with(rsa, sign_in, &claims("asha")).await;
    for algorithm in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256] {
        table.issuer.algorithm = algorithm;
        let token = table.issuer.token(&claims("ben"));
        table.turns_away("another way to sign", &token, 401, "token_invalid").await;
    }
}

#[tokio::test]
async fn a_token_that_somebody_changed_is_refused() {
    let mut table = Table::new().await;
    let good = table.issuer.token(&claims("ben"));
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("{good}") };
    let flipped = |text: &str| {
        let (first, last) = text.split_at(text.len() / 2);
        let changed = if last.starts_with('A') { "B" } else { "A" };
        format!("{first}{changed}{}", &last[1..])
    };
    let other_payload = part(&claims("asha"));
    for token in [
        format!("{header}.{other_payload}.{signature}"),
        format!("{header}.{}.{signature}", flipped(payload)),
        format!("{header}.{payload}.{}", flipped(signature)),
        format!("{}.{payload}.{signature}", flipped(header)),
        format!("{}.{payload}.{signature}", part(&json!({"alg": "HS256"}))),
        format!("{good}.x"),
        format!("x.{good}"),
        format!("{header}.{signature}.{payload}"),
        "..".to_owned(),
        "x".to_owned(),
    ] {
        table.turns_away("tampered", &token, 401, "token_invalid").await;
    }
    let stranger = Issuer::of_secret("a secret which only a stranger knows and nobody else does");
    table.turns_away("another key", &stranger.token(&claims("ben")), 401, "token_invalid").await;
}

#[tokio::test]
async fn a_key_that_the_token_brings_along_counts_for_nothing() {
    let mut table = Table::new().await;
    let own = Issuer::of_secret("a secret which only a stranger knows and nobody else does");
    for more in [
        json!({ "jwk": own.jwk() }),
        json!({ "jku": "https://evil.example/keys.json" }),
        json!({ "x5u": "https://evil.example/cert.pem" }),
        json!({ "kid": "/dev/null" }),
        json!({ "kid": "../../etc/passwd" }),
    ] {
        let mut header = json!({ "alg": "HS256" });
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let token = own.token_with_header(&header, &claims("ben"));
        table.turns_away(&more.to_string(), &token, 401, "token_invalid").await;
    }
    // A header that a token marks as critical must be understood.
    let critical = json!({ "alg": "HS256", "crit": ["b64"], "b64": false });
    let token = table.issuer.token_with_header(&critical, &claims("ben"));
    table.turns_away("crit", &token, 401, "token_invalid").await;
}

#[tokio::test]
async fn a_key_must_be_named_when_there_are_several_and_by_its_own_name() {
    let [old, new] = [Issuer::of_secret(SECRET).named("old"), Issuer::ed().named("new")];
    let keys = json!({ "keys": [old.jwk(), new.jwk()] }).to_string();
    let sign_in = SignIn::with_keys(keys.as_bytes()).unwrap();
    let mut table = Table::with(old, sign_in, &claims("asha")).await;
    for (what, issuer) in [
        ("no name", Issuer::of_secret(SECRET)),
        ("an unknown name", Issuer::of_secret(SECRET).named("older")),
        ("the other's name", Issuer::of_secret(SECRET).named("new")),
    ] {
        table.turns_away(what, &issuer.token(&claims("ben")), 401, "token_invalid").await;
    }
    table.issuer = new;
    assert!(table.open(&claims("ben")).await.read_text_ping().await);
}

#[tokio::test]
async fn claims_that_are_wrong_or_missing_are_refused() {
    let issuer = Issuer::of_secret(SECRET);
    let sign_in = SignIn::with_keys(&issuer.file).unwrap().audience("mine").issuer("me");
    let right = json!({ "aud": "mine", "iss": "me" });
    let mut table = Table::with(issuer, sign_in, &claims_with("asha", &right)).await;
    let merged = |more: &serde_json::Value| {
        let mut all = right.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        claims_with("ben", &all)
    };
    for (more, code) in [
        (json!({ "aud": "stonepot" }), "token_invalid"),
        (json!({ "aud": ["theirs", "Mine"] }), "token_invalid"),
        (json!({ "aud": [] }), "token_invalid"),
        (json!({ "aud": 7 }), "token_invalid"),
        (json!({ "aud": null }), "token_invalid"),
        (json!({ "iss": "you" }), "token_invalid"),
        (json!({ "iss": null }), "token_invalid"),
        (json!({ "exp": null }), "token_invalid"),
        (json!({ "exp": "tomorrow" }), "token_invalid"),
        (json!({ "exp": -5 }), "token_invalid"),
        (json!({ "exp": 0 }), "token_expired"),
        (json!({ "exp": now() - 3600.0 }), "token_expired"),
        (json!({ "exp": now() - 1.0 }), "token_expired"),
        (json!({ "nbf": now() + 3600.0 }), "token_invalid"),
        (json!({ "nbf": "now" }), "token_invalid"),
        (json!({ "participant": null }), "token_invalid"),
        (json!({ "participant": "" }), "token_invalid"),
        (json!({ "participant": "a\u{0}b" }), "token_invalid"),
        (json!({ "participant": "x".repeat(129) }), "token_invalid"),
        (json!({ "participant": 7 }), "token_invalid"),
        (json!({ "name": "\u{200b}" }), "token_invalid"),
        (json!({ "name": "x".repeat(81) }), "token_invalid"),
        (json!({ "role": "admin" }), "token_invalid"),
        (json!({ "room": null }), "token_invalid"),
        (json!({ "room": null, "circle": "" }), "token_invalid"),
    ] {
        let token = table.issuer.token(&merged(&more));
        table.turns_away(&more.to_string(), &token, 401, code).await;
    }
    for more in [
        json!({}),
        json!({ "aud": ["theirs", "mine"] }),
        json!({ "nbf": now() - 10.0 }),
        json!({ "nbf": now() + 5.0 }),
        json!({ "participant": null, "sub": "ben" }),
        json!({ "sub": "somebody", "role": "owner", "email": "x" }),
    ] {
        assert!(table.open(&merged(&more)).await.read_text_ping().await, "{more}");
    }
}

#[tokio::test]
async fn a_claim_that_stands_twice_is_refused() {
    let mut table = Table::new().await;
    let doubled = claims("ben").to_string().replacen('{', r#"{"participant":"asha","#, 1);
    let raw: Box<serde_json::value::RawValue> = serde_json::from_str(&doubled).unwrap();
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    let token = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &raw, &key).unwrap();
    table.turns_away("participant twice", &token, 401, "token_invalid").await;
}

#[tokio::test]
async fn two_tokens_are_as_good_as_none() {
    let mut table = Table::new().await;
    let [ben, chitra] = ["ben", "chitra"].map(|who| table.issuer.token(&claims(who)));
    let address = format!("{ROOM}?token={ben}");
    let twice = format!("{ROOM}?token={ben}&token={ben}");
    for (path, more) in [
        (&*address, format!("Authorization: Bearer {chitra}\r\n")),
        (&address, format!("Authorization: Bearer {ben}\r\n")),
        (&address, format!("Sec-WebSocket-Protocol: stonepot.token.{chitra}\r\n")),
        (ROOM, format!("Authorization: Bearer {ben}\r\nAuthorization: Bearer {chitra}\r\n")),
        (ROOM, format!("Sec-WebSocket-Protocol: stonepot.token.{ben}, stonepot.token.{chitra}\r\n")),
        (&twice, String::new()),
    ] {
        for handshake in [HANDSHAKE, ""] {
            let answer = table.get(path, &format!("{handshake}{more}")).await;
            is_refused("two tokens", &answer, 400, "two_tokens");
            hides("two tokens", &answer, &ben);
            hides("two tokens", &answer, &chitra);
        }
    }
    table.nothing_happened("two tokens").await;
}

#[tokio::test]
async fn a_token_that_is_too_long_is_not_even_read() {
    let mut table = Table::new().await;
    let fitting = |bytes: usize| {
        let mut pad = 0;
        loop {
            let token = table.issuer.token(&claims_with("ben", &json!({ "pad": "x".repeat(pad) })));
            if token.len() >= bytes {
                return token;
            }
            pad += (bytes - token.len()).div_ceil(2).max(1);
        }
    };
    let [long, longest] = [fitting(MAX_TOKEN_BYTES + 1), fitting(12_000)];
    let largest = {
        let mut token = fitting(MAX_TOKEN_BYTES - 8);
        assert!(token.len() <= MAX_TOKEN_BYTES, "{}", token.len());
        token.shrink_to_fit();
        token
    };
    for token in [long, longest, "x".repeat(MAX_TOKEN_BYTES + 1)] {
        table.turns_away("too long", &token, 401, "token_invalid").await;
    }
    let answer = table.get(&format!("{ROOM}?token={largest}"), "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
}
