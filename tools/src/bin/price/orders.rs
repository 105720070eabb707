//! Fills the measured orders over sockets, as guests do.

use std::io;
use std::net::SocketAddr;

use futures_util::future::try_join_all;

use crate::socket::Socket;

/// The charges of the largest order: the maximum.
pub(crate) const CHARGES: u32 = 32;

/// How many people share the work of filling an order, so that none exceeds the number of
/// remembered ids.
const CREW: u32 = 20;
/// How many commands of one socket may be unanswered. More would only wait in the server.
const UNANSWERED: u32 = 32;
/// The beginning of a dish's name, of a typical length.
const NAME: &str = "Chicken Biryani with everything on it";

/// Makes an order of few dishes that has had `changes` commands with an id.
///
/// # Errors
/// When the server refuses one of them.
pub(crate) async fn busy(addr: SocketAddr, room: &str, changes: u32) -> io::Result<()> {
    let mut crew = Vec::new();
    for person in 0..CREW {
        crew.push(Socket::sit(addr, room, person).await?);
    }
    let each = changes / CREW;
    try_join_all(crew.iter_mut().zip(0..).map(|(socket, person)| {
        carry_out(socket, each, move |nth| match nth {
            0 => add(&format!("dish-{person}"), nth, ""),
            _ => format!(
                r#"{{"type":"update_quantity","id":"more-{nth}","data":{{"itemId":"dish-{person}","quantity":{}}}}}"#,
                1 + nth % 2
            ),
        })
    }))
    .await?;
    Ok(())
}

/// Makes the largest permitted order: the most people, every dish shared by two, and all
/// charges.
///
/// # Errors
/// When the server refuses one of them.
pub(crate) async fn largest(addr: SocketAddr, room: &str, people: u32, dishes: u32) -> io::Result<()> {
    let mut owner = Socket::sit(addr, room, 0).await?;
    let charges: Vec<String> = (0..CHARGES).map(charge).collect();
    let charges =
        format!(r#"{{"type":"set_charges","id":"charges","data":{{"charges":[{}]}}}}"#, charges.join(","));
    carry_out(&mut owner, 1, |_| charges.clone()).await?;
    for person in 1..people {
        drop(Socket::sit(addr, room, person).await?);
    }
    carry_out(&mut owner, dishes, |nth| {
        let (one, another) = (nth % people, (nth + 1 + nth / people) % people);
        let another = if another == one { (one + 1) % people } else { another };
        add(&format!("dish-{nth}"), nth, &format!(r#","sharedBy":["guest-{one}","guest-{another}"]"#))
    })
    .await
}

/// Sends `count` commands, and waits until each is answered.
async fn carry_out(socket: &mut Socket, count: u32, command: impl Fn(u32) -> String) -> io::Result<()> {
    let mut answered = 0;
    for nth in 0..count {
        socket.send(&command(nth)).await?;
        if nth >= UNANSWERED {
            socket.until(&["ack"], 0).await?;
            answered += 1;
        }
    }
    for _ in answered..count {
        socket.until(&["ack"], 0).await?;
    }
    Ok(())
}

fn add(dish: &str, nth: u32, shared_by: &str) -> String {
    format!(
        r#"{{"type":"add_item","id":"add-{dish}","data":{{"id":"{dish}","dishName":"{NAME} {nth}","dishType":"non-veg","quantity":{},"price":{}.{:02},"customization":"Extra spicy, with the sauce in a bowl of its own"{shared_by}}}}}"#,
        1 + nth % 3,
        100 + nth % 400,
        nth % 100
    )
}

fn charge(nth: u32) -> String {
    let kind = ["tax", "service", "fee", "tip"].into_iter().cycle().nth(nth as usize).unwrap_or("fee");
    format!(
        r#"{{"name":"A charge that says what it is for, number {nth}","kind":"{kind}","percent":0.{}}}"#,
        1 + nth % 9
    )
}
