//! Links between a partner and its customers (PAR1, PAR2), and their suspension (PAR3).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Condition, Kind, Level, LinkCounts, OrgId, Organization, Refusal, RoleObject, Standing, Version,
};
use RoleObject::{
    LicenseManagementCustomerOrganizations, OrganizationGeneralInformation,
    SupportServiceCustomerOrganizations,
};

/// The role objects of a partner that apply to its customers (PAR2).
const CUSTOMER_OBJECTS: [RoleObject; 2] =
    [LicenseManagementCustomerOrganizations, SupportServiceCustomerOrganizations];

/// The link between a partner and one customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerLink {
    /// The partner.
    pub partner_id: OrgId,
    /// The customer.
    pub customer_id: OrgId,
    /// Whether the partner is the customer's preferred one.
    pub preferred: bool,
    /// Whether the customer has suspended the link. It allows nothing then (PAR3).
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspended: bool,
    /// The time at which they were linked.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub linked_at: Timestamp,
    /// The version of the link.
    pub version: Version,
}

/// What a link allows the members of the partner at the customer (PAR2, PAR3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkAccess {
    /// Nothing, because the customer has suspended the link.
    Suspended,
    /// What every partner of the customer may do.
    Standard,
    /// That, and what only its preferred partner may do.
    Preferred,
}

impl CustomerLink {
    /// What the link allows.
    pub fn access(self) -> LinkAccess {
        match (self.suspended, self.preferred) {
            (true, _) => LinkAccess::Suspended,
            (false, false) => LinkAccess::Standard,
            (false, true) => LinkAccess::Preferred,
        }
    }
}

impl LinkAccess {
    /// Whether the link allows the actions of a role object at the customer.
    pub fn allows(self, object: RoleObject) -> bool {
        let for_preferred = object.shown_when() == Condition::PreferredPartnerCustomer;
        match self {
            Self::Suspended => false,
            Self::Standard => CUSTOMER_OBJECTS.contains(&object) && !for_preferred,
            Self::Preferred => CUSTOMER_OBJECTS.contains(&object),
        }
    }

    /// The role objects whose actions the link allows.
    pub fn role_objects(self) -> Vec<RoleObject> {
        CUSTOMER_OBJECTS.into_iter().filter(|&object| self.allows(object)).collect()
    }
}

/// Checks that the actor may list the customers of their organization (PAR3): an operator, or a
/// member of a partner whose role has view access to a role object for customers.
///
/// It checks the stored level. The list shows which customers have suspended their link. So a
/// member sees it even if no other link makes the role object available (ROLE5).
///
/// # Errors
/// [`Refusal::MissingPermission`] or [`Refusal::NotShownToOperator`] otherwise.
pub fn check_list_customers(actor: &Standing) -> Result<(), Refusal> {
    let holds = |object: RoleObject| actor.levels.level_on(object) >= Level::ViewOnly;
    if actor.org.kind == Kind::Partner && CUSTOMER_OBJECTS.into_iter().any(holds) {
        return Ok(());
    }
    Err(actor.lacks(LicenseManagementCustomerOrganizations, Level::ViewOnly))
}

/// Checks that the actor may list the partners of their organization: a member with full access to
/// `organization_general_information`, or an operator (PAR3).
///
/// # Errors
/// The refusals of [`Standing::require`] otherwise.
pub fn check_list_partners(actor: &Standing) -> Result<(), Refusal> {
    let level = if actor.member.is_none() { Level::ViewOnly } else { Level::FullAccess };
    actor.require(OrganizationGeneralInformation, level)
}

/// Suspends or resumes the link of the actor's organization with a partner (PAR3). If it is so
/// already, nothing changes.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to
///   `organization_general_information`.
/// - [`Refusal::PartnerNotLinked`] if there is no link.
pub fn suspend_link(
    actor: &Standing,
    link: Option<CustomerLink>,
    suspended: bool,
    now: Timestamp,
) -> Result<CustomerLink, Refusal> {
    actor.require(OrganizationGeneralInformation, Level::FullAccess)?;
    let link = link.ok_or(Refusal::PartnerNotLinked)?;
    if link.suspended == suspended {
        return Ok(link);
    }
    Ok(CustomerLink { suspended, version: link.version.next(now), ..link })
}

/// What is stored of the link of two organizations.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoredLink {
    /// The present link, if there is one.
    pub link: Option<CustomerLink>,
    /// The version of the tombstone, if one was read: a new link continues from it.
    pub tombstone: Option<Version>,
}

/// Links a customer to a partner, or changes whether the partner is preferred (PAR1).
///
/// # Errors
/// - [`Refusal::PartnerRequired`] if `partner` is not a partner organization.
/// - [`Refusal::CustomerMustBeStandard`] if `customer` is not a standard organization.
pub fn link_customer(
    partner: &Organization,
    customer: &Organization,
    stored: StoredLink,
    preferred: bool,
    now: Timestamp,
) -> Result<CustomerLink, Refusal> {
    if partner.kind != Kind::Partner {
        return Err(Refusal::PartnerRequired);
    }
    if customer.kind != Kind::Standard {
        return Err(Refusal::CustomerMustBeStandard);
    }
    Ok(match stored.link {
        Some(link) if link.preferred == preferred => link,
        Some(link) => CustomerLink { preferred, version: link.version.next(now), ..link },
        None => CustomerLink {
            partner_id: partner.id(),
            customer_id: customer.id(),
            preferred,
            suspended: false,
            linked_at: now,
            version: Version::first(now, stored.tombstone),
        },
    })
}

impl LinkCounts {
    /// The counts of the partner after a change of one of its links.
    pub fn of_partner(self, before: Option<CustomerLink>, after: Option<CustomerLink>) -> Self {
        let count = |number, counts: fn(&CustomerLink) -> bool| {
            recount(number, before.filter(counts), after.filter(counts))
        };
        Self {
            customers: count(self.customers, |_| true),
            preferred: count(self.preferred, |link| link.access() == LinkAccess::Preferred),
            suspended: count(self.suspended, |link| link.suspended),
            ..self
        }
    }

    /// The counts of the customer after a change of one of its links.
    pub fn of_customer(self, before: Option<CustomerLink>, after: Option<CustomerLink>) -> Self {
        Self { partners: recount(self.partners, before, after), ..self }
    }
}

/// The number of links after one of them changed. `None`: there is no link.
fn recount(number: u32, before: Option<CustomerLink>, after: Option<CustomerLink>) -> u32 {
    let one_if = |link: Option<CustomerLink>| u32::from(link.is_some());
    number.saturating_sub(one_if(before)).saturating_add(one_if(after))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
