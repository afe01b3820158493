//! `/v1/operator/organizations`

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
    helpers::{each, id, operators},
    test_app::{ADA, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp},
};

const ALL: &str = "/v1/operator/organizations";

/// OP1, INV8
#[tokio::test]
async fn an_operator_creates_an_organization_with_its_first_admins_invitation() {
    let world = TestApp::new().await;
    let wanted =
        json!({ "name": "Acme", "kind": "partner", "first_admin_email": " ADA@example.com" });
    let made = world.post(OPERATOR, ALL, wanted).await;
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
    let mine = world.get(ADA, "/v1/me/invitations").await;
    assert_eq!(each(mine.items(), "organization_id"), [made.id()]);
}

/// OP1: the scope is a word of its own.
#[tokio::test]
async fn only_the_scope_makes_an_operator() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let one = operators(&acme);
    for scope in
        ["", "openid", "operators", "operator2", "xoperator", "Operator", "decisions", "a:operator"]
    {
        let who = Identity { scope, ..ADA };
        let wanted = json!({ "name": "X", "first_admin_email": EVE.email });
        for answer in [
            world.get(who, ALL).await,
            world.post(who, ALL, wanted).await,
            world.get(who, &one).await,
            world.patch(who, &one, json!({ "manage_sub_organizations": true })).await,
        ] {
            answer.refuses(403, "operator-scope-required");
        }
    }
    for scope in ["operator", "openid operator", "operator decisions", "[openid operator]"] {
        world.get(Identity { scope, ..OPERATOR }, &one).await.expect(200);
    }
}

/// OP1
#[tokio::test]
async fn an_operator_finds_all_roots_and_any_organization() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    let branch = world.below(ADA, &acme, "Branch").await;
    world.found(BOB, "Globex").await;
    let list = world.get(OPERATOR, ALL).await.expect(200);
    assert_eq!(each(list.items(), "name"), ["Acme", "Globex"]);
    let found = world.get(OPERATOR, &operators(&branch)).await.expect(200);
    assert_eq!(found.body["path"], json!([id(&acme), id(&branch)]));
    let nothing = world.get(OPERATOR, &format!("{ALL}/org_01JD7Z0000000000000000000A")).await;
    nothing.refuses(404, "no-such-organization");
}

/// OP1: they read as members do, and act as nobody.
#[tokio::test]
async fn an_operator_reads_everything_and_acts_as_no_member() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    let night = world.role(ADA, &acme, "Night shift", json!({})).await;
    let invitation = world.invited(ADA, &acme, EVE.email, "user").await;
    let event = world.history(&acme).await[0]["id"].as_str().unwrap().to_owned();
    for path in [
        "",
        "/permissions",
        "/members",
        "/members?scope=subtree",
        "/members/@bob",
        "/invitations",
        "/roles",
        "/roles/admin",
        "/role-objects",
        "/sub-organizations",
        "/events",
        &format!("/roles/{night}"),
        &format!("/events/{event}"),
    ] {
        world.get(OPERATOR, &format!("{acme}{path}")).await.expect(200);
    }
    world.get(OPERATOR, &invitation).await.expect(200);

    let before = world.actions(&acme).await;
    let acts = [
        ("PATCH", acme.clone(), json!({ "name": "Op's" })),
        (
            "POST",
            format!("{acme}/invitations"),
            json!({ "email": "x@y.example", "role_id": "user" }),
        ),
        ("POST", format!("{invitation}/resend"), json!({})),
        ("DELETE", invitation, json!({})),
        ("PATCH", format!("{acme}/members/@bob"), json!({ "role_id": "user" })),
        ("DELETE", format!("{acme}/members/@bob"), json!({})),
        ("POST", format!("{acme}/leave"), json!({})),
        ("POST", format!("{acme}/roles"), json!({ "name": "Op's" })),
        ("PATCH", format!("{acme}/roles/{night}"), json!({ "name": "Op's" })),
        ("DELETE", format!("{acme}/roles/{night}"), json!({})),
        ("POST", format!("{acme}/transfer"), json!({ "member_id": "@bob" })),
        ("POST", format!("{acme}/sub-organizations"), json!({ "name": "Op's" })),
    ];
    for (method, path, body) in acts {
        let answer = world.send(Some(OPERATOR), method, &path, Some(body)).await;
        answer.refuses(403, "operator-read-only");
    }
    assert_eq!(world.actions(&acme).await, before);
}

/// SUB1, SUB2, INV8
#[tokio::test]
async fn what_an_operator_cannot_create() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let parent = id(&acme).to_owned();
    let off = json!({ "name": "Branch", "parent": parent });
    world.post(OPERATOR, ALL, off).await.refuses(409, "sub-organizations-disabled");
    world.switch(&acme, json!({ "manage_sub_organizations": true })).await;
    for (wanted, status, slug, pointer) in [
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
        let answer = world.post(OPERATOR, ALL, wanted).await.refuses(status, slug);
        assert_eq!(answer.pointer(), pointer);
    }
    let fits = json!({ "name": "B", "parent": parent, "kind": "standard" });
    let made = world.post(OPERATOR, ALL, fits).await.expect(201);
    assert_eq!(made.body["super_admin_user_id"], Value::Null);
}

/// SUB1, PAR1
#[tokio::test]
async fn an_operator_switches_what_members_cannot() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let one = operators(&acme);
    world
        .patch(OPERATOR, &one, json!({ "mdf_program": true }))
        .await
        .refuses(409, "mdf-partner-only");
    let all = json!({ "kind": "partner", "mdf_program": true, "manage_sub_organizations": true });
    assert_snapshot!(world.patch(OPERATOR, &one, all).await, @r#"
    200 OK
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
        "manage_sub_organizations": true,
        "mdf_program": true
      },
      "super_admin_user_id": "ada"
    }
    "#);
    // Who stops being a partner leaves the programme.
    let now = world.patch(OPERATOR, &one, json!({ "kind": "standard" })).await.expect(200);
    assert_eq!(
        now.body["settings"],
        json!({ "manage_sub_organizations": true, "mdf_program": false })
    );
    let branch = world.below(ADA, &acme, "Branch").await;
    let switch = json!({ "manage_sub_organizations": false });
    let answer = world.patch(OPERATOR, &operators(&branch), switch).await;
    answer.refuses(422, "root-setting-only");
    let kind = world.patch(OPERATOR, &operators(&branch), json!({ "kind": "partner" })).await;
    kind.refuses(422, "kind-inherited");
}

/// OP1
#[tokio::test]
async fn an_operators_acts_are_recorded_as_an_operators() {
    let world = TestApp::new().await;
    let wanted = json!({ "name": "Acme", "first_admin_email": ADA.email });
    let made = world.post(OPERATOR, ALL, wanted).await.expect(201);
    let acme = format!("/v1/organizations/{}", made.id());
    world.switch(&acme, json!({ "manage_sub_organizations": true })).await;
    world.switch(&acme, json!({ "manage_sub_organizations": true })).await;
    let history = world.history(&acme).await;
    assert_eq!(
        each(&history, "action"),
        ["organization.created", "invitation.created", "settings.updated"]
    );
    for event in &history {
        let actor = json!({ "user_id": "op", "email": "op@platform.example", "operator": true });
        assert_eq!(event["actor"], actor);
    }
    // As a person they are nobody special.
    let own = Identity { scope: "operator", ..EVE };
    let globex = world.found(own, "Globex").await;
    assert_eq!(world.history(&globex).await[0]["actor"]["operator"], false);
}

/// INV8: nobody is shut out for ever because one mail was overlooked.
#[tokio::test]
async fn an_expired_first_invitation_leaves_no_super_admin_and_no_open_door() {
    let world = TestApp::new().await;
    let wanted = json!({ "name": "Acme", "first_admin_email": ADA.email });
    let made = world.post(OPERATOR, ALL, wanted).await.expect(201);
    let acme = format!("/v1/organizations/{}", made.id());
    world.wait(7 * DAY);
    world.accept(ADA, &acme).await.refuses(409, "invitation-expired");
    assert_eq!(world.super_admins(&acme).await, (vec![], None));
    world.post(EVE, &format!("{acme}/join"), json!({})).await.refuses(404, "no-such-organization");
}

/// PAR1, ROLE1: no member may be left with a role that does not exist.
#[tokio::test]
async fn a_partner_stays_one_while_its_roles_are_used() {
    let world = TestApp::new().await;
    let acme = world.partner(ADA, "Acme").await;
    let standard = json!({ "kind": "standard" });
    world.bring(ADA, &acme, BOB, "partner_user").await;
    let path = world.invited(ADA, &acme, CY.email, "partner_user").await;
    let refused = world.patch(OPERATOR, &operators(&acme), standard.clone()).await;
    let refused = refused.refuses(409, "partner-roles-in-use");
    assert_eq!(refused.body["holders"], json!({ "active": 1, "pending": 1 }));
    world.delete(ADA, &path).await.expect(204);
    world.delete(ADA, &format!("{acme}/members/@{}", BOB.sub)).await.expect(204);
    world.patch(OPERATOR, &operators(&acme), standard).await.expect(200);
}

/// OP1, INV8: whoever was invited first may never come.
#[tokio::test]
async fn an_operator_invites_another_first_admin_as_long_as_nobody_came() {
    let world = TestApp::new().await;
    let wanted = json!({ "name": "Acme", "first_admin_email": ADA.email });
    let made = world.post(OPERATOR, "/v1/operator/organizations", wanted).await.expect(201);
    let acme = format!("/v1/organizations/{}", made.id());
    let again = format!("{}/first-admin", operators(&acme));
    world.post(OPERATOR, &again, json!({ "email": BOB.email })).await.expect(201);
    assert!(world.get(ADA, "/v1/me/invitations").await.expect(200).items().is_empty());
    // The same address once more is another invitation.
    let first = world.get(BOB, "/v1/me/invitations").await.items()[0]["id"].clone();
    world.post(OPERATOR, &again, json!({ "email": BOB.email })).await.expect(201);
    let second = world.get(BOB, "/v1/me/invitations").await.items()[0]["id"].clone();
    assert_ne!(first, second);
    crate::invariants::check(&world).await;
    let accept = format!("{acme}/invitations/{}/accept", second.as_str().unwrap());
    let member = world.post(BOB, &accept, json!({})).await.expect(200);
    assert_eq!(member.body["role_id"], "super_admin");
    world
        .post(OPERATOR, &again, json!({ "email": ADA.email }))
        .await
        .refuses(409, "super-admin-exists");
    crate::invariants::check(&world).await;
}

/// ROLE1: a grant that was decided while the organization was a partner is too late once it is none.
#[tokio::test]
async fn a_partners_role_is_not_given_by_who_saw_a_partner_a_moment_ago() {
    let world = TestApp::new().await;
    let acme = world.partner(ADA, "Acme").await;
    let org: OrgId = id(&acme).parse().unwrap();
    let person = Person {
        id: UserId::new(ADA.sub),
        email: Some(Email::parse(ADA.email).unwrap()),
        name: None,
        operator: false,
        authn: Some(AuthnContext::default()),
    };
    let at = Timestamp::from_millisecond(world.now()).unwrap();
    let by = Some(person.clone());
    let request_id = "late".to_owned();
    let act =
        RequestContext { by, as_operator: false, at, request_id, seed: 7, idempotency_key: None };
    let (actor, _) = world.store.facts(&person, org, []).await.unwrap();
    let email = Email::parse(BOB.email).unwrap();
    let invitation = InvitationId::of(at, org, &email);
    let offer = InvitationDraft { email, role_id: RoleId::BuiltIn(BuiltIn::PartnerUser), days: 7 };
    let invitation = domain::invite(&actor, offer, None, invitation, at).unwrap();

    world.switch(&acme, json!({ "kind": "standard" })).await;
    let open = || async {
        let new = NewInvitation { invitation: invitation.clone(), replaces: None };
        world.store.open_invitation(&act, &actor, &new, 1_000, &()).await
    };
    let late = open().await.unwrap_err();
    assert!(matches!(late, Error::Refused(Refusal::NoSuchRole)), "{late:?}");
    crate::invariants::check(&world).await;
    // A partner once more, it may be given again.
    world.switch(&acme, json!({ "kind": "partner" })).await;
    open().await.unwrap();
    crate::invariants::check(&world).await;
}
