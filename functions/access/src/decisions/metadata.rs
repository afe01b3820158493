//! AuthZEN's metadata document (section 9): the URLs of the decision routes. It needs no token.

use serde::Serialize;
use shared::http::{Json, Problem, PublicUrl};

use super::{ACTIONS, EVALUATION, EVALUATIONS, RESOURCES, SUBJECTS};

#[derive(Serialize)]
pub(super) struct Metadata {
    policy_decision_point: String,
    access_evaluation_endpoint: String,
    access_evaluations_endpoint: String,
    search_subject_endpoint: String,
    search_resource_endpoint: String,
    search_action_endpoint: String,
}

/// Serves the metadata, or 404 if the URL of the API is unknown: a client must be able to compare
/// the URL in the document with the one it called.
pub(super) async fn metadata(PublicUrl(url): PublicUrl) -> Result<Json<Metadata>, Problem> {
    let endpoint = |path| format!("{url}{path}");
    Ok(Json(Metadata {
        access_evaluation_endpoint: endpoint(EVALUATION),
        access_evaluations_endpoint: endpoint(EVALUATIONS),
        search_subject_endpoint: endpoint(SUBJECTS),
        search_resource_endpoint: endpoint(RESOURCES),
        search_action_endpoint: endpoint(ACTIONS),
        policy_decision_point: url,
    }))
}
