//! How the steps of a transaction are joined, and the refusals of their conditions.

use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure::AllOld, Update,
};

use super::{only, refusal, sent, steps, store};
use crate::{
    domain::{
        BuiltIn, CustomRole, Event, EventAction, Refusal, ReplacementRole, RoleId, UserId, Version,
    },
    fixtures::{
        context, custom_id, custom_role, member, now, org_id, partner, person, standard, standing,
        super_admin, with_role,
    },
    store::{
        Key, RoleChange,
        commit::clauses,
        expression::{Expression, ExpressionValues},
        item::{Item, attribute, number, to_item},
        step::{Change, Write, absent, at_version, present, refuse},
        transaction::Transaction,
    },
};

const USER: RoleId = RoleId::USER;

fn key() -> Key {
    Key::membership(org_id(1), &UserId::new("bob"))
}

fn is(name: &str, value: u8) -> Expression {
    Expression::new(&format!("#{name} = :it"), [("it", number(value))])
}

#[test]
fn writes_of_one_item_are_joined_with_all_their_conditions() {
    let lost = || refuse(Refusal::ChangedConcurrently);
    let set = |name| Change::Set(is(name, 4));
    let remove = || Change::Remove(Expression::new("#e", []));
    let step = only(steps(|transaction| {
        transaction
            .check(key(), is("a", 1), refuse(Refusal::NoSuchMember))
            .set(key(), is("b", 2), is("c", 3), lost())
            .update(key(), vec![set("d"), remove()], Expression::default(), lost())
    }));
    let first = refusal((step.on_failed)(None));
    assert_eq!(first, Refusal::NoSuchMember, "the refusal of the first one");
    let write = sent(step);
    assert_eq!(write.condition, "(#a = 1) AND (#c = 3)");
    assert_eq!(write.update, "SET #b = 2, #d = 4 REMOVE #e");
}

#[test]
fn check_is_joined_with_any_other_write_of_the_item() {
    fn check(transaction: Transaction<'_>) -> Transaction<'_> {
        transaction.check(key(), is("a", 1), refuse(Refusal::ChangedConcurrently))
    }
    let lost = || refuse(Refusal::ChangedConcurrently);
    let before = steps(|transaction| check(transaction).delete(key(), is("b", 2), lost()));
    let after = steps(|transaction| check(transaction.delete(key(), is("b", 2), lost())));
    for steps in [before, after] {
        let step = only(steps);
        assert_eq!(step.conditions.len(), 2);
        assert!(matches!(step.write, Write::Delete));
    }
}

#[test]
fn every_kind_of_write_returns_the_item_if_its_condition_fails() {
    let lost = || refuse(Refusal::ChangedConcurrently);
    let on = |n: u128| Key::organization(org_id(n));
    let steps = steps(|transaction| {
        transaction
            .put_new(on(1), Item::new(), Refusal::ChangedConcurrently)
            .check(on(2), is("a", 1), lost())
            .set(on(3), is("a", 1), is("b", 1), lost())
            .delete(on(4), is("b", 1), lost())
    });
    assert_eq!(steps.len(), 4);
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
fn each_keyword_of_an_update_occurs_once() {
    let piece = |text: &str| Expression::new(text, []);
    let changes = vec![
        Change::Add(piece("#d :d")),
        Change::Set(piece("#a = :a")),
        Change::Remove(piece("#c")),
        Change::Set(piece("#b = :b")),
    ];
    let text = clauses(changes, &mut ExpressionValues::default());
    assert_eq!(text, "SET #a = :v2_a, #b = :v4_b REMOVE #c ADD #d :v1_d");
    assert_eq!(clauses(vec![], &mut ExpressionValues::default()), "");
}

#[test]
fn conditions_tell_entities_from_tombstones_and_versions() {
    let condition = |condition| {
        let lost = refuse(Refusal::ChangedConcurrently);
        sent(only(steps(|transaction| transaction.check(key(), condition, lost)))).condition
    };
    let absent = condition(absent());
    assert_eq!(absent, "(attribute_not_exists(#pk) OR attribute_exists(#deleted))");
    let present = condition(present());
    assert_eq!(present, "(attribute_exists(#pk) AND attribute_not_exists(#deleted))");
    let version = Version::first(now(), None);
    let seen = condition(at_version(version).unwrap());
    assert_eq!(seen, format!("(#version = {})", version.as_millisecond()));
}

/// ROLE6, INV9
#[test]
fn custom_role_is_granted_with_the_levels_that_the_rule_saw_unless_it_is_being_deleted() {
    let (org, role) = with_role(partner(), 1, &[]);
    let step = only(steps(|transaction| transaction.still_grantable(&org, role).unwrap()));
    let failed = |item| refusal((step.on_failed)(item));
    let levels = attribute(&org.roles[&custom_id(1)]).unwrap();
    let mut deleted = Item::from([("levels".to_owned(), levels.clone())]);
    let reassignment = serde_json::json!({ "to": "user", "by": {} });
    deleted.insert("reassignment".to_owned(), attribute(&reassignment).unwrap());
    let replacement_role = ReplacementRole { id: USER, name: Some("User".to_owned()) };
    assert_eq!(failed(Some(deleted)), Refusal::RoleBeingDeleted(replacement_role));
    let to_custom = serde_json::json!({ "to": role, "to_name": "Desk", "by": {} });
    let mut deleted = Item::from([("levels".to_owned(), levels)]);
    deleted.insert("reassignment".to_owned(), attribute(&to_custom).unwrap());
    let replacement_role = ReplacementRole { id: role, name: Some("Desk".to_owned()) };
    assert_eq!(failed(Some(deleted)), Refusal::RoleBeingDeleted(replacement_role));
    assert_eq!(failed(Some(Item::new())), Refusal::ChangedConcurrently, "other levels");
    assert_eq!(failed(None), Refusal::NoSuchRole);
    let sent = sent(step);
    assert_eq!(sent.key, Key::role(org.id(), custom_id(1)));
    assert_eq!(sent.condition, "(#levels = 0 AND attribute_not_exists(#reassignment))");
}

/// A batch read is not one moment: the role's item can be older than the organization's.
#[test]
fn role_that_the_organization_no_longer_lists_is_not_edited() {
    let before = custom_role(1, BuiltIn::User.levels());
    let after = CustomRole { levels: BuiltIn::Admin.levels(), ..before.clone() };
    let actor = super_admin(&standard());
    let change = RoleChange { before: &before, after: &after };
    let (store, context) = (store(), context(&person("ann")));
    let edited = store.transaction(&context).edit_role(&actor, change).err().unwrap();
    assert_eq!(refusal(edited), Refusal::ChangedConcurrently);
}

/// INV9
#[test]
fn mdf_admin_is_granted_only_while_the_organization_is_in_the_programme() {
    let org = partner();
    let mdf = RoleId::BuiltIn(BuiltIn::MdfAdmin);
    let step = only(steps(|transaction| transaction.still_grantable(&org, mdf).unwrap()));
    let sent = sent(step);
    assert_eq!(sent.key, Key::organization(org.id()));
    assert_eq!(sent.condition, "(#settings.#mdf_program = true)");
    let others = [BuiltIn::Admin, BuiltIn::User, BuiltIn::PartnerUser].map(RoleId::BuiltIn);
    for role in others {
        assert_eq!(steps(|transaction| transaction.still_grantable(&org, role).unwrap()).len(), 0);
    }
}

#[test]
fn each_event_of_a_transaction_has_an_item_of_its_own() {
    let by = context(&person("ann"));
    let org = standard();
    let bob = member("bob", &org, USER);
    let event = || Event::new(&by, &org, EventAction::MemberRemoved, bob.target(bob.version));
    let steps = steps(|transaction| transaction.record(event()).unwrap().record(event()).unwrap());
    let [first, second] = <[_; 2]>::try_from(steps).ok().unwrap();
    assert_ne!(first.key, second.key);
    assert_eq!(first.key.pk, second.key.pk);
}

#[test]
fn actor_with_a_custom_role_still_holds_it_with_the_same_levels() {
    let (org, role) = with_role(partner(), 1, &[]);
    let held = |role| {
        let actor = standing("ann", &org, role);
        let steps = steps(|transaction| transaction.still_held(&actor).unwrap());
        steps.into_iter().map(sent).map(|it| (it.key, it.condition)).collect::<Vec<_>>()
    };
    let member = Key::membership(org.id(), &UserId::new("ann"));
    let ends = "attribute_not_exists(#access_expires_at) OR #access_expires_at";
    let at = now().as_millisecond();
    let holds = |role: RoleId| (member.clone(), format!("(#role_id = {role} AND ({ends} > {at}))"));
    let gives = (Key::role(org.id(), custom_id(1)), "(#levels = 0)".to_owned());
    assert_eq!(held(role), [holds(role), gives]);
    assert_eq!(held(RoleId::ADMIN), [holds(RoleId::ADMIN)]);
}

/// U5: an actor who is no longer a member learns nothing.
#[test]
fn actor_whose_membership_ended_gets_no_such_organization() {
    let org = standard();
    let actor = standing("ann", &org, RoleId::ADMIN);
    let step = only(steps(|transaction| transaction.still_held(&actor).unwrap()));
    let failed = |item| refusal((step.on_failed)(item));
    let tombstone = Item::from([("deleted".to_owned(), attribute(&true).unwrap())]);
    assert_eq!(failed(None), Refusal::NoSuchOrganization);
    assert_eq!(failed(Some(tombstone)), Refusal::NoSuchOrganization);
    let changed = to_item(step.key.clone(), &member("ann", &org, USER), vec![]).unwrap();
    assert_eq!(failed(Some(changed)), Refusal::ChangedConcurrently);
    // END1: the access ended after the membership was read.
    let mut ended = member("ann", &org, RoleId::ADMIN);
    ended.access_expires_at = Some(now());
    let ended = to_item(step.key.clone(), &ended, vec![]).unwrap();
    assert_eq!(failed(Some(ended)), Refusal::AccessExpired(now()));
}
