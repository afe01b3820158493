//! How demands on items become one write, and what its failure means. Nothing is sent.

use aws_sdk_dynamodb::{
    Client, Config,
    config::{BehaviorVersion, http::HttpResponse},
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        CancellationReason, ConditionCheck, Delete, Put,
        ReturnValuesOnConditionCheckFailure::AllOld, Update, error::TransactionCanceledException,
    },
};
use aws_smithy_runtime_api::http::StatusCode;

use super::*;
use crate::store::{
    commit::{PAUSE, Verdict, clauses, pause, verdict},
    expression::Terms,
    facts::Found,
    shown::Shown,
};
use crate::{
    domain::{self, BuiltIn, EventAction, InvitationId, Member, Offer, UserId},
    fixtures::{act, custom_id, now, org_id, partner, person, standard, standing, with_role},
};

const USER: RoleId = RoleId::USER;

fn store() -> Store {
    let config = Config::builder().behavior_version(BehaviorVersion::latest()).build();
    Store::new(Client::from_conf(config), "table")
}

/// What `demands` come to, counts included.
fn steps(demands: impl FnOnce(Transaction<'_>) -> Transaction<'_>) -> Vec<Step> {
    let (store, act) = (store(), act(&person("ann")));
    demands(store.transaction(&act)).counted().steps
}

fn key() -> Key {
    Key::member(org_id(1), &UserId::new("bob"))
}

fn is(name: &str, value: u8) -> Expression {
    Expression::new(&format!("#{name} = :it"), [("it", number(value))])
}

fn refusal(error: Error) -> Refusal {
    if let Error::Refused(refusal) = error { refusal } else { panic!("{error:?}") }
}

#[test]
fn demands_on_one_item_are_joined_and_all_their_conditions_hold() {
    let lost = || or(Refusal::ChangedMeanwhile);
    let steps = steps(|transaction| {
        transaction
            .check(key(), is("a", 1), or(Refusal::NoSuchMember))
            .set(key(), is("b", 2), is("c", 3), lost())
            .set(key(), is("d", 4), Expression::default(), lost())
            .and_remove(Expression::new("#e", []))
    });
    let [step] = <[Step; 1]>::try_from(steps).ok().unwrap();
    let (item, otherwise) = step.build("table").unwrap();
    assert_eq!(refusal(otherwise(None)), Refusal::NoSuchMember, "the first one's refusal stands");
    let update = item.update().unwrap();
    assert_eq!(update.condition_expression(), Some("(#a = :v1_it) AND (#c = :v2_it)"));
    assert_eq!(update.update_expression(), "SET #b = :v3_it, #d = :v4_it REMOVE #e");
    let values = update.expression_attribute_values().unwrap();
    let expected = [(":v1_it", 1), (":v2_it", 3), (":v3_it", 2), (":v4_it", 4)];
    for (name, value) in expected {
        assert_eq!(values[name], number(value), "{name}");
    }
    assert_eq!(values.len(), expected.len());
}

#[test]
fn a_check_gives_way_to_whatever_else_happens_to_the_item() {
    fn check(transaction: Transaction<'_>) -> Transaction<'_> {
        transaction.check(key(), is("a", 1), or(Refusal::ChangedMeanwhile))
    }
    let lost = || or(Refusal::ChangedMeanwhile);
    let deleted = steps(|t| check(t).delete(key(), is("b", 2), lost()));
    let kept = steps(|t| check(t.delete(key(), is("b", 2), lost())));
    for steps in [deleted, kept] {
        let [step] = <[Step; 1]>::try_from(steps).ok().unwrap();
        assert_eq!(step.conditions.len(), 2);
        assert!(matches!(step.write, Write::Delete));
    }
}

#[test]
fn demands_on_different_items_stay_apart_in_their_order() {
    let other = Key::organization(org_id(1));
    let steps = steps(|transaction| {
        transaction.check(key(), is("a", 1), or(Refusal::NoSuchMember)).check(
            other.clone(),
            is("a", 1),
            or(Refusal::NoSuchOrganization),
        )
    });
    assert_eq!(steps.iter().map(|step| &step.key).collect::<Vec<_>>(), [&key(), &other]);
}

#[test]
fn every_kind_of_write_asks_for_the_item_that_stood_in_its_way() {
    let lost = || or(Refusal::ChangedMeanwhile);
    let on = |n: u128| Key::organization(org_id(n));
    let steps = steps(|transaction| {
        transaction
            .put_new(on(1), Item::new(), Refusal::ChangedMeanwhile)
            .check(on(2), is("a", 1), lost())
            .set(on(3), is("a", 1), is("b", 1), lost())
            .remove(on(4), Expression::new("#a", []), is("b", 1), lost())
            .delete(on(5), is("b", 1), lost())
    });
    for step in steps {
        let (item, _) = step.build("table").unwrap();
        let all = [
            item.put().and_then(Put::return_values_on_condition_check_failure),
            item.condition_check()
                .and_then(ConditionCheck::return_values_on_condition_check_failure),
            item.update().and_then(Update::return_values_on_condition_check_failure),
            item.delete().and_then(Delete::return_values_on_condition_check_failure),
        ];
        assert_eq!(all.into_iter().flatten().collect::<Vec<_>>(), [&AllOld]);
    }
}

#[test]
fn each_word_of_an_update_stands_once_and_in_order() {
    let piece = |text: &str| Expression::new(text, []);
    let changes = vec![
        Change::Add(piece("#d :d")),
        Change::Set(piece("#a = :a")),
        Change::Remove(piece("#c")),
        Change::Set(piece("#b = :b")),
    ];
    let text = clauses(changes, &mut Terms::default());
    assert_eq!(text, "SET #a = :v2_a, #b = :v4_b REMOVE #c ADD #d :v1_d");
    assert_eq!(clauses(vec![], &mut Terms::default()), "");
}

#[test]
fn the_shares_of_a_cap_make_the_whole_and_differ_by_one_at_most() {
    for cap in (0..50).chain([999, 1_000, u64::MAX]) {
        let shares: Vec<u64> = (0..HEADCOUNT_PARTS).map(|part| share(cap, part)).collect();
        assert_eq!(shares.iter().sum::<u64>(), cap);
        let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
        assert!(most - least <= 1, "{cap}: {shares:?}");
    }
}

#[test]
fn a_part_that_was_never_counted_in_has_room_unless_it_has_none_at_all() {
    let (either, counted) =
        ("attribute_not_exists(#pending) OR #pending < :below", "#pending < :below");
    for (cap, more, text) in [(1, 1, either), (0, 1, counted), (9, 9, either), (9, 10, counted)] {
        assert_eq!(room(cap, more).text, text, "{more} more under {cap}");
    }
}

/// The counters that `demands` write: where, and what they add.
fn counters(demands: impl FnOnce(Transaction<'_>) -> Transaction<'_>) -> Vec<(Key, String)> {
    let added = |step: Step| {
        let Write::Update(changes) = step.write else { panic!("not an update") };
        let adds = changes.into_iter().map(|change| {
            let Change::Add(mut piece) = change else { panic!("not an addition") };
            let text = piece.text.clone();
            let mut terms = Terms::default();
            piece.text.clear();
            terms.take(piece);
            let (_, values) = terms.parts();
            let by = values.unwrap().into_values().next().unwrap();
            text.replace(":by", by.as_n().unwrap())
        });
        (step.key, adds.collect::<Vec<_>>().join(", "))
    };
    steps(demands).into_iter().map(added).collect()
}

#[test]
fn a_user_is_counted_in_a_part_in_all_and_by_built_in_role() {
    let org = org_id(1);
    let counted = counters(|t| t.count(org, 2, USER, Status::Active, 1));
    assert_eq!(counted, [(Key::headcount(org, 2), "#active 1, #active_user 1".to_owned())]);
}

#[test]
fn a_holder_of_a_custom_role_is_counted_on_the_role_too() {
    let (org, id) = (org_id(1), custom_id(1));
    let counted = counters(|t| t.count(org, 0, RoleId::Custom(id), Status::Pending, -1));
    let part = (Key::headcount(org, 0), "#pending -1".to_owned());
    assert_eq!(counted, [part, (Key::role(org, id), "#pending -1".to_owned())]);
}

#[test]
fn a_change_of_role_leaves_the_sum_alone_and_an_acceptance_moves_one() {
    let org = org_id(1);
    let changed = counters(|t| {
        t.count(org, 0, USER, Status::Active, -1).count(org, 0, RoleId::ADMIN, Status::Active, 1)
    });
    let sums = "#active_admin 1, #active_user -1".to_owned();
    assert_eq!(changed, [(Key::headcount(org, 0), sums)]);
    let accepted = counters(|t| {
        t.count(org, 0, USER, Status::Pending, -1).count(org, 0, USER, Status::Active, 1)
    });
    let sums = "#active 1, #active_user 1, #pending -1, #pending_user -1".to_owned();
    assert_eq!(accepted, [(Key::headcount(org, 0), sums)]);
}

#[test]
fn what_comes_and_goes_alike_and_the_super_admin_are_not_written() {
    let org = org_id(1);
    let nothing =
        counters(|t| {
            t.count(org, 0, USER, Status::Pending, -1)
                .count(org, 0, USER, Status::Pending, 1)
                .count(org, 0, RoleId::SUPER_ADMIN, Status::Active, 1)
        });
    assert_eq!(nothing, []);
}

#[test]
fn the_cap_stands_where_the_pending_grow_and_nowhere_else() {
    let org = org_id(1);
    let capped = |by| {
        let steps = steps(|t| {
            let counted = t.count(org, 1, USER, Status::Pending, by);
            Transaction { cap: Some(10), ..counted }
        });
        let [step] = <[Step; 1]>::try_from(steps).ok().unwrap();
        (step.conditions.len(), (step.otherwise)(None))
    };
    assert!(matches!(capped(1), (1, Error::Full(1))));
    assert!(matches!(capped(-1), (0, _)));
}

/// ROLE6: whoever becomes a user of a custom role does so only while the role stays.
#[test]
fn nobody_becomes_a_user_of_a_role_that_is_on_its_way_to_be_deleted() {
    let (org, role) = (org_id(1), RoleId::Custom(custom_id(1)));
    let guarded = |status, by| {
        let counters = steps(|t| t.count(org, 1, role, status, by));
        let step = counters.into_iter().find(|step| step.key == Key::role(org, custom_id(1)));
        step.unwrap().conditions[0].text.contains("attribute_not_exists(#retiring)")
    };
    for status in Status::ALL {
        assert!(guarded(status, 1) && !guarded(status, -1), "{status:?}");
    }
    let (org, role) = with_role(partner(), 1, &[]);
    let given = steps(|t| t.still_given(&org, role).unwrap()).remove(0);
    assert!(given.conditions[0].text.contains("attribute_not_exists(#retiring)"));
    let levels =
        || Item::from([("levels".to_owned(), attribute(&org.roles[&custom_id(1)]).unwrap())]);
    let mut retiring = levels();
    retiring.insert("retiring".to_owned(), text("user"));
    assert_eq!(refusal((given.otherwise)(Some(retiring))), Refusal::RoleRetiring(USER));
    assert_eq!(refusal((given.otherwise)(Some(Item::new()))), Refusal::ChangedMeanwhile);
    assert_eq!(refusal((given.otherwise)(None)), Refusal::NoSuchRole);
}

/// What a client has seen is insisted on of each item that shows it, whatever else is asked of it.
#[test]
fn what_was_seen_stands_beside_what_is_demanded() {
    let (org, bob) = (org_id(1), UserId::new("bob"));
    let seen = Item::from([("role_id".to_owned(), text("user"))]);
    let found = Found([(Key::member(org, &bob), seen.clone())].into());
    let shown = [Shown::member(org, &bob), Shown::profile(org)];
    let (store, act) = (store().insisting(&found, shown), act(&person("ann")));
    let transaction = store.transaction(&act).check(key(), is("a", 1), or(Refusal::NoSuchMember));
    let [member, profile] = <[Step; 2]>::try_from(transaction.insisting().steps).ok().unwrap();
    assert_eq!(member.conditions.len(), 2);
    // As it was seen, it is the demand that failed; gone, too.
    assert_eq!(refusal((member.otherwise)(Some(seen))), Refusal::NoSuchMember);
    assert_eq!(refusal((member.otherwise)(None)), Refusal::NoSuchMember);
    assert_eq!(refusal((member.otherwise)(Some(Item::new()))), Refusal::NotAsSeen);
    assert_eq!(profile.key, Key::profile(org));
    assert_eq!(profile.conditions[0].text, "attribute_not_exists(#revision)");
    assert_eq!(refusal((profile.otherwise)(None)), Refusal::NotAsSeen);
}

#[test]
fn each_event_of_a_transaction_has_an_item_of_its_own() {
    let by = act(&person("ann"));
    let event = || {
        let target = ("member", "bob".to_owned());
        Event::new(&by, &standard(), EventAction::MemberRemoved, target)
    };
    let steps = steps(|t| t.record(event()).unwrap().record(event()).unwrap());
    let [one, two] = <[Step; 2]>::try_from(steps).ok().unwrap();
    assert!(one.key != two.key && one.key.pk == two.key.pk);
}

#[test]
fn a_member_with_a_custom_role_is_held_to_the_role_and_to_its_levels() {
    let (org, role) = with_role(partner(), 1, &[]);
    let held = |role| {
        let actor = standing("ann", &org, role);
        steps(|t| t.still_held(&actor).unwrap())
            .into_iter()
            .map(|step| step.key)
            .collect::<Vec<_>>()
    };
    let member = Key::member(org.id(), &UserId::new("ann"));
    assert_eq!(held(role), [member.clone(), Key::role(org.id(), custom_id(1))]);
    assert_eq!(held(RoleId::BuiltIn(BuiltIn::Admin)), [member]);
}

/// The second of two acceptances at once fails in its place and in its seat. The first failure
/// answers, and only `ChangedMeanwhile` makes the function look again (INV7).
#[test]
fn who_accepts_twice_at_once_is_told_that_something_changed() {
    let org = partner();
    let (ann, bob) = (standing("ann", &org, RoleId::ADMIN), person("bob"));
    let address = bob.email.clone().unwrap();
    let id = InvitationId::of(now(), org.id(), &address);
    let offer = Offer { email: address, role_id: USER, days: 7 };
    let open = domain::invite(&ann, offer, None, id, now()).unwrap();
    let member = domain::accept(&bob, &org, &open, ann.role(), now()).unwrap();
    let (store, act) = (store(), act(&bob));
    let steps =
        store.acceptance(&act, &org, (&open, &member), (ann.role(), None)).unwrap().counted().steps;
    let place = Key::place(org.id(), id.digest());
    let lost = steps.iter().find(|step| [&place, &seat(&member)].contains(&&step.key)).unwrap();
    assert_eq!(refusal((lost.otherwise)(Some(Item::new()))), Refusal::ChangedMeanwhile);
}

fn seat(member: &Member) -> Key {
    Key::member(member.path.id(), &member.user_id)
}

/// What a cancellation for `codes` means; condition `n` stands for `TooManyPending(n)`.
fn cancelled(codes: &[&str]) -> Verdict {
    let reason = |code: &&str| CancellationReason::builder().code(*code).build();
    let reasons = codes.iter().map(reason).collect();
    let error = TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons));
    let error = TransactWriteItemsError::TransactionCanceledException(error.build());
    let answer = HttpResponse::new(StatusCode::try_from(400).unwrap(), "".into());
    let numbers = 0_u64..;
    let otherwise: Vec<_> =
        numbers.take(codes.len()).map(|nth| or(Refusal::TooManyPending(nth))).collect();
    verdict(SdkError::service_error(error, answer), &otherwise)
}

/// Every mix of up to five reasons: a failed condition answers, whatever else went wrong; what can
/// never work is not tried again; all else is.
#[test]
fn every_mix_of_reasons_is_classed() {
    const CODES: [&str; 5] = [
        "None",
        "ConditionalCheckFailed",
        "TransactionConflict",
        "ThrottlingError",
        "ValidationError",
    ];
    let mut mixes = vec![vec![]];
    for _ in 0..5 {
        let longer = |mix: &Vec<&'static str>| CODES.map(|code| [mix.as_slice(), &[code]].concat());
        mixes = mixes.iter().flat_map(longer).collect();
        for mix in &mixes {
            let failed = mix.iter().position(|&code| code == "ConditionalCheckFailed");
            match (cancelled(mix), failed) {
                (Verdict::Final(Error::Refused(Refusal::TooManyPending(nth))), Some(first)) => {
                    assert_eq!(nth, first as u64, "{mix:?}");
                }
                (Verdict::Final(Error::Broken(_)), None) => {
                    assert!(mix.contains(&"ValidationError"), "{mix:?}");
                }
                (Verdict::Again(Error::Unavailable(_)), None) => {
                    assert!(!mix.contains(&"ValidationError"), "{mix:?}");
                }
                _ => panic!("{mix:?}"),
            }
        }
    }
}

#[test]
fn a_cancellation_without_reasons_is_a_defect_and_silence_is_tried_again() {
    assert!(matches!(cancelled(&[]), Verdict::Final(Error::Broken(_))));
    let silence = SdkError::timeout_error("nobody answered");
    assert!(matches!(verdict(silence, &[]), Verdict::Again(Error::Unavailable(_))));
}

#[test]
fn pauses_grow_and_end() {
    for tries in 1..40 {
        assert!(pause(tries) <= PAUSE * 64);
    }
}

#[test]
fn every_failure_but_a_cancellation_is_the_moments_or_a_defect() {
    use TransactWriteItemsError as E;
    use aws_sdk_dynamodb::types::error::{InternalServerError, TransactionInProgressException};
    use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::ConnectorError};

    let again = |error: SdkError<E>| matches!(verdict(error, &[]), Verdict::Again(_));
    let answered = |error: E, status: u16| {
        SdkError::service_error(error, HttpResponse::new(status.try_into().unwrap(), "".into()))
    };
    let odd = |code: &str, status| {
        let meta = aws_sdk_dynamodb::error::ErrorMetadata::builder().code(code).build();
        answered(E::generic(meta), status)
    };
    let busy = TransactionInProgressException::builder().build();
    assert!(again(answered(E::TransactionInProgressException(busy), 400)));
    let failed = InternalServerError::builder().build();
    assert!(again(answered(E::InternalServerError(failed), 500)));
    assert!(again(odd("ThrottlingException", 400)));
    assert!(again(odd("ServiceUnavailable", 503)));
    assert!(again(odd("", 502)), "a proxy's page");
    assert!(!again(odd("AccessDeniedException", 400)));
    assert!(!again(odd("ValidationException", 400)));
    assert!(again(SdkError::dispatch_failure(ConnectorError::timeout("no answer".into()))));
    assert!(again(SdkError::timeout_error("no answer")));
}
