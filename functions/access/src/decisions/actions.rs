//! `POST /access/v1/search/action`: the actions that a subject may do in an organization.

use std::slice;

use serde::Serialize;
use shared::{
    domain::{Action, first_granting},
    http::{AnyObject, ApiError, App, Call, Json, log_organization},
    store::{AccessQuery, Error},
};

use super::{
    ACTIONS, DecisionCaller, organization,
    search::{Results, SearchPage},
    wire::{JsonFields, malformed},
};

/// A found action.
#[derive(Serialize)]
pub(super) struct ActionReference {
    name: &'static str,
}

pub(super) async fn search(
    call: Call,
    AnyObject(fields): AnyObject,
) -> Result<Json<Results<ActionReference>>, ApiError> {
    let fields = JsonFields::of(&fields);
    let subject = fields.required_entity("subject").map_err(malformed)?;
    let resource = fields.required_entity("resource").map_err(malformed)?;
    log_organization(organization(&resource));
    let page = SearchPage::new(ACTIONS, &fields, "action")?;
    let caller = DecisionCaller::of(&call);
    caller.may_ask_about(&subject)?;
    let actions = Action::all().filter(|action| action.level.is_some()).collect();
    let names = match caller.query(&subject, &resource, actions) {
        Some(query) => granted_actions(&call.app, query).await?,
        None => vec![],
    };
    Ok(page.slice(names.into_iter().map(|name| ActionReference { name }).collect()))
}

async fn granted_actions(app: &App, query: AccessQuery) -> Result<Vec<&'static str>, Error> {
    let memberships = app.store.memberships_on_paths(slice::from_ref(&query)).await?;
    let paths = memberships.into_iter().next().unwrap_or_default();
    let is_granted = |action: &&Action| first_granting(&paths, **action).is_some();
    Ok(query.actions.iter().filter(is_granted).map(|action| action.name).collect())
}
