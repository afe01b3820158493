//! Where decisions are made: the specification's metadata, for anybody who asks.

use axum::extract::State;
use serde::Serialize;
use shared::http::{App, Json, Problem};

use super::{ACTIONS, EVALUATION, EVALUATIONS, RESOURCES, SUBJECTS};

#[derive(Serialize)]
pub(super) struct Metadata {
    policy_decision_point: &'static str,
    access_evaluation_endpoint: String,
    access_evaluations_endpoint: String,
    search_subject_endpoint: String,
    search_resource_endpoint: String,
    search_action_endpoint: String,
}

/// Tells the routes, where a deployment has been told its own address; otherwise there is nothing
/// that a client could compare with the address it asked at.
pub(super) async fn metadata(State(app): State<App>) -> Result<Json<Metadata>, Problem> {
    let url = app.limits.public_url.ok_or_else(Problem::not_found)?;
    let url = url.trim_end_matches('/');
    let at = |path| format!("{url}{path}");
    Ok(Json(Metadata {
        policy_decision_point: url,
        access_evaluation_endpoint: at(EVALUATION),
        access_evaluations_endpoint: at(EVALUATIONS),
        search_subject_endpoint: at(SUBJECTS),
        search_resource_endpoint: at(RESOURCES),
        search_action_endpoint: at(ACTIONS),
    }))
}
