//! Labels and times in tokens: they count exactly as written, or not at all.

use serde_json::{Value, json};

use crate::issuer::{Issuer, claims_with, now};
use crate::server::{HANDSHAKE, ROOM};
use crate::table::{SECRET, Table, open};
use transport_warp::SignIn;

/// Labels that cleaning would turn into `A`, or change.
const NEARLY_A: [&str; 12] = [
    "A\u{200b}",
    "\u{feff}A",
    " A",
    "A ",
    "A\t",
    "A\n",
    "A\u{0}",
    "A\u{a0}",
    "\u{202e}A",
    "A\u{2069}",
    "A\u{2060}",
    "A\u{fffe}",
];

#[tokio::test]
async fn a_label_that_cleaning_would_change_is_refused_and_is_not_another() {
    let issuer = Issuer::of_secret(SECRET);
    let sign_in = SignIn::with_keys(&issuer.file).unwrap();
    let asha = claims_with("asha", &json!({ "circle": "A", "tenant": "A" }));
    let mut table = Table::with(issuer, sign_in, &asha).await;
    for label in NEARLY_A {
        for claims in [
            json!({ "room": null, "circle": label }),
            json!({ "room": null, "tenant": label }),
            json!({ "circle": label }),
            json!({ "room": label.replace('A', "r1") }),
            json!({ "room": format!("collaborative_order/{}", label.replace('A', "r1")) }),
            json!({ "participant": label.replace('A', "asha") }),
            json!({ "participant": null, "sub": label.replace('A', "asha") }),
            json!({ "room": null, "circle": "A", "tenant": label }),
            json!({ "role": "backend", "circle": label }),
        ] {
            let token = table.issuer.token(&claims_with("ben", &claims));
            table.turns_away(&claims.to_string(), &token, 401, "token_invalid").await;
        }
    }
    for other in ["a", "A\u{200d}A", "Á", "A\u{301}"] {
        let token = table.issuer.token(&claims_with("ben", &json!({ "room": null, "circle": other })));
        table.turns_away(other, &token, 403, "not_your_room").await;
    }
    assert!(
        table.open(&claims_with("ben", &json!({ "room": null, "circle": "A" }))).await.read_text_ping().await
    );
}

#[tokio::test]
async fn a_time_that_cannot_be_meant_is_refused_with_what_is_wrong() {
    let mut table = Table::new().await;
    let why = async |table: &mut Table, claims: &Value| {
        let token = table.issuer.token(&claims_with("ben", claims));
        table.turns_away(&claims.to_string(), &token, 401, "token_invalid").await;
        let answer = table.get(&format!("{ROOM}?token={token}"), HANDSHAKE).await.json();
        answer["error"].as_str().unwrap().to_owned()
    };
    let millis = (now() * 1000.0).round();
    for claims in [
        json!({ "exp": millis + 3_600_000.0 }),
        json!({ "exp": 1_800_000_000_000_u64 }),
        json!({ "exp": 1_800_000_000_000_000_u64 }),
        json!({ "exp": now() + 11.0 * 366.0 * 86_400.0 }),
        json!({ "exp": 1e300 }),
        json!({ "exp": u64::MAX }),
        json!({ "exp": 1_800_000_000_000.5 }),
        json!({ "nbf": millis }),
    ] {
        let why = why(&mut table, &claims).await;
        assert!(why.contains("seconds") && why.contains("not in milliseconds"), "{claims}: {why}");
    }
    for claims in
        [json!({ "exp": -5 }), json!({ "exp": -1e300 }), json!({ "exp": "1800000000" }), json!({ "nbf": -1 })]
    {
        assert!(why(&mut table, &claims).await.contains("must be a number"), "{claims}");
    }
    assert!(why(&mut table, &json!({ "exp": null })).await.contains("lacks `exp`"));
    let nine_years = json!({ "exp": now() + 9.0 * 365.0 * 86_400.0 });
    assert!(table.open(&claims_with("ben", &nine_years)).await.read_text_ping().await);
}

#[tokio::test]
async fn a_room_is_named_by_what_it_is_called_however_clients_encode_it() {
    let mut table = Table::new().await;
    for (named, paths) in [
        ("café 7", &["collaborative_order/caf%C3%A9%207"][..]),
        ("main/my table", &["main/my%20table"]),
        ("50% off", &["collaborative_order/50%25%20off", "collaborative_order/50%%20off"]),
        ("a&b c", &["collaborative_order/a&b%20c", "collaborative_order/a%26b%20c"]),
        ("\"<>{}`?#", &["collaborative_order/%22%3C%3E%7B%7D%60%3F%23"]),
        ("🍛", &["collaborative_order/%F0%9F%8D%9B"]),
        ("caf%C3%A9", &["collaborative_order/caf%C3%A9"]),
    ] {
        let token = table.issuer.token(&claims_with("ben", &json!({ "room": named })));
        for path in paths {
            let path = format!("/parties/{path}?token={token}");
            assert!(open(&table.server, &path, "").await.read_text_ping().await, "{path}");
        }
        for other in [
            "collaborative_order/caf%c3%a9%207",
            "collaborative_order/my%20table",
            "main/%6Dy%20table",
            "main/my+table",
        ] {
            table.turns_away_from(&format!("/parties/{other}"), named, &token, 403, "not_your_room").await;
        }
    }
}
