//! `/v1/operator/organizations`.

use insta::assert_snapshot;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::{
    domain::{
        self, AuthnContext, BuiltIn, Email, InvitationDraft, InvitationId, OrgId, Person, Refusal,
        RequestContext, RoleId, UserId,
    },
    store::{Error, NewInvitation},
};

use crate::{
    helpers::{each, id, operator_path},
    invariants::check,
    test_app::{ADA, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp},
};

const ALL: &str = "/v1/operator/organizations";

/// OP1, INV8
#[tokio::test]
async fn operator_creates_an_organization_and_invites_its_first_admin() {
    let app = TestApp::new().await;
    let body =
        json!({ "name": "Acme", "kind": "partner", "first_admin_email": " ADA@example.com" });
    let made = app.post(OPERATOR, ALL, body).await;
    assert_eq!(made.headers["location"], format!("{ALL}/{}", made.id()));
    assert_snapshot!(made, @r#"
    201 Created
    {
      "created_at": "2026-11-21T12:00:00Z",
      "depth": 0,
      "id": "org_…",
      "kind": "partner",
      "name": "Acme",
      "parent_id": null,
      "path": [
        "org_…"
      ],
      "settings": {
        "manage_sub_organizations": false,
        "mdf_program": false
      },
      "super_admin_user_id": null
    }
    "#);
    let mine = app.get(ADA, "/v1/me/invitations").await;
    assert_eq!(each(mine.items(), "organization_id"), [made.id()]);
}

/// OP1
#[tokio::test]
async fn only_the_exact_scope_makes_an_operator() {
    let (app, acme) = TestApp::with_acme().await;
    let one = operator_path(&acme);
    for scope in
        ["", "openid", "operators", "operator2", "xoperator", "Operator", "decisions", "a:operator"]
    {
        let caller = Identity { scope, ..ADA };
        let body = json!({ "name": "X", "first_admin_email": EVE.email });
        for answer in [
            app.get(caller, ALL).await,
            app.post(caller, ALL, body).await,
            app.get(caller, &one).await,
            app.patch(caller, &one, json!({ "manage_sub_organizations": true })).await,
        ] {
            answer.refuses(403, "operator-scope-required");
        }
    }
    for scope in ["operator", "openid operator", "operator decisions", "[openid operator]"] {
        app.get(Identity { scope, ..OPERATOR }, &one).await.expect(200);
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
    let parent = id(&acme).to_owned();
    let off = json!({ "name": "Branch", "parent": parent });
    app.post(OPERATOR, ALL, off).await.refuses(409, "sub-organizations-disabled");
    app.update_settings(&acme, json!({ "manage_sub_organizations": true })).await;
    for (body, status, slug, pointer) in [
        (json!({ "name": "Root" }), 422, "first-admin-required", "/first_admin_email"),
        (
            json!({ "name": "B", "parent": parent, "kind": "partner" }),
            422,
            "kind-inherited",
            "/kind",
        ),
        (
            json!({ "name": "B", "parent": "org_01JD7Z0000000000000000000A" }),
            404,
            "no-such-organization",
            "",
        ),
        (json!({ "name": "B", "parent": "acme" }), 422, "invalid-request", "/parent"),
        (
            json!({ "name": "B", "kind": "customer", "first_admin_email": EVE.email }),
            422,
            "invalid-request",
            "/kind",
        ),
        (
            json!({ "name": "B", "first_admin_email": "eve" }),
            422,
            "invalid-request",
            "/first_admin_email",
        ),
        (json!({ "name": "", "first_admin_email": EVE.email }), 422, "invalid-request", "/name"),
    ] {
        let answer = app.post(OPERATOR, ALL, body).await.refuses(status, slug);
        assert_eq!(answer.pointer(), pointer);
    }
    let fits = json!({ "name": "B", "parent": parent, "kind": "standard" });
    let made = app.post(OPERATOR, ALL, fits).await.expect(201);
    assert_eq!(made.body["super_admin_user_id"], Value::Null);
}

/// SUB1, PAR1
#[tokio::test]
async fn operator_changes_kind_program_and_sub_organizations() {
    let (app, acme) = TestApp::with_acme().await;
    let one = operator_path(&acme);
    app.patch(OPERATOR, &one, json!({ "mdf_program": true }))
        .await
        .refuses(409, "mdf-partner-only");
    let all = json!({ "kind": "partner", "mdf_program": true, "manage_sub_organizations": true });
    let changed = app.patch(OPERATOR, &one, all).await.expect(200);
    assert_eq!(changed.body["kind"], "partner");
    let on = json!({ "manage_sub_organizations": true, "mdf_program": true });
    assert_eq!(changed.body["settings"], on);
    assert_eq!(app.get(OPERATOR, &one).await.body, changed.body);
    // A standard organization is outside the programme.
    let now = app.patch(OPERATOR, &one, json!({ "kind": "standard" })).await.expect(200);
    assert_eq!(
        now.body["settings"],
        json!({ "manage_sub_organizations": true, "mdf_program": false })
    );
    let branch = app.create_sub_organization(ADA, &acme, "Branch").await;
    let switch = json!({ "manage_sub_organizations": false });
    let answer = app.patch(OPERATOR, &operator_path(&branch), switch).await;
    answer.refuses(422, "root-setting-only");
    let kind = app.patch(OPERATOR, &operator_path(&branch), json!({ "kind": "partner" })).await;
    kind.refuses(422, "kind-inherited");
}

/// OP1
#[tokio::test]
async fn operator_changes_are_recorded_as_such() {
    let app = TestApp::new().await;
    let body = json!({ "name": "Acme", "first_admin_email": ADA.email });
    let made = app.post(OPERATOR, ALL, body).await.expect(201);
    let acme = format!("/v1/organizations/{}", made.id());
    app.update_settings(&acme, json!({ "manage_sub_organizations": true })).await;
    app.update_settings(&acme, json!({ "manage_sub_organizations": true })).await;
    let history = app.history(&acme).await;
    assert_eq!(
        each(&history, "action"),
        ["organization.created", "invitation.created", "settings.updated"]
    );
    for event in &history {
        let actor = json!({ "user_id": "op", "email": "op@platform.example", "operator": true });
        assert_eq!(event["actor"], actor);
    }
    // A self-service request by an operator is recorded as a person's.
    let own = Identity { scope: "operator", ..EVE };
    let globex = app.create_organization(own, "Globex").await;
    assert_eq!(app.history(&globex).await[0]["actor"]["operator"], false);
}

/// INV8
#[tokio::test]
async fn expired_first_invitation_leaves_no_super_admin_and_no_way_in() {
    let app = TestApp::new().await;
    let body = json!({ "name": "Acme", "first_admin_email": ADA.email });
    let made = app.post(OPERATOR, ALL, body).await.expect(201);
    let acme = format!("/v1/organizations/{}", made.id());
    app.wait(7 * DAY);
    app.accept(ADA, &acme).await.refuses(409, "invitation-expired");
    assert_eq!(app.super_admins(&acme).await, (vec![], None));
    app.post(EVE, &format!("{acme}/join"), json!({})).await.refuses(404, "no-such-organization");
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
    assert_eq!(refused.body["holders"], json!({ "active": 1, "pending": 1 }));
    app.delete(ADA, &path).await.expect(204);
    app.delete(ADA, &format!("{acme}/members/@{}", BOB.sub)).await.expect(204);
    app.patch(OPERATOR, &operator_path(&acme), standard).await.expect(200);
}

/// OP1, INV8
#[tokio::test]
async fn operator_can_replace_the_first_admin_invitation_until_it_is_accepted() {
    let app = TestApp::new().await;
    let body = json!({ "name": "Acme", "first_admin_email": ADA.email });
    let made = app.post(OPERATOR, "/v1/operator/organizations", body).await.expect(201);
    let acme = format!("/v1/organizations/{}", made.id());
    let again = format!("{}/first-admin", operator_path(&acme));
    app.post(OPERATOR, &again, json!({ "email": BOB.email })).await.expect(201);
    assert!(app.get(ADA, "/v1/me/invitations").await.expect(200).items().is_empty());
    // The same address gets a new invitation.
    let first = app.get(BOB, "/v1/me/invitations").await.items()[0]["id"].clone();
    app.post(OPERATOR, &again, json!({ "email": BOB.email })).await.expect(201);
    let second = app.get(BOB, "/v1/me/invitations").await.items()[0]["id"].clone();
    assert_ne!(first, second);
    check(&app).await;
    let accept = format!("{acme}/invitations/{}/accept", second.as_str().unwrap());
    let member = app.post(BOB, &accept, json!({})).await.expect(200);
    assert_eq!(member.body["role_id"], "super_admin");
    app.post(OPERATOR, &again, json!({ "email": ADA.email }))
        .await
        .refuses(409, "super-admin-exists");
    check(&app).await;
}

/// ROLE1
#[tokio::test]
async fn partner_role_grant_fails_when_the_kind_changed_concurrently() {
    let (app, acme) = TestApp::with_partner("Acme").await;
    let org: OrgId = id(&acme).parse().unwrap();
    let person = Person {
        id: UserId::new(ADA.sub),
        email: Some(Email::parse(ADA.email).unwrap()),
        name: None,
        operator: false,
        authn: Some(AuthnContext::default()),
    };
    let at = Timestamp::from_millisecond(app.now()).unwrap();
    let by = Some(person.clone());
    let request_id = "late".to_owned();
    let act =
        RequestContext { by, as_operator: false, at, request_id, seed: 7, idempotency_key: None };
    let (actor, _) = app.store.facts(&person, org, []).await.unwrap();
    let email = Email::parse(BOB.email).unwrap();
    let invitation = InvitationId::of(at, org, &email);
    let offer = InvitationDraft { email, role_id: RoleId::BuiltIn(BuiltIn::PartnerUser), days: 7 };
    let invitation = domain::invite(&actor, offer, None, invitation, at).unwrap();

    app.update_settings(&acme, json!({ "kind": "standard" })).await;
    let open = || async {
        let new = NewInvitation { invitation: invitation.clone(), replaces: None };
        let writes = app.store.transaction(&act).open_invitation(&actor, &new, 1_000)?;
        writes.commit(&()).await
    };
    let late = open().await.unwrap_err();
    assert!(matches!(late, Error::Refused(Refusal::NoSuchRole)), "{late:?}");
    check(&app).await;
    // The grant works again once the organization is a partner.
    app.update_settings(&acme, json!({ "kind": "partner" })).await;
    open().await.unwrap();
    check(&app).await;
}
