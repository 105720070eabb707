//! Whether the server lives, and whether it can be sent to.

use std::time::Duration;

use order_host::Host;
use tokio::time::timeout;
use tracing::warn;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::{RouteSettings, answer};

/// Storage that takes longer than this to answer is not ready.
const LONGEST: Duration = Duration::from_secs(5);

/// `/healthz`: 200 as long as the process answers at all.
/// `/readyz`: 200 when orders can be stored; 503 when they cannot, or when the server is about to stop.
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
