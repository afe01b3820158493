//! The erasure of a person (ERA1): all that names them ends or loses its name, in as few
//! transactions as `DynamoDB` allows. Each transaction leaves nothing in the organizations that it
//! is about, so a reader sees nothing of the person there from its commit on.
//!
//! Tombstones without a name stay, so that the history shows that it was about a person. What
//! expires within days by itself is left: records of idempotency keys, budgets, and marks of mails.

use serde_json::json;

use super::{
    EndingProgress, Error, Key, KnownAddress, KnownIn, PersonalData, Store,
    expression::Expression,
    item::{Item, attribute, expire_at, number, text},
    kept_names::{ERASED, NAME_KEPT, kept_until},
    removed_members::removed_event,
    step::{Change, absent, at_version, refuse, tombstone},
    transaction::Transaction,
    user_counts::UserKind,
};
use crate::domain::{
    AddressHash, AlertId, Event, EventAction, JoinRequest, Member, MemberId, Organization,
    PersonHash, PersonId, Refusal, RequestContext, Target, TargetKind, UserId, Version,
};

/// The attributes of the slot of an address that an erasure keeps: none is personal.
const KEPT: [&str; 8] =
    ["pk", "sk", "schema", "deleted", "version", "ttl", "sent_at", "declined_until"];

impl Store {
    /// Erases a person from the organizations that know them, until the deadline of `progress`.
    /// Returns whether none is left.
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] if something is not as it was read.
    pub async fn erase(
        &self,
        context: &RequestContext,
        data: &PersonalData,
        progress: &mut EndingProgress,
    ) -> Result<bool, Error> {
        let user = data.user_id.as_ref();
        let all: Vec<_> = data.organizations.iter().collect();
        self.end_everywhere(context, &all, progress, |mut writes, known| {
            writes.even_deleted = true;
            writes.erase_from(known, user)
        })
        .await
    }
}

impl Transaction<'_> {
    /// Ends all that an organization keeps about a person, and records it.
    fn erase_from(mut self, known: &KnownIn, user: Option<&UserId>) -> Result<Self, Error> {
        for address in &known.addresses {
            self = self.erase_address(&known.org, address)?;
        }
        if let Some(user) = user {
            return self.erase_user(known, user);
        }
        let context = self.context;
        // Not the id of the person: it is a hash of the address, which the history must not hold.
        let person = PersonId::new(context.at, context.seed);
        let event = erasure_event(context, &known.org, &person, Version::first(context.at, None));
        self.record(event)
    }

    /// Ends the membership and the request of a person, and forgets what they were called.
    fn erase_user(self, known: &KnownIn, user: &UserId) -> Result<Self, Error> {
        let context = self.context;
        let org = &known.org;
        let key = Key::membership(org.id(), user);
        let mut writes =
            self.erase_request(org, known.request.as_ref(), user)?.forget_super_admin(org, user);
        let seen = known.member.as_ref().map(|member| member.version);
        let seen = seen.or(known.former.as_ref().map(|former| former.version));
        let gone = seen.map_or(Version::first(context.at, None), |seen| seen.next(context.at));
        let changed = refuse(Refusal::ChangedConcurrently);
        writes = match seen {
            Some(seen) => {
                writes.put(key.clone(), erased_tombstone(key, gone)?, at_version(seen)?, changed)
            }
            None => writes.check(key, absent(), changed),
        };
        if let Some(member) = &known.member {
            writes = writes.end_erased_membership(org, member, gone)?;
        }
        let event = erasure_event(context, org, &MemberId::of(org.id(), user), gone);
        // The event of a pending request says itself that it ends; a declined one was kept without
        // a word.
        let declined = known.request.as_ref().filter(|request| !request.is_pending());
        writes.record(match declined {
            Some(request) => event.old(json!({ "join_request": request.status })),
            None => event,
        })
    }

    /// Removes the user from a deleted organization that names them as its Super Admin. The
    /// clean-up would do it later.
    fn forget_super_admin(self, org: &Organization, user: &UserId) -> Self {
        if !org.is_deleted() || org.super_admin_user_id.as_ref() != Some(user) {
            return self;
        }
        let named = Expression::new("#super_admin = :erased", [("erased", text(user.as_str()))]);
        let forget = Change::Remove(Expression::new("#super_admin", []));
        let changed = refuse(Refusal::ChangedConcurrently);
        self.update(Key::organization(org.id()), vec![forget], named, changed)
    }

    /// Frees the address of a member who is erased, counts them out, and records the end.
    fn end_erased_membership(
        self,
        org: &Organization,
        member: &Member,
        gone: Version,
    ) -> Result<Self, Error> {
        let held_by_user =
            Expression::new("#user_id = :user", [("user", text(member.user_id.as_str()))]);
        let event = removed_event(self.context, org, EventAction::MemberRemoved, member, gone);
        let freed = match &member.email {
            Some(email) => {
                let slot = Key::address_slot(org.id(), AddressHash::of(org.id(), email));
                self.put(
                    slot.clone(),
                    erased_tombstone(slot, gone)?,
                    held_by_user,
                    refuse(Refusal::ChangedConcurrently),
                )
            }
            None => self,
        };
        freed.count(org.id(), member.role_id, UserKind::member(member), -1).record(event)
    }

    /// Ends the request of a person to join, or checks that there is none.
    fn erase_request(
        self,
        org: &Organization,
        request: Option<&JoinRequest>,
        user: &UserId,
    ) -> Result<Self, Error> {
        let Some(request) = request else {
            let key = Key::join_request(org.id(), PersonHash::of(org.id(), user));
            let none = Expression::new("attribute_not_exists(#pk)", []);
            return Ok(self.check(key, none, refuse(Refusal::ChangedConcurrently)));
        };
        self.drop_request(org, request)
    }

    /// Ends the invitation and the alerts of an address, and forgets it.
    fn erase_address(self, org: &Organization, address: &KnownAddress) -> Result<Self, Error> {
        let id = org.id();
        let key = Key::address_slot(id, AddressHash::of(id, &address.email));
        let changed = refuse(Refusal::ChangedConcurrently);
        let writes = match (&address.invitation, &address.former) {
            (Some(invitation), _) => {
                let gone = invitation.version.next(self.context.at);
                self.revoke_erased(org, invitation, erased_tombstone(key, gone)?)?
            }
            (None, Some(former)) => {
                let mut remaining = former.clone();
                remaining.retain(|name, _| KEPT.contains(&name.as_str()));
                remaining.insert(ERASED.to_owned(), attribute(&true)?);
                let seen = former.get("version").cloned().unwrap_or_else(|| number(0));
                let same = "attribute_exists(#deleted) AND #version = :seen_slot";
                let same = Expression::new(same, [("seen_slot", seen)]);
                self.put(key, remaining, same, changed)
            }
            // The membership that holds the address ends in this transaction, or is another
            // person's.
            (None, None) if address.is_taken => self,
            (None, None) => self.check(key, absent(), changed),
        };
        writes.erase_alert(org, address)
    }

    /// Ends the critical alerts of an address, or checks that it receives none, and forgets it. If
    /// it never received any, there is nothing to forget.
    fn erase_alert(self, org: &Organization, address: &KnownAddress) -> Result<Self, Error> {
        let id = org.id();
        let alert = AlertId::of(id, &address.email);
        let context = self.context;
        let writes = if let Some(entry) = &address.alert {
            self.drop_entry(org, entry)?
        } else {
            let key = Key::critical_alert_user(id, alert);
            self.check(key, absent(), refuse(Refusal::ChangedConcurrently))
        };
        if address.alert.is_none() && !address.was_alerted {
            return Ok(writes);
        }
        let key = Key::former_name(id, &alert);
        let mut unnamed = Item::from(key.clone());
        unnamed.insert(ERASED.to_owned(), attribute(&true)?);
        expire_at(&mut unnamed, kept_until(context.at));
        let always = Expression::default();
        Ok(writes.put(key, unnamed, always, refuse(Refusal::ChangedConcurrently)))
    }
}

/// A tombstone that says that it was a person.
fn erased_tombstone(key: Key, gone: Version) -> Result<Item, Error> {
    let mut item = tombstone(key, gone, NAME_KEPT)?;
    item.insert(ERASED.to_owned(), attribute(&true)?);
    Ok(item)
}

/// The event of an erasure in an organization.
fn erasure_event(
    context: &RequestContext,
    org: &Organization,
    person: &impl ToString,
    version: Version,
) -> Event {
    let target = Target::new(TargetKind::Person, person, version);
    Event::new(context, org, EventAction::PersonErased, target)
}
