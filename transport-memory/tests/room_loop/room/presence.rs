//! Who is online. It is never stored, and never affects the bill.

use serde_json::json;

use crate::support::table::{
    add, facts, hears_nothing, join, kinds, only, restaurant, room, seated, state, told,
};

#[tokio::test(start_paused = true)]
async fn closing_one_of_two_tabs_tells_nobody_and_closing_the_last_tells_the_others() {
    let restaurant = restaurant();
    let [mut asha, first_tab, second_tab] = seated(&restaurant, ["asha", "ben", "ben"]).await;
    let before = facts(&restaurant).await;
    first_tab.disconnect();
    hears_nothing(&mut asha).await;
    second_tab.disconnect();
    let news = only(&mut asha).await;
    let value = news.json();
    assert_eq!(value["type"], "presence");
    assert_eq!((&value["participantId"], &value["participantName"]), (&json!("ben"), &json!("BEN")));
    assert_eq!(value["data"]["isOnline"], false);
    assert_eq!(state(&news)["participants"][1]["isOnline"], false);
    assert_eq!(facts(&restaurant).await, before);
}

#[tokio::test(start_paused = true)]
async fn the_second_tab_of_somebody_hears_everything_once() {
    let restaurant = restaurant();
    let [mut asha, mut first_tab] = seated(&restaurant, ["asha", "ben"]).await;
    let mut second_tab = restaurant.connect(&room());
    second_tab.join("ben", "BEN").await.unwrap();
    hears_nothing(&mut asha).await;
    hears_nothing(&mut first_tab).await;
    first_tab.send(add("dal", 120)).await.unwrap();
    for tab in [&mut first_tab, &mut second_tab] {
        assert_eq!(kinds(&tab.settle().await), ["item_added"]);
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_is_announced_as_present_and_not_as_joining() {
    let restaurant = restaurant();
    let [mut asha, ben] = seated(&restaurant, ["asha", "ben"]).await;
    asha.send(add("dal", 100)).await.unwrap();
    asha.recv_until("item_added").await.unwrap();
    let before = told(&asha);
    ben.disconnect();
    let gone = only(&mut asha).await;
    assert_eq!(state(&gone)["splits"], before["splits"], "a disconnect moves no money");
    assert_eq!(state(&gone)["seq"], before["seq"]);

    let mut ben = restaurant.connect(&room());
    ben.send(join("ben", &json!({}))).await.unwrap();
    assert_eq!(kinds(&ben.settle().await), ["sync", "participant_joined"]);
    let back = only(&mut asha).await;
    assert_eq!((back.kind(), &back.json()["data"]["isOnline"]), ("presence", &json!(true)));
    assert_eq!(told(&asha), before);
}

#[tokio::test(start_paused = true)]
async fn a_bystander_who_closes_is_nobodys_business() {
    let restaurant = restaurant();
    let [mut asha] = seated(&restaurant, ["asha"]).await;
    let mut bystander = restaurant.connect(&room());
    bystander.send("ping").await.unwrap();
    assert_eq!(bystander.recv().await.unwrap().text(), "pong");
    bystander.disconnect();
    hears_nothing(&mut asha).await;
}
