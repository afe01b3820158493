//! The second sheet of an export: the person who made the export, its time and its filters.

use jiff::Timestamp;
use shared::{
    domain::{MemberKind, OrgId, Organization, RoleId},
    http::{Match, ScopeParam, StatusParam, views},
    store::{Error, Key, Store},
};

use crate::{
    filter::{Filters, Sort},
    rows::DisplayNames,
    sheet::{Cell, Facts},
};

/// An export, without its rows.
pub(crate) struct About<'a> {
    /// The organization in the path.
    pub(crate) org: &'a Organization,
    pub(crate) filters: &'a Filters,
    /// The caller.
    pub(crate) made_for: views::Person,
    pub(crate) made_at: Timestamp,
}

/// Active members, as the sheet calls them.
const ACTIVE: &str = "Active";
/// Pending invitations, as the sheet calls them.
const INVITED: &str = "Invited, also where the invitation has expired";

impl About<'_> {
    /// The lines of the sheet. `names` has those of the rows.
    ///
    /// # Errors
    ///
    /// The errors of the store.
    pub(crate) async fn facts(
        self,
        store: &Store,
        names: &DisplayNames,
        rows: u32,
    ) -> Result<Facts, Error> {
        let roles = self.roles(store, names).await?;
        let organizations = self.organizations(store).await?;
        let Self { org, filters, made_for, made_at } = self;
        let status = match filters.status.as_slice() {
            [] => joined([ACTIVE, INVITED].map(str::to_owned).into_iter()),
            some => joined(some.iter().map(|status| match status {
                StatusParam::Active => ACTIVE.to_owned(),
                StatusParam::Pending => INVITED.to_owned(),
            })),
        };
        let text = |text: String| Cell::from(text);
        Ok(vec![
            ("Users of", text(org.name.to_string())),
            ("Made for", text(made_for.label())),
            ("Made at (UTC)", Cell::Time(made_at)),
            ("Users", Cell::Number(rows)),
            ("Organizations", text(organizations)),
            ("Status", text(status)),
            ("Kind", kind(filters).into()),
            ("Roles", text(roles)),
            ("Search", text(search(filters))),
            order(filters.sort),
            ("Time zone", "All times are in UTC.".into()),
        ])
    }

    async fn roles(&self, store: &Store, names: &DisplayNames) -> Result<String, Error> {
        if self.filters.role_id.is_empty() {
            return Ok("All".to_owned());
        }
        let unnamed = |role: &RoleId| role.custom().is_some() && !names.has_role(*role);
        let own = self.filters.role_id.iter().any(unnamed).then(|| self.org.id());
        let own = store.role_summaries(own).await?;
        let name = |&role: &RoleId| {
            if names.has_role(role) {
                names.role_name(role)
            } else {
                views::role_name(role, own.of(role))
            }
        };
        Ok(joined(self.filters.role_id.iter().map(name)))
    }

    async fn organizations(&self, store: &Store) -> Result<String, Error> {
        let own = &self.org.name;
        let chosen: &[OrgId] = &self.filters.organization_id;
        if chosen.is_empty() {
            return Ok(match self.filters.scope {
                ScopeParam::Organization => own.to_string(),
                ScopeParam::Subtree => format!("{own} and all organizations below it"),
            });
        }
        let keys = chosen.iter().map(|&org| Key::organization(org));
        let found = store.get_for_display(keys).await?;
        let names = chosen.iter().filter_map(|&org| found.organization(org));
        Ok(joined(names.map(|org| org.name.to_string())))
    }
}

fn joined(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

fn kind(filters: &Filters) -> &'static str {
    match filters.kind() {
        None => "Persons and services",
        Some(MemberKind::Person) => "Persons",
        Some(MemberKind::Service) => "Services",
    }
}

fn search(filters: &Filters) -> String {
    let text = filters.q.trim();
    match filters.r#match {
        _ if text.is_empty() => "None".to_owned(),
        Match::Prefix => format!("Begins with: {text}"),
        Match::Contains => format!("Contains: {text}"),
    }
}

/// The order. One by name is of all users, in whichever organization.
fn order(sort: Sort) -> (&'static str, Cell<'static>) {
    let order = match sort {
        Sort::Email => "Email, A to Z",
        Sort::EmailDescending => "Email, Z to A",
        Sort::JoinedAt => "Joined or invited, earliest first",
        Sort::JoinedAtDescending => "Joined or invited, latest first",
        Sort::Name => "Name, A to Z",
        Sort::NameDescending => "Name, Z to A",
        Sort::RoleName => "Role, A to Z",
        Sort::RoleNameDescending => "Role, Z to A",
    };
    let label = if sort.by_name().is_some() { "Order" } else { "Order in each organization" };
    (label, order.into())
}
