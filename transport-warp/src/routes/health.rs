//! The routes that say whether the server is alive, and whether it is ready.

use std::time::Duration;

use order_host::Host;
use tokio::time::timeout;
use tracing::warn;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::{RouteSettings, answer};

/// How long storage may take to answer and still count as ready.
const LONGEST: Duration = Duration::from_secs(5);

/// Serves `/healthz` and `/readyz`.
///
/// * `/healthz`: 200 whenever the process answers at all.
/// * `/readyz`: 200 if orders can be stored; 503 if they cannot, or if the server is about
///   to stop.
pub fn health_routes(host: &Host, settings: &RouteSettings) -> BoxedFilter<(Response,)> {
    let healthz = warp::path!("healthz").and(warp::method()).map(|method: Method| {
        answer::to_method(&method).unwrap_or_else(|| answer::text(StatusCode::OK, "ok"))
    });
    let (host, stopping) = (host.clone(), settings.stopping.clone());
    let readyz = warp::path!("readyz").and(warp::method()).then(move |method: Method| {
        let (host, stopping) = (host.clone(), stopping.clone());
        async move {
            if let Some(response) = answer::to_method(&method) {
                return response;
            }
            if stopping.is_cancelled() {
                return answer::try_later("stopping");
            }
            match timeout(LONGEST, host.ready()).await {
                Ok(Ok(())) => answer::text(StatusCode::OK, "ready"),
                Ok(Err(error)) => {
                    warn!(%error, "not ready");
                    answer::try_later("orders cannot be stored now")
                }
                Err(_) => {
                    warn!("not ready: the storage does not answer");
                    answer::try_later("orders cannot be stored now")
                }
            }
        }
    });
    healthz.or(readyz).unify().boxed()
}
