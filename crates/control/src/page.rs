//! The page: the files of `ui/dist`, part of the program.

use axum::body::Body;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::refusal::Refusal;

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
struct Files;

/// Every address that is no other route: a file of the page, else the page itself, which finds its
/// way by the address.
pub(crate) async fn file(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") {
        return Refusal::not_found(format!("no such route: `/{path}`")).into_response();
    }
    if let Some(file) = Files::get(path) {
        return serve(path, file.data.into_owned());
    }
    // Names of policies and workloads, in addresses of the page, may have dots.
    let names_a_file = path.starts_with("assets/") || (path.contains('.') && !path.contains('/'));
    match Files::get("index.html") {
        Some(page) if !names_a_file => serve("index.html", page.data.into_owned()),
        Some(_) => Refusal::not_found(format!("no such file: `/{path}`")).into_response(),
        None => {
            let message = "the page is not part of this build, hint: run `./dev page` and build \
                           again; everything else is under /api/v1";
            Refusal::new(StatusCode::NOT_FOUND, "page_missing", message).into_response()
        }
    }
}

fn serve(path: &str, bytes: Vec<u8>) -> Response {
    // Files under `assets/` are named by their content and never change.
    let keep = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = [(header::CONTENT_TYPE, kind(path)), (header::CACHE_CONTROL, keep)];
    (headers, Body::from(bytes)).into_response()
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" | "webmanifest" => "application/json",
        "woff2" => "font/woff2",
        "png" => "image/png",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
