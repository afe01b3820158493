//! The permissions of one person in one organization.

use super::{
    BuiltIn, Conditions, Level, Levels, Member, Organization, Person, Refusal, RoleId, RoleObject,
    levels_in, may_grant,
};

/// A person's permissions in an organization that they may know of.
///
/// Only members and operators have a standing, so a rule that takes one may reveal that the
/// organization exists (U5). A write repeats the membership as a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The person.
    pub person: Person,
    /// The organization.
    pub org: Organization,
    /// The person's membership. `None` for an operator, who reads without a membership (OP1).
    pub member: Option<Member>,
    /// The conditions that hold in the organization (ROLE5).
    pub conditions: Conditions,
    /// The stored levels of the role. The escalation check compares these (ROLE7).
    pub levels: Levels,
    /// The levels after prerequisites and conditions are applied. Permission checks use these
    /// (ROLE4, ROLE5).
    pub effective: Levels,
}

impl Standing {
    /// Determines the permissions of `person` in `org`.
    ///
    /// A member gets the levels of their role in this organization (U2). An operator without a
    /// membership gets view levels (OP1). A role that no longer exists, or that this kind of
    /// organization does not have, gives no level.
    ///
    /// `root` is the root organization of the tree, if `org` is not the root. Without it,
    /// `manage_sub_organizations` counts as off.
    ///
    /// # Errors
    /// - [`Refusal::NoSuchOrganization`] if `org` is `None`, or if the person is neither a member
    ///   nor an operator. Both cases give the same answer (U5). [`Refusal::NoOrganizationWithId`]
    ///   to an operator.
    /// - The refusals of [`Member::check_acting`] (END1, MACH1).
    /// - The refusals of [`Organization::check_open`] (SA7) and of
    ///   [`check_sign_in`](Self::check_sign_in) if the caller is a member.
    pub fn of(
        person: Person,
        org: Option<Organization>,
        member: Option<Member>,
        root: Option<&Organization>,
    ) -> Result<Self, Refusal> {
        let standing = Self::unchecked(person, org, member, root)?;
        if standing.member.is_some() {
            standing.org.check_open()?;
            standing.check_sign_in()?;
        }
        Ok(standing)
    }

    /// The permissions of `person` for requests about the security settings. A Super Admin whose
    /// sign-in has the required factors reads and changes them from any network and with a sign-in
    /// of any age. So other members cannot lock them out (ORG3).
    ///
    /// # Errors
    /// Those of [`of`](Self::of). Of the refusals of the sign-in, a Super Admin gets only
    /// [`Refusal::MfaRequired`] and [`Refusal::MfaUnknown`].
    pub fn for_security_settings(
        person: Person,
        org: Option<Organization>,
        member: Option<Member>,
    ) -> Result<Self, Refusal> {
        let standing = Self::unchecked(person, org, member, None)?;
        if standing.member.is_some() {
            standing.org.check_open()?;
        }
        match standing.check_sign_in() {
            Err(
                Refusal::SessionTooOld(_)
                | Refusal::SessionAgeUnknown { .. }
                | Refusal::NetworkNotAllowed,
            ) if standing.is_super_admin() => {}
            Err(refusal) if standing.member.is_some() => return Err(refusal),
            _ => {}
        }
        Ok(standing)
    }

    /// The permissions of `person` in `org`, whatever their sign-in. Decisions report a sign-in
    /// that does not satisfy the settings as a reason of its own.
    ///
    /// # Errors
    /// [`Refusal::NoSuchOrganization`] and the refusals of [`Member::check_acting`] as in
    /// [`of`](Self::of).
    pub fn unchecked(
        person: Person,
        org: Option<Organization>,
        member: Option<Member>,
        root: Option<&Organization>,
    ) -> Result<Self, Refusal> {
        let org = org.ok_or(if person.operator {
            Refusal::NoOrganizationWithId
        } else {
            Refusal::NoSuchOrganization
        })?;
        let refused = member.as_ref().map_or(Ok(()), |member| member.check_acting(&person)).err();
        let member = match refused {
            // An operator reads without a membership.
            Some(_) if person.operator => None,
            Some(refusal) => return Err(refusal),
            None => member,
        };
        let levels = match &member {
            Some(member) => levels_in(&org, member.role_id).unwrap_or_else(no_levels),
            None if person.operator => read_only_levels(),
            None => return Err(Refusal::NoSuchOrganization),
        };
        let conditions = org.conditions(root);
        let effective = conditions.effective(levels);
        Ok(Self { person, org, member, conditions, levels, effective })
    }

    /// The standing of a person whose access to `org` has ended: no membership and no level.
    /// Decisions report it as a reason of its own (END1).
    pub fn without_access(person: Person, org: Organization, root: Option<&Organization>) -> Self {
        let conditions = org.conditions(root);
        Self { person, org, member: None, conditions, levels: no_levels(), effective: no_levels() }
    }

    /// Checks that the caller's sign-in satisfies the security settings (ORG3). Of a service, only
    /// the network counts. The sign-in of the subject of another caller's request is not checked.
    ///
    /// # Errors
    /// The refusals of [`Security::check_sign_in`](super::Security::check_sign_in).
    pub fn check_sign_in(&self) -> Result<(), Refusal> {
        let is_service = self.member.as_ref().is_some_and(|member| member.service.is_some());
        match &self.person.authn {
            Some(authn) if is_service => self.org.security.check_network(authn),
            _ => self.org.check_sign_in(&self.person),
        }
    }

    /// Checks that the person has at least `level` on `object`.
    ///
    /// # Errors
    /// - [`Refusal::OperatorReadOnly`] if an operator without a membership needs more than view.
    /// - [`Refusal::NotShownToOperator`] if such an operator lacks the view level: the organization
    ///   does not show the role object.
    /// - [`Refusal::MissingPermission`] in every other case in which the level is too low.
    pub fn require(&self, object: RoleObject, level: Level) -> Result<(), Refusal> {
        if self.effective.level_on(object) >= level {
            return Ok(());
        }
        if self.member.is_none() && level > Level::ViewOnly {
            return Err(Refusal::OperatorReadOnly);
        }
        Err(self.lacks(object, level))
    }

    /// The refusal of a request for which the person lacks a level.
    pub(super) fn lacks(&self, object: RoleObject, level: Level) -> Refusal {
        let shown = self.conditions.shows(object);
        if self.member.is_none() && self.person.operator {
            return Refusal::NotShownToOperator { object, level };
        }
        Refusal::MissingPermission { object, level, shown }
    }

    /// The person's membership.
    ///
    /// # Errors
    /// [`Refusal::OperatorReadOnly`] if the person is an operator without a membership.
    pub fn membership(&self) -> Result<&Member, Refusal> {
        self.member.as_ref().ok_or(Refusal::OperatorReadOnly)
    }

    /// The role that the person holds in the organization.
    pub fn role(&self) -> Option<RoleId> {
        self.member.as_ref().map(|member| member.role_id)
    }

    /// Whether the person is the Super Admin of the organization.
    pub fn is_super_admin(&self) -> bool {
        self.role() == Some(RoleId::SUPER_ADMIN)
    }

    /// Checks that the person may grant `role` to another person (ROLE7).
    ///
    /// # Errors
    /// - [`Refusal::OperatorReadOnly`] if the person is an operator without a membership.
    /// - The refusals of [`may_grant`].
    pub fn require_grant(&self, role: RoleId) -> Result<(), Refusal> {
        may_grant(&self.org, self.membership()?.role_id, self.levels, role)
    }

    /// The roles that the person can give by an invitation or a change (INV1), or to the users of a
    /// role that they delete (ROLE6, ROLE7). Built-in roles come first, then the custom ones,
    /// oldest first.
    pub fn grantable_roles(&self) -> Vec<RoleId> {
        let giving = [RoleObject::UserManagement, RoleObject::RoleManagement];
        if giving.into_iter().all(|object| self.require(object, Level::FullAccess).is_err()) {
            return vec![];
        }
        let custom = self.org.roles.keys().copied().map(RoleId::Custom);
        let all = BuiltIn::ALL.into_iter().map(RoleId::BuiltIn).chain(custom);
        all.filter(|role| self.require_grant(*role).is_ok()).collect()
    }
}

fn read_only_levels() -> Levels {
    let all = BuiltIn::SuperAdmin.levels();
    Levels::from_fn(|object| all.level_on(object).min(Level::ViewOnly))
}

fn no_levels() -> Levels {
    Levels::from_fn(|_| Level::None)
}
