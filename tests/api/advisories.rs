//! Vulnerabilities published for other products. Each test cites one and shows that Rolecall does not
//! have it.

use std::collections::BTreeMap;

use serde_json::json;

use crate::{
    conventions::{EVT, INV, ROLE, organization_routes},
    helpers::{id, nth_user},
    invariants::{Item, scan},
    test_app::{ADA, Answer, BOB, CY, EVE, Identity, TestApp, identity},
};

impl TestApp {
    /// All stored items in the partitions of `org` by key.
    async fn stored(&self, org: &str) -> BTreeMap<String, Item> {
        let partition = format!("#{}|", id(org).trim_start_matches("org_"));
        let items = scan(self).await.into_iter().map(|item| {
            let [pk, sk] = ["pk", "sk"].map(|name| item[name].as_s().unwrap().as_str());
            (format!("{pk}|{sk}"), item)
        });
        items.filter(|(key, _)| key.contains(&partition)).collect()
    }
}

/// INV7, INV9: the write judges the invitation again, so an earlier read proves nothing. An ended
/// invitation stays ended, and leaves its address free. Databasement CVE-2026-95654; loreai #1345,
/// graphql-hive #250, rapidpro #615.
#[tokio::test]
async fn ended_invitation_cannot_be_used_after_it_was_read() {
    let (app, acme) = TestApp::with_acme().await;
    let other = identity("bobs-other-sub", BOB.email);
    // The last one, because an address that declined is not invited again for a while.
    for ending in ["revoked", "accepted by another account", "followed by removal", "declined"] {
        let path = app.create_invitation(ADA, &acme, BOB.email, "admin").await;
        app.get(BOB, &format!("{path}/mine")).await.expect(200);
        let accept = format!("{path}/accept");
        match ending {
            "revoked" => app.delete(ADA, &path).await.expect(204),
            "declined" => app.post(BOB, &format!("{path}/decline"), json!({})).await.expect(204),
            "accepted by another account" => app.post(other, &accept, json!({})).await.expect(200),
            _ => {
                app.post(BOB, &accept, json!({})).await.expect(200);
                app.remove(ADA, &acme, BOB).await.expect(204)
            }
        };
        for (caller, method, end) in [
            (ADA, "POST", "/resend"),
            (BOB, "POST", "/accept"),
            (BOB, "POST", "/decline"),
            (BOB, "GET", "/mine"),
            (ADA, "GET", ""),
            (ADA, "DELETE", ""),
        ] {
            let answer = app.send(Some(caller), method, &format!("{path}{end}"), None).await;
            answer.refuses(404, "no-such-invitation");
        }
        assert_eq!(app.get(BOB, "/v1/me/invitations").await.items().len(), 0, "{ending}");
        app.get(BOB, &acme).await.refuses(404, "no-such-organization");
        if ending.starts_with("accepted") {
            app.remove(ADA, &acme, other).await.expect(204);
        }
        app.remove(ADA, &acme, other).await.refuses(404, "no-such-member");
    }
}

/// Pimcore CVE-2024-25625, GHSA-3qpq-6w89-f7mx; ZITADEL CVE-2026-105209.
#[tokio::test]
async fn headers_cannot_choose_host_tenant_or_user() {
    let (app, acme) = TestApp::with_acme().await;
    let globex = app.create_organization(EVE, "Globex").await;
    let hostile = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example;proto=http"),
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/"),
        ("x-original-url", "/v1/operator/organizations"),
        ("x-http-method-override", "DELETE"),
        ("x-organization-id", id(&globex)),
        ("x-tenant-id", id(&globex)),
        ("x-user-id", "eve"),
        ("x-amzn-oidc-identity", "eve"),
    ];
    let path = format!("{acme}/invitations");
    let offer = Some(json!({ "email": BOB.email, "role_id": "user" }));
    let made = app.send_with(Some(ADA), "POST", &path, offer, &hostile).await.expect(201);
    assert_eq!(made.body["organization_id"], id(&acme));
    assert_eq!(made.headers["location"], format!("{path}/{}", made.id()));
    // Mail is made of stored data, so its links contain none of these hosts either.
    let stored = format!("{made} {:?}", app.stored(&acme).await);
    assert!(!stored.contains("evil"), "{stored}");
    // Headers do not authenticate anyone.
    let here =
        [("x-organization-id", id(&acme)), ("x-user-id", "ada"), ("authorization", "Bearer ada")];
    let answer = app.send_with(Some(EVE), "GET", &acme, None, &here).await;
    answer.refuses(404, "no-such-organization");
    app.send_with(None, "GET", "/v1/me", None, &here).await.refuses(401, "unauthenticated");
}

/// Members and invitees of one organization reach nothing in another with equal content. Grafana
/// CVE-2021-41244, GHSA-mpwp-42x6-4wmx, CVE-2026-92539; ZITADEL CVE-2026-105209; authentik CVE-2022-23555.
#[tokio::test]
async fn members_reach_nothing_in_another_organization() {
    let app = TestApp::new().await;
    let guest = identity("guest", "guest@example.com");
    let create = async |first: Identity, second: Identity, third: Identity| {
        let org = app.create_tree(first, "Sample").await;
        let role = app.create_role(first, &org, "Night shift", json!({})).await;
        app.add_member(first, &org, second, "admin").await;
        app.add_member(first, &org, third, &role).await;
        let invitation = app.create_invitation(first, &org, guest.email, "user").await;
        let event = app.history(&org).await[0]["id"].as_str().unwrap().to_owned();
        let (invitation, member) = (id(&invitation).to_owned(), format!("@{}", second.sub));
        (org, [("@ada", member), (ROLE, role), (EVT, event), (INV, invitation)])
    };
    let (own, own_ids) = create(ADA, BOB, CY).await;
    let (other, other_ids) = create(nth_user(1), nth_user(2), nth_user(3)).await;
    let before = (app.stored(&own).await, app.stored(&other).await);
    let mut routes = organization_routes();
    routes.push(("GET", "…/members?scope=subtree".into(), None));
    routes.push(("GET", "…/sub-organizations?depth=all".into(), None));
    for (method, route, body) in routes {
        let path = |org: &str, ids: &[(&str, String)]| {
            ids.iter().fold(route.replace('…', org), |path, (name, id)| path.replace(name, id))
        };
        // The other organization, with ids of its own items and of the caller's organization.
        let mut requests = Vec::new();
        for ids in [&other_ids, &own_ids] {
            requests.extend([ADA, BOB, CY].map(|caller| (caller, path(&other, ids))));
        }
        // The caller's organization, with ids of the other's items.
        if own_ids.iter().any(|(name, _)| route.contains(name)) {
            requests.extend([ADA, guest].map(|caller| (caller, path(&own, &other_ids))));
        }
        for (caller, path) in requests {
            let answer = app.send(Some(caller), method, &path, body.clone()).await;
            assert_eq!(answer.status, 404, "{} {method} {path}: {answer}", caller.sub);
        }
    }
    assert_eq!((app.stored(&own).await, app.stored(&other).await), before);
    // The invitee can use the invitation where it belongs.
    app.accept(guest, &own).await.expect(200);
}

/// Keystone CVE-2012-4413; FileRise CVE-2026-57493.
#[tokio::test]
async fn token_claims_grant_no_role() {
    let (app, acme) = TestApp::with_acme().await;
    let claims = json!({
        "sub": "eve", "email": EVE.email, "email_verified": "true", "role": "super_admin",
        "roles": "[admin]", "groups": "[admins]", "org_id": id(&acme), "organization_id": id(&acme),
        "permissions": "[user_management:full_access]", "scope": "admin", "cognito:groups": "[operator]",
    });
    let members = app.send_with_claims(&claims, "GET", &format!("{acme}/members")).await;
    members.refuses(404, "no-such-organization");
    let operators = app.send_with_claims(&claims, "GET", "/v1/operator/organizations").await;
    operators.refuses(403, "operator-scope-required");
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
        let named = key.contains("0123456789") || format!("{item:?}").contains("bob-0123456789");
        // What the history needs to name them stands in tombstones.
        let is_tombstone = item.contains_key("deleted");
        assert!(!named || is_tombstone, "{key}: {item:?}");
    }
}

/// Keycloak GHSA-mwm4-5qwr-g9pf, GHSA-j9xq-j329-2xvg.
#[tokio::test]
async fn identity_is_the_sub_and_not_the_address() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    // Bob's address under another sub, Bob's address as the sub, and Bob's sub in capitals.
    for (sub, email) in
        [("mallory", BOB.email), ("bob@example.com", "m@example.com"), ("BOB", "n@example.com")]
    {
        app.get(identity(sub, email), &acme).await.refuses(404, "no-such-organization");
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
}
