//! The web page, for people who have only a browser. It is part of the program.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::filters::path::Peek;
use warp::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH,
    X_FRAME_OPTIONS,
};
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use super::answer;

/// Scripts and files come only from this server; sockets may be opened to any.
const POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// A file of `web/`.
struct File {
    path: &'static str,
    content_type: &'static str,
    body: &'static [u8],
    etag: HeaderValue,
}

impl File {
    fn new(path: &'static str, content_type: &'static str, body: &'static [u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        // A quoted string of hexadecimal digits is always a valid header value.
        let etag = HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish()));
        Self { path, content_type, body, etag: etag.unwrap_or(HeaderValue::from_static("\"\"")) }
    }

    /// A module of the page's script.
    fn script(path: &'static str, body: &'static [u8]) -> Self {
        Self::new(path, "text/javascript; charset=utf-8", body)
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let known = headers.get(IF_NONE_MATCH).is_some_and(|tags| self.is_among(tags));
        let mut response = if known {
            let mut response = answer::answer(StatusCode::NOT_MODIFIED, self.content_type, "");
            response.headers_mut().remove(CONTENT_TYPE);
            response
        } else {
            answer::answer(StatusCode::OK, self.content_type, self.body)
        };
        response.headers_mut().insert(ETAG, self.etag.clone());
        // Cached, but revalidated each time: a new release must not run with an old script.
        let response = answer::with(response, CACHE_CONTROL, "no-cache");
        let response = answer::with(response, CONTENT_SECURITY_POLICY, POLICY);
        answer::with(response, X_FRAME_OPTIONS, "DENY")
    }

    fn is_among(&self, tags: &HeaderValue) -> bool {
        let Ok(tags) = tags.to_str() else { return false };
        tags.split(',')
            .map(|tag| tag.trim().trim_start_matches("W/"))
            .any(|tag| tag == "*" || self.etag == tag)
    }
}

/// Serves the page at `/`, and its files. Rejects every other path.
pub fn page_route() -> BoxedFilter<(Response,)> {
    let files: Arc<[File]> = Arc::new([
        File::new("", "text/html; charset=utf-8", include_bytes!("../../web/index.html")),
        File::new("style.css", "text/css; charset=utf-8", include_bytes!("../../web/style.css")),
        File::script("actions.js", include_bytes!("../../web/actions.js")),
        File::script("app.js", include_bytes!("../../web/app.js")),
        File::script("asking.js", include_bytes!("../../web/asking.js")),
        File::script("bill.js", include_bytes!("../../web/bill.js")),
        File::script("billing.js", include_bytes!("../../web/billing.js")),
        File::script("charges.js", include_bytes!("../../web/charges.js")),
        File::script("dom.js", include_bytes!("../../web/dom.js")),
        File::script("friends.js", include_bytes!("../../web/friends.js")),
        File::script("happened.js", include_bytes!("../../web/happened.js")),
        File::script("hosting.js", include_bytes!("../../web/hosting.js")),
        File::script("link.js", include_bytes!("../../web/link.js")),
        File::script("money.js", include_bytes!("../../web/money.js")),
        File::script("news.js", include_bytes!("../../web/news.js")),
        File::script("paying.js", include_bytes!("../../web/paying.js")),
        File::script("people.js", include_bytes!("../../web/people.js")),
        File::script("rules.js", include_bytes!("../../web/rules.js")),
        File::script("seat.js", include_bytes!("../../web/seat.js")),
        File::script("seating.js", include_bytes!("../../web/seating.js")),
        File::script("seats.js", include_bytes!("../../web/seats.js")),
        File::script("table.js", include_bytes!("../../web/table.js")),
        File::script("view.js", include_bytes!("../../web/view.js")),
        File::script("words.js", include_bytes!("../../web/words.js")),
    ]);
    warp::path::peek()
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .and_then(move |path: Peek, method: Method, headers: HeaderMap| {
            let file = files.iter().find(|file| file.path == path.as_str());
            let response =
                file.map(|file| answer::to_method(&method).unwrap_or_else(|| file.answer(&headers)));
            std::future::ready(response.ok_or_else(warp::reject::not_found))
        })
        .boxed()
}
