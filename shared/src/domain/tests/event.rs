//! The trace of a change: ORG5, OP1.

use std::collections::HashSet;

use crate::{
    domain::*,
    fixtures::{act, in_days, operator, person, standard},
};

fn event(act: &Act) -> Event {
    let target = ("member", "bob".to_owned());
    Event::new(act, &standard(), EventAction::MemberRemoved, target)
}

#[test]
fn an_event_says_who_when_what_and_in_which_request() {
    let ann = person("ann");
    let event = event(&act(&ann)).old("before".into()).new_value("after".into());
    let expected = serde_json::json!({
        "id": "evt_01M7YRRT800000000000000007",
        "at": 1_795_255_200_000_i64,
        "organization_id": "org_01M7YRRT800000000000000001",
        "actor": { "user_id": "ann", "email": "ann@example.com", "operator": false },
        "action": "member.removed",
        "target": { "type": "member", "id": "bob" },
        "old": "before",
        "new": "after",
        "request_id": "request",
        "ttl": 1_826_791_200,
    });
    assert_eq!(serde_json::to_value(&event).unwrap(), expected);
}

#[test]
fn an_operators_event_says_so_and_the_clean_ups_names_nobody() {
    let by = Act { as_operator: true, ..act(&operator()) };
    assert!(event(&by).actor.operator);
    let nobody = Act { by: None, ..act(&operator()) };
    let Actor { user_id, email, operator } = event(&nobody).actor;
    assert_eq!((user_id, email, operator), (None, None, false));
}

#[test]
fn an_operator_who_acts_as_a_member_is_not_marked() {
    assert!(!event(&act(&operator())).actor.operator);
}

#[test]
fn the_events_of_one_request_have_ids_of_their_own() {
    let act = Act { seed: u128::MAX, ..act(&person("ann")) };
    let ids: HashSet<_> = (0..4).map(|nth| event(&act).nth(&act, nth).id).collect();
    assert_eq!(ids.len(), 4);
}

#[test]
fn an_event_is_kept_for_as_long_as_its_organization_says_when_it_is_written() {
    let kept = |days: u32| {
        let security = Security { event_retention_days: days, ..Security::default() };
        let org = Organization { security, ..standard() };
        let target = ("member", "bob".to_owned());
        Event::new(&act(&person("ann")), &org, EventAction::MemberRemoved, target).kept_until
    };
    assert_eq!([kept(1), kept(30), kept(365)], [in_days(1), in_days(30), in_days(365)]);
}
