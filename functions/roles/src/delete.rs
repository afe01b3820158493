//! Roles, deleted: at once where nobody uses them, else once their users have another one (ROLE6).

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{self, Act, CustomRole, OrgId, Person, Refusal, RoleId, Standing, Users},
    http::{Acting, App, IfMatch, Instead, NoBody, Path, Problem, Query},
    store::{Error, Found, Key, Patience, Reply, User},
};

use crate::{as_seen, editable};

/// How many steps one request takes at most: to begin, to move some of the users, to end.
const STEPS: u16 = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deletion {
    /// The role that its users get first.
    reassign_to: Option<RoleId>,
}

pub(crate) async fn delete(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, role)): Path<(OrgId, RoleId)>,
    Query(Deletion { reassign_to }): Query<Deletion>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Reply, Instead> {
    if let Some(target) = reassign_to {
        let acting = Acting { person, act };
        return Retirement::of(&app, acting, (org, role), target).run(&if_match).await;
    }
    let wanted = role.custom().map(|id| Key::role(org, id));
    let (actor, found) = facts(&app, &person, org, wanted, &if_match).await?;
    let (role, users) = editable(&actor, &found, role)?;
    domain::delete_role(&actor, &role, users)?;
    let reply = Reply::done();
    let store = as_seen(&app.store, &if_match, (&actor, &found), (&role, users))?;
    store.delete_role(&act, &actor, &role, &reply).await?;
    Ok(reply)
}

/// What a deletion is judged by: with the root of the tree, where the role must be shown.
async fn facts(
    app: &App,
    person: &Person,
    org: OrgId,
    also: impl IntoIterator<Item = Key>,
    if_match: &IfMatch,
) -> Result<(Standing, Found), Error> {
    if if_match.is_given() {
        app.store.facts_in_tree(person, org, also).await
    } else {
        app.store.facts(person, org, also).await
    }
}

/// A role whose users get another one before it is deleted. Every step is a transaction of its own
/// and leaves everything valid: whoever repeats the request goes on where the last one stopped.
struct Retirement<'a> {
    app: &'a App,
    person: Person,
    act: Act,
    org: OrgId,
    role: RoleId,
    target: RoleId,
    /// Is the role marked by now, so that nobody is given it any more?
    begun: bool,
    /// Some of its users, as an index shows them.
    listed: Option<Vec<User>>,
    moved: u64,
    remaining: Users,
}

/// What is answered when a request has done its share, and something is left.
#[derive(Serialize)]
struct Begun {
    moved: u64,
    remaining: Users,
    next: &'static str,
}

/// How things stand after a step.
enum Step {
    /// More can be done.
    Done,
    /// The role is gone.
    Gone,
    /// The index does not show yet who is left.
    Wait,
}

impl<'a> Retirement<'a> {
    fn of(
        app: &'a App,
        Acting { person, act }: Acting,
        (org, role): (OrgId, RoleId),
        target: RoleId,
    ) -> Self {
        let remaining = Users::default();
        let (begun, listed, moved) = (false, None, 0);
        Self { app, person, act, org, role, target, begun, listed, moved, remaining }
    }

    async fn run(mut self, if_match: &IfMatch) -> Result<Reply, Instead> {
        let patience = Patience::begin();
        let any = IfMatch::default();
        for nth in 0..STEPS {
            // What the client has seen changes with the first step.
            match self.step(nth, if nth == 0 { if_match } else { &any }).await? {
                Step::Gone => return Ok(Reply::done()),
                Step::Done if patience.is_left() => {}
                Step::Done | Step::Wait => break,
            }
        }
        if !self.begun {
            return Err(Refusal::ChangedMeanwhile.into());
        }
        let next = "Repeat this request until it answers 204.";
        Ok(Reply::begun(&Begun { moved: self.moved, remaining: self.remaining, next }))
    }

    /// Looks how things stand, judges anew, and does what is next.
    async fn step(&mut self, nth: u16, if_match: &IfMatch) -> Result<Step, Instead> {
        let listed = self.listed.take();
        let users = listed.iter().flatten().map(User::key);
        let (actor, found) = self.facts(users, if_match).await?;
        let (was, left) = editable(&actor, &found, self.role)?;
        let role = self.judge(&actor, &found, &was)?;
        let act = self.act.nth(nth);
        let store = as_seen(&self.app.store, if_match, (&actor, &found), (&was, left))?;
        self.remaining = left;
        if left == Users::default() {
            let deleted = store.delete_role(&act, &actor, &was, &Reply::done()).await;
            return Ok(if is_done(deleted)? { Step::Gone } else { Step::Done });
        }
        if was.retiring != role.retiring {
            // Begun once, it is not begun again: somebody wants the role to stay.
            if self.begun {
                return Err(Refusal::ChangedMeanwhile.into());
            }
            self.begun = is_done(store.begin_to_retire(&act, &actor, (&was, &role)).await)?;
        } else if let Some(listed) = listed {
            self.begun = true;
            let users = found.users_of(self.role, &listed)?;
            if users.is_empty() {
                return Ok(Step::Wait);
            }
            let moved = store.move_users(&act, &actor, (&was, self.target), &users).await;
            if is_done(moved)? {
                self.count(&users);
            }
        }
        if self.remaining != Users::default() {
            self.listed = Some(store.some_users(&actor, self.role).await?);
        }
        Ok(Step::Done)
    }

    async fn facts(
        &self,
        users: impl Iterator<Item = Key>,
        if_match: &IfMatch,
    ) -> Result<(Standing, Found), Error> {
        let roles = [self.role, self.target].into_iter().filter_map(RoleId::custom);
        let also = roles.map(|id| Key::role(self.org, id)).chain(users);
        facts(self.app, &self.person, self.org, also, if_match).await
    }

    fn judge(
        &self,
        actor: &Standing,
        found: &Found,
        was: &CustomRole,
    ) -> Result<CustomRole, Instead> {
        use Refusal::{NoSuchRole, RoleRetiring, SuperAdminIsTransferred};
        let key = self.target.custom().map(|id| Key::role(self.org, id));
        let known = key.and_then(|key| found.role(&key).transpose()).transpose()?;
        let known = known.as_ref().map(|(role, _)| role);
        domain::retire_role(actor, was, self.target, known).map_err(|why| match why {
            NoSuchRole | RoleRetiring(_) | SuperAdminIsTransferred => {
                Problem::from(why).at("/reassign_to").into()
            }
            _ => why.into(),
        })
    }

    fn count(&mut self, users: &[User]) {
        for user in users {
            let left = match user {
                User::Active(_) => &mut self.remaining.active,
                User::Pending(_) => &mut self.remaining.pending,
            };
            *left = left.saturating_sub(1);
            self.moved = self.moved.saturating_add(1);
        }
    }
}

/// Was it done? Who lost a race looks again.
fn is_done(written: Result<(), Error>) -> Result<bool, Error> {
    use Refusal::{ChangedMeanwhile, NoSuchInvitation, NoSuchMember};
    match written {
        Ok(()) => Ok(true),
        Err(Error::Refused(ChangedMeanwhile | NoSuchInvitation | NoSuchMember)) => Ok(false),
        Err(error) => Err(error),
    }
}
