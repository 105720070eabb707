//! Limits of one order, where the host allows less than the core.

use order_core::OrderBounds;
use order_host::Settings;
use serde_json::json;
use transport_memory::{Faults, Simulation};

use crate::support::table::{
    add, add_with_command, code, facts, hears_nothing, join, kinds, only, room, seated, told,
};

fn bounded(bounds: OrderBounds) -> Simulation {
    let mut settings = Settings::default();
    settings.bounds = bounds;
    Simulation::with_settings(1, Faults::default(), settings)
}

#[tokio::test(start_paused = true)]
async fn no_order_holds_more_than_its_host_allows_and_only_the_sender_is_told() {
    let restaurant = bounded(OrderBounds { items: 2, participants: 2, text_bytes: 20 });
    let [mut asha, mut ben] = seated(&restaurant, ["asha", "ben"]).await;
    let mut chen = restaurant.connect(&room());
    chen.send(join("chen", &json!({}))).await.unwrap();
    assert_eq!(code(&only(&mut chen).await), "too_many_participants");
    asha.send(add("a-dish-with-a-name", 1)).await.unwrap();
    assert_eq!(code(&only(&mut asha).await), "order_too_large");
    for dish in ["dal", "naan"] {
        asha.send(add(dish, 1)).await.unwrap();
        assert_eq!(kinds(&asha.settle().await), ["item_added"]);
    }
    ben.settle().await;
    let before = facts(&restaurant).await;

    // Several at once, one of them repeated under its id.
    asha.send(add("raita", 1)).await.unwrap();
    asha.send(add_with_command("lassi", 1, "c1")).await.unwrap();
    asha.send(add_with_command("lassi", 1, "c1")).await.unwrap();

    let refused = asha.settle().await;
    assert_eq!(refused.iter().map(code).collect::<Vec<_>>(), ["too_many_items"; 3]);
    assert_eq!(refused[0].json()["data"]["expected"], "at most 2 dishes");
    hears_nothing(&mut ben).await;
    assert_eq!(facts(&restaurant).await, before);

    // Freed space can be used again; a removed dish is restored only if there is space.
    ben.send(r#"{"type":"remove_item","data":{"itemId":"dal"}}"#).await.unwrap();
    ben.settle().await;
    asha.settle().await;
    asha.send(add("raita", 1)).await.unwrap();
    assert_eq!(kinds(&asha.settle().await), ["item_added"]);
    ben.settle().await;
    ben.send(r#"{"type":"undo"}"#).await.unwrap();
    assert_eq!(code(&only(&mut ben).await), "too_many_items");
}

#[tokio::test(start_paused = true)]
async fn what_an_order_holds_already_stays_when_a_host_allows_less() {
    let wide = bounded(OrderBounds::default());
    let [mut asha, mut ben] = seated(&wide, ["asha", "ben"]).await;
    for dish in ["dal", "naan", "raita"] {
        asha.send(add(dish, 1)).await.unwrap();
    }
    asha.settle().await;
    ben.settle().await;
    let mut settings = Settings::default();
    settings.bounds = OrderBounds { items: 1, participants: 1, text_bytes: 1 };
    let narrow = wide.restarted_with(2, settings);

    let [mut asha, mut ben] = seated(&narrow, ["asha", "ben"]).await;

    assert_eq!(told(&ben)["total"], 3);
    asha.send(add("lassi", 1)).await.unwrap();
    assert_eq!(code(&only(&mut asha).await), "too_many_items");
    ben.send(r#"{"type":"update_quantity","data":{"itemId":"dal","quantity":5}}"#).await.unwrap();
    assert_eq!(kinds(&ben.settle().await), ["quantity_updated"]);
    asha.settle().await;
    ben.send(r#"{"type":"finalize"}"#).await.unwrap();
    assert_eq!(kinds(&ben.settle().await), ["order_finalized"]);
}
