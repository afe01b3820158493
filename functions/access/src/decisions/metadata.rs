//! AuthZEN's metadata document (section 9): the URLs of the decision routes. It needs no token.

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

/// Serves the metadata, or 404 if the deployment has no public URL configured: a client must be able
/// to compare the URL in the document with the one it called.
pub(super) async fn metadata(State(app): State<App>) -> Result<Json<Metadata>, Problem> {
    let url = app.limits.public_url.ok_or_else(Problem::not_found)?;
    let url = url.trim_end_matches('/');
    let endpoint = |path| format!("{url}{path}");
    Ok(Json(Metadata {
        policy_decision_point: url,
        access_evaluation_endpoint: endpoint(EVALUATION),
        access_evaluations_endpoint: endpoint(EVALUATIONS),
        search_subject_endpoint: endpoint(SUBJECTS),
        search_resource_endpoint: endpoint(RESOURCES),
        search_action_endpoint: endpoint(ACTIONS),
    }))
}
