//! One decision, or several of them.

use axum::extract::State;
use serde::Serialize;
use shared::{
    domain::{Action, granting},
    http::{AnyObject, App, Caller, FieldError, Instead, Json},
    store::Error,
};

use super::{
    Asker, certification,
    explanation::Explanation,
    question,
    wire::{Draft, Evaluation, Members, bad},
};

/// So many evaluations in one request at most.
const MOST: usize = 256;

/// A decision; why, if that was asked for.
#[derive(Serialize)]
pub(super) struct Decision {
    decision: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Explanation>,
}

/// Decisions in the order in which they were asked for; or one, to who asks for one here.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Decisions {
    One(Decision),
    Many { evaluations: Vec<Decision> },
}

/// An evaluation as it came: one that is broken is denied in its place.
struct Item {
    evaluation: Result<Evaluation, FieldError>,
    explain: bool,
}

pub(super) async fn one(
    State(app): State<App>,
    caller: Caller,
    AnyObject(members): AnyObject,
) -> Result<Json<Decision>, Instead> {
    let evaluation = Members::of(&members).evaluation(&Draft::default()).map_err(bad)?;
    Ok(Json(single(&app, &Asker::of(caller), evaluation).await?))
}

pub(super) async fn many(
    State(app): State<App>,
    caller: Caller,
    AnyObject(members): AnyObject,
) -> Result<Json<Decisions>, Instead> {
    let (members, asker) = (Members::of(&members), Asker::of(caller));
    let semantic = members.semantic().map_err(bad)?;
    let (evaluations, defaults) = (members.evaluations(), members.draft().map_err(bad)?);
    let evaluations = evaluations.map_err(bad)?;
    if evaluations.is_empty() {
        let evaluation = members.evaluation(&Draft::default()).map_err(bad)?;
        return Ok(Json(Decisions::One(single(&app, &asker, evaluation).await?)));
    }
    if evaluations.len() > MOST {
        let detail = format!("must have at most {MOST} items; send the rest in another request");
        return Err(bad(FieldError { pointer: "/evaluations".to_owned(), detail }).into());
    }
    let items: Vec<_> = evaluations
        .iter()
        .enumerate()
        .map(|(nth, value)| {
            let item = Members::item(value, format!("/evaluations/{nth}"));
            let explain = item.as_ref().ok().and_then(|item| item.explain().ok().flatten());
            let explain = explain.unwrap_or(defaults.explains());
            Item { evaluation: item.and_then(|item| item.evaluation(&defaults)), explain }
        })
        .collect();
    for evaluation in items.iter().filter_map(|item| item.evaluation.as_ref().ok()) {
        asker.may_ask_about(&evaluation.subject)?;
    }
    let mut evaluations = decide(&app, &asker, &items).await?;
    let last = evaluations.iter().position(|decided| semantic.ends_with(decided.decision));
    evaluations.truncate(last.map_or(MOST, |last| last + 1));
    Ok(Json(Decisions::Many { evaluations }))
}

async fn single(app: &App, asker: &Asker, evaluation: Evaluation) -> Result<Decision, Instead> {
    asker.may_ask_about(&evaluation.subject)?;
    let item = Item { explain: evaluation.explain, evaluation: Ok(evaluation) };
    let decided = decide(app, asker, &[item]).await?.pop();
    Ok(decided.unwrap_or(Decision { decision: false, context: None }))
}

/// Decides all of them on the same reads.
async fn decide(app: &App, asker: &Asker, items: &[Item]) -> Result<Vec<Decision>, Error> {
    let fixtures = app.limits.certification;
    let put = |item: &Item| {
        let evaluation = item.evaluation.as_ref().ok();
        let evaluation =
            evaluation.filter(|it| !(fixtures && certification::knows(&it.resource)))?;
        let action = Action::find(&evaluation.action.name).filter(|it| it.level.is_some())?;
        question(&evaluation.subject, &evaluation.resource, vec![action])
    };
    let questions: Vec<_> = items.iter().map(put).collect();
    let known: Vec<_> = questions.iter().flatten().cloned().collect();
    let mut reached = app.store.approaches(&known).await?.into_iter();
    let decided = items.iter().zip(questions).map(|(item, question)| {
        let approaches = question.and_then(|_| reached.next()).unwrap_or_default();
        let action = |it: &Evaluation| Action::find(&it.action.name);
        let (decision, context) = match &item.evaluation {
            Err(error) => (false, Explanation::broken(error)),
            Ok(it) if fixtures && certification::knows(&it.resource) => {
                let decision = certification::decide(&it.subject, &it.action, &it.resource);
                (decision, Explanation::fixture())
            }
            Ok(it) => {
                let granted = action(it).is_some_and(|it| granting(&approaches, it).is_some());
                (granted, Explanation::of(asker, it, &approaches))
            }
        };
        Decision { decision, context: item.explain.then_some(context) }
    });
    Ok(decided.collect())
}
