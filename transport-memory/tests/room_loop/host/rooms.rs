//! The public view of a room, and many rooms at once.

use order_host::RoomKey;
use serde_json::{Value, json};
use transport_memory::Client;

use crate::support::table::{add, hears_nothing, join, restaurant, room, told};

#[tokio::test(start_paused = true)]
async fn the_public_view_has_no_personal_data_and_loads_no_room() {
    let restaurant = restaurant();
    assert_eq!(restaurant.host().public_view(&room()).await.unwrap(), None);
    let mut asha = restaurant.connect(&room());
    asha.send(join("asha", &json!({ "phone": "9876543210" }))).await.unwrap();
    asha.send(add("dal", 120)).await.unwrap();
    asha.recv_until("item_added").await.unwrap();
    let loaded = restaurant.host().public_view(&room()).await.unwrap().unwrap();

    let unloaded_host = restaurant.restarted(2);
    let unloaded = unloaded_host.host().public_view(&room()).await.unwrap().unwrap();
    assert_eq!(unloaded_host.host().loaded_rooms(), 0);
    assert_eq!(loaded, unloaded);
    for personal in ["asha", "ASHA", "9876543210"] {
        assert!(!loaded.contains(personal), "{personal} in {loaded}");
    }
    let view: Value = serde_json::from_str(&loaded).unwrap();
    assert_eq!((&view["total"], &view["participantCount"]), (&json!(120), &json!(1)));
    assert_eq!(view["items"][0]["dishName"], "dal");
}

#[tokio::test(start_paused = true)]
async fn a_first_join_that_is_refused_makes_no_order() {
    let restaurant = restaurant();
    let mut nameless = restaurant.connect(&room());
    nameless.send(r#"{"type":"join","participantId":"asha","data":{}}"#).await.unwrap();
    nameless.recv_until("error").await.unwrap();
    assert_eq!(restaurant.host().public_view(&room()).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn many_rooms_at_once_stay_apart() {
    let restaurant = restaurant();
    let mut tables: Vec<(RoomKey, Client, Client)> = Vec::new();
    for number in 0..100 {
        let room = RoomKey::new("main", &format!("table-{number}")).unwrap();
        let (mut asha, mut ben) = (restaurant.connect(&room), restaurant.connect(&room));
        // The same ids everywhere: participants and items of different rooms are separate.
        asha.join("asha", "Asha").await.unwrap();
        ben.join("ben", "Ben").await.unwrap();
        tables.push((room, asha, ben));
    }
    for (number, (_, asha, _)) in (1_u32..).zip(&mut tables) {
        asha.send(add("dal", number)).await.unwrap();
    }
    assert_eq!(restaurant.host().loaded_rooms(), 100);
    for (number, (room, asha, ben)) in (1_u32..).zip(&mut tables) {
        ben.recv_until("item_added").await.unwrap();
        asha.recv_until("item_added").await.unwrap();
        assert_eq!(told(ben)["total"], number, "{room}");
        assert_eq!(told(ben)["sessionId"], room.room());
        assert_eq!(restaurant.stored_order(room).await.unwrap().seq(), 3);
    }
    for (_, asha, ben) in tables.iter_mut().take(3) {
        hears_nothing(asha).await;
        hears_nothing(ben).await;
    }
}

#[tokio::test(start_paused = true)]
async fn rooms_of_one_name_in_two_parties_are_two_rooms() {
    let restaurant = restaurant();
    let rooms = ["main", "collaborative_order"].map(|party| RoomKey::new(party, "table-7").unwrap());
    let mut clients = rooms.each_ref().map(|room| restaurant.connect(room));
    clients[0].join("asha", "Asha").await.unwrap();
    let joined = clients[1].join("ben", "Ben").await.unwrap();
    assert_eq!(joined.json()["data"]["role"], "owner");
    hears_nothing(&mut clients[0]).await;
}
