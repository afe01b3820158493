//! Invitations: opened, sent again, accepted, ended.

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Error, Found, Key, Reply, Status, Store,
    expression::Expression,
    item::{attribute, from_item, text, time, to_item},
    keys, listed,
    meter::Meter,
    places::{taken, taken_by_another},
    transaction::{Transaction, gone_or, or, share},
};
use crate::domain::{
    Act, AddressDigest, Awaited, Event, EventAction, HEADCOUNT_PARTS, IdentityProviderRole,
    Invitation, JoinRequest, Member, OrgId, Organization, Person, PersonDigest, Place, Refusal,
    RoleId, Standing, UserId, levels_in,
};

/// Invitations that have expired, and whether there may be more of them.
#[derive(Debug, Default)]
pub struct Overdue {
    /// The oldest.
    pub invitations: Vec<Invitation>,
    /// Did the look stop at its bound?
    pub more: bool,
}

impl Store {
    /// Opens an invitation, where its address has no place yet, or one that has `expired`.
    ///
    /// The headcount is in parts; where the address's own is full another one takes it, so that
    /// the organization has at most `cap` pending, and refuses only then (INV12).
    pub async fn open_invitation(
        &self,
        act: &Act,
        actor: &Standing,
        (invitation, expired): (&Invitation, Option<&Invitation>),
        cap: u64,
        reply: &Reply,
    ) -> Result<(), Error> {
        let mut invitation = invitation.clone();
        if let Some(old) = expired {
            // It takes over the room of the one it replaces.
            invitation.part = old.part;
        }
        for _ in 0..=HEADCOUNT_PARTS {
            let tried = self.try_open(act, actor, (&invitation, expired), cap, reply).await;
            let Err(Error::Full(_)) = tried else { return tried };
            invitation.part = self.roomy_part(&invitation, cap).await?;
        }
        Err(Refusal::TooManyPending(cap).into())
    }

    async fn try_open(
        &self,
        act: &Act,
        actor: &Standing,
        (invitation, expired): (&Invitation, Option<&Invitation>),
        cap: u64,
        reply: &Reply,
    ) -> Result<(), Error> {
        let mut writes =
            self.transaction(act).still_held(actor)?.still_given(&actor.org, invitation.role_id)?;
        if let Some(old) = expired {
            let event = ended(act, &actor.org, EventAction::InvitationExpired, old);
            writes = writes.record(event)?.count_out(old);
        }
        writes
            .put_invitation(&actor.org, invitation, expired)?
            .count_pending(invitation, cap)
            .commit(reply)
            .await
    }

    /// A part of the headcount that has room for one more pending invitation.
    async fn roomy_part(&self, invitation: &Invitation, cap: u64) -> Result<u8, Error> {
        let org = invitation.path.id();
        let found = self.look(Key::headcounts(org)).await?;
        let cap_of = |part| i64::try_from(share(cap, part)).unwrap_or(i64::MAX);
        let room = |part: &u8| {
            let counts = found.counts(&Key::headcount(org, *part));
            counts.get("pending").copied().unwrap_or_default() < cap_of(*part)
        };
        let part = (0..HEADCOUNT_PARTS).find(room);
        part.ok_or_else(|| Refusal::TooManyPending(cap).into())
    }

    /// Invites the first Admin, in the place of whoever `awaited` is.
    pub async fn invite_first_admin(
        &self,
        act: &Act,
        org: &Organization,
        (invitation, awaited): (&Invitation, Option<&Invitation>),
        reply: &Reply,
    ) -> Result<(), Error> {
        let awaits = Awaited { invitation: invitation.id, until: invitation.expires_at };
        let clause = Expression::new("#awaits = :awaits", [("awaits", attribute(&awaits)?)]);
        let as_read = match org.awaits {
            None => Expression::new("attribute_not_exists(#awaits)", []),
            Some(Awaited { invitation, .. }) => Expression::new(
                "#awaits.#invitation = :awaited",
                [("awaited", attribute(&invitation)?)],
            ),
        };
        let vacant = Expression::new("attribute_not_exists(#super_admin)", []).and(as_read);
        let lost = or(Refusal::ChangedMeanwhile);
        let mut writes =
            self.transaction(act).set(Key::organization(org.id()), clause, vacant, lost);
        let same_place = awaited.filter(|old| place(old) == place(invitation));
        if let Some(old) = awaited {
            let action = if old.expired(act.at) {
                EventAction::InvitationExpired
            } else {
                EventAction::InvitationRevoked
            };
            writes = match same_place {
                Some(old) => writes.count_out(old),
                None => writes.end(old, Expression::default())?,
            };
            writes = writes.record(ended(act, org, action, old))?;
        }
        let Invitation { path, part, role_id, .. } = invitation;
        writes
            .put_invitation(org, invitation, same_place)?
            .count(path.id(), *part, *role_id, Status::Pending, 1)
            .commit(reply)
            .await
    }

    /// Sends an invitation again.
    pub async fn resend(
        &self,
        act: &Act,
        actor: &Standing,
        (was, now): (&Invitation, &Invitation),
        reply: &Reply,
    ) -> Result<(), Error> {
        let clause = Expression::new(
            "#expires_at = :expires_at, #sent_at = :sent_at, #send_count = :send_count, \
             #backer = :backer",
            [
                ("expires_at", time(now.expires_at)),
                ("sent_at", time(now.sent_at)),
                ("send_count", attribute(&now.send_count)?),
                ("backer", attribute(&now.backer)?),
            ],
        );
        let sendings = Expression::new(
            "#id = :id AND #send_count = :sendings AND #role_id = :role",
            [
                ("id", attribute(&was.id)?),
                ("sendings", attribute(&was.send_count)?),
                ("role", attribute(&was.role_id)?),
            ],
        );
        let told = |invitation: &Invitation| json!({ "expires_at": invitation.expires_at, "send_count": invitation.send_count });
        let event = Event::new(act, &actor.org, EventAction::InvitationResent, of(was))
            .old(told(was))
            .new_value(told(now));
        self.transaction(act)
            .still_held(actor)?
            // First, so that where the role is gone, with the invitation to it, it says so.
            .set(
                place(was),
                clause,
                sendings,
                gone_or(Refusal::NoSuchInvitation, Refusal::ChangedMeanwhile),
            )
            .still_given(&actor.org, was.role_id)?
            .record(event)?
            .commit(reply)
            .await
    }

    /// Ends an invitation on behalf of its organization.
    pub async fn revoke(
        &self,
        act: &Act,
        actor: &Standing,
        invitation: &Invitation,
        reply: &Reply,
    ) -> Result<(), Error> {
        self.transaction(act)
            .still_held(actor)?
            .end(invitation, Expression::default())?
            .stop_awaiting(&actor.org, invitation)?
            .record(ended(act, &actor.org, EventAction::InvitationRevoked, invitation))?
            .commit(reply)
            .await
    }

    /// Ends an invitation on behalf of its invitee.
    pub async fn decline(
        &self,
        act: &Act,
        org: &Organization,
        invitation: &Invitation,
        reply: &Reply,
    ) -> Result<(), Error> {
        self.transaction(act)
            .end(invitation, Expression::default())?
            .stop_awaiting(org, invitation)?
            .record(ended(act, org, EventAction::InvitationDeclined, invitation))?
            .commit(reply)
            .await
    }

    /// Ends an invitation that expired, unless it was resent, accepted or ended meanwhile (INV10).
    pub async fn expire(
        &self,
        act: &Act,
        org: &Organization,
        invitation: &Invitation,
    ) -> Result<(), Error> {
        let overdue = Expression::new("#expires_at <= :now", [("now", time(act.at))]);
        self.transaction(act)
            .end(invitation, overdue)?
            .stop_awaiting(org, invitation)?
            .record(ended(act, org, EventAction::InvitationExpired, invitation))?
            .commit(&Reply::done())
            .await
    }

    /// Turns an invitation into a membership: exactly once, and only as long as all that the rule
    /// saw holds (INV7, INV9). `backer` is the role in which its backer may grant it, `request` what
    /// its invitee asked before: that ends with it (ORG2).
    pub async fn accept(
        &self,
        act: &Act,
        org: &Organization,
        (invitation, member): (&Invitation, &Member),
        (backer, request): (Option<RoleId>, Option<&JoinRequest>),
        reply: &Reply,
    ) -> Result<(), Error> {
        let writes = self.acceptance(act, org, (invitation, member), (backer, request))?;
        writes.commit(reply).await
    }

    pub(super) fn acceptance<'a>(
        &'a self,
        act: &'a Act,
        org: &Organization,
        (invitation, member): (&Invitation, &Member),
        (backer, request): (Option<RoleId>, Option<&JoinRequest>),
    ) -> Result<Transaction<'a>, Error> {
        let id = org.id();
        let key = place(invitation);
        let lock = taken(member, &key)?;
        let same =
            same(invitation, Expression::new("#expires_at > :now", [("now", time(act.at))]))?;
        let again = || or(Refusal::ChangedMeanwhile);
        let mut writes = self
            .transaction(act)
            // First, so that whoever accepted a moment ago finds that out, and not merely that
            // they are a member.
            .put(key, lock, same, again())
            .seat_only(member)?
            .count(id, invitation.part, invitation.role_id, Status::Pending, -1)
            .no_request_beside(member, request)?;
        if let (Some(held), Some(backer)) = (backer, &invitation.backer) {
            let still = Expression::new("#role_id = :role", [("role", text(held.to_string()))]);
            writes = writes.check(Key::member(id, &backer.user_id), still, again());
            writes = writes.role_still_gives(org, held)?;
        }
        writes = writes.still_given(org, member.role_id)?;
        let asked = request.map(|request| json!({ "join_request": request.status }));
        let accepted = Event::new(act, org, EventAction::InvitationAccepted, of(invitation));
        writes = writes.record(accepted.old(asked.unwrap_or_default()).new_value(json!({
            "user_id": member.user_id,
            "email": member.email,
            "role_id": member.role_id,
            "identity_provider_role": levels_in(org, member.role_id).map(IdentityProviderRole::of),
        })))?;
        if member.role_id == RoleId::SUPER_ADMIN {
            let vacant = Expression::new("attribute_not_exists(#super_admin)", []);
            let target = ("member", member.user_id.to_string());
            let assigned = Event::new(act, org, EventAction::SuperAdminAssigned, target);
            writes = writes
                .first_super_admin(member, vacant, Refusal::ChangedMeanwhile)?
                .record(assigned.new_value(json!({ "super_admin_user_id": member.user_id })))?;
        }
        Ok(writes)
    }

    /// A member, whoever asks: an invitation's backer, or the invitee who has accepted already.
    pub async fn member(&self, org: OrgId, user: &UserId) -> Result<Option<Member>, Error> {
        self.look([Key::member(org, user)]).await?.member(org, user)
    }

    /// What an address has in an organization, read by the invitee: no standing is needed, and
    /// none is given.
    pub async fn invitation_for(
        &self,
        person: &Person,
        org: OrgId,
    ) -> Result<(Organization, Option<Place>), Error> {
        let (organization, place, _) = self.place_of(person, org, None).await?;
        Ok((organization, place))
    }

    /// The same, and what its person asked there before, which accepting ends (ORG2).
    pub async fn invitation_to_accept(
        &self,
        person: &Person,
        org: OrgId,
    ) -> Result<(Organization, Option<Place>, Option<JoinRequest>), Error> {
        let asked = PersonDigest::of(org, &person.id);
        let also = Key::join_request(org, asked);
        let (organization, place, found) = self.place_of(person, org, Some(also)).await?;
        Ok((organization, place, found.join_request(org, asked)?))
    }

    async fn place_of(
        &self,
        person: &Person,
        org: OrgId,
        also: Option<Key>,
    ) -> Result<(Organization, Option<Place>, Found), Error> {
        let email = person.email.as_ref().ok_or(Refusal::NoSuchInvitation)?;
        let place = Key::place(org, AddressDigest::of(org, email));
        let keys = [Key::organization(org), place.clone()];
        let found = self.look(keys.into_iter().chain(also)).await?;
        let organization = found.organization(org)?.ok_or(Refusal::NoSuchInvitation)?;
        Ok((organization, found.place(&place)?, found))
    }

    /// The oldest expired invitations of all organizations, at most `most` a part of the index.
    pub async fn overdue(&self, now: Timestamp, most: u16) -> Result<Overdue, Error> {
        let parts = (0..keys::DUE_PARTS).map(|part| async move {
            let request = self
                .client
                .query()
                .table_name(&self.table)
                .index_name("due")
                .key_condition_expression("#due = :due AND #expires_at <= :now")
                .expression_attribute_names("#due", "due")
                .expression_attribute_names("#expires_at", "expires_at")
                .expression_attribute_values(":due", text(keys::due(part)))
                .expression_attribute_values(":now", time(now))
                .limit(i32::from(most))
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
            let answer = Meter::call(request.send()).await.map_err(Error::from_read)?;
            Meter::read(answer.consumed_capacity());
            let more = answer.last_evaluated_key.is_some();
            let items = answer.items.unwrap_or_default();
            let found = items.into_iter().map(from_item).collect::<Result<Vec<_>, _>>()?;
            Ok::<_, Error>((found, more))
        });
        let parts = try_join_all(parts).await?;
        let mut all = Overdue::default();
        for (found, more) in parts {
            all.invitations.extend(found);
            all.more |= more;
        }
        Ok(all)
    }
}

impl Transaction<'_> {
    /// Opens the first Admin's invitation, in an organization that is founded with it.
    pub(super) fn open(self, org: &Organization, invitation: &Invitation) -> Result<Self, Error> {
        let Invitation { part, role_id, .. } = invitation;
        let opened = self.put_invitation(org, invitation, None)?;
        Ok(opened.count(org.id(), *part, *role_id, Status::Pending, 1))
    }

    /// Puts a new invitation at its address's place, and records it.
    pub(super) fn put_invitation(
        self,
        org: &Organization,
        invitation: &Invitation,
        expired: Option<&Invitation>,
    ) -> Result<Self, Error> {
        let key = place(invitation);
        let mut item = to_item(key.clone(), invitation, listed::invitation(invitation))?;
        item.insert("status".to_owned(), text("pending"));
        let free = match expired {
            None => Expression::new("attribute_not_exists(#pk)", []),
            Some(old) => same(old, Expression::default())?,
        };
        let created = Event::new(self.act(), org, EventAction::InvitationCreated, of(invitation));
        let created = created.new_value(told(invitation));
        self.put(key, item, free, taken_by_another()).record(created)
    }

    /// Makes an invitation one to another role, where it is still the one read; counts it there, and
    /// records it.
    pub(super) fn reoffer(
        self,
        org: &Organization,
        (was, now): (&Invitation, &Invitation),
    ) -> Result<Self, Error> {
        let clause = Expression::new(
            "#role_id = :role, #backer = :backer",
            [("role", attribute(&now.role_id)?), ("backer", attribute(&now.backer)?)],
        );
        let listed = listed::in_role((&now.path, Status::Pending), now.role_id);
        let lost = gone_or(Refusal::NoSuchInvitation, Refusal::ChangedMeanwhile);
        let told =
            |offered: &Invitation| json!({ "email": offered.email, "role_id": offered.role_id });
        let event = Event::new(self.act(), org, EventAction::InvitationRoleChanged, of(was));
        let event = event.old(told(was)).new_value(told(now));
        self.set(place(was), clause, same(was, Expression::default())?, lost)
            .and_set(Expression::texts(listed))
            .count_out(was)
            .count(org.id(), now.part, now.role_id, Status::Pending, 1)
            .record(event)
    }

    /// Seats a new member where an expired invitation of theirs still has their place. It is `lost`
    /// if it has been sent again, or is gone.
    pub(super) fn seat_over(
        self,
        org: &Organization,
        member: &Member,
        old: &Invitation,
        lost: Refusal,
    ) -> Result<Self, Error> {
        let now = self.act().at;
        let overdue = Expression::new("#expires_at <= :now", [("now", time(now))]);
        let lock = taken(member, &place(old))?;
        let event = ended(self.act(), org, EventAction::InvitationExpired, old);
        self.put(place(old), lock, same(old, overdue)?, or(lost))
            .count_out(old)
            .seat_only(member)?
            .record(event)
    }

    /// Deletes an invitation that is still the one read, and counts it out.
    fn end(self, invitation: &Invitation, and: Expression) -> Result<Self, Error> {
        let lost = gone_or(Refusal::NoSuchInvitation, Refusal::ChangedMeanwhile);
        Ok(self.delete(place(invitation), same(invitation, and)?, lost).count_out(invitation))
    }

    pub(super) fn count_out(self, invitation: &Invitation) -> Self {
        let Invitation { path, part, role_id, .. } = invitation;
        self.count(path.id(), *part, *role_id, Status::Pending, -1)
    }

    /// Where the organization waits for this very invitation, it stops.
    fn stop_awaiting(self, org: &Organization, invitation: &Invitation) -> Result<Self, Error> {
        match org.awaits {
            Some(Awaited { invitation: id, .. }) if id == invitation.id => {
                let awaited = [("awaited", attribute(&id)?)];
                Ok(self.remove(
                    Key::organization(org.id()),
                    Expression::new("#awaits", []),
                    Expression::new("#awaits.#invitation = :awaited", awaited),
                    or(Refusal::ChangedMeanwhile),
                ))
            }
            _ => Ok(self),
        }
    }
}

/// The place is still this invitation's, in this sending, for this role, and `and` holds.
fn same(invitation: &Invitation, and: Expression) -> Result<Expression, Error> {
    let values = [
        ("id", attribute(&invitation.id)?),
        ("sendings", attribute(&invitation.send_count)?),
        ("offered", attribute(&invitation.role_id)?),
    ];
    let same = "#id = :id AND #send_count = :sendings AND #role_id = :offered";
    Ok(Expression::new(same, values).and(and))
}

fn place(invitation: &Invitation) -> Key {
    Key::place(invitation.path.id(), invitation.id.digest())
}

fn of(invitation: &Invitation) -> (&'static str, String) {
    ("invitation", invitation.id.to_string())
}

fn told(invitation: &Invitation) -> Value {
    json!({
        "email": invitation.email,
        "role_id": invitation.role_id,
        "expires_at": invitation.expires_at,
        "expires_in_days": invitation.days,
    })
}

pub(super) fn ended(
    act: &Act,
    org: &Organization,
    action: EventAction,
    invitation: &Invitation,
) -> Event {
    Event::new(act, org, action, of(invitation)).old(told(invitation))
}
