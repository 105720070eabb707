//! Keys that change while the server runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use tempfile::TempDir;
use transport_warp::SignIn;

use crate::issuer::{Issuer, claims, set};
use crate::server::{HANDSHAKE, ROOM};
use crate::table::{SECRET, Table, open};

/// Longer than the interval between two checks of a key file.
const A_LOOK: Duration = Duration::from_millis(1100);

#[tokio::test]
async fn keys_change_without_a_restart_and_a_broken_file_changes_nothing() {
    let [old, new] = [Issuer::of_secret(SECRET).named("old"), Issuer::ed().named("new")];
    let mut bed = Bed::new(old).await;
    bed.table.turns_away("a key to come", &new.token(&claims("ben")), 401, "token_invalid").await;

    bed.write(set(&[&new, &bed.table.issuer]).as_bytes()).await;
    let ben = |issuer: &Issuer| issuer.token(&claims("ben"));
    for token in [ben(&new), ben(&bed.table.issuer)] {
        assert!(open(&bed.table.server, &at(&token), "").await.read_text_ping().await, "both for a while");
    }

    bed.write(&set(&[&new]).as_bytes()[..40]).await;
    for token in [ben(&new), ben(&bed.table.issuer)] {
        assert!(open(&bed.table.server, &at(&token), "").await.read_text_ping().await, "a broken file");
    }
    fs::remove_file(&bed.file).unwrap();
    tokio::time::sleep(A_LOOK).await;
    assert!(open(&bed.table.server, &at(&ben(&new)), "").await.read_text_ping().await, "no file");

    bed.write(set(&[&new]).as_bytes()).await;
    let answer = bed.table.get(&at(&ben(&bed.table.issuer)), "").await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (401, &json!("token_invalid")),
        "the old key is gone"
    );
    assert!(open(&bed.table.server, &at(&ben(&new)), "").await.read_text_ping().await);
}

#[tokio::test]
async fn whatever_is_written_over_public_keys_the_keys_from_before_stay() {
    let over = async |issuer: Issuer| {
        let page = "\n<html><h1>502 Bad Gateway</h1><p>the upstream of the keys is not there</html>\n";
        let text = "upstream connect error or disconnect/reset before headers";
        let word = SECRET.replace(' ', "-");
        let mut bed = Bed::new(issuer.named("key")).await;
        let marked = format!("\u{FEFF}{page}");
        let private = String::from_utf8(bed.table.issuer.private.clone()).unwrap();
        for written in [page, &marked, text, &word, "", "null", "{\"error\": \"not found\"}", "[]", &private]
        {
            bed.write(written.as_bytes()).await;
            bed.good_tokens_work(written).await;
            for secret in [written, written.trim(), written.trim_start_matches('\u{FEFF}')] {
                bed.turns_away_the_secret(secret.as_bytes()).await;
            }
        }
        let marked = format!("\u{FEFF}{}", set(&[&bed.table.issuer]));
        bed.write(marked.as_bytes()).await;
        bed.good_tokens_work("a byte order mark").await;
        bed.turns_away_the_secret(marked.as_bytes()).await;
    };
    tokio::join!(over(Issuer::rsa()), over(Issuer::ec()), over(Issuer::ed()));
}

#[tokio::test]
async fn a_change_never_turns_public_keys_into_a_secret() {
    let mut bed = Bed::new(Issuer::rsa().named("rsa")).await;
    let oct = Issuer::of_secret(SECRET).named("oct");
    let as_rsa = Issuer::of_secret(SECRET).named("rsa");
    let public = set(&[&bed.table.issuer]);
    let files =
        [set(&[&oct]), set(&[&as_rsa]), set(&[&bed.table.issuer, &oct]), set(&[&oct, &bed.table.issuer])];
    for file in &files {
        bed.write(file.as_bytes()).await;
        bed.good_tokens_work(file).await;
        for forged in [oct.token(&claims("ben")), as_rsa.token(&claims("ben"))] {
            bed.table.turns_away(file, &forged, 401, "token_invalid").await;
        }
        bed.write(public.as_bytes()).await;
        bed.good_tokens_work("back").await;
    }
    for file in &files {
        assert!(SignIn::with_keys(file.as_bytes()).is_ok(), "a restart takes it on purpose");
    }
}

#[tokio::test]
async fn where_there_is_a_secret_a_public_key_still_becomes_none() {
    let rsa = Issuer::rsa().named("rsa");
    let mut bed = Bed::with(Issuer::of_secret(SECRET).named("oct"), &[&rsa]).await;
    let another = Issuer::of_secret("another secret that nobody else could ever guess").named("new");
    bed.write(set(&[&bed.table.issuer, &another]).as_bytes()).await;
    assert!(bed.lets_in(&another).await, "a new secret beside one is no surprise");
    bed.write(set(&[&bed.table.issuer, &rsa]).as_bytes()).await;
    assert!(bed.lets_in(&rsa).await);

    let stolen_name = Issuer::of_secret("another secret that nobody else could ever guess").named("rsa");
    let modulus = URL_SAFE_NO_PAD.decode(rsa.jwk()["n"].as_str().unwrap()).unwrap();
    let of_modulus = json!({ "kty": "oct", "kid": "n", "k": URL_SAFE_NO_PAD.encode(&modulus) });
    let with_modulus = json!({ "keys": [bed.table.issuer.jwk(), of_modulus] }).to_string();
    for file in [set(&[&bed.table.issuer, &stolen_name]), with_modulus] {
        bed.write(file.as_bytes()).await;
        bed.good_tokens_work(&file).await;
        assert!(bed.lets_in(&rsa).await, "{file}");
        let forged = stolen_name.token(&claims("ben"));
        bed.table.turns_away(&file, &forged, 401, "token_invalid").await;
    }
}

#[tokio::test]
async fn a_change_is_told_from_content_and_not_from_size_and_time() {
    let mut bed = Bed::new(Issuer::ed().named("key")).await;
    let other = Issuer::ed().named("key");
    let modified = fs::metadata(&bed.file).unwrap().modified().unwrap();
    assert_eq!(set(&[&other]).len(), set(&[&bed.table.issuer]).len());

    fs::write(&bed.file, set(&[&other])).unwrap();
    set_time(&bed.file, modified);
    tokio::time::sleep(A_LOOK).await;

    assert!(bed.lets_in(&other).await);
    assert!(!bed.lets_in(&bed.table.issuer).await);
    bed.table.issuer = other;
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_in_the_place_of_the_keys_holds_nobody_up() {
    let bed = Bed::new(Issuer::ed().named("key")).await;
    let other = Issuer::ed().named("other");
    fs::remove_file(&bed.file).unwrap();
    crate::keys::make_pipe(&bed.file);
    tokio::time::sleep(A_LOOK).await;
    bed.good_tokens_work("a pipe").await;
    fs::remove_file(&bed.file).unwrap();
    fs::create_dir(&bed.file).unwrap();
    tokio::time::sleep(A_LOOK).await;
    bed.good_tokens_work("a folder").await;
    fs::remove_dir(&bed.file).unwrap();
    bed.write(set(&[&other, &bed.table.issuer]).as_bytes()).await;
    assert!(bed.lets_in(&other).await, "a good file is taken again");
}

#[tokio::test]
async fn a_secret_in_a_file_of_its_own_changes_without_a_restart_and_into_nothing_public() {
    let word = |name: &str| format!("{name}-is-a-word-which-nobody-could-guess");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, format!("{}\n", word("old"))).unwrap();
    let sign_in = SignIn::with_secret_file(&file).unwrap();
    let table = Table::with(Issuer::of_secret(&word("old")), sign_in, &claims("asha")).await;
    let mut bed = Bed { table, file, _folder: folder };
    let ed = Issuer::ed();
    for written in [
        &b"<html><h1>502 Bad Gateway</h1></html> and some more"[..],
        b"upstream connect error or disconnect/reset before headers",
        &ed.file,
        &ed.private,
        set(&[&ed]).as_bytes(),
        format!("\u{FEFF}{}", word("new")).as_bytes(),
        &[0; 64],
        b"",
    ] {
        bed.write(written).await;
        bed.good_tokens_work("a file that is no secret").await;
        for secret in [written, written.trim_ascii()] {
            bed.turns_away_the_secret(secret).await;
        }
    }
    let new = Issuer::of_secret(&word("new"));
    bed.write(word("new").as_bytes()).await;
    assert!(bed.lets_in(&new).await);
    assert!(!bed.lets_in(&bed.table.issuer).await);
}

/// A table whose keys are in a file.
struct Bed {
    table: Table,
    file: PathBuf,
    _folder: TempDir,
}

impl Bed {
    async fn new(issuer: Issuer) -> Self {
        Self::with(issuer, &[]).await
    }

    /// Makes one whose file also holds further keys.
    async fn with(issuer: Issuer, more: &[&Issuer]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.json");
        fs::write(&file, set(&[&[&issuer], more].concat())).unwrap();
        let sign_in = SignIn::with_key_file(&file).unwrap();
        let table = Table::with(issuer, sign_in, &claims("asha")).await;
        Self { table, file, _folder: folder }
    }

    async fn write(&self, bytes: &[u8]) {
        fs::write(&self.file, bytes).unwrap();
        tokio::time::sleep(A_LOOK).await;
    }

    async fn lets_in(&self, issuer: &Issuer) -> bool {
        self.table.get(&at(&issuer.token(&claims("ben"))), HANDSHAKE).await.status == 101
    }

    async fn good_tokens_work(&self, what: &str) {
        assert!(self.lets_in(&self.table.issuer).await, "{what}");
    }

    /// Asserts that tokens signed with these bytes are refused, whatever key they name.
    async fn turns_away_the_secret(&mut self, secret: &[u8]) {
        let key = jsonwebtoken::EncodingKey::from_secret(secret);
        let jwk = self.table.issuer.jwk();
        for id in [None, jwk["kid"].as_str()] {
            let header = jsonwebtoken::Header { kid: id.map(str::to_owned), ..Default::default() };
            let forged = jsonwebtoken::encode(&header, &claims("ben"), &key).unwrap();
            self.table.turns_away("a public text as a secret", &forged, 401, "token_invalid").await;
        }
    }
}

fn set_time(file: &Path, modified: SystemTime) {
    fs::File::options().write(true).open(file).unwrap().set_modified(modified).unwrap();
}

fn at(token: &str) -> String {
    format!("{ROOM}?token={token}")
}
