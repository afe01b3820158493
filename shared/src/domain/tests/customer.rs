//! Links between partners and customers: PAR1, PAR2, PAR3.

use crate::{domain::*, fixtures::*};

fn customer() -> Organization {
    Organization { path: OrgPath::root(org_id(7)), ..standard() }
}

/// The stored link, which is present.
fn present(link: CustomerLink) -> StoredLink {
    StoredLink { link: Some(link), tombstone: None }
}

fn link(preferred: bool) -> CustomerLink {
    link_customer(&partner(), &customer(), StoredLink::default(), preferred, now()).unwrap()
}

#[test]
fn only_a_partner_and_a_standard_organization_are_linked() {
    let removed = Version::first(in_days(1), None);
    let link = |partner: &Organization, customer: &Organization| {
        let stored = StoredLink { link: None, tombstone: Some(removed) };
        link_customer(partner, customer, stored, true, now())
    };
    let expected = CustomerLink {
        partner_id: partner().id(),
        customer_id: org_id(7),
        preferred: true,
        suspended: false,
        linked_at: now(),
        version: removed.next(now()),
    };
    assert_eq!(link(&partner(), &customer()), Ok(expected));
    assert_eq!(link(&standard(), &customer()), Err(Refusal::PartnerRequired));
    assert_eq!(link(&partner(), &partner()), Err(Refusal::CustomerMustBeStandard));
}

#[test]
fn change_of_the_preference_keeps_the_time_of_the_link() {
    let before = link(false);
    let change = |preferred| {
        link_customer(&partner(), &customer(), present(before), preferred, in_days(3)).unwrap()
    };
    let version = before.version.next(in_days(3));
    assert_eq!(change(true), CustomerLink { preferred: true, version, ..before });
    assert_eq!(change(false), before, "nothing changed");
}

/// The customer whose Super Admin is Sue, and whose User is Cy.
fn suspend(by: RoleId, link: Option<CustomerLink>, on: bool) -> Result<CustomerLink, Refusal> {
    suspend_link(&standing("sue", &customer(), by), link, on, in_days(3))
}

/// PAR3
#[test]
fn customer_suspends_and_resumes_its_link() {
    let before = link(true);
    let suspended = suspend(RoleId::SUPER_ADMIN, Some(before), true).unwrap();
    let version = before.version.next(in_days(3));
    assert_eq!(suspended, CustomerLink { suspended: true, version, ..before });
    assert_eq!(suspend(RoleId::ADMIN, Some(suspended), true), Ok(suspended), "nothing changed");
    let resumed = suspend(RoleId::ADMIN, Some(suspended), false).unwrap();
    assert_eq!((resumed.suspended, resumed.preferred), (false, true));
    assert_eq!(suspend(RoleId::ADMIN, None, true), Err(Refusal::PartnerNotLinked));
    let refused = suspend(RoleId::USER, Some(before), true);
    assert!(matches!(refused, Err(Refusal::MissingPermission { .. })), "{refused:?}");
    // An operator changes the preference of a suspended link, and it stays suspended.
    let change =
        link_customer(&partner(), &customer(), present(suspended), false, in_days(4)).unwrap();
    assert_eq!((change.suspended, change.access()), (true, LinkAccess::Suspended));
}

/// PAR2, PAR3
#[test]
fn link_allows_what_preference_and_suspension_say() {
    use RoleObject::{
        LicenseManagementCustomerOrganizations as Licenses,
        SupportServiceCustomerOrganizations as Support,
    };
    let suspended = CustomerLink { suspended: true, ..link(true) };
    for (link, allows) in
        [(link(false), vec![Licenses]), (link(true), vec![Licenses, Support]), (suspended, vec![])]
    {
        assert_eq!(link.access().role_objects(), allows, "{link:?}");
        let links = LinkCounts::default().of_partner(None, Some(link));
        let conditions = Organization { links, ..partner() }.conditions(None);
        for object in [Licenses, Support] {
            assert_eq!(conditions.shows(object), allows.contains(&object), "{link:?} {object}");
        }
    }
}

#[test]
fn link_counts_follow_every_change_of_a_link() {
    let suspended = |link| Some(CustomerLink { suspended: true, ..link });
    let states =
        [None, Some(link(false)), Some(link(true)), suspended(link(false)), suspended(link(true))];
    let counted = |state: Option<CustomerLink>| {
        let (partner, customer) = (LinkCounts::default(), LinkCounts::default());
        (partner.of_partner(None, state), customer.of_customer(None, state))
    };
    for before in states {
        for after in states {
            let (partner, customer) = counted(before);
            let changed = (partner.of_partner(before, after), customer.of_customer(before, after));
            assert_eq!(changed, counted(after), "{before:?} to {after:?}");
        }
    }
    let LinkCounts { customers, preferred, suspended, partners } = counted(Some(link(true))).0;
    assert_eq!((customers, preferred, suspended, partners), (1, 1, 0, 0));
}
