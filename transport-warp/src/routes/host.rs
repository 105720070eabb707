//! Requests by a name to which the server does not answer.

use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::{RouteSettings, answer};
use crate::reach::{Guard, Target};

/// Answers a request with 403 whose `Host` is none of those of [`RouteSettings::reach`], whatever it asks for. Rejects every other
/// one, so that `.or()` goes on.
///
/// [`routes`](super::routes) begin with it, and [`room_routes`](super::room_routes) look themselves. Put it before routes of your
/// own that are to answer to the same names.
pub fn host_route(settings: &RouteSettings) -> BoxedFilter<(Response,)> {
    guarded(settings.guard())
}

pub(super) fn guarded(guard: Arc<Guard>) -> BoxedFilter<(Response,)> {
    warp::header::headers_cloned()
        .and(warp::ext::optional::<Target>())
        .and_then(move |headers, target: Option<Target>| {
            let judged = guard.answers(&headers, target.as_ref());
            std::future::ready(match judged {
                Ok(()) => Err(warp::reject::not_found()),
                Err(denied) => Ok(answer::denied(denied)),
            })
        })
        .boxed()
}
