//! Who is asking, and what they may do in one organization.

use super::{
    BuiltIn, Conditions, Level, Levels, Member, Organization, Person, Refusal, RoleId, RoleObject,
    levels_in, may_grant,
};

/// A person whom an organization knows, and the membership that makes it so.
///
/// A stranger has no standing, so whoever holds one of these may at least know that the
/// organization exists (U5). The membership is kept as evidence: a write repeats it as a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Who.
    pub person: Person,
    /// Where.
    pub org: Organization,
    /// The membership; none for an operator, who reads without being a member (OP1).
    pub member: Option<Member>,
    /// What holds in the organization (ROLE5).
    pub conditions: Conditions,
    /// The role's levels as stored: what ROLE7 compares.
    pub levels: Levels,
    /// The role's levels as they count now (ROLE4, ROLE5): what permission is judged by.
    pub effective: Levels,
}

impl Standing {
    /// Places a person: by their membership in this very organization (U2), or, for reading alone,
    /// by being an operator (OP1). Everybody else is told that there is no such organization (U5).
    ///
    /// A member who asks has signed in as the organization demands (ORG3). An operator is not bound
    /// by that, unless they are a member; nor is somebody who is only asked about.
    ///
    /// `root` is the tree's root, where the organization is not the root itself and the caller has
    /// read it; without it, what depends on the tree's switch counts as none.
    pub fn of(
        person: Person,
        org: Option<Organization>,
        member: Option<Member>,
        root: Option<&Organization>,
    ) -> Result<Self, Refusal> {
        let org = org.ok_or(Refusal::NoSuchOrganization)?;
        let levels = match &member {
            // A role that is not there any more, or not in this kind, grants nothing.
            Some(member) => levels_in(&org, member.role_id).unwrap_or_else(nothing),
            None if person.operator => look_only(),
            None => return Err(Refusal::NoSuchOrganization),
        };
        if member.is_some() {
            org.admits(&person)?;
        }
        let conditions = org.conditions(root);
        let effective = conditions.effective(levels);
        Ok(Self { person, org, member, conditions, levels, effective })
    }

    /// Insists on a level.
    pub fn require(&self, object: RoleObject, level: Level) -> Result<(), Refusal> {
        if self.effective.of(object) >= level {
            return Ok(());
        }
        let shown = self.conditions.shows(object);
        Err(if self.member.is_none() {
            Refusal::OperatorsOnlyRead
        } else {
            Refusal::Lacks { object, level, shown }
        })
    }

    /// The membership, which only members have.
    pub fn membership(&self) -> Result<&Member, Refusal> {
        self.member.as_ref().ok_or(Refusal::OperatorsOnlyRead)
    }

    /// The role held here.
    #[must_use]
    pub fn role(&self) -> Option<RoleId> {
        self.member.as_ref().map(|member| member.role_id)
    }

    /// Is this the Super Admin?
    #[must_use]
    pub fn is_super_admin(&self) -> bool {
        self.role() == Some(RoleId::SUPER_ADMIN)
    }

    /// May the actor yield `role` to somebody (ROLE7)?
    pub fn require_grant(&self, role: RoleId) -> Result<(), Refusal> {
        may_grant(&self.org, self.membership()?.role_id, self.levels, role)
    }
}

/// An operator sees everything and touches nothing.
fn look_only() -> Levels {
    let all = BuiltIn::SuperAdmin.levels();
    Levels::from_fn(|object| all.of(object).min(Level::ViewOnly))
}

fn nothing() -> Levels {
    Levels::from_fn(|_| Level::None)
}
