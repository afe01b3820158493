//! `GET …/explanations`: why a person may do an action in an organization, or may not. Its user
//! managers ask about members and invitees, operators about every person.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        Action, AddressHash, AddressSlot, Email, Invitation, Level, Member, MemberId, Name, OrgId,
        Organization, PathMembership, Person, Refusal, RoleObject, UserId, first_granting,
    },
    http::{ApiError, Call, FieldError, Json, Now, Path, Problem, Query, views},
    store::{AccessQuery, Error, FetchedItems, Key, Store},
};

use super::{
    explanation::{Explanation, Viewer},
    offer::Offer,
};

/// A question about one person, who is named by exactly one of three parameters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    action: String,
    member_id: Option<MemberId>,
    email: Option<Email>,
    user_id: Option<UserId>,
}

/// A decision about a person, with its reason.
#[derive(Serialize)]
pub(super) struct ExplainedDecision {
    organization_id: OrgId,
    organization_name: Name,
    action: String,
    person: views::Person,
    /// None if the organization may not know: what outsiders may do there is shown to operators
    /// alone.
    decision: Option<bool>,
    explanation: Explanation,
}

/// How the question names the person.
enum AskedPerson {
    Member(MemberId),
    Address(Email),
    User(UserId),
}

/// What an organization knows of the person.
#[derive(Default)]
struct KnownHere {
    member: Option<Member>,
    invitation: Option<Invitation>,
}

impl Question {
    /// The action and the person.
    ///
    /// # Errors
    ///
    /// 422 if the catalogue has no such action, or if not exactly one parameter names the person.
    fn parts(self) -> Result<(Action, AskedPerson), Problem> {
        let invalid = |pointer: &str, detail: &str| {
            Problem::invalid(FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() })
        };
        let unknown = || invalid("/action", "must be an action of the catalogue");
        let action = Action::find(&self.action).ok_or_else(unknown)?;
        let named = match (self.member_id, self.email, self.user_id) {
            (Some(id), None, None) => AskedPerson::Member(id),
            (None, Some(email), None) => AskedPerson::Address(email),
            (None, None, Some(user)) => AskedPerson::User(user),
            _ => {
                let detail = "must be the only one of `member_id`, `email` and `user_id`: send one";
                return Err(invalid("/member_id", detail));
            }
        };
        Ok((action, named))
    }
}

impl AskedPerson {
    /// The key of what the organization knows of the person.
    fn key(&self, org: OrgId) -> Key {
        match self {
            Self::Member(id) => Key::member(org, *id),
            Self::Address(email) => Key::address_slot(org, AddressHash::of(org, email)),
            Self::User(user) => Key::membership(org, user),
        }
    }

    /// What the organization knows of the person.
    async fn known(
        &self,
        store: &Store,
        org: OrgId,
        found: &FetchedItems,
    ) -> Result<KnownHere, ApiError> {
        let slot = match self {
            Self::Member(id) => {
                let member = found.member(org, *id)?.ok_or(Refusal::NoSuchMember)?;
                return Ok(KnownHere { member: Some(member), invitation: None });
            }
            Self::User(user) => {
                return Ok(KnownHere { member: found.membership(org, user)?, invitation: None });
            }
            Self::Address(_) => found.address_slot(&self.key(org))?,
        };
        match slot {
            None => Ok(KnownHere::default()),
            Some(AddressSlot::Pending(invitation)) => {
                Ok(KnownHere { member: None, invitation: Some(invitation) })
            }
            Some(AddressSlot::Taken(user)) => {
                let found = store.get([Key::membership(org, &user)]).await?;
                Ok(KnownHere { member: found.membership(org, &user)?, invitation: None })
            }
        }
    }

    /// The subjects of the decision: the member, or, for operators, every person that the question
    /// matches.
    async fn subjects(
        &self,
        store: &Store,
        known: &KnownHere,
        viewer: Viewer,
    ) -> Result<Vec<UserId>, ApiError> {
        Ok(match (&known.member, self) {
            (Some(member), _) => vec![member.user_id.clone()],
            (None, Self::User(user)) if viewer == Viewer::All => vec![user.clone()],
            (None, Self::Address(email)) if viewer == Viewer::All => {
                store.users_with_address(email).await?.into_iter().collect()
            }
            (None, _) => vec![],
        })
    }

    /// The person, as the organization shows them. `elsewhere` is a membership of theirs in another
    /// one, which only operators learn of.
    fn shown(self, known: &KnownHere, elsewhere: Option<&Member>) -> views::Person {
        match (&known.member, self) {
            (Some(member), _) => views::Person::member(member),
            (None, _) if elsewhere.is_some() => {
                elsewhere.map(views::Person::known_elsewhere).unwrap_or_default()
            }
            (None, Self::Address(email)) => views::Person::address(email),
            (None, Self::Member(_) | Self::User(_)) => views::Person::default(),
        }
    }
}

pub(super) async fn explain(
    Call { app, person, .. }: Call,
    Now(now): Now,
    Path(org): Path<OrgId>,
    Query(question): Query<Question>,
) -> Result<Json<ExplainedDecision>, ApiError> {
    let (action, named) = question.parts()?;
    let (actor, found) = app.store.facts(&person, org, [named.key(org)]).await?;
    actor.require(RoleObject::UserManagement, Level::ViewOnly)?;
    let viewer = if actor.member.is_none() { Viewer::All } else { Viewer::Member };
    let known = named.known(&app.store, org, &found).await?;
    let users = named.subjects(&app.store, &known, viewer).await?;
    let subjects = users.into_iter().map(|user| Person::subject(user, now)).collect();
    let paths = paths(&app.store, org, action, subjects).await?;
    let decision = PersonDecision { org: &actor.org, action, viewer, known: &known, paths: &paths };
    Ok(Json(decision.explained(&app.store, named, now).await?))
}

/// A decision about the person in the question.
struct PersonDecision<'a> {
    org: &'a Organization,
    action: Action,
    viewer: Viewer,
    known: &'a KnownHere,
    /// The person's paths to the organization.
    paths: &'a [PathMembership],
}

impl PersonDecision<'_> {
    /// The decision about the person with this name in the question, with its reason.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    async fn explained(
        &self,
        store: &Store,
        named: AskedPerson,
        now: Timestamp,
    ) -> Result<ExplainedDecision, Error> {
        let elsewhere = self.paths.iter().find_map(|path| path.standing.member.as_ref());
        Ok(ExplainedDecision {
            organization_id: self.org.id(),
            organization_name: self.org.name.clone(),
            action: self.action.name.to_owned(),
            person: named.shown(self.known, elsewhere),
            decision: self.is_visible().then(|| self.is_granted()),
            explanation: self.explanation(store, now).await?.naming(self.org),
        })
    }

    fn is_granted(&self) -> bool {
        first_granting(self.paths, self.action).is_some()
    }

    /// Whether the reader may know the decision.
    fn is_visible(&self) -> bool {
        self.viewer == Viewer::All || self.known.member.is_some()
    }

    /// The reason of the decision.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    async fn explanation(&self, store: &Store, now: Timestamp) -> Result<Explanation, Error> {
        let Self { org, action, viewer, known, paths } = *self;
        let roles = store.get_for_display(Explanation::role_keys(paths)).await?;
        match &known.invitation {
            Some(invitation) if !self.is_granted() => {
                let sender = match invitation.sent_by() {
                    Some(sender) => store.continued_member(org.id(), sender).await?,
                    None => None,
                };
                let offer = Offer::of(invitation, sender.as_ref(), action, org, now);
                Ok(Explanation::of_invitee(action, org.id(), offer))
            }
            _ if !self.is_visible() => Ok(Explanation::of_outsider(action, org.id())),
            _ => Explanation::of_paths(viewer, action, org.id(), paths, &roles),
        }
    }
}

/// The paths of the first subject who may do the action; otherwise those of all subjects.
async fn paths(
    store: &Store,
    org: OrgId,
    action: Action,
    subjects: Vec<Person>,
) -> Result<Vec<PathMembership>, ApiError> {
    let query = |subject| AccessQuery { subject, org, actions: vec![action] };
    let queries: Vec<_> = subjects.into_iter().map(query).collect();
    let mut all = store.memberships_on_paths(&queries).await?;
    let granted = all.iter().position(|paths| first_granting(paths, action).is_some());
    Ok(match granted {
        Some(granted) => all.swap_remove(granted),
        None => all.concat(),
    })
}
