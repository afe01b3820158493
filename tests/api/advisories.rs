//! Vulnerabilities published for other products. Each test cites one and shows that Rolecall does not
//! have it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::{
    conventions::{EVT, INV, ROLE, organization_routes},
    helpers::{DEE, each, id, nth_user, user_manager},
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, identity},
};

impl TestApp {
    /// All stored items in the partitions of `org`.
    async fn stored(&self, org: &str) -> BTreeMap<String, String> {
        let bare = id(org).trim_start_matches("org_").to_owned();
        let items = self.scan().await.into_iter();
        items.filter(|(key, _)| key.contains(&format!("#{bare}|"))).collect()
    }

    /// All items of the table by key, as text.
    async fn scan(&self) -> BTreeMap<String, String> {
        let (mut found, mut from) = (BTreeMap::new(), None);
        loop {
            let page = self.client.scan().table_name(&self.table).set_exclusive_start_key(from);
            let page = page.send().await.unwrap();
            for item in page.items.unwrap_or_default() {
                let text = |name: &str| item[name].as_s().unwrap().as_str();
                let key = format!("{}|{}", text("pk"), text("sk"));
                found.insert(key, plain(&AttributeValue::M(item)).to_string());
            }
            match page.last_evaluated_key {
                Some(key) => from = Some(key),
                None => return found,
            }
        }
    }
}

/// The value of an attribute, with sorted names.
fn plain(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::M(map) => {
            map.iter().map(|(name, value)| (name.clone(), plain(value))).collect()
        }
        AttributeValue::L(list) => list.iter().map(plain).collect(),
        other => json!(format!("{other:?}")),
    }
}

/// INV4. better-auth CVE-2026-53514, GHSA-fmh4-wcc4-5jm3.
#[tokio::test]
async fn email_counts_only_if_email_verified_is_exactly_true() {
    let (app, acme) = TestApp::with_acme().await;
    let path = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let before = app.stored(&acme).await;
    let claims = |verified: Option<Value>| {
        let mut claims = json!({ "sub": "mallory", "email": BOB.email });
        if let Some(verified) = verified {
            claims["email_verified"] = verified;
        }
        claims
    };
    let routes = [
        ("GET", "/v1/me/invitations".to_owned()),
        ("GET", format!("{path}/mine")),
        ("POST", format!("{path}/accept")),
        ("POST", format!("{path}/decline")),
        ("POST", format!("{acme}/join")),
    ];
    let words =
        ["false", "TRUE", "True", "true ", " true", "TRUE ", "1", "yes", "[true]", "", "\"true\""];
    for value in words.iter().map(|word| Some(json!(word))).chain([None]) {
        let claims = claims(value.clone());
        for (method, path) in &routes {
            let answer = app.send_with_claims(&claims, method, path).await;
            assert!(matches!(answer.status.as_u16(), 403 | 404), "{value:?}: {answer}");
        }
        let me = app.send_with_claims(&claims, "GET", "/v1/me").await.expect(200);
        assert_eq!((&me.body["email"], &me.body["email_verified"]), (&Value::Null, &json!(false)));
    }
    assert_eq!(app.stored(&acme).await, before);
    let valid =
        app.send_with_claims(&claims(Some(json!("true"))), "GET", &format!("{path}/mine")).await;
    valid.expect(200);
}

/// U5. authentik CVE-2022-23555.
#[tokio::test]
async fn invitation_is_unknown_in_another_organization() {
    let (app, acme) = TestApp::with_acme().await;
    let globex = app.create_organization(CY, "Globex").await;
    let path = app.create_invitation(ADA, &acme, BOB.email, "admin").await;
    let foreign = format!("{globex}/invitations/{}", id(&path));
    let before = app.stored(&globex).await;
    for end in ["accept", "decline"] {
        let answer = app.post(BOB, &format!("{foreign}/{end}"), json!({})).await;
        answer.refuses(404, "no-such-invitation");
    }
    app.get(BOB, &format!("{foreign}/mine")).await.refuses(404, "no-such-invitation");
    app.get(CY, &foreign).await.refuses(404, "no-such-invitation");
    app.post(CY, &format!("{foreign}/resend"), json!({})).await.refuses(404, "no-such-invitation");
    app.delete(CY, &foreign).await.refuses(404, "no-such-invitation");
    assert_eq!(app.stored(&globex).await, before);
    // A member of the other organization gets the same answer.
    app.add_member(CY, &globex, BOB, "user").await;
    let answer = app.post(BOB, &format!("{foreign}/accept"), json!({})).await;
    answer.refuses(404, "no-such-invitation");
    app.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
}

/// INV4. Keycloak CVE-2026-1529; Fider CVE-2026-65840, GHSA-vxjw-gv4f-vq58.
#[tokio::test]
async fn acceptance_grants_what_was_offered_whatever_the_body_says() {
    let (app, acme) = TestApp::with_acme().await;
    let globex = app.create_organization(CY, "Globex").await;
    let path = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let before = app.stored(&acme).await;
    for (field, value) in [
        ("role_id", json!("admin")),
        ("organization_id", json!(id(&globex))),
        ("email", json!(EVE.email)),
        ("user_id", json!("eve")),
        ("invitation_id", json!(id(&path))),
        ("status", json!("active")),
    ] {
        for end in ["accept", "decline", "resend"] {
            let by = if end == "resend" { ADA } else { BOB };
            let body = json!({ (field): value });
            let answer = app.post(by, &format!("{path}/{end}"), body).await;
            answer.refuses(422, "invalid-request");
        }
    }
    assert_eq!(app.stored(&acme).await, before);
    let member = app.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
    assert_eq!(member.body["role_id"], "user");
    assert_eq!(member.body["organization_id"], id(&acme));
}

/// INV5. Decidim CVE-2023-48220.
#[tokio::test]
async fn expired_invitation_makes_no_member_by_any_route() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let path = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    app.wait(7 * DAY);
    app.post(BOB, &format!("{path}/accept"), json!({})).await.refuses(409, "invitation-expired");
    let join = app.post(BOB, &format!("{acme}/join"), json!({})).await;
    join.refuses(404, "no-such-organization");
    app.change_role(ADA, &acme, BOB, "user").await.refuses(404, "no-such-member");
    app.transfer(ADA, &acme, BOB).await.refuses(404, "no-such-member");
    app.get(BOB, &acme).await.refuses(404, "no-such-organization");
    assert_eq!(app.role_of(&acme, BOB).await, None);
}

/// INV7, INV9: the write judges the invitation again, so an earlier look proves nothing. An ended
/// invitation stays ended, and leaves its address free. Databasement CVE-2026-95654.
#[tokio::test]
async fn ended_invitation_cannot_be_used_after_it_was_read() {
    let (app, acme) = TestApp::with_acme().await;
    for ending in ["revoked", "declined", "accepted by another account", "expired"] {
        let path = app.create_invitation(ADA, &acme, BOB.email, "user").await;
        app.get(BOB, &format!("{path}/mine")).await.expect(200);
        let other = identity("bobs-other-sub", BOB.email);
        let ended = match ending {
            "revoked" => app.delete(ADA, &path).await.expect(204),
            "declined" => app.post(BOB, &format!("{path}/decline"), json!({})).await.expect(204),
            "expired" => {
                app.wait(7 * DAY);
                let accepted = app.post(BOB, &format!("{path}/accept"), json!({})).await;
                accepted.refuses(409, "invitation-expired");
                continue;
            }
            _ => app.post(other, &format!("{path}/accept"), json!({})).await.expect(200),
        };
        assert!(ended.status == 200 || ended.text.is_empty(), "{ended}");
        for (caller, end) in [(ADA, "resend"), (BOB, "accept"), (BOB, "decline")] {
            let answer = app.post(caller, &format!("{path}/{end}"), json!({})).await;
            answer.refuses(404, "no-such-invitation");
        }
        app.get(BOB, &format!("{path}/mine")).await.refuses(404, "no-such-invitation");
        app.get(ADA, &path).await.refuses(404, "no-such-invitation");
        app.delete(ADA, &path).await.refuses(404, "no-such-invitation");
        assert_eq!(app.get(BOB, "/v1/me/invitations").await.items().len(), 0, "{ending}");
        assert_eq!(app.role_of(&acme, BOB).await, None);
        if ended.status == 200 {
            app.remove(ADA, &acme, other).await.expect(204);
        }
    }
}

/// Pimcore CVE-2024-25625, GHSA-3qpq-6w89-f7mx; ZITADEL CVE-2026-105209.
#[tokio::test]
async fn headers_cannot_choose_host_tenant_or_user() {
    let (app, acme) = TestApp::with_acme().await;
    let globex = app.create_organization(EVE, "Globex").await;
    let (other_id, acme_id) = (id(&globex).to_owned(), id(&acme).to_owned());
    let hostile: [(&str, &str); 11] = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example;proto=http"),
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/"),
        ("x-original-url", "/v1/operator/organizations"),
        ("x-http-method-override", "DELETE"),
        ("x-organization-id", &other_id),
        ("x-tenant-id", &other_id),
        ("x-user-id", "eve"),
        ("x-amzn-oidc-identity", "eve"),
    ];
    let path = format!("{acme}/invitations");
    let offer = |email: &str| Some(json!({ "email": email, "role_id": "user" }));
    let made =
        app.send_with(Some(ADA), "POST", &path, offer(BOB.email), &hostile).await.expect(201);
    assert_eq!(made.body["organization_id"], acme_id);
    let location = made.headers["location"].to_str().unwrap();
    assert_eq!(location, format!("{path}/{}", made.id()));
    assert!(!made.text.contains("evil"), "{made}");
    // Mail is made of stored data, so its links contain none of these hosts either.
    let stored = format!("{:?}", app.stored(&acme).await);
    assert!(!stored.contains("evil"), "{stored}");
    // Headers do not authenticate anyone.
    let here = [
        ("x-organization-id", acme_id.as_str()),
        ("x-user-id", "ada"),
        ("authorization", "Bearer ada"),
    ];
    let answer = app.send_with(Some(EVE), "GET", &acme, None, &here).await;
    answer.refuses(404, "no-such-organization");
    app.send_with(None, "GET", "/v1/me", None, &here).await.refuses(401, "unauthenticated");
}

/// A Super Admin, an Admin, a pure user manager and a user manager with one more level; and the
/// nine roles of their organization.
async fn granters(app: &TestApp) -> (String, Vec<(Identity, String)>, Vec<String>) {
    let acme = app.create_partner(ADA, "Acme").await;
    app.update_settings(&acme, json!({ "mdf_program": true })).await;
    let powers = json!({ "user_management": "full_access", "security_management": "full_access" });
    let plus = app.create_role(ADA, &acme, "Manager and guard", powers).await;
    let manager = app.create_role(ADA, &acme, "Manager", user_manager()).await;
    let guard = json!({ "security_management": "full_access" });
    let guard = app.create_role(ADA, &acme, "Guard", guard).await;
    let looker =
        app.create_role(ADA, &acme, "Looker", json!({ "event_history": "view_only" })).await;
    let mut people = vec![(ADA, "super_admin".to_owned())];
    for (n, role) in ["admin", &manager, &plus].into_iter().enumerate() {
        app.add_member(ADA, &acme, nth_user(900 + n), role).await;
        people.push((nth_user(900 + n), role.to_owned()));
    }
    let roles = ["super_admin", "admin", "user", "mdf_admin", "partner_user"];
    let mut roles = roles.map(ToOwned::to_owned).to_vec();
    roles.extend([manager, plus, guard, looker]);
    (acme, people, roles)
}

/// May the actor of the row grant the role of the column? Rows and columns are those of `granters`.
const GRANTS: [[bool; 9]; 4] = [
    //     SA     Admin  User  MDF    PU    mgr    plus   guard  look
    /*SA*/
    [false, true, true, true, true, true, true, true, true],
    /*Ad*/ [false, true, true, false, true, true, true, true, true],
    /*mg*/ [false, false, true, false, true, true, false, false, true],
    /*pl*/ [false, false, true, false, true, true, true, true, true],
];

/// ROLE7: by invitation, resending and role change. A user manager may revoke any invitation. Grav
/// CVE-2026-65897, CVE-2026-72828; GitLab CVE-2023-6477, CVE-2024-1250; Ibexa GHSA-394j-x37r-2q27;
/// Ghost CVE-2026-105678, GHSA-4pvx-fwjj-8gpc; Plane CVE-2026-104955.
#[tokio::test]
async fn no_route_grants_above_own_levels() {
    let app = TestApp::new().await;
    let (acme, people, roles) = granters(&app).await;
    let target = DEE;
    app.add_member(ADA, &acme, target, "user").await;
    let mut n = 0;
    for ((actor, held), grants) in people.iter().zip(GRANTS) {
        for (role, may) in roles.iter().zip(grants) {
            n += 1;
            let label = format!("{held} grants {role}");
            let invited = app.invite(*actor, &acme, nth_user(n).email, role).await;
            assert_eq!(invited.status == 201, may, "{label}: {invited}");
            let assigned = app.change_role(*actor, &acme, target, role).await;
            assert_eq!(assigned.status == 200, may, "{label}: {assigned}");
            assert!(matches!(assigned.status.as_u16(), 200 | 403 | 422), "{label}: {assigned}");
            if *held != "super_admin" && may && role == "admin" {
                // SA4: only the Super Admin changes an Admin's role.
                let back = app.change_role(*actor, &acme, target, "user").await;
                back.refuses(403, "super-admin-required");
            }
            app.change_role(ADA, &acme, target, "user").await.expect(200);
            if role != "super_admin" {
                let path = app.create_invitation(ADA, &acme, nth_user(100 + n).email, role).await;
                let resent = app.post(*actor, &format!("{path}/resend"), json!({})).await;
                assert_eq!(resent.status == 200, may, "{label}: {resent}");
                app.delete(*actor, &path).await.expect(204);
            }
        }
    }
}

/// INV7. loreai #1345, graphql-hive #250, rapidpro #615.
#[tokio::test]
async fn removed_member_cannot_return_by_an_old_invitation() {
    let (app, acme) = TestApp::with_acme().await;
    let first = app.create_invitation(ADA, &acme, BOB.email, "admin").await;
    app.post(BOB, &format!("{first}/accept"), json!({})).await.expect(200);
    app.remove(ADA, &acme, BOB).await.expect(204);
    app.remove(ADA, &acme, BOB).await.refuses(404, "no-such-member");
    let gone = app.post(BOB, &format!("{first}/accept"), json!({})).await;
    gone.refuses(404, "no-such-invitation");
    app.get(BOB, &acme).await.refuses(404, "no-such-organization");
    assert_eq!(app.get(BOB, "/v1/me/invitations").await.items().len(), 0);
    // A new invitation has a new id.
    let second = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    assert_ne!(first, second);
    let old = app.post(BOB, &format!("{first}/accept"), json!({})).await;
    old.refuses(404, "no-such-invitation");
    let member = app.post(BOB, &format!("{second}/accept"), json!({})).await.expect(200);
    assert_eq!(member.body["role_id"], "user");
}

/// Casdoor CVE-2026-15630.
#[tokio::test]
async fn body_and_query_cannot_name_another_organization() {
    let (app, acme) = TestApp::with_acme().await;
    let globex = app.create_organization(BOB, "Globex").await;
    app.add_member(BOB, &globex, CY, "user").await;
    let before = app.stored(&globex).await;
    for field in ["organization_id", "id", "org", "user_id", "sub"] {
        let offer = json!({ "email": DEE.email, "role_id": "user", (field): id(&globex) });
        let answer = app.post(ADA, &format!("{acme}/invitations"), offer).await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), format!("/{field}"));
        let list = app.get(ADA, &format!("{acme}/invitations?{field}={}", id(&globex))).await;
        assert_eq!(list.refuses(422, "invalid-request").pointer(), format!("/{field}"));
    }
    // `organization_id` filters by organizations below.
    let list = app.get(ADA, &format!("{acme}/members?organization_id={}", id(&globex))).await;
    list.refuses(403, "missing-permission");
    assert_eq!(app.stored(&globex).await, before);
}

/// Members of one organization reach nothing in another with equal content. Grafana CVE-2021-41244,
/// GHSA-mpwp-42x6-4wmx, CVE-2026-92539; ZITADEL CVE-2026-105209.
#[tokio::test]
async fn members_reach_nothing_in_another_organization() {
    struct Sample {
        org: String,
        role: String,
        invitation: String,
        event: String,
    }
    let app = TestApp::new().await;
    let create = async |first: Identity, second: Identity, third: Identity| {
        let org = app.create_tree(first, "Sample").await;
        let role = app.create_role(first, &org, "Night shift", json!({})).await;
        app.add_member(first, &org, second, "admin").await;
        app.add_member(first, &org, third, &role).await;
        let invitation = app.create_invitation(first, &org, "guest@example.com", "user").await;
        let event = app.history(&org).await[0]["id"].as_str().unwrap().to_owned();
        Sample { org, role, invitation: id(&invitation).to_owned(), event }
    };
    let own = create(ADA, BOB, CY).await;
    let other = create(nth_user(1), nth_user(2), nth_user(3)).await;
    let their_member = format!("@{}", nth_user(2).sub);
    let before = app.stored(&other.org).await;
    // The other organization, with ids of its own items and of the caller's organization.
    for ids in [&other, &own] {
        let mut routes = organization_routes();
        routes.push(("GET", "…/members?scope=subtree".into(), None));
        routes.push(("GET", "…/sub-organizations?depth=all".into(), None));
        for (method, path, body) in routes {
            let path = path.replace('…', &other.org).replace("@ada", &their_member);
            let path = path.replace(ROLE, &ids.role).replace(EVT, &ids.event);
            let path = path.replace(INV, &ids.invitation);
            for caller in [ADA, BOB, CY] {
                let answer = app.send(Some(caller), method, &path, body.clone()).await;
                assert_eq!(answer.status, 404, "{} {method} {path}: {answer}", caller.sub);
            }
        }
    }
    // The caller's organization, with ids of the other's items.
    for path in [
        format!("/roles/{}", other.role),
        format!("/invitations/{}", other.invitation),
        format!("/events/{}", other.event),
        format!("/members/{their_member}"),
    ] {
        let answer = app.get(ADA, &format!("{}{path}", own.org)).await;
        assert_eq!(answer.status, 404, "{path}: {answer}");
    }
    assert_eq!(app.stored(&other.org).await, before);
}

/// U1. OpenCVE CVE-2026-92764.
#[tokio::test]
async fn me_lists_exactly_the_active_memberships() {
    let app = TestApp::new().await;
    let own = app.create_organization(ADA, "Own").await;
    let joined = app.create_organization(BOB, "Joined").await;
    let left = app.create_organization(BOB, "Left").await;
    let removed = app.create_organization(BOB, "Removed").await;
    let transferred = app.create_organization(ADA, "Handed on").await;
    let invited = app.create_organization(BOB, "Invited").await;
    for org in [&joined, &left, &removed] {
        app.add_member(BOB, org, ADA, "user").await;
    }
    app.post(ADA, &format!("{left}/leave"), json!({})).await.expect(204);
    app.remove(BOB, &removed, ADA).await.expect(204);
    app.add_member(ADA, &transferred, BOB, "admin").await;
    app.transfer(ADA, &transferred, BOB).await.expect(200);
    app.post(ADA, &format!("{transferred}/leave"), json!({})).await.expect(204);
    app.create_invitation(BOB, &invited, ADA.email, "admin").await;
    let me = app.get(ADA, "/v1/me").await.expect(200);
    let mut found = each(me.body["organizations"].as_array().unwrap(), "id");
    found.sort_unstable();
    let mut expected = [id(&own), id(&joined)];
    expected.sort_unstable();
    assert_eq!(found, expected);
}

/// CloudExplorer GHSA-cp3j-437h-4vwj; CKAN #1633.
#[tokio::test]
async fn each_membership_has_one_event_that_made_it() {
    let (app, root) = TestApp::with_tree("Root").await;
    app.add_member(ADA, &root, BOB, "admin").await;
    let below = app.create_sub_organization(BOB, &root, "Created").await;
    let empty = app.create_empty_sub_organization(&root, "Joined").await;
    app.post(BOB, &format!("{empty}/join"), json!({})).await.expect(200);
    let partner = app.create_partner(CY, "Partner").await;
    let domain = format!("{partner}/domains/example.com");
    app.send(Some(CY), "PUT", &domain, None).await.expect(200);
    let requests = format!("{partner}/join-requests");
    let request = app.post(DEE, &requests, json!({})).await.expect(201).id();
    app.post(CY, &format!("{requests}/{request}/approve"), json!({})).await.expect(200);
    for org in [&root, &below, &empty, &partner] {
        let members =
            app.list_all(OPERATOR, &format!("{org}/members?status=active&limit=100")).await;
        let history = app.history(org).await;
        for member in &members {
            let made = |event: &&Value| match event["action"].as_str().unwrap() {
                "organization.created" => event["new"]["super_admin_user_id"] == member["user_id"],
                "invitation.accepted" | "member.added" => {
                    event["new"]["user_id"] == member["user_id"]
                }
                "super_admin.assigned" => {
                    let user = &event["new"]["super_admin_user_id"];
                    member["source"] == "joined" && user == &member["user_id"]
                }
                _ => false,
            };
            assert_eq!(history.iter().filter(made).count(), 1, "{member}");
        }
    }
    // CKAN: the parent is the organization of the path, never one that a body names.
    let other_tree = app.create_tree(EVE, "Eve's").await;
    let wanted = json!({ "name": "Mine" });
    let foreign = app.post(BOB, &format!("{other_tree}/sub-organizations"), wanted).await;
    foreign.refuses(404, "no-such-organization");
    let named = json!({ "name": "Mine", "parent_id": id(&other_tree) });
    let named = app.post(BOB, &format!("{root}/sub-organizations"), named).await;
    named.refuses(422, "invalid-request");
    let moved = app.patch(ADA, &root, json!({ "parent_id": id(&below) })).await;
    moved.refuses(422, "invalid-request");
}

/// ROLE8. Keystone CVE-2012-4413; FileRise CVE-2026-57493; Rancher GHSA-vf6j-6739-78m8; Apache
/// Answer CVE-2026-60053.
#[tokio::test]
async fn token_claims_grant_no_role_and_changes_apply_at_once() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let claims = json!({
        "sub": "eve", "email": EVE.email, "email_verified": "true", "role": "super_admin",
        "roles": "[admin]", "groups": "[admins]", "org_id": id(&acme), "organization_id": id(&acme),
        "permissions": "[user_management:full_access]", "scope": "admin", "cognito:groups": "[operator]",
    });
    let list = format!("{acme}/members");
    app.send_with_claims(&claims, "GET", &list).await.refuses(404, "no-such-organization");
    let operators = app.send_with_claims(&claims, "GET", "/v1/operator/organizations").await;
    operators.refuses(403, "operator-scope-required");

    let invite = async |n: usize| app.invite(BOB, &acme, nth_user(n).email, "user").await;
    invite(0).await.expect(201);
    app.change_role(ADA, &acme, BOB, "user").await.expect(200);
    invite(1).await.refuses(403, "missing-permission");
    app.remove(ADA, &acme, BOB).await.expect(204);
    invite(2).await.refuses(404, "no-such-organization");
    app.get(BOB, &list).await.refuses(404, "no-such-organization");
}

/// ZITADEL CVE-2024-46999; Capgo CVE-2026-88860.
#[tokio::test]
async fn only_the_history_names_a_removed_member() {
    let (app, acme) = TestApp::with_acme().await;
    let bob = identity("bob-0123456789", "bob-0123456789@example.com");
    app.add_member(ADA, &acme, bob, "admin").await;
    let path = app.create_invitation(ADA, &acme, "bob-again-0123456789@example.com", "user").await;
    app.delete(ADA, &path).await.expect(204);
    app.remove(ADA, &acme, bob).await.expect(204);
    for (key, item) in app.stored(&acme).await {
        let named = key.contains("0123456789") || item.contains("bob-0123456789");
        assert!(!named || key.starts_with("EVENTS#"), "{key}: {item}");
    }
}

/// INV3. Auth.js CVE-2026-73420, GHSA-7rqj-j65f-68wh.
#[tokio::test]
async fn address_with_a_character_that_folds_to_punctuation_is_refused() {
    let (app, acme) = TestApp::with_acme().await;
    for c in [
        '\u{ff20}', '\u{fe6b}', '\u{ff0e}', '\u{2024}', '\u{fe52}', '\u{ff0c}', '\u{ff1b}',
        '\u{ff1c}', '\u{ff1e}', '\u{ff02}', '\u{2488}', '\u{0}', '\r', '\u{85}', '\u{2028}',
    ] {
        for email in [
            format!("bob{c}evil.example"),
            format!("bob{c}x@example.com"),
            format!("{c}bob@example.com"),
        ] {
            let answer = app.invite(ADA, &acme, &email, "user").await;
            let trimmed = c.is_whitespace() && email.starts_with(c);
            assert_eq!(answer.status == 422, !trimmed, "{email:?}: {answer}");
            if trimmed {
                let path = format!("{acme}/invitations/{}", answer.id());
                app.delete(ADA, &path).await.expect(204);
            }
        }
        // A token with such an address counts as one without an address.
        let claims = json!({ "sub": "m", "email": format!("bob{c}x@example.com"), "email_verified": "true" });
        let me = app.send_with_claims(&claims, "GET", "/v1/me").await.expect(200);
        assert_eq!(me.body["email_verified"], false, "{c:?}");
    }
}

/// Keycloak GHSA-mwm4-5qwr-g9pf, GHSA-j9xq-j329-2xvg.
#[tokio::test]
async fn identity_is_the_sub_and_not_the_address() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    // Bob's address under another sub, Bob's address as the sub, and Bob's sub in capitals.
    for impostor in [
        identity("mallory", BOB.email),
        identity("bob@example.com", "m@example.com"),
        identity("BOB", "n@example.com"),
    ] {
        app.get(impostor, &acme).await.refuses(404, "no-such-organization");
        app.post(impostor, &format!("{acme}/leave"), json!({}))
            .await
            .refuses(404, "no-such-organization");
    }
    // Bob with another address is still Bob.
    app.get(identity("bob", "robert@example.com"), &acme).await.expect(200);
}

/// U5, INV4. ownCloud Guests CVE-2025-59716; Dify CVE-2026-28288; Grafana CVE-2022-39306,
/// GHSA-2x6g-h2hg-rq84.
#[tokio::test]
async fn answers_reveal_nothing_about_users_of_other_organizations() {
    let (app, acme) = TestApp::with_acme().await;
    let globex = app.create_organization(EVE, "Globex").await;
    app.add_member(EVE, &globex, BOB, "admin").await;
    app.create_invitation(EVE, &globex, CY.email, "user").await;
    // Inviting a member or invitee of another organization looks like inviting an unknown address.
    let shape = |answer: &Answer| {
        let body = answer.body.as_object().unwrap();
        (answer.status, body.keys().cloned().collect::<Vec<_>>())
    };
    let unknown = app.invite(ADA, &acme, "unknown@example.com", "user").await.expect(201);
    for known in [BOB, CY, EVE] {
        let answer = app.invite(ADA, &acme, known.email, "user").await;
        assert_eq!(shape(&answer), shape(&unknown));
    }
    // An unknown, revoked, foreign or not addressed invitation gives one answer.
    let revoked = app.create_invitation(ADA, &acme, "r@example.com", "user").await;
    app.delete(ADA, &revoked).await.expect(204);
    let others = app.create_invitation(ADA, &acme, DEE.email, "user").await;
    let outsider = identity("outsider", "outsider@example.com");
    let before = app.stored(&acme).await;
    let paths = [
        format!("{acme}/invitations/inv_01JD7Z0000000000000000000A"),
        revoked,
        others,
        format!("{globex}/invitations/inv_01JD7Z0000000000000000000A"),
        "/v1/organizations/org_01JD7Z0000000000000000000A/invitations/inv_01JD7Z0000000000000000000A".into(),
    ];
    for (method, end) in [("GET", "mine"), ("POST", "accept"), ("POST", "decline")] {
        let mut answers = Vec::new();
        for path in &paths {
            answers.push(
                app.send(Some(outsider), method, &format!("{path}/{end}"), None).await.anonymous(),
            );
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
    }
    assert_eq!(app.stored(&acme).await, before);
}
