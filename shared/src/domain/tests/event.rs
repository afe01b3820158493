//! Events: ORG5, OP1.

use std::collections::HashSet;

use crate::{domain::*, fixtures::*};

fn event_in(org: &Organization, context: &RequestContext) -> Event {
    let target = Target::new(TargetKind::Member, &"bob", Version::first(context.at, None));
    Event::new(context, org, EventAction::MemberRemoved, target)
}

fn event(context: &RequestContext) -> Event {
    event_in(&standard(), context)
}

#[test]
fn event_has_ids_of_its_actor_and_target_and_no_name() {
    let ann = person("ann");
    let event = event(&context(&ann)).old("before".into()).new_value("after".into());
    let expected = serde_json::json!({
        "id": "evt_01M7YRRT800000000000000007",
        "at": 1_795_255_200_000_i64,
        "organization_id": "org_01M7YRRT800000000000000001",
        "actor": { "member_id": MemberId::of(org_id(1), &ann.id), "operator": false },
        "action": "member.removed",
        "target": { "type": "member", "id": "bob", "version": 1_795_255_200_000_i64 },
        "old": "before",
        "new": "after",
        "request_id": "request",
        "ttl": 1_826_791_200,
    });
    assert_eq!(serde_json::to_value(&event).unwrap(), expected);
}

#[test]
fn event_keeps_the_id_that_the_client_chose_for_its_request() {
    let named = Some("import, row 7".to_owned());
    let context = RequestContext { client_request_id: named.clone(), ..context(&person("ann")) };
    let stored = serde_json::to_value(event(&context)).unwrap();
    assert_eq!(stored["request_id"], "request");
    assert_eq!(serde_json::from_value::<Event>(stored).unwrap().client_request_id, named);
}

#[test]
fn event_marks_an_operator_who_acts_as_one_and_has_no_actor_for_the_clean_up() {
    let as_member = context(&operator());
    assert!(!event(&as_member).actor.operator);
    assert!(event(&RequestContext { as_operator: true, ..as_member.clone() }).actor.operator);
    let clean_up = event(&RequestContext { by: None, ..as_member }).actor;
    assert_eq!(clean_up, Actor { member_id: None, operator: false });
}

#[test]
fn events_of_one_request_have_different_ids() {
    let context = RequestContext { seed: u128::MAX, ..context(&person("ann")) };
    let ids: HashSet<_> = (0..4).map(|nth| event(&context).nth(&context, nth).id).collect();
    assert_eq!(ids.len(), 4);
}

#[test]
fn event_has_the_retention_of_its_organization() {
    let kept = |days: u32| {
        let security = Security { event_retention_days: days, ..Security::default() };
        let org = Organization { security, ..standard() };
        event_in(&org, &context(&person("ann"))).kept_until
    };
    assert_eq!([kept(1), kept(30), kept(365)], [in_days(1), in_days(30), in_days(365)]);
}

#[test]
fn time_of_an_event_is_the_version_of_its_target() {
    let late = Version::first(in_days(1), None);
    let target = Target::new(TargetKind::Member, &"bob", late.next(now()));
    let event = Event::new(&context(&person("ann")), &standard(), EventAction::MemberLeft, target);
    assert_eq!(event.at, event.target.version.at());
    assert!(event.at > late.at(), "although the request arrived before");
}
