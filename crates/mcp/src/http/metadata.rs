//! Where clients get tokens (RFC 9728).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::ENDPOINT;
use super::gate::{Gate, called};

/// The resource's metadata, if there is an authorization server to name.
pub(super) async fn metadata(
    State(gate): State<Arc<Gate>>,
    headers: HeaderMap,
) -> Result<Json<Value>, StatusCode> {
    let servers = gate.authorization_servers();
    if servers.is_empty() {
        return Err(StatusCode::NOT_FOUND);
    }
    let host = called(&headers).ok_or(StatusCode::BAD_REQUEST)?;
    Ok(Json(json!({
        "resource": format!("{}{ENDPOINT}", gate.address(host)),
        "authorization_servers": servers,
        "bearer_methods_supported": ["header"],
        "resource_name": "Belljar",
    })))
}
