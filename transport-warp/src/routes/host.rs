//! Refuses requests by a name that the server does not answer to.

use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::{RouteSettings, answer};
use crate::reach::{Guard, Target};

/// Answers a request with 403 if [`RouteSettings::reach`] does not allow its `Host`,
/// whatever its path. Rejects every other request, so that `.or()` continues.
///
/// [`routes`](super::routes) begins with it, and [`room_routes`](super::room_routes)
/// includes its check. Put it before your own routes that should answer to the same names.
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
