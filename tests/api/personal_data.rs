//! What is kept about a person: readable in the history, exported and erased (ORG5, ERA1, ERA2).

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::domain::{Email, PersonId, UserId};

use crate::{
    helpers::{DEE, each, operator_path, user_manager},
    invariants::{Item, check, scan},
    mail::{Delivery, MIA},
    test_app::{
        ADA, Answer, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, ample, identity, member_id,
    },
};

/// A person whose `sub`, name and address occur nowhere else.
const PAT: Identity = Identity { name: "Patricia Quill", ..identity("s7b-quokka", PATS) };
const PATS: &str = "pat.walrus@example.com";
/// The texts that name her, her display name among them.
const TRACES: [&str; 4] = ["quokka", "walrus", "Quill", "Penguin"];

fn person(sub: &str) -> String {
    format!("/v1/operator/people/{}", PersonId::of(&UserId::new(sub)))
}

fn person_of_address(email: &str) -> String {
    format!("/v1/operator/people/{}", PersonId::of_address(&Email::parse(email).unwrap()))
}

async fn data(app: &TestApp, path: &str) -> Answer {
    app.get(OPERATOR, &format!("{path}/data")).await
}

/// The items in which a text occurs that names the person, by their keys.
fn traces(items: &[Item]) -> Vec<String> {
    let names = |item: &&Item| {
        let item = format!("{item:?}").to_lowercase();
        TRACES.iter().any(|trace| item.contains(&trace.to_lowercase()))
    };
    let key =
        |item: &Item| format!("{} {}", item["pk"].as_s().unwrap(), item["sk"].as_s().unwrap());
    items.iter().filter(names).map(key).collect()
}

/// Does something of each kind in Acme that leaves data about PAT.
async fn leave_data_of_every_kind(delivery: &Delivery, acme: &str) {
    become_a_member(delivery, acme).await;
    act_as_a_member(&delivery.app, acme).await;
    appear_elsewhere(&delivery.app, acme).await;
    remind_of_an_end(delivery, acme).await;
}

async fn become_a_member(delivery: &Delivery, acme: &str) {
    let app = &delivery.app;
    let key = [("idempotency-key", "accept-1")];
    // An invitation of another person expires soon.
    app.create_invitation(ADA, acme, BOB.email, "user").await;
    delivery.deliver_all().await;
    app.wait(5 * DAY);
    // She was offboarded before, and is back.
    let old = app.create_organization(ADA, "Old").await;
    app.add_member(ADA, &old, PAT, "user").await;
    app.post(OPERATOR, &format!("{}/offboard", person(PAT.sub)), json!({})).await.expect(200);
    delivery.deliver_all().await;
    let role = app.create_role(ADA, acme, "Desk", user_manager()).await;
    // A request of hers is declined, another one cancelled, a third one approved; she leaves.
    let request = app.create_join_request(PAT, acme).await;
    app.post(ADA, &format!("{request}/approve"), json!({ "role_id": role })).await.expect(200);
    app.post(PAT, &format!("{acme}/leave"), json!({})).await.expect(204);
    app.create_join_request(PAT, acme).await;
    app.delete(PAT, &format!("{acme}/join-requests/mine")).await.expect(204);
    // She declines an invitation, asks again, is invited again and accepts.
    let declined = app.create_invitation(ADA, acme, PAT.email, "user").await;
    app.post(PAT, &format!("{declined}/decline"), json!({})).await.expect(204);
    app.create_join_request(PAT, acme).await;
    let invited = app.create_invitation(ADA, acme, PAT.email, &role).await;
    let accept = format!("{invited}/accept");
    app.send_with(Some(PAT), "POST", &accept, Some(json!({})), &key).await.expect(200);
}

async fn act_as_a_member(app: &TestApp, acme: &str) {
    let name = json!({ "display_name": "Penguin" });
    app.patch(ADA, &format!("{acme}/members/@{}", PAT.sub), name).await.expect(200);
    // She invites others, exports, and receives alerts; an alert of hers was removed before.
    app.create_invitation(PAT, acme, EVE.email, "user").await;
    let alerts = format!("{acme}/critical-alert-users");
    for _ in 0..2 {
        app.post(ADA, &alerts, json!({ "email": PATS })).await.expect(201);
        app.delete(ADA, &format!("{alerts}/@{PATS}")).await.expect(204);
    }
    app.post(ADA, &alerts, json!({ "email": PATS })).await.expect(201);
    app.post(PAT, &format!("{acme}/member-exports"), json!({ "q": "walrus" })).await.expect(200);
}

async fn appear_elsewhere(app: &TestApp, acme: &str) {
    // She created and left an organization of her own, and is invited to a third one.
    let hers = app.create_organization(PAT, "Hers").await;
    app.add_member(PAT, &hers, CY, "admin").await;
    app.transfer(PAT, &hers, CY).await.expect(200);
    let globex = app.create_organization(CY, "Globex").await;
    app.create_invitation(CY, &globex, PATS, "user").await;
    // She asks to join a fourth one.
    let initech = app.create_organization(ADA, "Initech").await;
    app.approve_domain(ADA, &initech, "example.com").await.expect(200);
    app.create_join_request(PAT, &initech).await;
    // A partner, a link, a bounced mail, a counter: the kinds of items that name no person.
    let partner = app.create_partner(DEE, "Partner").await;
    let link = format!("/v1/operator/organizations/{}/customers/{}", last(&partner), last(acme));
    app.put(OPERATOR, &link, json!({ "preferred": false })).await.expect(200);
    app.patch(ADA, acme, json!({ "website": "https://acme.example" })).await.expect(200);
    let gone = app.create_role(ADA, acme, "Gone", json!({})).await;
    app.delete(ADA, &format!("{acme}/roles/{gone}")).await.expect(204);
}

/// The access of a further member ends soon, and she gets a mail about it. A mail about her waits.
async fn remind_of_an_end(delivery: &Delivery, acme: &str) {
    let app = &delivery.app;
    let end = Timestamp::from_millisecond(app.now() + 3 * DAY).unwrap();
    app.add_member(PAT, acme, MIA, "user").await;
    let end = json!({ "access_expires_at": end });
    app.patch(PAT, &format!("{acme}/members/@mia"), end).await.expect(200);
    delivery.deliver_all().await;
    assert_eq!(delivery.send_due().await.reminded, 3);
    delivery.aws.mails();
    app.create_invitation(ADA, &app.create_organization(ADA, "Late").await, PATS, "user").await;
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

/// The kinds of items in the page of the table: the beginnings of their keys.
fn kinds() -> Vec<(String, String)> {
    let page = include_str!("../../docs/internals/table.md");
    let items = page.split("## Items").nth(1).unwrap().split("## Indexes").next().unwrap();
    let rows = items.lines().filter_map(|line| line.split_once(" | `"));
    let beginning = |key: &str| {
        let end = key.find('#').map_or(key.len(), |hash| hash + 1);
        key[..end].to_owned()
    };
    let kind = |(_, keys): (&str, &str)| {
        let (pk, sk) = keys.split_once("` | `").unwrap();
        (beginning(pk), beginning(sk.trim_end_matches("` |")))
    };
    // Marks of digests have the digest of an address, as those of other mails have.
    let is_digest = |sk: &str| ["DIGEST#", "ACCEPTED#", "OFFBOARDED#"].contains(&sk);
    rows.map(kind).filter(|(pk, sk)| pk != "pk" && !is_digest(sk)).collect()
}

#[tokio::test]
async fn erased_person_is_named_nowhere() {
    let (delivery, acme) = Delivery::new().await;
    let app = &delivery.app;
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    leave_data_of_every_kind(&delivery, &acme).await;
    check(app).await;
    let before = scan(app).await;
    assert!(traces(&before).len() > 8, "{:#?}", traces(&before));
    // A new kind of item must be written here, and erased.
    for (pk, sk) in kinds() {
        let of_kind = |item: &&Item| {
            let begins = |name: &str, with: &str| {
                let key = item[name].as_s().unwrap();
                let is_any = name == "sk" && matches!(&*pk, "IDEMPOTENCY#" | "BUDGET#");
                if with.starts_with('…') || is_any {
                    return true;
                }
                if with.ends_with('#') { key.starts_with(with) } else { key == with }
            };
            begins("pk", &pk) && begins("sk", &sk)
        };
        assert!(before.iter().any(|item| of_kind(&item)), "no item of the kind {pk} {sk}");
    }
    let history = app.history(&acme).await;

    app.delete(OPERATOR, &person(PAT.sub)).await.expect(204);
    check(app).await;
    let left = traces(&scan(app).await);
    // Records of idempotency keys end after 24 hours (`docs/guides/platform-administrator.md`).
    let left: Vec<_> = left.iter().filter(|key| !key.starts_with("IDEMPOTENCY#")).collect();
    assert!(left.is_empty(), "{left:#?}");
    delivery.aws.events();
    let mails = delivery.deliver_all().await;
    assert!(mails.iter().all(|mail| !names_her(mail)), "{mails:#?}");
    let events = delivery.aws.events();
    assert!(events.iter().all(|event| !names_her(event)), "{events:#?}");

    let after = app.history(&acme).await;
    let ids =
        |events: &[Value]| -> Vec<Value> { events.iter().map(|it| it["id"].clone()).collect() };
    assert_eq!(ids(&after)[..history.len()], ids(&history), "the history is complete");
    assert!(!names_her(&json!(after)), "{after:#?}");
    let member = member_id(&acme, PAT.sub);
    let erased = after.iter().filter(|event| event["actor"]["id"] == member);
    let erased: Vec<_> = erased.map(|event| event["actor"]["name"].clone()).collect();
    assert!(erased.len() > 5 && erased.iter().all(|name| *name == "Erased person"), "{erased:?}");
    let last = after.last().unwrap();
    assert_eq!([&last["action"], &last["target"]["name"]], ["person.erased", "Erased person"]);
    assert_eq!(last["actor"]["name"], "Platform operator");
    data(app, &person(PAT.sub)).await.refuses(404, "no-such-person");
    app.delete(OPERATOR, &person(PAT.sub)).await.refuses(404, "no-such-person");
}

/// SA7, ERA1. The clean-up has not run yet, or has ended a part.
#[tokio::test]
async fn super_admin_of_a_deleted_organization_is_erased_at_once() {
    let app = TestApp::new().await;
    let hers = app.create_organization(PAT, "Hers").await;
    let body = json!({ "name": "Hers", "reason": "She asked for it." });
    let deleted = app.send(Some(OPERATOR), "DELETE", &operator_path(&hers), Some(body)).await;
    deleted.expect(204);
    app.delete(OPERATOR, &person(PAT.sub)).await.expect(204);
    let left = traces(&scan(&app).await);
    let left: Vec<_> = left.iter().filter(|key| !key.starts_with("IDEMPOTENCY#")).collect();
    assert!(left.is_empty(), "{left:#?}");
    check(&app).await;
    assert_eq!(app.clean_up().await.organizations_ended, 1);
    check(&app).await;
}

/// OP2, ERA1
#[tokio::test]
async fn erasure_reaches_what_a_person_did_with_an_account_that_was_lost() {
    let (delivery, acme) = Delivery::new().await;
    let app = &delivery.app;
    app.add_member(ADA, &acme, PAT, "admin").await;
    app.create_role(PAT, &acme, "Desk", json!({})).await;
    let path = format!("{}/members/@{}/account", operator_path(&acme), PAT.sub);
    let account = json!({ "user_id": "quokka-2", "reason": "Ticket 7" });
    app.post(OPERATOR, &path, account).await.expect(200);
    let history = app.history(&acme).await;
    let created = history.iter().find(|event| event["action"] == "role.created").unwrap();
    let former = member_id(&acme, PAT.sub);
    assert_eq!(
        [&created["actor"]["id"], &created["actor"]["name"]],
        [&json!(former), &json!(PAT.name)]
    );
    app.delete(OPERATOR, &person("quokka-2")).await.expect(204);
    let left = traces(&scan(app).await);
    let left: Vec<_> = left.iter().filter(|key| !key.starts_with("IDEMPOTENCY#")).collect();
    assert!(left.is_empty(), "{left:#?}");
    let after = app.history(&acme).await;
    assert!(!names_her(&json!(after)), "{after:#?}");
    let created = after.iter().find(|event| event["action"] == "role.created").unwrap();
    assert_eq!(created["actor"]["name"], "Erased person");
    check(app).await;
}

fn names_her(value: &Value) -> bool {
    let text = value.to_string().to_lowercase();
    TRACES.iter().any(|trace| text.contains(&trace.to_lowercase()))
}

/// ORG5
#[tokio::test]
async fn history_names_people_and_roles_after_they_are_gone() {
    let (app, acme) = TestApp::with_acme().await;
    let role = app.create_role(ADA, &acme, "Desk", json!({})).await;
    app.add_member(ADA, &acme, PAT, &role).await;
    let alerts = format!("{acme}/critical-alert-users");
    app.post(ADA, &alerts, json!({ "email": "ops@example.com" })).await.expect(201);
    app.delete(ADA, &format!("{alerts}/@ops@example.com")).await.expect(204);
    app.remove(ADA, &acme, PAT).await.expect(204);
    app.delete(ADA, &format!("{acme}/roles/{role}")).await.expect(204);
    let name = |event: &Value| event["target"]["name"].clone();
    let names: Vec<_> = app.history(&acme).await.iter().map(name).collect();
    let pats = json!(PATS);
    let expected = [
        json!("Acme"),
        json!("Desk"),
        pats.clone(),
        pats,
        json!("ops@example.com"),
        json!("ops@example.com"),
        json!(PAT.name),
        json!("Desk"),
    ];
    assert_eq!(names, expected);
    let accepted = &app.history(&acme).await[3];
    let pat = json!({ "id": member_id(&acme, PAT.sub), "name": PAT.name, "email": PATS });
    let mut actor = pat.clone();
    actor["operator"] = json!(false);
    assert_eq!([&accepted["actor"], &accepted["new"]["member"]], [&actor, &pat]);
    assert_eq!(accepted["new"]["role_name"], "Desk");
    // Nothing of it is in the stored events.
    let items = scan(&app).await;
    let events = items.into_iter().filter(|item| item["pk"].as_s().unwrap().starts_with("EVENTS#"));
    assert_eq!(traces(&events.collect::<Vec<_>>()), [""; 0]);
    check(&app).await;
}

/// INV4: an invitee declines without being a member, and is named all the same.
#[tokio::test]
async fn history_names_people_who_were_never_members() {
    let (app, acme) = TestApp::with_acme().await;
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    let invitation = app.create_invitation(ADA, &acme, PATS, "user").await;
    app.post(PAT, &format!("{invitation}/decline"), json!({})).await.expect(204);
    app.create_join_request(BOB, &acme).await;
    app.delete(BOB, &format!("{acme}/join-requests/mine")).await.expect(204);
    let history = app.history(&acme).await;
    let actor = |event: &Value| event["actor"]["email"].as_str().unwrap().to_owned();
    let actors: Vec<_> = history[2..].iter().map(actor).collect();
    assert_eq!(actors, [ADA.email, PATS, BOB.email, BOB.email]);
    assert_eq!(history[5]["target"]["name"], BOB.email);
    check(&app).await;
}

/// SA1
#[tokio::test]
async fn super_admin_cannot_be_erased_before_another_is_appointed() {
    let (app, acme) = TestApp::with_acme().await;
    let second = app.create_organization(ADA, "Second").await;
    let refused = app.delete(OPERATOR, &person(ADA.sub)).await;
    let refused = refused.refuses(409, "super-admin-of-organizations");
    let mut listed = each(refused.body["organizations"].as_array().unwrap(), "name");
    listed.sort_unstable();
    assert_eq!(listed, ["Acme", "Second"]);
    for org in [&acme, &second] {
        app.add_member(ADA, org, BOB, "admin").await;
        app.transfer(ADA, org, BOB).await.expect(200);
    }
    app.delete(OPERATOR, &person(ADA.sub)).await.expect(204);
    assert_eq!(app.role_of(&acme, ADA).await, None);
    check(&app).await;
}

#[tokio::test]
async fn personal_data_is_exported() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, PAT, "user").await;
    let globex = app.create_organization(BOB, "Globex").await;
    app.create_invitation(BOB, &globex, PATS, "user").await;
    let alerts = format!("{globex}/critical-alert-users");
    app.post(BOB, &alerts, json!({ "email": PATS })).await.expect(201);
    let found = data(&app, &person(PAT.sub)).await.expect(200).body;
    assert_eq!((&found["user_id"], &found["emails"]), (&json!(PAT.sub), &json!([PATS])));
    assert_eq!(found["name"], PAT.name);
    let organizations = found["organizations"].as_array().unwrap();
    assert_eq!(each(organizations, "name"), ["Acme", "Globex"]);
    let [at_acme, at_globex] = organizations.as_slice() else { panic!("{found}") };
    assert_eq!(at_acme["membership"]["name"], PAT.name);
    assert_eq!(at_acme["member_id"], member_id(&acme, PAT.sub));
    let known = &at_globex["addresses"][0];
    assert_eq!([&known["email"], &known["critical_alert_user"]["email"]], [PATS, PATS]);
    assert_eq!(known["invitation"]["role_id"], "user");
    // Who is known by an address alone has an id, too.
    let found = data(&app, &person_of_address("zoe@example.com")).await;
    found.refuses(404, "no-such-person");
    app.create_invitation(ADA, &acme, "zoe@example.com", "user").await;
    let zoe = person_of_address("zoe@example.com");
    let found = data(&app, &zoe).await.expect(200).body;
    assert_eq!((&found["user_id"], &found["emails"]), (&Value::Null, &json!(["zoe@example.com"])));
    app.delete(OPERATOR, &zoe).await.expect(204);
    data(&app, &zoe).await.refuses(404, "no-such-person");
    assert_eq!(app.get(ADA, &format!("{acme}/invitations")).await.items().len(), 0);
    check(&app).await;
}

/// An erased person can come back, as anyone can.
#[tokio::test]
async fn erased_person_can_be_invited_again() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, PAT, "user").await;
    app.delete(OPERATOR, &person(PAT.sub)).await.expect(204);
    app.add_member(ADA, &acme, PAT, "user").await;
    check(&app).await;
}

/// ERA1: a person is found whenever a membership ends or begins, or another organization learns of the address, while the
/// person is erased.
#[tokio::test]
async fn erasure_finds_what_changes_at_the_same_time() {
    let changes = ["leave", "return", "invitation", "alert"];
    for (reads, change) in (0..8).flat_map(|reads| changes.map(|change| (reads, change))) {
        let (app, layer) = TestApp::with_fault_layer(ample()).await;
        let acme = app.create_organization(ADA, "Acme").await;
        app.add_member(ADA, &acme, PAT, "user").await;
        let zeta = app.create_organization(CY, "Zeta").await;
        let leave = format!("{acme}/leave");
        let (by, path, body) = match change {
            "leave" => (PAT, leave, json!({})),
            "return" => {
                app.post(PAT, &leave, json!({})).await.expect(204);
                let invitation = app.create_invitation(ADA, &acme, PATS, "user").await;
                (PAT, invitation + "/accept", json!({}))
            }
            "alert" => (CY, format!("{zeta}/critical-alert-users"), json!({ "email": PATS })),
            _ => {
                let body = json!({ "email": PATS, "role_id": "user" });
                (CY, format!("{zeta}/invitations"), body)
            }
        };
        let (pat, order) = (person(PAT.sub), [vec![0; reads], vec![1; 8]].concat());
        let (erasing, changing) = (app.delete(OPERATOR, &pat), app.post(by, &path, body));
        let (erased, changed, calls) = layer.interleave(&order, erasing, changing).await;
        erased.expect(204);
        assert!(by == PAT || changed.status == 201, "{change}: {changed}");
        assert_eq!(traces(&scan(&app).await), [""; 0], "{change} {calls:?}");
        check(&app).await;
    }
}

/// A round that erases something is no lost race, however many there are.
#[tokio::test]
async fn erasure_ends_when_the_invitations_of_the_address_do() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, PAT, "user").await;
    let invitations = format!("{acme}/invitations");
    let invite = async {
        for _ in 0..15 {
            let body = json!({ "email": PATS, "role_id": "user" });
            app.post(ADA, &invitations, body).await;
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    };
    let pat = person(PAT.sub);
    let (erased, ()) = futures_util::join!(app.delete(OPERATOR, &pat), invite);
    erased.expect(204);
    check(&app).await;
}

/// A person in more organizations than one transaction has room for.
#[tokio::test]
async fn person_in_many_organizations_is_erased_everywhere() {
    let app = TestApp::new().await;
    for nth in 0..15 {
        let org = app.create_organization(ADA, &format!("Number {nth}")).await;
        app.add_member(ADA, &org, PAT, "user").await;
    }
    app.delete(OPERATOR, &person(PAT.sub)).await.expect(204);
    assert_eq!(traces(&scan(&app).await), [""; 0]);
    check(&app).await;
}
