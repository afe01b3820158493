//! Members: memberships of persons and services in organizations.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(super) mod access_end;
pub(super) mod access_reminder;
pub(super) mod change;
pub(super) mod service;
pub(super) mod super_admin;

use crate::domain::{
    Email, Language, MemberId, Name, OrgPath, Organization, Person, Refusal, RoleId, Target,
    TargetKind, UserId, Version, fold,
};

/// The longest display name of a member, in characters (U6).
pub const MAX_DISPLAY_NAME: usize = 100;

/// How a person became a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The person accepted an invitation.
    Invitation,
    /// A user manager approved the person's join request (ORG2).
    JoinRequest,
    /// The person created the organization.
    Creator,
    /// The person joined an empty sub-organization (SUB5).
    Joined,
    /// A user manager added the service (MACH1).
    Added,
}

/// The membership of a person in one organization, with exactly one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The id of the person.
    pub user_id: UserId,
    /// The organization.
    pub path: OrgPath,
    /// The verified address of the person when they joined. It does not change. `None` for a
    /// service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The name of the person, by the identity provider, or the name of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name that a user manager gave the member in this organization, if there is one (U6). It
    /// is shown instead of `name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Name>,
    /// The role of the member.
    pub role_id: RoleId,
    /// How the person became a member.
    pub source: Source,
    /// What makes the member a service. `None` for a person (MACH1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// The time at which the person became a member.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub joined_at: Timestamp,
    /// The time at which the access of the member ends. `None` for access without an end (END1).
    #[serde(
        default,
        with = "jiff::fmt::serde::timestamp::millisecond::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub access_expires_at: Option<Timestamp>,
    /// The member who set that end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_granted_by: Option<MemberId>,
    /// The language of their mails: that of the invitation that the person accepted. `None` for
    /// that of the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// The id that the member had with their former account (OP2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<MemberId>,
    /// The version of the membership.
    pub version: Version,
}

/// Whether a member is a person or a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberKind {
    /// A person.
    Person,
    /// A service.
    Service,
}

/// What a service has and a person has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// The member who looks after the service. They can have left.
    pub keeper: MemberId,
}

impl Member {
    /// Makes `person` a member of `org`.
    ///
    /// # Errors
    /// [`Refusal::EmailNotVerified`] if the person has no verified address.
    pub fn new(
        person: &Person,
        org: &Organization,
        role_id: RoleId,
        source: Source,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let email = person.verified_email()?.clone();
        Ok(Self {
            user_id: person.id.clone(),
            path: org.path.clone(),
            version: Version::first(now, None),
            email: Some(email),
            name: person.name.clone(),
            display_name: None,
            role_id,
            source,
            service: None,
            joined_at: now,
            access_expires_at: None,
            access_granted_by: None,
            language: None,
            continues: None,
        })
    }

    /// The new membership as it continues from a former one, if its tombstone was read. `tombstone`
    /// is the version of the tombstone.
    pub fn continuing(self, tombstone: Option<Version>) -> Self {
        Self { version: Version::first(self.joined_at, tombstone), ..self }
    }

    /// The id of the member in the API.
    pub fn id(&self) -> MemberId {
        MemberId::of(self.path.id(), &self.user_id)
    }

    /// The member with this role. If they hold it already, nothing changes. The access of a Super
    /// Admin does not end (END1).
    pub fn with_role(&self, role_id: RoleId, now: Timestamp) -> Self {
        if role_id == self.role_id {
            return self.clone();
        }
        let changed = Self { role_id, version: self.version.next(now), ..self.clone() };
        if role_id == RoleId::SUPER_ADMIN {
            return Self { access_expires_at: None, access_granted_by: None, ..changed };
        }
        changed
    }

    /// The names that a search finds, folded, one a line. Empty without a name.
    pub fn folded_names(&self) -> String {
        let shown = self.display_name.as_ref().map(Name::folded);
        let own = self.name.as_deref().map(fold);
        shown.into_iter().chain(own).collect::<Vec<_>>().join("\n")
    }

    /// The member as the target of an event.
    pub fn target(&self, version: Version) -> Target {
        Target::new(TargetKind::Member, &self.id(), version)
    }

    /// Whether the member is a person or a service.
    pub fn kind(&self) -> MemberKind {
        if self.service.is_some() { MemberKind::Service } else { MemberKind::Person }
    }

    /// Checks that `person` may act by this membership of theirs: its access has not ended, and a
    /// token with a verified address is not that of a service.
    ///
    /// # Errors
    /// [`Refusal::AccessExpired`] or [`Refusal::ServiceTokenHasAddress`] if they do not.
    pub fn check_acting(&self, person: &Person) -> Result<(), Refusal> {
        self.check_access(person.at)?;
        if self.service.is_some() && person.email.is_some() {
            return Err(Refusal::ServiceTokenHasAddress);
        }
        Ok(())
    }

    /// Whether the member can look after services: a person whose access has not ended at `now`.
    pub fn can_keep(&self, now: Timestamp) -> bool {
        self.service.is_none() && self.has_access(now)
    }

    /// Checks that the access of the member has not ended at `now` (END1). From its end on, the
    /// person is no member, whether the clean-up has run or not.
    ///
    /// # Errors
    /// [`Refusal::AccessExpired`] if it has ended.
    pub fn check_access(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.access_expires_at {
            Some(end) if end <= now => Err(Refusal::AccessExpired(end)),
            _ => Ok(()),
        }
    }

    /// Checks the same for a request of another person about this member.
    ///
    /// # Errors
    /// [`Refusal::MemberAccessExpired`] if it has ended.
    pub fn check_present(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.access_expires_at {
            Some(end) if end <= now => Err(Refusal::MemberAccessExpired(end)),
            _ => Ok(()),
        }
    }

    /// Whether the access of the member has not ended at `now` (END1).
    pub fn has_access(&self, now: Timestamp) -> bool {
        self.check_access(now).is_ok()
    }
}
