//! Errors of the API: a stable code, words for the caller, and a status.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use podwall_wire::rest::ApiError;

/// Why a request was not answered.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    body: ApiError,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Refusal {
        Refusal { status, body: ApiError { code: code.to_owned(), message: message.into() } }
    }

    /// Its stable code.
    #[cfg(test)]
    pub(crate) fn code(&self) -> &str {
        &self.body.code
    }

    /// The thing asked for does not exist.
    pub(crate) fn not_found(message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// The question cannot be understood.
    pub(crate) fn bad_filter(message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "bad_filter", message)
    }

    /// Our own trouble: the cause goes into the log.
    pub(crate) fn internal(cause: impl std::fmt::Debug) -> Refusal {
        tracing::error!(?cause, "a request was not answered");
        let message = "unable to answer, hint: the log of `podwall up` says why";
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}
