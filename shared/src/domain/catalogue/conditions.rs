//! Which role objects count in an organization, and how much (ROLE4, ROLE5). It never finds out
//! what holds there: that is an argument.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Level, RoleObject};
use crate::domain::Levels;

/// When a role object is shown, in the kinds of organization it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Always.
    Always,
    /// Sub-organization management is on for the tree (SUB1).
    ManageSubOrganizations,
    /// The partner is in the MDF programme (PAR1).
    MdfProgram,
    /// The partner has a linked customer (PAR2).
    LinkedCustomer,
    /// The partner has a linked customer that prefers it (PAR2).
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

/// What holds in an organization. By default: a standard one with everything off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are switches, and independent ones")]
pub struct Conditions {
    /// It is of kind `partner`.
    pub partner: bool,
    /// [`Condition::ManageSubOrganizations`].
    pub manage_sub_organizations: bool,
    /// [`Condition::MdfProgram`].
    pub mdf_program: bool,
    /// [`Condition::LinkedCustomer`].
    pub linked_customer: bool,
    /// [`Condition::PreferredPartnerCustomer`].
    pub preferred_partner_customer: bool,
}

/// Why a level counts as `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lowered {
    /// The role object is for partner organizations alone.
    NotInThisKind,
    /// Its condition does not hold (ROLE5).
    SwitchedOff(Condition),
    /// Its prerequisite is held below this level (ROLE4).
    PrerequisiteUnmet(RoleObject, Level),
}

impl fmt::Display for Lowered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInThisKind => f.write_str("it is for partner organizations alone"),
            Self::SwitchedOff(condition) => write!(f, "it counts only while {condition}"),
            Self::PrerequisiteUnmet(object, level) => {
                write!(f, "it needs at least `{level}` on `{object}`")
            }
        }
    }
}

impl Conditions {
    /// Is `object` shown and settable here (ROLE5)?
    #[must_use]
    pub fn shows(self, object: RoleObject) -> bool {
        self.hides(object).is_none()
    }

    /// What `levels` come to here (ROLE4, ROLE5).
    #[must_use]
    pub fn effective(self, levels: Levels) -> Levels {
        Levels::from_fn(|object| match self.why_lower(levels, object) {
            Some(_) => Level::None,
            None => levels.of(object),
        })
    }

    /// Why the level on `object` counts as `none` here, if it does and is not `none` anyway.
    ///
    /// 1. The object is for this kind of organization.
    /// 2. Its condition holds (ROLE5).
    /// 3. Its prerequisite, itself judged here, is met (ROLE4).
    #[must_use]
    pub fn why_lower(self, levels: Levels, object: RoleObject) -> Option<Lowered> {
        if levels.of(object) == Level::None { None } else { self.hindrance(levels, object) }
    }

    /// Why `object` does not count here at all, at whatever level it is held: what even `none`
    /// grants on it is then not granted either.
    #[must_use]
    pub fn hindrance(self, levels: Levels, object: RoleObject) -> Option<Lowered> {
        self.hides(object).or_else(|| {
            let (base, least) = object.prerequisite()?;
            let met = levels.of(base) >= least && self.why_lower(levels, base).is_none();
            (!met).then_some(Lowered::PrerequisiteUnmet(base, least))
        })
    }

    fn hides(self, object: RoleObject) -> Option<Lowered> {
        if object.partner_only() && !self.partner {
            return Some(Lowered::NotInThisKind);
        }
        let condition = object.shown_when();
        (!self.hold(condition)).then_some(Lowered::SwitchedOff(condition))
    }

    fn hold(self, condition: Condition) -> bool {
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
    fn where_everything_is_on_a_built_in_role_is_what_the_catalogue_says() {
        for role in BuiltIn::ALL {
            assert_eq!(EVERYTHING.effective(role.levels()), role.levels());
        }
    }

    #[test]
    fn a_switch_that_is_off_turns_off_its_objects_and_no_others() {
        let switches = [
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
        for (condition, here) in switches {
            for object in RoleObject::ALL {
                let off = object.shown_when() == condition;
                let lowered = off.then_some(Lowered::SwitchedOff(condition));
                assert_eq!(here.shows(object), !off, "{object}");
                assert_eq!(here.why_lower(held, object), lowered, "{object}");
            }
        }
    }

    #[test]
    fn in_a_standard_organization_what_is_for_partners_counts_as_none() {
        let here = Conditions { partner: false, ..EVERYTHING };
        let held = BuiltIn::SuperAdmin.levels();
        for object in RoleObject::ALL {
            assert_eq!(here.shows(object), !object.partner_only(), "{object}");
        }
        for object in [ChannelPartnerPortalMdf, SupportServiceCustomerOrganizations] {
            assert_eq!(here.effective(held).of(object), Level::None);
            assert_eq!(here.why_lower(held, object), Some(Lowered::NotInThisKind));
        }
    }

    #[test]
    fn an_unmet_prerequisite_counts_as_none() {
        let held = BuiltIn::Admin.levels().with(LicenseManagement, Level::None);
        let object = LicenseManagementSubOrganizations;
        let unmet = Lowered::PrerequisiteUnmet(LicenseManagement, Level::ViewOnly);
        assert_eq!(EVERYTHING.why_lower(held, object), Some(unmet));
        assert_eq!(EVERYTHING.effective(held).of(object), Level::None);
        insta::assert_snapshot!(unmet, @"it needs at least `view_only` on `license_management`");

        let met = held.with(LicenseManagement, Level::ViewOnly);
        assert_eq!(EVERYTHING.effective(met).of(object), Level::FullAccess);
    }

    #[test]
    fn what_was_none_anyway_has_not_been_lowered() {
        let none = Levels::from_fn(|_| Level::None);
        for object in RoleObject::ALL {
            assert_eq!(Conditions::default().why_lower(none, object), None);
        }
    }

    #[test]
    fn judging_twice_changes_nothing() {
        let here = Conditions { manage_sub_organizations: true, ..Conditions::default() };
        let held = BuiltIn::SuperAdmin.levels().with(UserManagement, Level::None);
        assert_eq!(here.effective(here.effective(held)), here.effective(held));
    }
}
