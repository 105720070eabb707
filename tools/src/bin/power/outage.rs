//! An outage: for a while the disk fails every sync.

use std::fs;
use std::path::Path;

use order_host::Host;

use crate::Outcome;
use crate::phone::{Answer, Phone};

/// Orders before, during and after an outage. During it the guest is told that the order
/// was not stored, or may not be; afterwards everything works again.
///
/// # Errors
/// When an answer is not as expected.
pub(crate) async fn live_through(mut phone: Phone, host: &Host, fails: &Path) -> Outcome<()> {
    let connection = phone.connect();
    is(phone.join(&connection).await, "a join before", |answer| *answer == Answer::Shown)?;
    let message = phone.message();
    is(phone.say(&connection, &message).await, "an order before", |answer| *answer == Answer::Shown)?;

    fs::write(fails, "")?;
    let message = phone.message();
    is(
        phone.say(&connection, &message).await,
        "an order meanwhile",
        |answer| matches!(answer, Answer::Refused(code) if ["storage_unavailable", "storage_uncertain"].contains(&code.as_str())),
    )?;
    if host.ready().await.is_ok() {
        return Err("the host was ready though nothing could be stored".into());
    }

    fs::remove_file(fails)?;
    host.ready().await?;
    let connection = phone.connect();
    is(phone.join(&connection).await, "a join afterwards", |answer| *answer == Answer::Shown)?;
    // The refused order was not stored, and may be sent again.
    is(phone.say(&connection, &message).await, "an order afterwards", |answer| *answer == Answer::Shown)
}

fn is(answer: Option<Answer>, what: &str, right: impl Fn(&Answer) -> bool) -> Outcome<()> {
    match answer {
        Some(answer) if right(&answer) => Ok(()),
        other => Err(format!("{what} was answered by {other:?}").into()),
    }
}
