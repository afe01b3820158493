//! Holes that others had, and that must not be here. Each story cites what it is learnt from.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    helpers::{DEE, each, id, role_manager, someone, user_manager},
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, who},
};

fn count(actions: &[String], action: &str) -> usize {
    actions.iter().filter(|one| *one == action).count()
}

impl TestApp {
    /// Everything in the table whose partition is `org`'s, as it is stored.
    async fn stored(&self, org: &str) -> BTreeMap<String, String> {
        let bare = id(org).trim_start_matches("org_").to_owned();
        let items = self.scan().await.into_iter();
        items.filter(|(key, _)| key.contains(&format!("#{bare}|"))).collect()
    }

    /// Every item of the table: its key, and what it holds.
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

/// What an attribute holds, in an order that does not vary.
fn plain(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::M(map) => {
            map.iter().map(|(name, value)| (name.clone(), plain(value))).collect()
        }
        AttributeValue::L(list) => list.iter().map(plain).collect(),
        other => json!(format!("{other:?}")),
    }
}

/// 01: better-auth CVE-2026-53514, GHSA-fmh4-wcc4-5jm3. INV4.
#[tokio::test]
async fn an_address_counts_only_if_it_is_verified_in_so_many_words() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let path = world.invited(ADA, &acme, BOB.email, "user").await;
    let before = world.stored(&acme).await;
    let claims = |verified: Option<Value>| {
        let mut claims = json!({ "sub": "mallory", "email": BOB.email });
        if let Some(verified) = verified {
            claims["email_verified"] = verified;
        }
        claims
    };
    let refuses = |answer: Answer, told: &Value| {
        assert!(matches!(answer.status.as_u16(), 403 | 404), "{told}: {answer}");
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
    for told in words.iter().map(|word| Some(json!(word))).chain([None]) {
        let claims = claims(told.clone());
        for (method, path) in &routes {
            refuses(world.claiming(&claims, method, path).await, &json!(told));
        }
        let me = world.claiming(&claims, "GET", "/v1/me").await.expect(200);
        assert_eq!((&me.body["email"], &me.body["email_verified"]), (&Value::Null, &json!(false)));
    }
    assert_eq!(world.stored(&acme).await, before);
    // And this one passes.
    let yes = world.claiming(&claims(Some(json!("true"))), "GET", &format!("{path}/mine")).await;
    yes.expect(200);
}

/// 02: Grafana CVE-2022-39306, GHSA-2x6g-h2hg-rq84. INV4.
#[tokio::test]
async fn an_invitation_is_no_ones_but_the_invited_addresss() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let path = world.invited(ADA, &acme, BOB.email, "admin").await;
    let unknown = format!("{acme}/invitations/inv_01JD7Z0000000000000000000A");
    let before = world.stored(&acme).await;
    for (method, end) in [("GET", "mine"), ("POST", "accept"), ("POST", "decline")] {
        let real = world.send(Some(EVE), method, &format!("{path}/{end}"), None).await;
        let none = world.send(Some(EVE), method, &format!("{unknown}/{end}"), None).await;
        assert_eq!((real.status.as_u16(), real.anonymous()), (404, none.anonymous()));
    }
    assert_eq!(world.stored(&acme).await, before);
}

/// 03: authentik CVE-2022-23555.
#[tokio::test]
async fn an_invitation_is_good_in_its_own_organization_alone() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let globex = world.found(CY, "Globex").await;
    let path = world.invited(ADA, &acme, BOB.email, "admin").await;
    let there = format!("{globex}/invitations/{}", id(&path));
    let before = world.stored(&globex).await;
    for end in ["accept", "decline"] {
        let answer = world.post(BOB, &format!("{there}/{end}"), json!({})).await;
        answer.refuses(404, "no-such-invitation");
    }
    world.get(BOB, &format!("{there}/mine")).await.refuses(404, "no-such-invitation");
    world.post(CY, &format!("{there}/resend"), json!({})).await.refuses(404, "no-such-invitation");
    world.delete(CY, &there).await.refuses(404, "no-such-invitation");
    assert_eq!(world.stored(&globex).await, before);
    // Not even for a member there, who could be told of their membership.
    world.bring(CY, &globex, BOB, "user").await;
    let answer = world.post(BOB, &format!("{there}/accept"), json!({})).await;
    answer.refuses(404, "no-such-invitation");
    world.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
}

/// 04: Sentry GHSA-jv85-mqxj-3f9j; 33: MISP CVE-2026-107276. INV7.
#[tokio::test]
async fn one_invitation_makes_one_member_however_many_try_at_once() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let accept = format!("{}/accept", world.invited(ADA, &acme, BOB.email, "user").await);
    let crowd = (0..64).flat_map(|n| [someone(n), BOB]);
    let answers =
        join_all(crowd.map(async |who| (who, world.post(who, &accept, json!({})).await))).await;
    for (who, answer) in answers {
        assert_eq!(answer.status.as_u16(), if who == BOB { 200 } else { 404 }, "{answer}");
    }
    let members = world.walk(ADA, &format!("{acme}/members?limit=100")).await;
    assert_eq!(each(&members, "email"), [ADA.email, BOB.email]);
    assert_eq!(count(&world.actions(&acme).await, "invitation.accepted"), 1);
}

/// 05: Keycloak CVE-2026-1529; 08: Fider CVE-2026-65840, GHSA-vxjw-gv4f-vq58. INV4.
#[tokio::test]
async fn what_is_accepted_is_what_was_offered_and_no_body_says_otherwise() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let globex = world.found(CY, "Globex").await;
    let path = world.invited(ADA, &acme, BOB.email, "user").await;
    let before = world.stored(&acme).await;
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
            let answer = world.post(by, &format!("{path}/{end}"), body).await;
            answer.refuses(422, "invalid-request");
        }
    }
    assert_eq!(world.stored(&acme).await, before);
    let member = world.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
    assert_eq!(member.body["role_id"], "user");
    assert_eq!(member.body["organization_id"], id(&acme));
}

/// 06: Decidim CVE-2023-48220. INV5: founding, accepting and joining are the only ways to become
/// active, and accepting alone has to do with an invitation.
#[tokio::test]
async fn no_way_around_makes_a_member_by_an_expired_invitation() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    let path = world.invited(ADA, &acme, BOB.email, "user").await;
    world.wait(7 * DAY);
    world.post(BOB, &format!("{path}/accept"), json!({})).await.refuses(409, "invitation-expired");
    let join = world.post(BOB, &format!("{acme}/join"), json!({})).await;
    join.refuses(404, "no-such-organization");
    world.assign(ADA, &acme, BOB, "user").await.refuses(404, "no-such-member");
    world.transfer(ADA, &acme, BOB).await.refuses(404, "no-such-member");
    world.get(BOB, &acme).await.refuses(404, "no-such-organization");
    assert_eq!(world.role_of(&acme, BOB).await, None);
}

/// 07: Databasement CVE-2026-95654. INV9: judged when accepting, not when looking.
#[tokio::test]
async fn having_looked_at_an_invitation_proves_nothing() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for ending in ["revoked", "expired", "declined", "accepted elsewhere"] {
        let path = world.invited(ADA, &acme, BOB.email, "user").await;
        world.get(BOB, &format!("{path}/mine")).await.expect(200);
        let accept = format!("{path}/accept");
        let (status, slug) = match ending {
            "revoked" => {
                world.delete(ADA, &path).await.expect(204);
                (404, "no-such-invitation")
            }
            "expired" => {
                world.wait(7 * DAY);
                (409, "invitation-expired")
            }
            "declined" => {
                world.post(BOB, &format!("{path}/decline"), json!({})).await.expect(204);
                (404, "no-such-invitation")
            }
            _ => {
                let other = who("bobs-other-sub", BOB.email);
                world.post(other, &accept, json!({})).await.expect(200);
                (404, "no-such-invitation")
            }
        };
        let answer = world.post(BOB, &accept, json!({})).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (status, slug), "{ending}");
        assert_eq!(world.role_of(&acme, BOB).await, None);
    }
}

/// 09: Pimcore CVE-2024-25625, GHSA-3qpq-6w89-f7mx; 24: ZITADEL CVE-2026-105209.
#[tokio::test]
async fn headers_about_hosts_or_tenants_do_not_matter() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let globex = world.found(EVE, "Globex").await;
    let (theirs, acme_id) = (id(&globex).to_owned(), id(&acme).to_owned());
    let hostile: [(&str, &str); 11] = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example;proto=http"),
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/"),
        ("x-original-url", "/v1/operator/organizations"),
        ("x-http-method-override", "DELETE"),
        ("x-organization-id", &theirs),
        ("x-tenant-id", &theirs),
        ("x-user-id", "eve"),
        ("x-amzn-oidc-identity", "eve"),
    ];
    let path = format!("{acme}/invitations");
    let offer = |email: &str| Some(json!({ "email": email, "role_id": "user" }));
    let made =
        world.send_with(Some(ADA), "POST", &path, offer(BOB.email), &hostile).await.expect(201);
    assert_eq!(made.body["organization_id"], acme_id);
    let location = made.headers["location"].to_str().unwrap();
    assert_eq!(location, format!("{path}/{}", made.id()));
    assert!(!made.text.contains("evil"), "{made}");
    let stored = format!("{:?}", world.stored(&acme).await);
    assert!(!stored.contains("evil"), "{stored}");
    // Nor do they let anybody in.
    let here = [
        ("x-organization-id", acme_id.as_str()),
        ("x-user-id", "ada"),
        ("authorization", "Bearer ada"),
    ];
    let answer = world.send_with(Some(EVE), "GET", &acme, None, &here).await;
    answer.refuses(404, "no-such-organization");
    world.send_with(None, "GET", "/v1/me", None, &here).await.refuses(401, "unauthenticated");
}

/// Who could grant which role: the built-in ones, a pure user manager, and one with an extra power.
async fn granters(world: &TestApp) -> (String, Vec<(Identity, String)>, Vec<String>) {
    let acme = world.partner(ADA, "Acme").await;
    world.switch(&acme, json!({ "mdf_program": true })).await;
    let powers = json!({ "user_management": "full_access", "security_management": "full_access" });
    let plus = world.role(ADA, &acme, "Manager and guard", powers).await;
    let manager = world.role(ADA, &acme, "Manager", user_manager()).await;
    let guard = json!({ "security_management": "full_access" });
    let guard = world.role(ADA, &acme, "Guard", guard).await;
    let looker = world.role(ADA, &acme, "Looker", json!({ "event_history": "view_only" })).await;
    let mut people = vec![(ADA, "super_admin".to_owned())];
    for (n, role) in ["admin", &manager, &plus].into_iter().enumerate() {
        world.bring(ADA, &acme, someone(900 + n), role).await;
        people.push((someone(900 + n), role.to_owned()));
    }
    let roles = ["super_admin", "admin", "user", "mdf_admin", "partner_user"];
    let mut roles = roles.map(ToOwned::to_owned).to_vec();
    roles.extend([manager, plus, guard, looker]);
    (acme, people, roles)
}

/// Which of the nine roles each of the four may grant, in the order of `granters`.
const GRANTS: [[bool; 9]; 4] = [
    //     SA     Admin  User  MDF    PU    mgr    plus   guard  look
    /*SA*/
    [false, true, true, true, true, true, true, true, true],
    /*Ad*/ [false, true, true, false, true, true, true, true, true],
    /*mg*/ [false, false, true, false, true, true, false, false, true],
    /*pl*/ [false, false, true, false, true, true, true, true, true],
];

/// 10: Grav CVE-2026-65897, CVE-2026-72828; 14: GitLab CVE-2023-6477, CVE-2024-1250; 18: Ibexa
/// GHSA-394j-x37r-2q27; 19: Ghost CVE-2026-105678, GHSA-4pvx-fwjj-8gpc, Plane CVE-2026-104955.
/// ROLE7: by inviting, by resending, and by changing a role.
#[tokio::test]
async fn nobody_grants_above_themselves_on_any_path() {
    let world = TestApp::new().await;
    let (acme, people, roles) = granters(&world).await;
    let target = DEE;
    world.bring(ADA, &acme, target, "user").await;
    let mut n = 0;
    for ((actor, held), grants) in people.iter().zip(GRANTS) {
        for (role, may) in roles.iter().zip(grants) {
            n += 1;
            let label = format!("{held} grants {role}");
            let invited = world.invite(*actor, &acme, someone(n).email, role).await;
            assert_eq!(invited.status == 201, may, "{label}: {invited}");
            let assigned = world.assign(*actor, &acme, target, role).await;
            assert_eq!(assigned.status == 200, may, "{label}: {assigned}");
            assert!(matches!(assigned.status.as_u16(), 200 | 403 | 422), "{label}: {assigned}");
            if *held != "super_admin" && may && role == "admin" {
                // SA4: only the Super Admin takes it back.
                let back = world.assign(*actor, &acme, target, "user").await;
                back.refuses(403, "super-admin-required");
            }
            world.assign(ADA, &acme, target, "user").await.expect(200);
            if role != "super_admin" {
                let path = world.invited(ADA, &acme, someone(100 + n).email, role).await;
                let resent = world.post(*actor, &format!("{path}/resend"), json!({})).await;
                assert_eq!(resent.status == 200, may, "{label}: {resent}");
            }
        }
    }
}

/// 11: loreai #1345, graphql-hive #250, rapidpro #615.
#[tokio::test]
async fn who_was_removed_does_not_come_back_by_an_old_invitation() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let first = world.invited(ADA, &acme, BOB.email, "admin").await;
    world.post(BOB, &format!("{first}/accept"), json!({})).await.expect(200);
    world.remove(ADA, &acme, BOB).await.expect(204);
    let gone = world.post(BOB, &format!("{first}/accept"), json!({})).await;
    gone.refuses(404, "no-such-invitation");
    world.get(BOB, &acme).await.refuses(404, "no-such-organization");
    assert_eq!(world.get(BOB, "/v1/me/invitations").await.items().len(), 0);
    // A new one is a new one; the old id stays dead.
    let second = world.invited(ADA, &acme, BOB.email, "user").await;
    assert_ne!(first, second);
    let old = world.post(BOB, &format!("{first}/accept"), json!({})).await;
    old.refuses(404, "no-such-invitation");
    let member = world.post(BOB, &format!("{second}/accept"), json!({})).await.expect(200);
    assert_eq!(member.body["role_id"], "user");
}

/// 12: clevis #248. INV2, INV3.
#[tokio::test]
async fn an_address_has_one_invitation_however_many_send_one_at_once() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let spellings = [
        "bob@bücher.example",
        "BOB@xn--bcher-kva.example",
        " Bob@BÜCHER.example ",
        "bob@bu\u{308}cher.example",
    ];
    let (world, acme) = (&world, &acme);
    let sends = (0..50).map(|n| world.invite(ADA, acme, spellings[n % 4], "user"));
    let answers = join_all(sends).await;
    let made: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(
            (answer.problem(), &answer.body["invitation_id"]),
            ("already-invited", &json!(made[0].id()))
        );
    }
    let list = world.get(ADA, &format!("{acme}/invitations")).await;
    assert_eq!(list.items().len(), 1);
    world.delete(ADA, &format!("{acme}/invitations/{}", made[0].id())).await.expect(204);
    let list = world.get(ADA, &format!("{acme}/invitations")).await;
    assert_eq!(list.items().len(), 0);
}

/// What a member might try, with the least that each takes.
fn member_requests(org: &str) -> Vec<(&'static str, String, Option<Value>)> {
    let at = |path: &str| format!("{org}{path}");
    vec![
        ("GET", at(""), None),
        ("PATCH", at(""), Some(json!({ "name": "Mine" }))),
        ("GET", at("/permissions"), None),
        ("GET", at("/members"), None),
        ("GET", at("/members/@ada"), None),
        ("PATCH", at("/members/@cy"), Some(json!({ "role_id": "user" }))),
        ("DELETE", at("/members/@cy"), None),
        ("POST", at("/leave"), None),
        ("GET", at("/invitations"), None),
        ("POST", at("/invitations"), Some(json!({ "email": "x@y.example", "role_id": "user" }))),
        ("GET", at("/roles"), None),
        ("GET", at("/roles/admin"), None),
        ("GET", at("/role-objects"), None),
        ("POST", at("/roles"), Some(json!({ "name": "Mine" }))),
        ("POST", at("/transfer"), Some(json!({ "member_id": "@cy" }))),
        ("GET", at("/sub-organizations"), None),
        ("POST", at("/sub-organizations"), Some(json!({ "name": "Mine" }))),
        ("POST", at("/join"), None),
        ("GET", at("/events"), None),
        ("GET", at("/domains"), None),
        ("PUT", at("/domains/example.com"), None),
        ("DELETE", at("/domains/example.com"), None),
        ("GET", at("/join-requests"), None),
        ("POST", at("/join-requests/req_01JD7Z0000000000000000000A/approve"), Some(json!({}))),
        ("POST", at("/join-requests/req_01JD7Z0000000000000000000A/decline"), None),
        ("GET", at("/security"), None),
        (
            "PUT",
            at("/security"),
            Some(json!({
                "require_mfa": false,
                "max_session_minutes": null,
                "allowed_networks": [],
                "event_retention_days": 1,
            })),
        ),
        ("GET", at("/critical-alert-users"), None),
        ("POST", at("/critical-alert-users"), Some(json!({ "email": "x@y.example" }))),
        ("DELETE", at("/critical-alert-users/@x@y.example"), None),
    ]
}

/// 13: GitLab CVE-2025-9486; Vaultwarden CVE-2026-95814.
#[tokio::test]
async fn who_is_not_active_may_nothing() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    world.bring(ADA, &acme, CY, "user").await;
    let [pending, expired, revoked, declined, removed, left] = [0, 1, 2, 3, 4, 5].map(someone);
    let invite = async |who: Identity| world.invited(ADA, &acme, who.email, "admin").await;
    invite(expired).await;
    world.wait(8 * DAY);
    invite(pending).await;
    let path = invite(revoked).await;
    world.delete(ADA, &path).await.expect(204);
    let path = invite(declined).await;
    world.post(declined, &format!("{path}/decline"), json!({})).await.expect(204);
    for who in [removed, left] {
        world.bring(ADA, &acme, who, "admin").await;
    }
    world.remove(ADA, &acme, removed).await.expect(204);
    world.post(left, &format!("{acme}/leave"), json!({})).await.expect(204);

    let before = world.stored(&acme).await;
    for who in [pending, expired, revoked, declined, removed, left] {
        for (method, path, body) in member_requests(&acme) {
            let answer = world.send(Some(who), method, &path, body).await;
            answer.refuses(404, "no-such-organization");
        }
        let me = world.get(who, "/v1/me").await.expect(200);
        assert_eq!(
            (&me.body["user_type"], &me.body["organizations"]),
            (&json!("personal"), &json!([]))
        );
    }
    assert_eq!(world.stored(&acme).await, before);
}

/// 15: GitLab #462665; 17: Foreman CVE-2026-5136. ROLE7, ROLE12: no detour over roles either.
#[tokio::test]
async fn who_manages_roles_cannot_make_themselves_more() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let both = json!({ "user_management": "full_access", "role_management": "full_access" });
    let deputy = world.role(ADA, &acme, "Deputy", both).await;
    world.bring(ADA, &acme, BOB, &deputy).await;
    let levels =
        async || world.get(BOB, &format!("{acme}/permissions")).await.body["permissions"].clone();
    let before = levels().await;
    let more = json!({ "security_management": "full_access" });

    // The role they hold, a new one, one that exists, and then somebody else to do it for them.
    let own = format!("{acme}/roles/{deputy}");
    world
        .patch(BOB, &own, json!({ "permissions": more }))
        .await
        .refuses(403, "cannot-change-own-role");
    let new = json!({ "name": "More", "permissions": more });
    world.post(BOB, &format!("{acme}/roles"), new).await.refuses(403, "exceeds-own-permissions");
    let guard = world.role(ADA, &acme, "Guard", more.clone()).await;
    world.assign(BOB, &acme, BOB, &guard).await.refuses(403, "cannot-change-own-role");
    world
        .invite(BOB, &acme, "bob.two@example.com", &guard)
        .await
        .refuses(403, "exceeds-own-permissions");
    let twin = world.role(BOB, &acme, "Twin", json!({ "user_management": "full_access" })).await;
    world.bring(BOB, &acme, CY, &twin).await;
    let path = format!("{acme}/roles/{twin}");
    world
        .patch(BOB, &path, json!({ "permissions": more }))
        .await
        .refuses(403, "exceeds-own-permissions");
    world.patch(CY, &own, json!({ "permissions": more })).await.refuses(403, "missing-permission");
    world.assign(CY, &acme, BOB, &guard).await.refuses(403, "exceeds-own-permissions");
    assert_eq!(levels().await, before);
}

/// 18: Ibexa GHSA-394j-x37r-2q27, across organizations; 37: a role that is gone.
#[tokio::test]
async fn a_role_of_another_organization_is_no_role_here() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let globex = world.found(ADA, "Globex").await;
    let theirs = world.role(ADA, &globex, "Boss", role_manager()).await;
    world.bring(ADA, &acme, BOB, "user").await;
    world.assign(ADA, &acme, BOB, &theirs).await.refuses(404, "no-such-role");
    world.invite(ADA, &acme, CY.email, &theirs).await.refuses(404, "no-such-role");
    let path = format!("{acme}/roles/{theirs}");
    world.get(ADA, &path).await.refuses(404, "no-such-role");
    world.patch(ADA, &path, json!({ "name": "X" })).await.refuses(404, "no-such-role");
    world.delete(ADA, &path).await.refuses(404, "no-such-role");
    let list = world.get(ADA, &format!("{acme}/members?role_id={theirs}")).await.expect(200);
    assert_eq!(list.items().len(), 0);
}

/// 21: decocms/studio #3388, #4022. A role is an id, and nothing that looks like one.
#[tokio::test]
async fn a_role_is_named_by_its_id_alone() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "user").await;
    let path = format!("{acme}/members/@bob");
    for role in [
        json!("owner"),
        json!("user,super_admin"),
        json!(["admin"]),
        json!("Admin"),
        json!("ADMIN"),
        json!(" admin"),
        json!("admin "),
        json!("ａdmin"),
        json!("admin\u{200b}"),
        json!("аdmin"),
        json!(""),
        json!(null),
        json!(1),
        json!({ "id": "admin" }),
        json!("superadmin"),
        json!("Super Admin"),
        json!("role_"),
        json!("role_01jd7z0000000000000000000a"),
        json!("org_01JD7Z0000000000000000000A"),
    ] {
        let change = world.patch(ADA, &path, json!({ "role_id": role })).await;
        assert_eq!(change.refuses(422, "invalid-request").pointer(), "/role_id", "{role}");
        let offer = json!({ "email": CY.email, "role_id": role });
        let offer = world.post(ADA, &format!("{acme}/invitations"), offer).await;
        assert_eq!(offer.refuses(422, "invalid-request").pointer(), "/role_id", "{role}");
    }
    assert_eq!(world.role_of(&acme, BOB).await.as_deref(), Some("user"));
}

/// 22: Casdoor CVE-2026-15630. What is judged is what is done.
#[tokio::test]
async fn the_path_alone_says_what_a_request_is_about() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let globex = world.found(BOB, "Globex").await;
    world.bring(BOB, &globex, CY, "user").await;
    let before = world.stored(&globex).await;
    for field in ["organization_id", "id", "org", "user_id", "sub"] {
        let offer = json!({ "email": DEE.email, "role_id": "user", (field): id(&globex) });
        let answer = world.post(ADA, &format!("{acme}/invitations"), offer).await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), format!("/{field}"));
        // Queries that nobody reads are refused.
        let list = world.get(ADA, &format!("{acme}/invitations?{field}={}", id(&globex))).await;
        assert_eq!(list.refuses(422, "invalid-request").pointer(), format!("/{field}"));
    }
    // The one that is read chooses among those below, and nobody else's are.
    let list = world.get(ADA, &format!("{acme}/members?organization_id={}", id(&globex))).await;
    list.refuses(403, "missing-permission");
    let twice = world.get(ADA, &format!("{acme}/members?limit=1&limit=100")).await;
    twice.refuses(400, "unreadable-request");
    assert_eq!(world.stored(&globex).await, before);
}

/// 23: Grafana CVE-2021-41244, GHSA-mpwp-42x6-4wmx, CVE-2026-92539; 24: ZITADEL CVE-2026-105209.
/// Two organizations alike: whatever one's people may do at home, they cannot do at the twin's.
#[tokio::test]
async fn a_twins_people_reach_nothing() {
    struct Twin {
        org: String,
        role: String,
        invitation: String,
        event: String,
    }
    let world = TestApp::new().await;
    let twin = async |first: Identity, second: Identity, third: Identity| {
        let org = world.tree(first, "Twin").await;
        let role = world.role(first, &org, "Night shift", json!({})).await;
        world.bring(first, &org, second, "admin").await;
        world.bring(first, &org, third, &role).await;
        let invitation = world.invited(first, &org, "guest@example.com", "user").await;
        let event = world.history(&org).await[0]["id"].as_str().unwrap().to_owned();
        Twin { org, role, invitation: id(&invitation).to_owned(), event }
    };
    let one = twin(ADA, BOB, CY).await;
    let other = twin(someone(1), someone(2), someone(3)).await;
    let requests = |place: &Twin, things: &Twin, member: &str| {
        let at = |path: String| format!("{}{path}", place.org);
        let Twin { role, invitation, event, .. } = things;
        let mut all = member_requests(&place.org);
        all.extend([
            ("GET", at(format!("/roles/{role}")), None),
            ("PATCH", at(format!("/roles/{role}")), Some(json!({ "name": "Mine" }))),
            ("DELETE", at(format!("/roles/{role}")), None),
            ("GET", at(format!("/invitations/{invitation}")), None),
            ("DELETE", at(format!("/invitations/{invitation}")), None),
            ("POST", at(format!("/invitations/{invitation}/resend")), None),
            ("GET", at(format!("/invitations/{invitation}/mine")), None),
            ("POST", at(format!("/invitations/{invitation}/accept")), None),
            ("POST", at(format!("/invitations/{invitation}/decline")), None),
            ("GET", at(format!("/events/{event}")), None),
            ("GET", at(format!("/members/@{member}")), None),
            ("PATCH", at(format!("/members/@{member}")), Some(json!({ "role_id": "user" }))),
            ("DELETE", at(format!("/members/@{member}")), None),
            (
                "POST",
                at("/transfer".to_owned()),
                Some(json!({ "member_id": format!("@{}", member) })),
            ),
            ("GET", at("/members?scope=subtree".to_owned()), None),
            ("GET", at("/sub-organizations?depth=all".to_owned()), None),
        ]);
        all
    };
    let before = world.stored(&other.org).await;
    // The twin's place with the twin's things, and with one's own.
    for things in [&other, &one] {
        for (method, path, body) in requests(&other, things, someone(2).sub) {
            for who in [ADA, BOB, CY] {
                let answer = world.send(Some(who), method, &path, body.clone()).await;
                assert_eq!(answer.status, 404, "{} {method} {path}: {answer}", who.sub);
            }
        }
    }
    assert_eq!(world.stored(&other.org).await, before);
    // One's own place with the twin's things.
    for path in [
        format!("/roles/{}", other.role),
        format!("/invitations/{}", other.invitation),
        format!("/events/{}", other.event),
        format!("/members/@{}", someone(2).sub),
    ] {
        let answer = world.get(ADA, &format!("{}{path}", one.org)).await;
        assert_eq!(answer.status, 404, "{path}: {answer}");
    }
    assert_eq!(world.stored(&other.org).await, before);
}

/// 25: OpenCVE CVE-2026-92764.
#[tokio::test]
async fn my_organizations_are_exactly_my_active_memberships() {
    let world = TestApp::new().await;
    let own = world.found(ADA, "Own").await;
    let joined = world.found(BOB, "Joined").await;
    let left = world.found(BOB, "Left").await;
    let removed = world.found(BOB, "Removed").await;
    let handed = world.found(ADA, "Handed on").await;
    let invited = world.found(BOB, "Invited").await;
    for org in [&joined, &left, &removed] {
        world.bring(BOB, org, ADA, "user").await;
    }
    world.post(ADA, &format!("{left}/leave"), json!({})).await.expect(204);
    world.remove(BOB, &removed, ADA).await.expect(204);
    world.bring(ADA, &handed, BOB, "admin").await;
    world.transfer(ADA, &handed, BOB).await.expect(200);
    world.post(ADA, &format!("{handed}/leave"), json!({})).await.expect(204);
    world.invited(BOB, &invited, ADA.email, "admin").await;
    let me = world.get(ADA, "/v1/me").await.expect(200);
    let mut found = each(me.body["organizations"].as_array().unwrap(), "id");
    found.sort_unstable();
    let mut expected = [id(&own), id(&joined)];
    expected.sort_unstable();
    assert_eq!(found, expected);
}

/// 26: ShellHub GHSA-vwx9-7qcf-gg7f.
#[tokio::test]
async fn no_filter_says_more_than_its_words() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.found(EVE, "Globex").await;
    for query in [
        "status=active%27%20OR%201%3D1",
        "status[]=active",
        "status[$ne]=x",
        "role_id=*",
        "role_id=%25",
        "scope=all",
        "sort=password",
        "filter=%7B%7D",
        "organization_id=*",
        "cursor=*",
    ] {
        let answer = world.get(ADA, &format!("{acme}/members?{query}")).await;
        assert!(matches!(answer.status.as_u16(), 400 | 422), "{query}: {answer}");
    }
    for q in ["%25", "*", "_", "%5C", ".*", "%23", "eve", "%7C%7C", "%2F", "%2F..%2F"] {
        let answer = world.get(ADA, &format!("{acme}/members?q={q}")).await.expect(200);
        assert_eq!(answer.items().len(), 0, "{q}");
    }
}

/// 27: CloudExplorer GHSA-cp3j-437h-4vwj; 28: CKAN #1633. Each membership has the one event that
/// made it, and nobody puts themselves anywhere by an id.
#[tokio::test]
async fn the_ways_into_an_organization_are_few_and_recorded() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    world.bring(ADA, &root, BOB, "admin").await;
    let below = world.below(BOB, &root, "Created").await;
    let empty = world.empty_below(&root, "Joined").await;
    world.post(BOB, &format!("{empty}/join"), json!({})).await.expect(200);
    let partner = world.partner(CY, "Partner").await;
    let domain = format!("{partner}/domains/example.com");
    world.send(Some(CY), "PUT", &domain, None).await.expect(200);
    let requests = format!("{partner}/join-requests");
    let request = world.post(DEE, &requests, json!({})).await.expect(201).id();
    world.post(CY, &format!("{requests}/{request}/approve"), json!({})).await.expect(200);
    for org in [&root, &below, &empty, &partner] {
        let members = world.walk(OPERATOR, &format!("{org}/members?status=active&limit=100")).await;
        let history = world.history(org).await;
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
    // 28: the parent is where one holds the power, never what a body names.
    let theirs = world.tree(EVE, "Eve's").await;
    let wanted = json!({ "name": "Mine" });
    let there = world.post(BOB, &format!("{theirs}/sub-organizations"), wanted).await;
    there.refuses(404, "no-such-organization");
    let named = json!({ "name": "Mine", "parent_id": id(&theirs) });
    let named = world.post(BOB, &format!("{root}/sub-organizations"), named).await;
    named.refuses(422, "invalid-request");
    let moved = world.patch(ADA, &root, json!({ "parent_id": id(&below) })).await;
    moved.refuses(422, "invalid-request");
}

/// 30: Open WebUI CVE-2026-45675, GHSA-h3ww-q6xx-w7x3. SA1, INV8, SUB5.
#[tokio::test]
async fn of_all_who_come_first_at_once_one_is_super_admin() {
    for _ in 0..4 {
        let world = TestApp::new().await;
        let root = world.tree(ADA, "Root").await;
        for n in 0..4 {
            world.bring(ADA, &root, someone(n), "admin").await;
        }
        let wanted =
            json!({ "name": "Branch", "parent": id(&root), "first_admin_email": BOB.email });
        let made = world.post(OPERATOR, "/v1/operator/organizations", wanted).await.expect(201);
        let branch = format!("/v1/organizations/{}", made.id());
        let mine = world.get(BOB, "/v1/me/invitations").await;
        let path = format!("{branch}/invitations/{}", each(mine.items(), "id")[0]);
        let (accept, decline, join) =
            (format!("{path}/accept"), format!("{path}/decline"), format!("{branch}/join"));
        let tries = [(BOB, &accept), (BOB, &decline), (BOB, &accept)].into_iter();
        let tries = tries.chain((0..4).map(|n| (someone(n), &join)));
        let answers = join_all(tries.map(|(who, path)| world.post(who, path, json!({})))).await;
        let (holders, told) = world.super_admins(&branch).await;
        let done = answers.iter().any(|answer| answer.status == 200);
        assert_eq!(holders.len(), usize::from(done));
        assert_eq!(holders.first(), told.as_ref());
        assert_eq!(count(&world.actions(&branch).await, "super_admin.assigned"), usize::from(done));
    }
}

/// 35: Keystone CVE-2012-4413; FileRise CVE-2026-57493; Rancher GHSA-vf6j-6739-78m8; Apache Answer
/// CVE-2026-60053.
#[tokio::test]
async fn what_a_token_says_about_roles_is_nothing_and_the_next_request_knows() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    let boast = json!({
        "sub": "eve", "email": EVE.email, "email_verified": "true", "role": "super_admin",
        "roles": "[admin]", "groups": "[admins]", "org_id": id(&acme), "organization_id": id(&acme),
        "permissions": "[user_management:full_access]", "scope": "admin", "cognito:groups": "[operator]",
    });
    let list = format!("{acme}/members");
    world.claiming(&boast, "GET", &list).await.refuses(404, "no-such-organization");
    let operators = world.claiming(&boast, "GET", "/v1/operator/organizations").await;
    operators.refuses(403, "operator-scope-required");

    let invite = async |n: usize| world.invite(BOB, &acme, someone(n).email, "user").await;
    invite(0).await.expect(201);
    world.assign(ADA, &acme, BOB, "user").await.expect(200);
    invite(1).await.refuses(403, "missing-permission");
    world.remove(ADA, &acme, BOB).await.expect(204);
    invite(2).await.refuses(404, "no-such-organization");
    world.get(BOB, &list).await.refuses(404, "no-such-organization");
}

/// 36: ZITADEL CVE-2024-46999; Capgo CVE-2026-88860.
#[tokio::test]
async fn after_removal_only_the_history_names_the_person() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let bob = who("bob-0123456789", "bob-0123456789@example.com");
    world.bring(ADA, &acme, bob, "admin").await;
    let path = world.invited(ADA, &acme, "bob-again-0123456789@example.com", "user").await;
    world.delete(ADA, &path).await.expect(204);
    world.remove(ADA, &acme, bob).await.expect(204);
    for (key, item) in world.stored(&acme).await {
        let named = key.contains("0123456789") || item.contains("bob-0123456789");
        assert!(!named || key.starts_with("EVENTS#"), "{key}: {item}");
    }
}

/// 37: etcd #7524; Gravitino #14247. ROLE6.
#[tokio::test]
async fn a_deleted_role_gives_nothing_and_its_name_brings_nothing_back() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let old = world.role(ADA, &acme, "Manager", user_manager()).await;
    world.bring(ADA, &acme, BOB, &old).await;
    world.delete(ADA, &format!("{acme}/roles/{old}")).await.refuses(409, "role-in-use");
    world.remove(ADA, &acme, BOB).await.expect(204);
    world.delete(ADA, &format!("{acme}/roles/{old}")).await.expect(204);
    let new = world.role(ADA, &acme, "Manager", user_manager()).await;
    assert_ne!(old, new);
    world.invite(ADA, &acme, BOB.email, &old).await.refuses(404, "no-such-role");
    // Coming back does not bring the old role back.
    let back = world.bring(ADA, &acme, BOB, "user").await;
    assert_eq!(back.body["role_id"], "user");
    let none = world.get(ADA, &format!("{acme}/members?role_id={old}")).await.expect(200);
    assert_eq!(none.items().len(), 0);
}

/// 38: Auth.js CVE-2026-73420, GHSA-7rqj-j65f-68wh. INV3: every character that somebody could turn
/// into punctuation later.
#[tokio::test]
async fn no_character_becomes_an_at_sign_afterwards() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for c in [
        '\u{ff20}', '\u{fe6b}', '\u{ff0e}', '\u{2024}', '\u{fe52}', '\u{ff0c}', '\u{ff1b}',
        '\u{ff1c}', '\u{ff1e}', '\u{ff02}', '\u{2488}', '\u{0}', '\r', '\u{85}', '\u{2028}',
    ] {
        for email in [
            format!("bob{c}evil.example"),
            format!("bob{c}x@example.com"),
            format!("{c}bob@example.com"),
        ] {
            let answer = world.invite(ADA, &acme, &email, "user").await;
            let trimmed = c.is_whitespace() && email.starts_with(c);
            assert_eq!(answer.status == 422, !trimmed, "{email:?}: {answer}");
            if trimmed {
                let path = format!("{acme}/invitations/{}", answer.id());
                world.delete(ADA, &path).await.expect(204);
            }
        }
        // A token with such an address has none.
        let claims = json!({ "sub": "m", "email": format!("bob{c}x@example.com"), "email_verified": "true" });
        let me = world.claiming(&claims, "GET", "/v1/me").await.expect(200);
        assert_eq!(me.body["email_verified"], false, "{c:?}");
    }
}

/// 39: Keycloak GHSA-mwm4-5qwr-g9pf, GHSA-j9xq-j329-2xvg. A person is a `sub`.
#[tokio::test]
async fn an_address_or_a_name_is_no_identity() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    // The same address under another sub; another's address as sub; another's sub in other letters.
    for impostor in [
        who("mallory", BOB.email),
        who("bob@example.com", "m@example.com"),
        who("BOB", "n@example.com"),
    ] {
        world.get(impostor, &acme).await.refuses(404, "no-such-organization");
        world
            .post(impostor, &format!("{acme}/leave"), json!({}))
            .await
            .refuses(404, "no-such-organization");
    }
    // And the person with another address is still the person.
    world.get(who("bob", "robert@example.com"), &acme).await.expect(200);
    // Names hide nothing.
    for name in ["Ad\u{200b}min", "\u{202e}nimdA", "Night\u{2066}Shift", "Night\u{ad}Shift"] {
        let answer = world.post(ADA, &format!("{acme}/roles"), json!({ "name": name })).await;
        answer.refuses(422, "invalid-request");
    }
    for name in ["𝐀dmin", "ＡＤＭＩＮ", "Super\u{a0}Admin"] {
        let answer = world.post(ADA, &format!("{acme}/roles"), json!({ "name": name })).await;
        answer.refuses(409, "role-name-taken");
    }
}

/// 41: ownCloud Guests CVE-2025-59716; Dify CVE-2026-28288. What an organization does not know, it
/// does not tell, and what it knows only its own people hear.
#[tokio::test]
async fn no_answer_tells_who_is_known_elsewhere() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let globex = world.found(EVE, "Globex").await;
    world.bring(EVE, &globex, BOB, "admin").await;
    world.invited(EVE, &globex, CY.email, "user").await;
    // Inviting a member or an invitee of somebody else looks like inviting a stranger.
    let shape = |answer: &Answer| {
        let body = answer.body.as_object().unwrap();
        (answer.status, body.keys().cloned().collect::<Vec<_>>())
    };
    let unknown = world.invite(ADA, &acme, "unknown@example.com", "user").await.expect(201);
    for known in [BOB, CY, EVE] {
        let answer = world.invite(ADA, &acme, known.email, "user").await;
        assert_eq!(shape(&answer), shape(&unknown));
    }
    // Unknown, revoked, declined, foreign, or another's: one answer.
    let revoked = world.invited(ADA, &acme, "r@example.com", "user").await;
    world.delete(ADA, &revoked).await.expect(204);
    let others = world.invited(ADA, &acme, DEE.email, "user").await;
    let nobody = who("nobody", "nobody@example.com");
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
                world.send(Some(nobody), method, &format!("{path}/{end}"), None).await.anonymous(),
            );
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
    }
}
