//! Links between partners and customers: PAR1, PAR2.

use crate::{domain::*, fixtures::*};

fn customer() -> Organization {
    Organization { path: OrgPath::root(org_id(7)), ..standard() }
}

fn link(preferred: bool) -> CustomerLink {
    link_customer(&partner(), &customer(), None, None, preferred, now()).unwrap()
}

#[test]
fn only_a_partner_and_a_standard_organization_are_linked() {
    let removed = Version::first(in_days(1), None);
    let link = |partner: &Organization, customer: &Organization| {
        link_customer(partner, customer, None, Some(removed), true, now())
    };
    let expected = CustomerLink {
        partner_id: partner().id(),
        customer_id: org_id(7),
        preferred: true,
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
        link_customer(&partner(), &customer(), Some(before), None, preferred, in_days(3)).unwrap()
    };
    let version = before.version.next(in_days(3));
    assert_eq!(change(true), CustomerLink { preferred: true, version, ..before });
    assert_eq!(change(false), before, "nothing changed");
}

#[test]
fn link_counts_follow_every_change_of_a_link() {
    let states = [None, Some(link(false)), Some(link(true))];
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
    let LinkCounts { customers, preferred, partners } = counted(Some(link(true))).0;
    assert_eq!((customers, preferred, partners), (1, 1, 0));
}
