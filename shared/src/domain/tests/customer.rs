//! Links between partners and customers: PAR1, PAR2.

use crate::{
    domain::*,
    fixtures::{in_days, now, org_id, partner, standard},
};

fn customer() -> Organization {
    Organization { path: OrgPath::root(org_id(7)), ..standard() }
}

fn link(preferred: bool) -> CustomerLink {
    link_customer(&partner(), &customer(), None, None, preferred, now()).unwrap()
}

#[test]
fn only_a_partner_and_a_standard_organization_are_linked() {
    let made = link(true);
    assert_eq!((made.partner_id, made.customer_id), (partner().id(), org_id(7)));
    let by_standard = link_customer(&standard(), &customer(), None, None, true, now());
    assert_eq!(by_standard, Err(Refusal::PartnerRequired));
    let other = Organization { path: OrgPath::root(org_id(7)), ..partner() };
    let to_partner = link_customer(&partner(), &other, None, None, true, now());
    assert_eq!(to_partner, Err(Refusal::CustomerMustBeStandard));
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

#[test]
fn linked_organization_keeps_its_kind() {
    let with_kind = |org: &Organization, kind| {
        update_settings(
            org,
            None,
            UserCount::default(),
            SettingsUpdate { kind: Some(kind), ..SettingsUpdate::default() },
            now(),
        )
    };
    let refused = with_kind(&partner(), Kind::Standard);
    assert_eq!(refused, Err(Refusal::OrganizationLinked { customers: 1, partners: 0 }));
    let links = LinkCounts { partners: 2, ..LinkCounts::default() };
    let refused = with_kind(&Organization { links, ..customer() }, Kind::Partner);
    assert_eq!(refused, Err(Refusal::OrganizationLinked { customers: 0, partners: 2 }));
    assert!(with_kind(&customer(), Kind::Partner).is_ok());
}

#[test]
fn version_of_a_link_continues_from_the_removed_link() {
    let removed = Version::first(in_days(1), None);
    let new = link_customer(&partner(), &customer(), None, Some(removed), true, now()).unwrap();
    assert_eq!((new.version, new.linked_at), (removed.next(now()), now()));
}
