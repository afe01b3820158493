//! The effective levels of a role: its stored levels after conditions and prerequisites are applied
//! (ROLE4, ROLE5).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Level, Levels, RoleObject};

/// A condition under which a role object is shown, settable and effective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// No condition.
    Always,
    /// An operator has turned on sub-organization management for the tree (SUB1).
    ManageSubOrganizations,
    /// An operator has put the partner in the MDF (market development funds) programme (PAR1).
    MdfProgram,
    /// The partner has at least one linked customer (PAR2).
    LinkedCustomer,
    /// The partner is the preferred partner of at least one linked customer (PAR2).
    PreferredPartnerCustomer,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Always => "always",
            Self::ManageSubOrganizations => {
                "an operator has turned sub-organization management on for the tree"
            }
            Self::MdfProgram => "an operator has put the partner in the MDF programme",
            Self::LinkedCustomer => "the partner has at least one linked customer",
            Self::PreferredPartnerCustomer => {
                "at least one linked customer has it as preferred partner"
            }
        })
    }
}

/// The facts about an organization that conditions depend on. The default is a standard
/// organization in which no condition holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "five independent facts")]
pub struct Conditions {
    /// Whether the organization is of kind `partner`.
    pub partner: bool,
    /// Whether [`Condition::ManageSubOrganizations`] holds.
    pub manage_sub_organizations: bool,
    /// Whether [`Condition::MdfProgram`] holds.
    pub mdf_program: bool,
    /// Whether [`Condition::LinkedCustomer`] holds.
    pub linked_customer: bool,
    /// Whether [`Condition::PreferredPartnerCustomer`] holds.
    pub preferred_partner_customer: bool,
}

/// Why a stored level counts as `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restriction {
    /// Only partner organizations have the role object (ROLE1).
    PartnerOnly,
    /// The condition of the role object does not hold (ROLE5).
    ConditionNotMet(Condition),
    /// The role holds the prerequisite role object below this level (ROLE4).
    PrerequisiteNotMet(RoleObject, Level),
}

impl fmt::Display for Restriction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PartnerOnly => f.write_str("only partner organizations have it"),
            Self::ConditionNotMet(condition) => {
                write!(f, "it is available only while {condition}")
            }
            Self::PrerequisiteNotMet(object, level) => {
                write!(f, "it requires at least {} to {}", level.name(), object.name())
            }
        }
    }
}

impl Conditions {
    /// Whether `object` is shown and settable (ROLE5).
    pub fn shows(self, object: RoleObject) -> bool {
        self.hidden_because(object).is_none()
    }

    /// The levels after conditions and prerequisites are applied. A restricted level becomes
    /// `none` (ROLE4, ROLE5).
    pub fn effective(self, levels: Levels) -> Levels {
        Levels::from_fn(|object| match self.restriction_if_held(levels, object) {
            Some(_) => Level::None,
            None => levels.level_on(object),
        })
    }

    /// Why the level on `object` counts as `none`. `None` if it counts, or is `none` already.
    pub fn restriction_if_held(self, levels: Levels, object: RoleObject) -> Option<Restriction> {
        if levels.level_on(object) == Level::None { None } else { self.restriction(levels, object) }
    }

    /// Why `object` grants no action, not even one that `none` grants. `None` if it can.
    ///
    /// 1. The organization is of the right kind.
    /// 2. The condition of the role object holds (ROLE5).
    /// 3. The prerequisite is held, and is itself not restricted (ROLE4).
    pub fn restriction(self, levels: Levels, object: RoleObject) -> Option<Restriction> {
        self.hidden_because(object).or_else(|| {
            let (base, least) = object.prerequisite()?;
            let met =
                levels.level_on(base) >= least && self.restriction_if_held(levels, base).is_none();
            (!met).then_some(Restriction::PrerequisiteNotMet(base, least))
        })
    }

    /// Why `object` is not shown (ROLE5). `None` if it is shown.
    pub fn hidden_because(self, object: RoleObject) -> Option<Restriction> {
        if object.partner_only() && !self.partner {
            return Some(Restriction::PartnerOnly);
        }
        let condition = object.shown_when();
        (!self.is_met(condition)).then_some(Restriction::ConditionNotMet(condition))
    }

    fn is_met(self, condition: Condition) -> bool {
        match condition {
            Condition::Always => true,
            Condition::ManageSubOrganizations => self.manage_sub_organizations,
            Condition::MdfProgram => self.mdf_program,
            Condition::LinkedCustomer => self.linked_customer,
            Condition::PreferredPartnerCustomer => self.preferred_partner_customer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::BuiltIn;
    use RoleObject::{
        ChannelPartnerPortalMdf, LicenseManagement, LicenseManagementSubOrganizations,
        SupportServiceCustomerOrganizations, UserManagement,
    };

    const EVERYTHING: Conditions = Conditions {
        partner: true,
        manage_sub_organizations: true,
        mdf_program: true,
        linked_customer: true,
        preferred_partner_customer: true,
    };

    #[test]
    fn built_in_role_keeps_all_its_levels_if_every_condition_holds() {
        for role in BuiltIn::ALL {
            assert_eq!(EVERYTHING.effective(role.levels()), role.levels());
        }
    }

    #[test]
    fn unmet_condition_restricts_its_own_role_objects_only() {
        let unmet = [
            (
                Condition::ManageSubOrganizations,
                Conditions { manage_sub_organizations: false, ..EVERYTHING },
            ),
            (Condition::MdfProgram, Conditions { mdf_program: false, ..EVERYTHING }),
            (Condition::LinkedCustomer, Conditions { linked_customer: false, ..EVERYTHING }),
            (
                Condition::PreferredPartnerCustomer,
                Conditions { preferred_partner_customer: false, ..EVERYTHING },
            ),
        ];
        let held = BuiltIn::SuperAdmin.levels();
        for (condition, here) in unmet {
            for object in RoleObject::ALL {
                let off = object.shown_when() == condition;
                let restriction = off.then_some(Restriction::ConditionNotMet(condition));
                assert_eq!(here.shows(object), !off, "{object}");
                assert_eq!(here.restriction_if_held(held, object), restriction, "{object}");
            }
        }
    }

    #[test]
    fn partner_only_role_object_counts_as_none_in_a_standard_organization() {
        let here = Conditions { partner: false, ..EVERYTHING };
        let held = BuiltIn::SuperAdmin.levels();
        for object in RoleObject::ALL {
            assert_eq!(here.shows(object), !object.partner_only(), "{object}");
        }
        for object in [ChannelPartnerPortalMdf, SupportServiceCustomerOrganizations] {
            assert_eq!(here.effective(held).level_on(object), Level::None);
            assert_eq!(here.restriction_if_held(held, object), Some(Restriction::PartnerOnly));
        }
    }

    #[test]
    fn level_with_unmet_prerequisite_counts_as_none() {
        let held = BuiltIn::Admin.levels().with(LicenseManagement, Level::None);
        let object = LicenseManagementSubOrganizations;
        let unmet = Restriction::PrerequisiteNotMet(LicenseManagement, Level::ViewOnly);
        assert_eq!(EVERYTHING.restriction_if_held(held, object), Some(unmet));
        assert_eq!(EVERYTHING.effective(held).level_on(object), Level::None);
        insta::assert_snapshot!(unmet, @"it requires at least view access to License Management");

        let met = held.with(LicenseManagement, Level::ViewOnly);
        assert_eq!(EVERYTHING.effective(met).level_on(object), Level::FullAccess);
    }

    #[test]
    fn level_none_has_no_restriction() {
        let none = Levels::from_fn(|_| Level::None);
        for object in RoleObject::ALL {
            assert_eq!(Conditions::default().restriction_if_held(none, object), None);
        }
    }

    #[test]
    fn effective_levels_do_not_change_when_computed_again() {
        let here = Conditions { manage_sub_organizations: true, ..Conditions::default() };
        let held = BuiltIn::SuperAdmin.levels().with(UserManagement, Level::None);
        assert_eq!(here.effective(here.effective(held)), here.effective(held));
    }
}
