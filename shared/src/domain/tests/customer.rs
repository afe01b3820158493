//! Partners and their customers: PAR1, PAR2.

use crate::{
    domain::*,
    fixtures::{in_days, now, org_id, partner, standard},
};

fn customer() -> Organization {
    Organization { path: OrgPath::root(org_id(7)), ..standard() }
}

fn link(preferred: bool) -> CustomerLink {
    link_customer(&partner(), &customer(), None, preferred, now()).unwrap()
}

#[test]
fn a_partner_is_linked_to_standard_organizations_and_nobody_else_to_any() {
    let made = link(true);
    assert_eq!((made.partner_id, made.customer_id), (partner().id(), org_id(7)));
    let by_a_customer = link_customer(&standard(), &customer(), None, true, now());
    assert_eq!(by_a_customer, Err(Refusal::OnlyPartnersHaveCustomers));
    let other = Organization { path: OrgPath::root(org_id(7)), ..partner() };
    let to_a_partner = link_customer(&partner(), &other, None, true, now());
    assert_eq!(to_a_partner, Err(Refusal::CustomersAreStandard));
}

#[test]
fn changing_the_preference_keeps_since_when_they_are_linked() {
    let was = link(false);
    let now = link_customer(&partner(), &customer(), Some(was), true, in_days(3)).unwrap();
    assert_eq!(now, CustomerLink { preferred: true, ..was });
}

#[test]
fn the_counts_follow_every_change_of_a_link() {
    let states = [None, Some(link(false)), Some(link(true))];
    let counted = |state: Option<CustomerLink>| {
        let (partner, customer) = (Links::default(), Links::default());
        (partner.of_partner(None, state), customer.of_customer(None, state))
    };
    for was in states {
        for now in states {
            let (partner, customer) = counted(was);
            let moved = (partner.of_partner(was, now), customer.of_customer(was, now));
            assert_eq!(moved, counted(now), "{was:?} to {now:?}");
        }
    }
    let Links { customers, preferred, partners } = counted(Some(link(true))).0;
    assert_eq!((customers, preferred, partners), (1, 1, 0));
}

#[test]
fn who_is_linked_keeps_its_kind() {
    let switched = |org: &Organization, kind| {
        switch(org, None, Users::default(), Switches { kind: Some(kind), ..Switches::default() })
    };
    let refused = switched(&partner(), Kind::Standard);
    assert_eq!(refused, Err(Refusal::Linked { customers: 1, partners: 0 }));
    let links = Links { partners: 2, ..Links::default() };
    let refused = switched(&Organization { links, ..customer() }, Kind::Partner);
    assert_eq!(refused, Err(Refusal::Linked { customers: 0, partners: 2 }));
    assert!(switched(&customer(), Kind::Partner).is_ok());
}
