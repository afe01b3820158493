//! The named actions that other services ask about (ORG6), and the least level that grants each.
//! It never decides for anybody: that takes somebody's effective levels.

use super::{Condition, Level, RoleObject};

/// Something that a role can allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// What it is called: `user_management.invite`.
    pub name: &'static str,
    /// The role object that it belongs to.
    pub role_object: RoleObject,
    /// The least level that grants it. `None`: it is named, but nothing ever grants it.
    pub level: Option<Level>,
}

impl Action {
    /// All of them, in the catalogue's order; last in each role object, what is never granted.
    pub fn all() -> impl Iterator<Item = Self> {
        RoleObject::ALL.into_iter().flat_map(|role_object| {
            let granted = Level::ALL.into_iter().flat_map(move |level| {
                let names = role_object.meaning(level).unwrap_or_default();
                names.iter().map(move |name| Self { name, role_object, level: Some(level) })
            });
            let never = role_object.never().iter();
            granted.chain(never.map(move |name| Self { name, role_object, level: None }))
        })
    }

    /// The action called `name`.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::all().find(|action| action.name == name)
    }

    /// Does it count only while the switch of the tree is on, which stands at the root (SUB1)?
    #[must_use]
    pub fn asks_the_root(self) -> bool {
        self.role_object.shown_when() == Condition::ManageSubOrganizations
    }

    /// Does holding `level` on its role object grant it?
    #[must_use]
    pub fn granted_by(self, level: Level) -> bool {
        self.level.is_some_and(|least| level >= least)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_action_has_one_name_and_is_found_by_it() {
        let mut names = HashSet::new();
        for action in Action::all() {
            assert!(names.insert(action.name), "{} is named twice", action.name);
            assert_eq!(Action::find(action.name), Some(action));
        }
        assert_eq!(Action::find("user_management.destroy"), None);
    }

    #[test]
    fn a_higher_level_keeps_what_the_lower_one_granted() {
        let list = Action::find("user_management.list").unwrap();
        let invite = Action::find("user_management.invite").unwrap();
        assert_eq!(Level::ALL.map(|level| list.granted_by(level)), [false, true, true]);
        assert_eq!(Level::ALL.map(|level| invite.granted_by(level)), [false, false, true]);
    }

    #[test]
    fn what_is_never_granted_is_known_and_refused_at_every_level() {
        let edit = "license_management_sub_organizations.edit_license_notes";
        let edit = Action::find(edit).unwrap();
        assert_eq!(Level::ALL.map(|level| edit.granted_by(level)), [false; 3]);
    }
}
