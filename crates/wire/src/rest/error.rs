//! Errors.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Every error of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiError {
    /// A stable word, e.g. `not_found`, `bad_filter`, `not_writable`, `stale`, `exists`.
    pub code: String,
    /// What went wrong and what to do, for the caller.
    pub message: String,
}
