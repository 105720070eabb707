//! Which rooms a token opens.

use serde_json::{Value, json};
use transport_warp::SignIn;

use crate::issuer::{Issuer, claims, claims_with};
use crate::server::{HANDSHAKE, ROOM};
use crate::table::{SECRET, Table, is_refused, join, open};

#[tokio::test]
async fn a_token_for_one_room_opens_no_other() {
    let mut table = Table::new().await;
    for other in ["r2", "R1", "r", "r11", "*", "", "main/r1", "collaborative_order/r1/more", "/r1"] {
        let token = table.issuer.token(&claims_with("ben", &json!({ "room": other })));
        table.turns_away(other, &token, 403, "not_your_room").await;
    }
    let token = table.issuer.token(&claims("ben"));
    for path in ["/parties/main/r1", "/party/r1", "/parties/collaborative_order/r2"] {
        table.turns_away_from(path, path, &token, 403, "not_your_room").await;
    }
    for same in ["r1", "collaborative_order/r1", "collaborative-order/r1"] {
        assert!(table.open(&claims_with("ben", &json!({ "room": same }))).await.read_text_ping().await);
    }
    // However the path is written.
    let token = table.issuer.token(&claims_with("ben", &json!({ "room": "main/r1" })));
    for path in ["/parties/main/r1", "/party/r1", "/party/main/r1/more"] {
        assert!(open(&table.server, &format!("{path}?token={token}"), "").await.read_text_ping().await);
    }
}

#[tokio::test]
async fn who_is_not_of_the_orders_circle_is_turned_away() {
    let issuer = Issuer::of_secret(SECRET);
    let sign_in = SignIn::with_keys(&issuer.file).unwrap();
    let asha = claims_with("asha", &json!({ "circle": "c1", "tenant": "t1" }));
    let mut table = Table::with(issuer, sign_in, &asha).await;
    for wrong in [
        json!({ "room": null, "circle": "c2" }),
        json!({ "room": null, "tenant": "t2" }),
        json!({ "room": null, "circle": "c1", "tenant": "t2" }),
        json!({ "room": null, "circle": "c2", "tenant": "t1" }),
        json!({ "circle": "c2" }),
        json!({ "tenant": "t2" }),
        json!({ "room": "r2", "circle": "c1" }),
        json!({ "room": null, "circle": "C1" }),
    ] {
        let token = table.issuer.token(&claims_with("ben", &wrong));
        table.turns_away(&wrong.to_string(), &token, 403, "not_your_room").await;
    }
    for right in [
        json!({ "room": null, "circle": "c1" }),
        json!({ "room": null, "tenant": "t1" }),
        json!({ "room": null, "circle": "c1", "tenant": "t1" }),
        json!({ "circle": "c1" }),
        json!({}),
    ] {
        assert!(table.open(&claims_with("ben", &right)).await.read_text_ping().await, "{right}");
    }
}

#[tokio::test]
async fn a_circles_token_opens_new_orders_which_are_then_the_circles() {
    let table = Table::new().await;
    let of =
        |circle: &str| table.issuer.token(&claims_with("ben", &json!({ "room": null, "circle": circle })));
    let path = "/parties/main/fresh";
    let mut ben = open(&table.server, &format!("{path}?token={}", of("c1")), "").await;
    // The labels in the message are ignored.
    let mut message = join("ben");
    message["data"] = json!({ "circleId": "c2", "tenantId": "t2" });
    ben.say(&message).await;
    let state = ben.hear("sync").await["data"].clone();
    assert_eq!((&state["circleId"], &state["tenantId"]), (&json!("c1"), &json!("")));
    let status =
        async |circle: &str| table.get(&format!("{path}?token={}", of(circle)), HANDSHAKE).await.status;
    assert_eq!((status("c1").await, status("c2").await), (101, 403));
}

#[tokio::test]
async fn an_order_of_no_circle_is_open_to_those_alone_whom_a_token_names_its_room() {
    let mut table = Table::new().await;
    let token = table.issuer.token(&claims_with("ben", &json!({ "room": null, "circle": "c1" })));
    table.turns_away("a circle's token", &token, 403, "not_your_room").await;
    assert!(table.open(&claims_with("ben", &json!({ "circle": "c1" }))).await.read_text_ping().await);
}

#[tokio::test]
async fn a_token_for_one_room_sees_no_other_from_outside() {
    let table = Table::new().await;
    let asks = async |room: &str, path: &str| {
        let token = table.issuer.token(&claims_with("ben", &json!({ "room": room })));
        table.get(path, &format!("Authorization: Bearer {token}\r\n")).await
    };
    let own = asks("r1", ROOM).await;
    assert_eq!((own.status, &own.json()["sessionId"]), (200, &json!("r1")));
    assert_eq!(asks("r2", ROOM).await.json()["code"], "not_your_room");
    // The answer is the same for an existing room and a missing one.
    let [there, not_there] = [asks("r9", ROOM).await, asks("r9", "/parties/main/nothing").await];
    assert_eq!((there.status, &there.body), (not_there.status, &not_there.body));
    assert_eq!(asks("main/nothing", "/parties/main/nothing").await.json()["code"], "order_not_found");
}

#[tokio::test]
async fn a_back_end_looks_and_does_not_sit_down() {
    let mut table = Table::new().await;
    let token = table.issuer.token(&claims_with("asha", &json!({ "role": "backend", "participant": null })));
    let header = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(table.get(ROOM, &header).await.status, 200);
    let answer = table.get(ROOM, &format!("{HANDSHAKE}{header}")).await;
    is_refused("a back end", &answer, 403, "not_you");
    table.nothing_happened("a back end").await;
    let elsewhere = table.issuer.token(&claims_with("x", &json!({ "role": "backend", "room": "r2" })));
    table.turns_away("a back end of another room", &elsewhere, 403, "not_your_room").await;
}

#[tokio::test]
async fn a_history_is_read_by_those_on_the_order_and_by_the_back_end() {
    let table = Table::new().await;
    let asks = async |claims: &Value| {
        let token = table.issuer.token(claims);
        table.get(&format!("{ROOM}?history"), &format!("Authorization: Bearer {token}\r\n")).await
    };
    let backend = claims_with("x", &json!({ "role": "backend", "participant": null }));
    for claims in [claims("asha"), backend] {
        let page = asks(&claims).await;
        assert_eq!((page.status, &page.json()["entries"][0]["by"]), (200, &json!("asha")), "{claims}");
    }
    is_refused("who never joined", &asks(&claims("ben")).await, 403, "join_first");
    is_refused(
        "of another room",
        &asks(&claims_with("asha", &json!({ "room": "r2" }))).await,
        403,
        "not_your_room",
    );
}

#[tokio::test]
async fn what_needs_no_sign_in_still_needs_none() {
    let table = Table::new().await;
    for path in ["/", "/app.js", "/healthz", "/readyz"] {
        assert_eq!(table.get(path, "").await.status, 200, "{path}");
    }
    let preflight = table.server.ask(&crate::server::request("OPTIONS", ROOM, "")).await;
    assert_eq!(preflight.status, 204);
    assert!(preflight.header("access-control-allow-headers").unwrap().contains("Authorization"));
    assert_eq!(table.get("/parties/nope/r1", "").await.status, 404);
    let state: Value = table.look().await;
    assert_eq!(state["participantCount"], 1);
}

#[tokio::test]
async fn one_participant_does_not_take_all_the_places_of_an_order() {
    let table = Table::new().await;
    let mut sockets = Vec::new();
    for _ in 0..200 {
        sockets.push(table.open(&claims("ben")).await);
    }
    let token = table.issuer.token(&claims("ben"));
    let more = format!("{HANDSHAKE}Authorization: Bearer {token}\r\n");
    let refused = table.get(ROOM, &more).await;
    assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("too_many_connections")));
    assert!(table.open(&claims("chi")).await.read_text_ping().await, "others have their own");
}
