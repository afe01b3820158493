//! The named actions of the permission catalogue. Other services ask for decisions about them
//! (ORG6).

use super::{Condition, Level, RoleObject};

/// One operation that a role can permit, for example `user_management.invite`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// The name of the action in the API.
    pub name: &'static str,
    /// The role object that the action belongs to.
    pub role_object: RoleObject,
    /// The lowest level that grants the action. `None`: no level grants it.
    pub level: Option<Level>,
}

impl Action {
    /// All actions in the order of the catalogue. The actions that no level grants come last within
    /// each role object.
    pub fn all() -> impl Iterator<Item = Self> {
        RoleObject::ALL.into_iter().flat_map(|role_object| {
            let granted = Level::ALL.into_iter().flat_map(move |level| {
                let names = role_object.actions_added_by(level).unwrap_or_default();
                names.iter().map(move |name| Self { name, role_object, level: Some(level) })
            });
            let never_granted = role_object.never_granted().iter();
            granted.chain(never_granted.map(move |name| Self { name, role_object, level: None }))
        })
    }

    /// The action with this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::all().find(|action| action.name == name)
    }

    /// Whether the action depends on `manage_sub_organizations`, a setting of the root organization
    /// (SUB1).
    pub fn depends_on_root_settings(self) -> bool {
        self.role_object.shown_when() == Condition::ManageSubOrganizations
    }

    /// Whether `level` on the action's role object grants the action.
    pub fn is_granted_by(self, level: Level) -> bool {
        self.level.is_some_and(|least| level >= least)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn action_names_are_unique_and_find_their_action() {
        let mut names = HashSet::new();
        for action in Action::all() {
            assert!(names.insert(action.name), "{} is named twice", action.name);
            assert_eq!(Action::find(action.name), Some(action));
        }
        assert_eq!(Action::find("user_management.destroy"), None);
    }

    #[test]
    fn higher_level_grants_the_actions_of_lower_levels() {
        let list = Action::find("user_management.list").unwrap();
        let invite = Action::find("user_management.invite").unwrap();
        assert_eq!(Level::ALL.map(|level| list.is_granted_by(level)), [false, true, true]);
        assert_eq!(Level::ALL.map(|level| invite.is_granted_by(level)), [false, false, true]);
    }

    #[test]
    fn never_granted_action_is_found_and_granted_at_no_level() {
        let edit = "license_management_sub_organizations.edit_license_notes";
        let edit = Action::find(edit).unwrap();
        assert_eq!(Level::ALL.map(|level| edit.is_granted_by(level)), [false; 3]);
    }
}
