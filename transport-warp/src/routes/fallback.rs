//! The last route: answers what no other route serves.

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::answer;

/// Answers every request: preflights as everywhere, anything else with 404. For the end of
/// a chain of routes.
pub fn fallback_route() -> BoxedFilter<(Response,)> {
    warp::method()
        .map(|method: Method| {
            let nothing = || answer::text(StatusCode::NOT_FOUND, "There is nothing at this address");
            if method == Method::OPTIONS {
                answer::to_method(&method).unwrap_or_else(nothing)
            } else {
                nothing()
            }
        })
        .boxed()
}
