//! The part of a search in the users list that finds users by the names of their roles (SUB6).

use super::{
    Direction, Error, Position, RoleNames, Store, index,
    range::Range,
    role_names::RoleNamesPage,
    users::{AddressFilter, BY_ROLE_NAME, MAX_ROLE_RANGES, PartStep, UserFilter},
};
use crate::domain::{BuiltIn, OrgPath, RoleId, Scope, Search};

impl Store {
    /// The step of a search at a position in the part by role name.
    pub(super) async fn step_by_role_name(
        &self,
        filter: &UserFilter,
        search: &Search,
        position: &Position,
    ) -> Result<PartStep, Error> {
        let start = index::path_of(&position.key);
        let page = self.role_names_from(filter, start.as_ref()).await?;
        Ok(filter.step_by_role_name(search, page))
    }

    /// The role names of the filter's organizations, from one of them on, in the filter's order.
    async fn role_names_from(
        &self,
        filter: &UserFilter,
        start: Option<&OrgPath>,
    ) -> Result<RoleNamesPage, Error> {
        let direction = filter.order.direction;
        if let Scope::Subtree(top) = &filter.scope {
            return self.role_names_in_subtree(top, start, direction).await;
        }
        let mut found = self.role_names(filter.with_custom_roles.iter().copied()).await?;
        let path = |names: &RoleNames| index::path(&names.path);
        found.sort_by(|one, other| direction.compare(&path(one), &path(other)));
        if let Some(start) = start.map(index::path) {
            found.retain(|names| direction.compare(&path(names), &start).is_ge());
        }
        Ok(RoleNamesPage { items: found, next: None, units: 0.0 })
    }
}

impl UserFilter {
    /// The users whose role has a matching name and whose address does not match. The step ends
    /// before the organization that would exceed [`MAX_ROLE_RANGES`] custom roles.
    fn step_by_role_name(&self, search: &Search, page: RoleNamesPage) -> PartStep {
        let unmatched = AddressFilter::DoesNotMatch(search);
        let wanted = |role: &RoleId| self.roles.is_empty() || self.roles.contains(role);
        let (mut ranges, mut count, mut next) = (Vec::new(), 0, page.next);
        for names in page.items {
            let matching: Vec<_> = names.matching(search).filter(wanted).collect();
            count += matching.len();
            let is_first = count == matching.len();
            if count > MAX_ROLE_RANGES && !is_first {
                next = Some(names.path);
                break;
            }
            if !matching.is_empty() {
                let scope = Scope::Organizations(vec![names.path]);
                ranges.extend(Self { scope, ..self.clone() }.ranges(&matching, unmatched));
            }
        }
        let step_end = next.map(|next| match self.order.direction {
            Direction::Ascending => index::path(&next),
            Direction::Descending => index::after_organization(&next),
        });
        let matching = BuiltIn::ALL.into_iter().filter(|role| search.finds(role.name()));
        let built_in: Vec<_> = matching.map(RoleId::BuiltIn).filter(wanted).collect();
        if !built_in.is_empty() {
            let bounded = |range: Range| range.ending_at(step_end.clone());
            ranges.extend(self.ranges(&built_in, unmatched).into_iter().map(bounded));
        }
        let next = step_end.map(|key| Position { part: BY_ROLE_NAME, key });
        PartStep { part: BY_ROLE_NAME, ranges, next, units: page.units }
    }
}
