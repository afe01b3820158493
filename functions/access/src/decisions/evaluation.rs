//! `POST /access/v1/evaluation` and `/access/v1/evaluations`: one decision, or up to 100.

use serde::Serialize;
use serde_json::Value;
use shared::{
    domain::{Action, OrgId, PathMembership, Refusal, first_granting},
    http::{AnyObject, ApiError, App, Call, FieldError, Json, log_organization},
    store::{AccessQuery, Error, FetchedItems, Key},
};

use super::{
    DecisionCaller,
    explanation::Explanation,
    grantable, organization,
    wire::{Evaluation, EvaluationDraft, JsonFields, malformed},
};

/// The most evaluations in one request.
pub const MAX_EVALUATIONS: usize = 100;

/// A decision, with its reason if the request asks for one.
#[derive(Serialize)]
pub(super) struct Decision {
    decision: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Explanation>,
}

/// The response of `/access/v1/evaluations`: the decisions in the order of the request, or a single
/// one if the request has no `evaluations`.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Decisions {
    One(Box<Decision>),
    Many { evaluations: Vec<Decision> },
}

/// An item of `evaluations`. A malformed item is denied; the others are still decided.
struct BatchItem {
    evaluation: Result<Evaluation, FieldError>,
    explain: bool,
}

pub(super) async fn one(
    call: Call,
    AnyObject(fields): AnyObject,
) -> Result<Json<Decision>, ApiError> {
    let evaluation =
        JsonFields::of(&fields).evaluation(&EvaluationDraft::default()).map_err(malformed)?;
    Ok(Json(decide(&call.app, &DecisionCaller::of(&call), evaluation).await?))
}

pub(super) async fn many(
    call: Call,
    AnyObject(fields): AnyObject,
) -> Result<Json<Decisions>, ApiError> {
    let fields = JsonFields::of(&fields);
    let caller = DecisionCaller::of(&call);
    let semantic = fields.semantic().map_err(malformed)?;
    let defaults = fields.draft().map_err(malformed)?;
    let evaluations = fields.evaluations().map_err(malformed)?;
    if evaluations.is_empty() {
        let evaluation = fields.evaluation(&EvaluationDraft::default()).map_err(malformed)?;
        let decision = decide(&call.app, &caller, evaluation).await?;
        return Ok(Json(Decisions::One(Box::new(decision))));
    }
    let items = items(evaluations, &defaults).map_err(malformed)?;
    let mut evaluations = decide_all(&call.app, &caller, &items).await?;
    if let Some(end) = evaluations.iter().position(|it| semantic.ends_with(it.decision)) {
        evaluations.truncate(end + 1);
    }
    Ok(Json(Decisions::Many { evaluations }))
}

fn items(evaluations: &[Value], defaults: &EvaluationDraft) -> Result<Vec<BatchItem>, FieldError> {
    if evaluations.len() > MAX_EVALUATIONS {
        let pointer = "/evaluations".to_owned();
        let detail =
            format!("must have at most {MAX_EVALUATIONS} items: send the rest in another request");
        return Err(FieldError { pointer, detail });
    }
    let item = |(index, value)| {
        let fields = JsonFields::from_object(value, format!("/evaluations/{index}"));
        let explain = fields.as_ref().ok().and_then(|item| item.explain().ok().flatten());
        BatchItem {
            explain: explain.unwrap_or(defaults.explains()),
            evaluation: fields.and_then(|item| item.evaluation(defaults)),
        }
    };
    Ok(evaluations.iter().enumerate().map(item).collect())
}

async fn decide(
    app: &App,
    caller: &DecisionCaller,
    evaluation: Evaluation,
) -> Result<Decision, ApiError> {
    let item = BatchItem { explain: evaluation.explain, evaluation: Ok(evaluation) };
    let decision = decide_all(app, caller, &[item]).await?.pop();
    Ok(decision.unwrap_or(Decision { decision: false, context: None }))
}

/// Decides all items on one set of reads.
async fn decide_all(
    app: &App,
    caller: &DecisionCaller,
    items: &[BatchItem],
) -> Result<Vec<Decision>, ApiError> {
    log_organization(common_organization(items));
    check_subjects(caller, items)?;
    let queries: Vec<_> = items.iter().map(|item| item.query(caller)).collect();
    let known: Vec<_> = queries.iter().flatten().cloned().collect();
    let mut memberships = app.store.memberships_on_paths(&known).await?.into_iter();
    let paths = queries.into_iter().map(|query| query.and_then(|_| memberships.next()));
    let items: Vec<_> = items.iter().zip(paths.map(Option::unwrap_or_default)).collect();
    let explained = items.iter().filter(|(item, _)| item.explain);
    let keys = explained.flat_map(|(item, paths)| item.name_keys(caller, paths));
    let names = app.store.get_for_display(keys).await?;
    let decisions = items.iter().map(|(item, paths)| item.decide(caller, paths, &names));
    Ok(decisions.collect::<Result<_, _>>()?)
}

/// The organization of all items, if it is one.
fn common_organization(items: &[BatchItem]) -> Option<OrgId> {
    let evaluations = items.iter().filter_map(|item| item.evaluation.as_ref().ok());
    let mut organizations = evaluations.map(|evaluation| organization(&evaluation.resource));
    let first = organizations.next()??;
    organizations.all(|other| other == Some(first)).then_some(first)
}

fn check_subjects(caller: &DecisionCaller, items: &[BatchItem]) -> Result<(), Refusal> {
    let mut evaluations = items.iter().filter_map(|item| item.evaluation.as_ref().ok());
    evaluations.try_for_each(|evaluation| caller.may_ask_about(&evaluation.subject))
}

impl BatchItem {
    /// The query for the store; none if the item is denied without a read.
    fn query(&self, caller: &DecisionCaller) -> Option<AccessQuery> {
        let evaluation = self.evaluation.as_ref().ok()?;
        let action = grantable(&evaluation.action)?;
        caller.query(&evaluation.subject, &evaluation.resource, vec![action])
    }

    /// The keys of what the explanation names: the roles on the paths, and the organization where
    /// none leads. Only a caller that may ask about every person learns the name of an organization
    /// in which the subject has no membership (U5).
    fn name_keys(
        &self,
        caller: &DecisionCaller,
        paths: &[PathMembership],
    ) -> impl Iterator<Item = Key> {
        let evaluation = self.evaluation.as_ref().ok().filter(|_| caller.service);
        let org = evaluation.and_then(|evaluation| organization(&evaluation.resource));
        let org = org.filter(|&org| paths.iter().all(|path| path.from() != org));
        Explanation::role_keys(paths).chain(org.map(Key::organization))
    }

    /// Decides by the paths on which the subject reaches the organization.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item of a role in `names` cannot be read.
    fn decide(
        &self,
        caller: &DecisionCaller,
        paths: &[PathMembership],
        names: &FetchedItems,
    ) -> Result<Decision, Error> {
        let evaluation = match &self.evaluation {
            Ok(evaluation) => evaluation,
            Err(error) => {
                let context = self.explain.then(|| Explanation::malformed(error));
                return Ok(Decision { decision: false, context });
            }
        };
        let action = Action::find(&evaluation.action.name);
        let decision = action.is_some_and(|action| first_granting(paths, action).is_some());
        let explanation = || Explanation::of(caller, evaluation, paths, names);
        Ok(Decision { decision, context: self.explain.then(explanation).transpose()? })
    }
}
