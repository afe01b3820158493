//! The second sheet of an export: the person who made the export, its time and its filters.

use jiff::Timestamp;
use shared::{
    domain::{MemberKind, OrgId, Organization, RoleId},
    http::{Match, ScopeParam, StatusParam, views},
    store::{Error, Key, Store},
};

use crate::{
    export_rows::DisplayNames,
    filters::{Filters, ListOrder, Sort},
    sheet::{Cell, Facts},
};

/// An export, without its rows.
pub(crate) struct About<'a> {
    /// The organization in the path.
    pub(crate) org: &'a Organization,
    pub(crate) filters: &'a Filters,
    /// The caller.
    pub(crate) made_by: views::Person,
    pub(crate) made_at: Timestamp,
}

/// The names of what the filters of an export name by ids, in the order of the ids.
pub(crate) struct FilteredNames {
    /// `None` for an organization that was deleted meanwhile.
    pub(crate) organizations: Vec<Option<String>>,
    pub(crate) roles: Vec<String>,
}

/// Active members, as the sheet calls them.
const ACTIVE: &str = "Active";
/// Pending invitations, as the sheet calls them.
const INVITED: &str = "Invited, also where the invitation has expired";

impl About<'_> {
    /// The names of what the filters name by ids. `names` has those of the rows.
    ///
    /// # Errors
    ///
    /// The errors of the store.
    pub(crate) async fn filtered(
        &self,
        store: &Store,
        names: &DisplayNames,
    ) -> Result<FilteredNames, Error> {
        let (organizations, roles) =
            tokio::try_join!(self.organizations(store), self.roles(store, names))?;
        Ok(FilteredNames { organizations, roles })
    }

    /// The lines of the sheet.
    pub(crate) fn facts(&self, filtered: &FilteredNames, rows: u32) -> Facts {
        let FilteredNames { organizations, roles } = filtered;
        let roles = if roles.is_empty() { "All".to_owned() } else { roles.join(", ") };
        let organizations = match organizations.as_slice() {
            [] => self.scope(),
            chosen => joined(chosen.iter().flatten().cloned()),
        };
        let Self { org, filters, ref made_by, made_at } = *self;
        let status = match filters.status.as_slice() {
            [] => joined([ACTIVE, INVITED].map(str::to_owned).into_iter()),
            some => joined(some.iter().map(|status| match status {
                StatusParam::Active => ACTIVE.to_owned(),
                StatusParam::Pending => INVITED.to_owned(),
            })),
        };
        let text = |text: String| Cell::from(text);
        vec![
            ("Users of", text(org.name.to_string())),
            ("Made by", text(made_by.label())),
            ("Made at (UTC)", Cell::Time(made_at)),
            ("Users", Cell::Number(rows)),
            ("Organizations", text(organizations)),
            ("Status", text(status)),
            ("Kind", kind(filters).into()),
            ("Roles", text(roles)),
            ("Search", text(search(filters))),
            order(filters.sort),
            ("Time zone", "All times are in UTC.".into()),
        ]
    }

    async fn roles(&self, store: &Store, names: &DisplayNames) -> Result<Vec<String>, Error> {
        if self.filters.role_id.is_empty() {
            return Ok(vec![]);
        }
        let unnamed = |role: &RoleId| role.custom().is_some() && !names.has_role(*role);
        let org = self.filters.role_id.iter().any(unnamed).then(|| self.org.id());
        let own = store.role_summaries(org).await?;
        let name = |&role: &RoleId| {
            if names.has_role(role) { names.role_name(role) } else { role.shown_name(own.of(role)) }
        };
        Ok(self.filters.role_id.iter().map(name).collect())
    }

    /// The organizations of an export that chooses none.
    fn scope(&self) -> String {
        let own = &self.org.name;
        match self.filters.scope {
            ScopeParam::Organization => own.to_string(),
            ScopeParam::Subtree => format!("{own} and all organizations below it"),
        }
    }

    async fn organizations(&self, store: &Store) -> Result<Vec<Option<String>>, Error> {
        let chosen: &[OrgId] = &self.filters.organization_id;
        if chosen.is_empty() {
            return Ok(vec![]);
        }
        let keys = chosen.iter().map(|&org| Key::organization(org));
        let found = store.get_for_display(keys).await?;
        let name = |&org: &OrgId| found.organization(org).map(|org| org.name.to_string());
        Ok(chosen.iter().map(name).collect())
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
    let label = match sort.order() {
        ListOrder::Index(_) => "Order in each organization",
        ListOrder::Name(_) => "Order",
    };
    (label, order.into())
}
