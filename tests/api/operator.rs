//! `/v1/operator/organizations`.

use serde_json::{Value, json};

use crate::{
    helpers::{each, id, operator_path},
    invariants::check,
    test_app::{ADA, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, ample, member_id},
};

const ALL: &str = "/v1/operator/organizations";

/// OP1, INV8
#[tokio::test]
async fn operator_creates_an_organization_and_invites_its_first_admin() {
    let app = TestApp::new().await;
    let body =
        json!({ "name": "Acme", "kind": "partner", "first_admin_email": " ADA@example.com" });
    let made = app.post(OPERATOR, ALL, body).await.expect(201);
    let id = made.id();
    assert_eq!(made.headers["location"], format!("{ALL}/{id}"));
    let expected = json!({
        "id": id,
        "name": "Acme",
        "kind": "partner",
        "parent_id": null,
        "parent_name": null,
        "path": [id],
        "depth": 0,
        "settings": { "manage_sub_organizations": false, "mdf_program": false },
        "super_admin": null,
        "created_at": "2026-11-21T12:00:00Z",
    });
    assert_eq!(made.body, expected);
    let mine = app.get(ADA, "/v1/me/invitations").await;
    assert_eq!(each(mine.items(), "organization_id"), [id]);
}

/// OP1. The matrix tests every route.
#[tokio::test]
async fn only_the_exact_scope_makes_an_operator() {
    let app = TestApp::new().await;
    for (scope, status) in [
        ("operators", 403),
        ("Operator", 403),
        ("a:operator", 403),
        ("operator decisions", 200),
        ("[openid operator]", 200),
    ] {
        app.get(Identity { scope, ..ADA }, ALL).await.expect(status);
    }
}

/// OP1
#[tokio::test]
async fn operator_lists_roots_and_reads_any_organization() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let branch = app.create_sub_organization(ADA, &acme, "Branch").await;
    app.create_organization(BOB, "Globex").await;
    let list = app.get(OPERATOR, ALL).await.expect(200);
    assert_eq!(each(list.items(), "name"), ["Acme", "Globex"]);
    let found = app.get(OPERATOR, &operator_path(&branch)).await.expect(200);
    assert_eq!(found.body["path"], json!([id(&acme), id(&branch)]));
    let nothing = app.get(OPERATOR, &format!("{ALL}/org_01JD7Z0000000000000000000A")).await;
    nothing.refuses(404, "no-such-organization");
}

/// SUB1, SUB2, INV8
#[tokio::test]
async fn invalid_operator_creation_is_refused() {
    let (app, acme) = TestApp::with_acme().await;
    let (parent, unknown) = (id(&acme), "org_01JD7Z0000000000000000000A");
    let below = json!({ "name": "B", "parent": parent, "kind": "standard" });
    app.post(OPERATOR, ALL, below.clone()).await.refuses(409, "sub-organizations-disabled");
    app.update_settings(&acme, json!({ "manage_sub_organizations": true })).await;
    let root = |field: &str, value: &str| {
        let mut body = json!({ "name": "B", "first_admin_email": EVE.email });
        body[field] = json!(value);
        body
    };
    for (body, slug, pointer) in [
        (json!({ "name": "Root" }), "first-admin-required", "/first_admin_email"),
        (json!({ "name": "B", "parent": parent, "kind": "partner" }), "kind-inherited", "/kind"),
        (json!({ "name": "B", "parent": unknown }), "no-such-organization", ""),
        (json!({ "name": "B", "parent": "acme" }), "invalid-request", "/parent"),
        (root("kind", "customer"), "invalid-request", "/kind"),
        (root("first_admin_email", "eve"), "invalid-request", "/first_admin_email"),
        (root("name", ""), "invalid-request", "/name"),
    ] {
        let status = if pointer.is_empty() { 404 } else { 422 };
        let answer = app.post(OPERATOR, ALL, body).await.refuses(status, slug);
        assert_eq!(answer.pointer(), pointer);
    }
    let made = app.post(OPERATOR, ALL, below).await.expect(201);
    assert_eq!(made.body["super_admin"], Value::Null);
}

/// SUB1, PAR1
#[tokio::test]
async fn operator_changes_kind_program_and_sub_organizations() {
    let (app, acme) = TestApp::with_acme().await;
    let one = operator_path(&acme);
    let mdf_program = app.patch(OPERATOR, &one, json!({ "mdf_program": true })).await;
    mdf_program.refuses(409, "mdf-partner-only");
    let all = json!({ "kind": "partner", "mdf_program": true, "manage_sub_organizations": true });
    // A standard organization is outside the programme.
    for (change, kind, mdf_program) in
        [(all, "partner", true), (json!({ "kind": "standard" }), "standard", false)]
    {
        let changed = app.patch(OPERATOR, &one, change).await.expect(200).body;
        let settings = json!({ "manage_sub_organizations": true, "mdf_program": mdf_program });
        assert_eq!((&changed["kind"], &changed["settings"]), (&json!(kind), &settings));
        assert_eq!(app.get(OPERATOR, &one).await.body, changed);
    }
    let branch = operator_path(&app.create_sub_organization(ADA, &acme, "Branch").await);
    let switch = app.patch(OPERATOR, &branch, json!({ "manage_sub_organizations": false })).await;
    switch.refuses(422, "root-setting-only");
    let kind = app.patch(OPERATOR, &branch, json!({ "kind": "partner" })).await;
    kind.refuses(422, "kind-inherited");
}

/// OP1
#[tokio::test]
async fn operator_changes_are_recorded_as_such() {
    let app = TestApp::new().await;
    let acme = app.create_organization_for(ADA, "Acme").await;
    for _ in 0..2 {
        app.update_settings(&acme, json!({ "manage_sub_organizations": true })).await;
    }
    let history = app.history(&acme).await;
    let actions = ["organization.created", "invitation.created", "settings.updated"];
    assert_eq!(each(&history, "action"), actions);
    let actor = json!({ "id": null, "name": "Platform operator", "email": null, "operator": true });
    assert!(history.iter().all(|event| event["actor"] == actor), "{history:#?}");
    // A self-service request by an operator is recorded as a person's.
    let own = Identity { scope: "operator", ..EVE };
    let globex = app.create_organization(own, "Globex").await;
    assert_eq!(app.history(&globex).await[0]["actor"]["operator"], false);
}

/// PAR1, ROLE1
#[tokio::test]
async fn partner_kind_stays_while_partner_roles_are_used() {
    let (app, acme) = TestApp::with_partner("Acme").await;
    let standard = json!({ "kind": "standard" });
    app.add_member(ADA, &acme, BOB, "partner_user").await;
    let path = app.create_invitation(ADA, &acme, CY.email, "partner_user").await;
    let refused = app.patch(OPERATOR, &operator_path(&acme), standard.clone()).await;
    let refused = refused.refuses(409, "partner-roles-in-use");
    assert_eq!(refused.body["holders"], json!({ "active": 1, "pending": 1, "services": 0 }));
    app.delete(ADA, &path).await.expect(204);
    app.delete(ADA, &format!("{acme}/members/@{}", BOB.sub)).await.expect(204);
    app.patch(OPERATOR, &operator_path(&acme), standard).await.expect(200);
}

/// OP1, INV8
#[tokio::test]
async fn operator_can_replace_the_first_admin_invitation_until_it_is_accepted() {
    let app = TestApp::new().await;
    let acme = app.create_organization_for(ADA, "Acme").await;
    let again = format!("{}/first-admin", operator_path(&acme));
    // The same address gets a new invitation, too.
    let mut ids = Vec::new();
    for _ in 0..2 {
        app.post(OPERATOR, &again, json!({ "email": BOB.email })).await.expect(201);
        ids.push(app.get(BOB, "/v1/me/invitations").await.items()[0]["id"].clone());
    }
    assert_ne!(ids[0], ids[1]);
    assert!(app.get(ADA, "/v1/me/invitations").await.expect(200).items().is_empty());
    check(&app).await;
    let member = app.accept(BOB, &acme).await.expect(200);
    assert_eq!(member.body["role_id"], "super_admin");
    app.add_member(BOB, &acme, CY, "user").await;
    let late = app.post(OPERATOR, &again, json!({ "email": ADA.email })).await;
    late.refuses(409, "super-admin-exists");
    check(&app).await;
}

/// OP1, SA6. The invitation went to a wrong address, whose person accepted.
#[tokio::test]
async fn first_admin_answer_names_the_present_super_admin() {
    let app = TestApp::new().await;
    let acme = app.create_organization_for(EVE, "Acme").await;
    let again = format!("{}/first-admin", operator_path(&acme));
    let invite = async |email: &str| app.post(OPERATOR, &again, json!({ "email": email })).await;
    let replaced = invite(EVE.email).await.expect(201);
    assert_eq!(replaced.body["super_admin"], Value::Null);
    app.accept(EVE, &acme).await.expect(200);
    let to_appoint = invite(ADA.email).await.expect(201);
    let eve = json!({ "id": member_id(&acme, EVE.sub), "name": null, "email": EVE.email });
    assert_eq!(to_appoint.body["super_admin"], eve);
    check(&app).await;
}

/// OP1
#[tokio::test]
async fn operator_revokes_an_invitation_that_an_operator_sent() {
    let (app, acme) = TestApp::with_acme().await;
    let again = format!("{}/first-admin", operator_path(&acme));
    let wrong = app.post(OPERATOR, &again, json!({ "email": EVE.email })).await.expect(201);
    let path = format!("{}/invitations/{}", operator_path(&acme), wrong.id());
    let stale = [("if-match", "\"1\"")];
    let refused = app.send_with(Some(OPERATOR), "DELETE", &path, None, &stale).await;
    refused.refuses(412, "precondition-failed");
    app.delete(ADA, &path).await.refuses(403, "operator-scope-required");
    app.delete(OPERATOR, &path).await.expect(204);
    app.delete(OPERATOR, &path).await.refuses(404, "no-such-invitation");
    // Another invitation of the address has another id.
    let next = app.post(OPERATOR, &again, json!({ "email": EVE.email })).await.expect(201);
    app.delete(OPERATOR, &path).await.refuses(404, "no-such-invitation");
    let next = format!("{}/invitations/{}", operator_path(&acme), next.id());
    app.delete(OPERATOR, &next).await.expect(204);
    assert!(app.get(EVE, "/v1/me/invitations").await.items().is_empty());
    let event = app.history(&acme).await.pop().unwrap();
    assert_eq!(event["action"], "invitation.revoked");
    assert_eq!(event["actor"]["operator"], true);
    check(&app).await;

    // Without a Super Admin, the organization waits for nobody then.
    let globex = app.create_organization_for(EVE, "Globex").await;
    let first = app.get(EVE, "/v1/me/invitations").await.items()[0]["id"].clone();
    let first = first.as_str().unwrap();
    app.delete(OPERATOR, &format!("{}/invitations/{first}", operator_path(&globex)))
        .await
        .expect(204);
    check(&app).await;
    let again = format!("{}/first-admin", operator_path(&globex));
    app.post(OPERATOR, &again, json!({ "email": BOB.email })).await.expect(201);
    app.accept(BOB, &globex).await.expect(200);
    check(&app).await;
}

/// OP1
#[tokio::test]
async fn operator_cannot_revoke_an_invitation_that_a_member_sent() {
    let (app, acme) = TestApp::with_acme().await;
    let path = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let of_operator = format!("{}/invitations/{}", operator_path(&acme), id(&path));
    for path in [&path, &of_operator] {
        let refused = app.delete(OPERATOR, path).await.refuses(403, "operator-read-only");
        let detail = refused.body["detail"].as_str().unwrap();
        for next in ["/v1/operator/organizations/{org}/invitations/{inv}", "user manager"] {
            assert!(detail.contains(next), "{detail}");
        }
    }
    // A member who sends it again takes it over.
    let again = format!("{}/first-admin", operator_path(&acme));
    let sent = app.post(OPERATOR, &again, json!({ "email": CY.email })).await.expect(201);
    app.wait(DAY);
    let member_path = format!("{acme}/invitations/{}", sent.id());
    app.post(ADA, &format!("{member_path}/resend"), json!({})).await.expect(200);
    let path = format!("{}/invitations/{}", operator_path(&acme), sent.id());
    app.delete(OPERATOR, &path).await.refuses(403, "operator-read-only");
    app.delete(ADA, &member_path).await.expect(204);
    check(&app).await;
}

/// OP1, INV7
#[tokio::test]
async fn operator_does_not_revoke_an_invitation_that_was_accepted_concurrently() {
    let (app, layer) = TestApp::with_fault_layer(ample()).await;
    let acme = app.create_organization_for(ADA, "Acme").await;
    let first = app.get(ADA, "/v1/me/invitations").await.items()[0]["id"].clone();
    let path = format!("{}/invitations/{}", operator_path(&acme), first.as_str().unwrap());
    let order = [vec![0], vec![1; 9], vec![0; 4]].concat();
    let revoke = app.delete(OPERATOR, &path);
    let (late, joined, calls) = layer.interleave(&order, revoke, app.accept(ADA, &acme)).await;
    layer.clear_faults();
    let outcome = (joined.status.as_u16(), late.problem());
    assert_eq!(outcome, (200, "changed-concurrently"), "{calls:?}");
    app.delete(OPERATOR, &path).await.refuses(404, "no-such-invitation");
    check(&app).await;
}

/// OP1. An operator is not told to ask an operator, or for an invitation.
#[tokio::test]
async fn refusal_names_what_an_operator_can_do() {
    let (app, acme) = TestApp::with_acme().await;
    let detail = async |path: &str, status, problem| {
        let refused = app.get(OPERATOR, path).await.refuses(status, problem);
        refused.body["detail"].as_str().unwrap().to_owned()
    };
    let unknown = "/v1/organizations/org_01JD7Z0000000000000000000A";
    let unknown = detail(unknown, 404, "no-such-organization").await;
    assert!(unknown.ends_with("Search for its name in the list of organizations."), "{unknown}");
    let customers = detail(&format!("{acme}/customers"), 403, "missing-permission").await;
    assert!(customers.ends_with("and operators can change them."), "{customers}");
}

/// OP1, INV8
#[tokio::test]
async fn operator_chooses_the_language_of_the_first_mail() {
    let app = TestApp::new().await;
    let body = json!({ "name": "Acme", "first_admin_email": ADA.email, "language": "de" });
    let acme = app.post(OPERATOR, "/v1/operator/organizations", body).await.expect(201);
    let acme = format!("/v1/organizations/{}", acme.id());
    assert_eq!(app.get(OPERATOR, &acme).await.expect(200).body["language"], "de");
    let again = format!("{}/first-admin", operator_path(&acme));
    let body = json!({ "email": BOB.email, "language": "en" });
    let invitation = app.post(OPERATOR, &again, body).await.expect(201);
    assert_eq!(invitation.body["language"], "en");
    let unknown = json!({ "email": BOB.email, "language": "xx" });
    app.post(OPERATOR, &again, unknown).await.refuses(422, "invalid-request");
}

/// ROLE1
#[tokio::test]
async fn partner_role_grant_fails_when_the_kind_changed_concurrently() {
    let (app, layer) = TestApp::with_fault_layer(ample()).await;
    let acme = app.create_partner(ADA, "Acme").await;
    let (path, standard) = (operator_path(&acme), json!({ "kind": "standard" }));
    // The kind changes after the invitation has read it.
    let order = [vec![0], vec![1; 4], vec![0; 4]].concat();
    let invitation = app.invite(ADA, &acme, BOB.email, "partner_user");
    let change = app.patch(OPERATOR, &path, standard);
    let (late, changed, calls) = layer.interleave(&order, invitation, change).await;
    layer.clear_faults();
    assert_eq!((changed.status.as_u16(), late.problem()), (200, "no-such-role"), "{calls:?}");
    check(&app).await;
    app.update_settings(&acme, json!({ "kind": "partner" })).await;
    app.invite(ADA, &acme, BOB.email, "partner_user").await.expect(201);
}

/// OP2
#[tokio::test]
async fn operator_finds_organizations_of_every_depth_by_the_beginning_of_their_name() {
    let (app, acme) = TestApp::with_tree("Acme Tools").await;
    app.create_sub_organization(ADA, &acme, "ACME  Élan").await;
    app.create_organization(BOB, "Ac").await;
    app.create_organization(BOB, "Globex").await;
    let found = async |q: &str| {
        let list = app.get(OPERATOR, &format!("{ALL}?q={q}")).await.expect(200);
        each(list.items(), "name").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("acm").await, ["Acme Tools", "ACME Élan"]);
    assert_eq!(found("ACME%20e%CC%81").await, ["ACME Élan"]);
    assert_eq!(found("ac").await, ["Ac"]); // Fewer than three characters are a whole name.
    assert!(found("acme%20x").await.is_empty());
    assert_eq!(found("%20").await, ["Acme Tools", "Ac", "Globex"]);
    let list = app.get(OPERATOR, &format!("{ALL}?q=acme&limit=1")).await.expect(200);
    assert_eq!(list.items()[0]["super_admin"]["email"], ADA.email);
    let next = format!("{ALL}?limit=1&cursor={}", list.body["next_cursor"].as_str().unwrap());
    app.get(OPERATOR, &next).await.refuses(400, "bad-cursor");
    app.get(OPERATOR, &format!("{next}&q=acme")).await.expect(200);

    app.patch(ADA, &acme, json!({ "name": "Bolt" })).await.expect(200);
    assert_eq!(found("acm").await, ["ACME Élan"]);
    assert_eq!(found("bol").await, ["Bolt"]);
    check(&app).await;
}

/// OP2
#[tokio::test]
async fn operator_finds_people_by_address_and_by_sub() {
    let (app, acme) = TestApp::with_acme().await;
    let globex = app.create_organization(EVE, "Globex").await;
    let role = app.post(ADA, &format!("{acme}/roles"), json!({ "name": "Desk" })).await.expect(201);
    app.add_member(ADA, &acme, BOB, &role.id()).await;
    app.invite(EVE, &globex, BOB.email, "user").await.expect(201);
    let people = async |query: &str| {
        let found = app.get(OPERATOR, &format!("/v1/operator/people?{query}")).await.expect(200);
        found.body["items"].as_array().unwrap().clone()
    };
    let by_sub = people("user_id=bob").await;
    assert_eq!(people("email=bob@example.com").await, by_sub);
    let [bob] = by_sub.as_slice() else { panic!("{by_sub:?}") };
    let [first, second] = bob["organizations"].as_array().unwrap().as_slice() else {
        panic!("{bob}")
    };
    assert_eq!(
        (&first["name"], &first["membership"]["role_name"]),
        (&json!("Acme"), &json!("Desk"))
    );
    let invitation = &second["addresses"][0]["invitation"];
    assert_eq!(invitation["role_id"], "user");
    let inviter = json!({ "id": member_id(&globex, EVE.sub), "name": null, "email": EVE.email });
    assert_eq!(invitation["invited_by"], inviter);
    // The export is for the person, so it names no other person.
    let data = format!("/v1/operator/people/{}/data", bob["id"].as_str().unwrap());
    let mut exported = app.get(OPERATOR, &data).await.expect(200).body;
    let unnamed = json!({ "id": member_id(&globex, EVE.sub), "name": null, "email": null });
    let mut invitation = exported["organizations"][1]["addresses"][0]["invitation"].take();
    assert_eq!(invitation["invited_by"], unnamed);
    for by in ["invited_by", "sent_by"] {
        invitation[by] = inviter.clone();
    }
    exported["organizations"][1]["addresses"][0]["invitation"] = invitation;
    for organization in exported["organizations"].as_array_mut().unwrap() {
        organization.as_object_mut().unwrap().remove("kept_services");
    }
    assert_eq!(exported, *bob);

    app.invite(ADA, &acme, CY.email, "user").await.expect(201);
    let invited = people(&format!("email={}", CY.email)).await;
    assert_eq!(invited[0]["user_id"], Value::Null);
    assert_eq!(people("email=nobody@example.com").await, [Value::Null; 0]);
    assert_eq!(people("user_id=nobody").await, [Value::Null; 0]);
    for query in ["", "?email=a@example.com&user_id=a", "?email=nonsense"] {
        let answer = app.get(OPERATOR, &format!("/v1/operator/people{query}")).await;
        answer.refuses(422, "invalid-request");
    }
}

/// OP2, ERA1: an operator who is asked to forget a person knows an address.
#[tokio::test]
async fn people_who_are_no_members_are_found_by_their_address() {
    let (app, acme) = TestApp::with_acme().await;
    let former = Identity { name: "Bob B.", ..BOB };
    app.add_member(ADA, &acme, former, "user").await;
    app.remove(ADA, &acme, former).await.expect(204);
    // The slot of the address says nothing of the account any more.
    app.invite(ADA, &acme, BOB.email, "user").await.expect(201);
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    app.create_join_request(CY, &acme).await;
    app.delete(CY, &format!("{acme}/join-requests/mine")).await.expect(204);
    let invitation = app.create_invitation(ADA, &acme, EVE.email, "user").await;
    app.post(EVE, &format!("{invitation}/decline"), json!({})).await.expect(204);
    for person in [BOB, CY, EVE] {
        let path = format!("/v1/operator/people?email={}", person.email);
        let found = app.get(OPERATOR, &path).await.expect(200);
        assert_eq!(each(found.items(), "user_id"), [person.sub]);
        let known = &found.items()[0]["organizations"][0];
        assert_eq!(known["former_person"]["email"], person.email);
        app.delete(
            OPERATOR,
            &format!("/v1/operator/people/{}", found.items()[0]["id"].as_str().unwrap()),
        )
        .await
        .expect(204);
        assert_eq!(app.get(OPERATOR, &path).await.expect(200).items(), [Value::Null; 0]);
        let history = json!(app.history(&acme).await).to_string();
        assert!(!history.contains(person.email) && !history.contains("Bob B."), "{history}");
    }
    check(&app).await;
}

/// OP2: one person with two accounts, each a member elsewhere, is two people with one address.
#[tokio::test]
async fn search_by_address_finds_every_account_that_has_it() {
    let (app, acme) = TestApp::with_acme().await;
    let again = Identity { sub: "ada-2", ..ADA };
    app.create_organization(again, "Globex").await;
    let list = app.get(OPERATOR, &format!("/v1/operator/people?email={}", ADA.email)).await;
    let list = list.expect(200);
    let mut found = each(list.body["items"].as_array().unwrap(), "user_id");
    found.sort_by_key(ToString::to_string);
    assert_eq!(found, ["ada", "ada-2"]);
    app.get(ADA, &acme).await.expect(200);
}
