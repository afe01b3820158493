//! `…/domains`, `…/join-requests` and `/v1/me/joinable-organizations` (ORG2).

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    helpers::{DEE, each, id, nth_user, user_manager},
    invariants::check,
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, identity, member_id},
};

const NOWHERE: &str = "/v1/organizations/org_01JD7Z0000000000000000000A";

impl TestApp {
    /// Acme, where people with an address at ADA's domain, example.com, may request to join.
    pub async fn with_approved_domain() -> (Self, String) {
        let app = Self::new().await;
        let acme = app.create_organization_with_domain(ADA, "Acme").await;
        (app, acme)
    }

    /// An organization of `caller` with the approved domain example.com.
    pub async fn create_organization_with_domain(&self, caller: Identity, name: &str) -> String {
        let org = self.create_organization(caller, name).await;
        self.approve_domain(caller, &org, "example.com").await.expect(200);
        org
    }

    pub async fn approve_domain(&self, caller: Identity, org: &str, domain: &str) -> Answer {
        self.send(Some(caller), "PUT", &format!("{org}/domains/{domain}"), None).await
    }

    pub async fn request_to_join(&self, caller: Identity, org: &str) -> Answer {
        self.post(caller, &format!("{org}/join-requests"), json!({})).await
    }

    /// Creates a join request; returns its path.
    pub async fn create_join_request(&self, caller: Identity, org: &str) -> String {
        format!("{org}/join-requests/{}", self.request_to_join(caller, org).await.expect(201).id())
    }

    async fn cancel_join_request(&self, caller: Identity, org: &str) -> Answer {
        self.delete(caller, &format!("{org}/join-requests/mine")).await
    }

    pub async fn approve(&self, caller: Identity, request: &str, body: Value) -> Answer {
        self.post(caller, &format!("{request}/approve"), body).await
    }

    pub async fn decline(&self, caller: Identity, request: &str) -> Answer {
        self.post(caller, &format!("{request}/decline"), json!({})).await
    }

    async fn joinable(&self, caller: Identity) -> Vec<String> {
        let found = self.list_all(caller, "/v1/me/joinable-organizations?limit=1").await;
        each(&found, "name").into_iter().map(ToOwned::to_owned).collect()
    }
}

#[tokio::test]
async fn approved_domain_is_added_listed_and_removed() {
    let (app, acme) = TestApp::with_acme().await;
    let expected = json!({
        "domain": "example.com", "added_at": "2026-11-21T12:00:01Z", "added_by": {
            "id": member_id(&acme, ADA.sub), "name": null, "email": ADA.email,
        },
    });
    for domain in ["Example.COM", "example.com"] {
        assert_eq!(app.approve_domain(ADA, &acme, domain).await.expect(200).body, expected);
    }
    let listed = app.get(ADA, &format!("{acme}/domains")).await.expect(200);
    assert_eq!(listed.items(), [expected]);
    let path = format!("{acme}/domains/example.com");
    app.delete(ADA, &path).await.expect(204);
    app.delete(ADA, &path).await.refuses(404, "no-such-domain");
    let actions = app.actions(&acme).await;
    assert_eq!(actions[1..], ["approved_domain.added", "approved_domain.removed"]);
    check(&app).await;
}

#[tokio::test]
async fn only_the_own_private_domain_can_be_approved() {
    let (app, acme) = TestApp::with_acme().await;
    for domain in ["example.org", "sub.example.com", "example.com.", "com", "%40", "xn--a.com"] {
        app.approve_domain(ADA, &acme, domain).await.refuses(403, "domain-not-own");
    }
    let gus = identity("gus", "gus@gmail.com");
    app.add_member(ADA, &acme, gus, "admin").await;
    app.approve_domain(gus, &acme, "gmail.com").await.refuses(409, "public-email-domain");
    let unverified = Identity { verified: "false", ..ADA };
    let answer = app.approve_domain(unverified, &acme, "example.com").await;
    answer.refuses(403, "email-not-verified");
    assert_eq!(app.get(ADA, &format!("{acme}/domains")).await.expect(200).items().len(), 0);
}

#[tokio::test]
async fn organization_has_at_most_20_approved_domains() {
    let (app, acme) = TestApp::with_acme().await;
    let at = |n: usize| Identity { email: format!("ada@d{n:02}.example").leak(), ..ADA };
    for n in 0..20 {
        app.approve_domain(at(n), &acme, &format!("d{n:02}.example")).await.expect(200);
    }
    let more = app.approve_domain(ADA, &acme, "example.com").await;
    assert_eq!(more.refuses(409, "approved-domain-limit").body["limit"], 20);
    app.delete(ADA, &format!("{acme}/domains/d07.example")).await.expect(204);
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    assert_eq!(app.list_all(ADA, &format!("{acme}/domains?limit=7")).await.len(), 20);
    check(&app).await;
}

#[tokio::test]
async fn person_lists_joinable_organizations() {
    let app = TestApp::new().await;
    let mut orgs = Vec::new();
    for name in ["Acme", "Globex", "Initech", "Umbrella"] {
        orgs.push(app.create_organization_with_domain(ADA, name).await);
    }
    app.create_organization(ADA, "Closed").await;
    app.add_member(ADA, &orgs[1], BOB, "user").await;
    app.create_join_request(BOB, &orgs[2]).await;
    let request = app.create_join_request(BOB, &orgs[3]).await;
    app.decline(ADA, &request).await.expect(204);
    assert_eq!(app.joinable(BOB).await, ["Acme"]);
    assert_eq!(app.joinable(CY).await, ["Acme", "Globex", "Initech", "Umbrella"]);
    assert_eq!(app.joinable(identity("zoe", "zoe@sub.example.com")).await, [""; 0]);
    let unverified = Identity { verified: "false", ..BOB };
    let answer = app.get(unverified, "/v1/me/joinable-organizations").await;
    answer.refuses(403, "email-not-verified");
    let shown = app.get(BOB, "/v1/me/joinable-organizations").await;
    assert_eq!(shown.items(), [json!({ "id": id(&orgs[0]), "name": "Acme" })]);
}

#[tokio::test]
async fn join_request_is_listed_and_approved() {
    let (app, acme) = TestApp::with_approved_domain().await;
    let comment = json!({ "comment": "  I work on  the \n roof " });
    let created = app.post(BOB, &format!("{acme}/join-requests"), comment).await.expect(201);
    let request = json!({
        "id": created.id(),
        "organization_id": id(&acme),
        "organization_name": "Acme",
        "person": { "id": member_id(&acme, BOB.sub), "name": null, "email": BOB.email },
        "comment": "I work on the\nroof",
        "status": "pending",
        "created_at": "2026-11-21T12:00:02Z",
    });
    assert_eq!(created.body, request);
    assert_eq!(created.headers["location"], format!("{acme}/join-requests/mine"));
    let listed = app.get(ADA, &format!("{acme}/join-requests")).await.expect(200);
    assert_eq!(listed.items(), [request]);
    let own = json!({
        "id": created.id(),
        "organization_id": id(&acme),
        "organization_name": "Acme",
        "comment": "I work on the\nroof",
        "status": "pending",
        "created_at": "2026-11-21T12:00:02Z",
        "ask_again_at": null,
    });
    let mine = created.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(app.get(BOB, &mine).await.expect(200).body, own);
    assert_eq!(app.get(BOB, "/v1/me/join-requests").await.items(), [own]);
    let path = format!("{acme}/join-requests/{}", created.id());
    let approved = app.approve(ADA, &path, json!({})).await.expect(200).body;
    assert_eq!(
        (&approved["source"], &approved["role_id"]),
        (&json!("join_request"), &json!("user"))
    );
    assert_eq!(app.get(ADA, &format!("{acme}/members/@bob")).await.expect(200).body, approved);
    assert_eq!(app.get(ADA, &format!("{acme}/join-requests")).await.items().len(), 0);
    assert_eq!(app.get(BOB, "/v1/me/join-requests").await.items().len(), 0);
    app.get(BOB, &mine).await.refuses(404, "no-such-join-request");
    let actions = app.actions(&acme).await;
    assert_eq!(actions[2..], ["join_request.created", "join_request.approved", "member.added"]);
    check(&app).await;
}

/// ROLE7
#[tokio::test]
async fn join_request_can_be_approved_only_with_a_grantable_role() {
    let (app, acme) = TestApp::with_approved_domain().await;
    let manager = app.add_member_with(ADA, &acme, DEE, user_manager()).await;
    let (bobs, cys) =
        (app.create_join_request(BOB, &acme).await, app.create_join_request(CY, &acme).await);
    for (caller, role, status, slug) in [
        (DEE, "admin", 403, "exceeds-own-permissions"),
        (DEE, "role_01JD7Z0000000000000000000A", 404, "no-such-role"),
        (ADA, "super_admin", 422, "super-admin-not-assignable"),
    ] {
        app.approve(caller, &bobs, json!({ "role_id": role })).await.refuses(status, slug);
    }
    for (caller, request, role) in [(DEE, bobs, &*manager), (ADA, cys, "admin")] {
        let member = app.approve(caller, &request, json!({ "role_id": role })).await.expect(200);
        assert_eq!(member.body["role_id"], role);
    }
    check(&app).await;
}

#[tokio::test]
async fn person_has_one_join_request_and_can_cancel_it() {
    let (app, acme) = TestApp::with_approved_domain().await;
    let first = app.create_join_request(BOB, &acme).await;
    let again = app.request_to_join(BOB, &acme).await.refuses(409, "join-request-pending");
    assert_eq!(again.body["join_request_id"], id(&first));
    app.cancel_join_request(BOB, &acme).await.expect(204);
    app.cancel_join_request(BOB, &acme).await.refuses(404, "no-such-join-request");
    app.approve(ADA, &first, json!({})).await.refuses(404, "no-such-join-request");
    let second = app.create_join_request(BOB, &acme).await;
    assert_ne!(first, second);
    // The id of the cancelled request does not reach the new one, although both share a key.
    app.decline(ADA, &first).await.refuses(404, "no-such-join-request");
    app.approve(ADA, &second, json!({})).await.expect(200);
    check(&app).await;
}

#[tokio::test]
async fn declined_person_cannot_request_again_until_invited() {
    let (app, acme) = TestApp::with_approved_domain().await;
    let request = app.create_join_request(BOB, &acme).await;
    app.decline(ADA, &request).await.expect(204);
    for late in [
        app.decline(ADA, &request).await,
        app.approve(ADA, &request, json!({})).await,
        app.cancel_join_request(BOB, &acme).await,
    ] {
        late.refuses(404, "no-such-join-request");
    }
    let refused = app.request_to_join(BOB, &acme).await.refuses(409, "join-request-declined");
    assert_eq!(refused.body["ask_again_at"], "2027-02-19T12:00:03Z");
    let own = app.get(BOB, "/v1/me/join-requests").await.items()[0].clone();
    assert_eq!([&own["status"], &own["ask_again_at"]], ["declined", "2027-02-19T12:00:03Z"]);
    assert_eq!(app.get(ADA, &format!("{acme}/join-requests")).await.items().len(), 0);

    let invitation = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let invited = app.request_to_join(BOB, &acme).await.refuses(409, "caller-already-invited");
    assert_eq!(invited.body["invitation_id"], id(&invitation));
    app.accept(BOB, &acme).await.expect(200);
    app.request_to_join(BOB, &acme).await.refuses(409, "caller-already-member");
    check(&app).await;
    // A former member may request to join.
    app.remove(ADA, &acme, BOB).await.expect(204);
    app.create_join_request(BOB, &acme).await;
    check(&app).await;
}

/// Being invited is enough, however the invitation ended.
#[tokio::test]
async fn declined_person_can_request_again_after_an_invitation_that_ended() {
    for end in ["revoked", "declined", "expired", "expired and cleaned up"] {
        let (app, acme) = TestApp::with_approved_domain().await;
        let request = app.create_join_request(BOB, &acme).await;
        app.decline(ADA, &request).await.expect(204);
        assert_eq!(app.joinable(BOB).await, [""; 0], "{end}");
        let invitation = app.create_invitation(ADA, &acme, BOB.email, "user").await;
        match end {
            "revoked" => drop(app.delete(ADA, &invitation).await.expect(204)),
            "declined" => {
                let decline = format!("{invitation}/decline");
                app.post(BOB, &decline, json!({})).await.expect(204);
            }
            _ => app.wait(8 * DAY),
        }
        if end == "expired and cleaned up" {
            let now = Timestamp::from_millisecond(app.now()).unwrap();
            cleanup::run(&app.store, now, || now, "clean-up", || false).await.unwrap();
        }
        assert_eq!(app.joinable(BOB).await, ["Acme"], "{end}");
        let own = app.get(BOB, "/v1/me/join-requests").await.items()[0].clone();
        assert_eq!(own["ask_again_at"], json!(null), "{end}: they may ask now");
        let shown = app.get(BOB, &format!("{acme}/join-requests/mine")).await.expect(200);
        assert_eq!(shown.body, own, "{end}");
        let again = app.create_join_request(BOB, &acme).await;
        check(&app).await;
        // The next decline counts from its own time.
        app.decline(ADA, &again).await.expect(204);
        app.request_to_join(BOB, &acme).await.refuses(409, "join-request-declined");
        app.invite(ADA, &acme, BOB.email, "user").await.expect(201);
        app.accept(BOB, &acme).await.expect(200);
        check(&app).await;
    }
}

#[tokio::test]
async fn invitation_before_the_decline_does_not_allow_another_request() {
    let (app, acme) = TestApp::with_approved_domain().await;
    let request = app.create_join_request(BOB, &acme).await;
    let invitation = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    app.decline(ADA, &request).await.expect(204);
    app.delete(ADA, &invitation).await.expect(204);
    app.request_to_join(BOB, &acme).await.refuses(409, "join-request-declined");
    assert_eq!(app.joinable(BOB).await, [""; 0]);
}

#[tokio::test]
async fn declined_person_can_request_again_after_90_days() {
    let (app, acme) = TestApp::with_approved_domain().await;
    let request = app.create_join_request(BOB, &acme).await;
    app.decline(ADA, &request).await.expect(204);
    app.wait(90 * DAY - 10_000);
    app.request_to_join(BOB, &acme).await.refuses(409, "join-request-declined");
    let mine = format!("{acme}/join-requests/mine");
    app.get(BOB, &mine).await.expect(200);
    app.wait(10_000);
    // The table has not dropped the request yet.
    app.get(BOB, &mine).await.refuses(404, "no-such-join-request");
    assert_eq!(app.get(BOB, "/v1/me/join-requests").await.items().len(), 0);
    assert_eq!(app.joinable(BOB).await, ["Acme"]);
    let again = app.create_join_request(BOB, &acme).await;
    app.approve(ADA, &again, json!({})).await.expect(200);
    check(&app).await;
}

#[tokio::test]
async fn accepting_an_invitation_ends_the_join_request() {
    let (app, acme) = TestApp::with_approved_domain().await;
    let request = app.create_join_request(BOB, &acme).await;
    app.create_invitation(ADA, &acme, BOB.email, "admin").await;
    // A pending invitation blocks the approval: accept or revoke it first.
    app.approve(ADA, &request, json!({})).await.refuses(409, "already-invited");
    app.accept(BOB, &acme).await.expect(200);
    app.approve(ADA, &request, json!({})).await.refuses(404, "no-such-join-request");
    assert_eq!(app.role_of(&acme, BOB).await.as_deref(), Some("admin"));
    let last = app.history(&acme).await.pop().unwrap();
    assert_eq!(last["old"], json!({ "join_request": "pending" }));
    check(&app).await;
}

/// INV2. Request and approval need no body.
#[tokio::test]
async fn expired_invitation_does_not_block_an_approval() {
    let (app, acme) = TestApp::with_approved_domain().await;
    app.create_invitation(ADA, &acme, BOB.email, "admin").await;
    app.wait(8 * DAY);
    let requests = format!("{acme}/join-requests");
    let request = app.send(Some(BOB), "POST", &requests, None).await.expect(201).id();
    let approve = format!("{requests}/{request}/approve");
    let member = app.send(Some(ADA), "POST", &approve, None).await.expect(200);
    assert_eq!(member.body["role_id"], "user");
    check(&app).await;
}

#[tokio::test]
async fn removed_domain_blocks_requests_and_approvals() {
    let (app, acme) = TestApp::with_approved_domain().await;
    let (bobs, cys) =
        (app.create_join_request(BOB, &acme).await, app.create_join_request(CY, &acme).await);
    app.delete(ADA, &format!("{acme}/domains/example.com")).await.expect(204);
    app.request_to_join(EVE, &acme).await.refuses(404, "no-such-organization");
    app.approve(ADA, &bobs, json!({})).await.refuses(409, "domain-not-approved");
    // Earlier requests can still be declined and cancelled.
    app.decline(ADA, &bobs).await.expect(204);
    app.cancel_join_request(CY, &acme).await.expect(204);
    app.approve(ADA, &cys, json!({})).await.refuses(404, "no-such-join-request");
    check(&app).await;
}

/// U5: byte for byte, for every reason.
#[tokio::test]
async fn organization_is_hidden_from_those_who_cannot_request() {
    let (app, open) = TestApp::with_approved_domain().await;
    let closed = app.create_organization(ADA, "Closed").await;
    let none = app.request_to_join(BOB, NOWHERE).await.refuses(404, "no-such-organization");
    for (caller, org) in [
        (BOB, &closed),
        (identity("zoe", "zoe@example.org"), &open),
        (Identity { verified: "false", ..BOB }, &open),
        (Identity { email: "bob@@example.com", ..BOB }, &open),
        (OPERATOR, &open),
    ] {
        let answer = app.request_to_join(caller, org).await;
        assert_eq!(answer.anonymous(), none.anonymous(), "{caller:?}");
    }
}

/// Keycloak CVE-2025-1391; better-auth GHSA-phx7-w8x2-3xgf; Logto CVE-2026-15611.
#[tokio::test]
async fn domain_of_an_address_must_match_exactly() {
    let (app, acme) = TestApp::with_approved_domain().await;
    let others = "x@sub.example.com x@evilexample.com x@example.com.evil x@example.com. \
                  x@example.org x@xn--example-.com example.com@evil.example \
                  x@example\u{ff0e}com x@ex\u{430}mple.com";
    for email in others.split(' ') {
        let eve = Identity { email, ..EVE };
        assert_eq!(app.request_to_join(eve, &acme).await.status, 404, "{email}");
        let answer = app.get(eve, "/v1/me/joinable-organizations").await;
        assert_eq!(answer.items().len(), 0, "{email}");
    }
    // Case and white space do not matter. A request makes no member.
    app.request_to_join(Identity { email: " Eve@EXAMPLE.com ", ..EVE }, &acme).await.expect(201);
    app.get(EVE, &acme).await.refuses(404, "no-such-organization");
}

/// Keycloak GHSA-j9xq-j329-2xvg.
#[tokio::test]
async fn join_request_belongs_to_the_sub_and_not_the_address() {
    let (app, acme) = TestApp::with_approved_domain().await;
    app.create_join_request(BOB, &acme).await;
    let other = Identity { sub: "other", ..BOB };
    app.cancel_join_request(other, &acme).await.refuses(404, "no-such-join-request");
    let moved = Identity { email: "robert@example.com", ..BOB };
    app.request_to_join(moved, &acme).await.refuses(409, "join-request-pending");
    // Both accounts with the address may request. Only one of them can become a member.
    let second = app.create_join_request(other, &acme).await;
    app.approve(ADA, &second, json!({})).await.expect(200);
    let listed = app.get(ADA, &format!("{acme}/join-requests")).await;
    let first = format!("{acme}/join-requests/{}", each(listed.items(), "id")[0]);
    app.approve(ADA, &first, json!({})).await.refuses(409, "already-member");
    app.decline(ADA, &first).await.expect(204);
    check(&app).await;
}

#[tokio::test]
async fn join_request_is_unknown_in_another_organization() {
    let (app, acme) = TestApp::with_approved_domain().await;
    let globex = app.create_organization_with_domain(ADA, "Globex").await;
    let request = app.create_join_request(BOB, &acme).await;
    let foreign = format!("{globex}/join-requests/{}", id(&request));
    app.approve(ADA, &foreign, json!({})).await.refuses(404, "no-such-join-request");
    app.decline(ADA, &foreign).await.refuses(404, "no-such-join-request");
    app.decline(ADA, &request).await.expect(204);
}

#[tokio::test]
async fn organization_has_at_most_200_open_join_requests() {
    let (app, acme) = TestApp::with_approved_domain().await;
    let mut requests = Vec::new();
    for n in 0..200 {
        requests.push(app.create_join_request(nth_user(n), &acme).await);
    }
    // A decision or a cancellation makes room for one request.
    for (n, next) in [BOB, CY, DEE].into_iter().enumerate() {
        let full = app.request_to_join(next, &acme).await.refuses(429, "join-request-limit");
        assert_eq!(full.body["limit"], 200);
        match n {
            0 => app.decline(ADA, &requests[0]).await.expect(204),
            1 => app.cancel_join_request(nth_user(1), &acme).await.expect(204),
            _ => app.approve(ADA, &requests[2], json!({})).await.expect(200),
        };
        app.create_join_request(next, &acme).await;
    }
    let open = app.list_all(ADA, &format!("{acme}/join-requests?limit=30")).await;
    assert_eq!(open.len(), 200);
    assert!(each(&open, "created_at").is_sorted(), "oldest first");
    check(&app).await;
}

#[tokio::test]
async fn comment_is_at_most_500_visible_characters() {
    let (app, acme) = TestApp::with_approved_domain().await;
    let path = format!("{acme}/join-requests");
    for comment in ["x".repeat(501), "a\u{202e}b".to_owned()] {
        let answer = app.post(BOB, &path, json!({ "comment": comment })).await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), "/comment");
    }
    app.post(BOB, &path, json!({ "comment": "é".repeat(500) })).await.expect(201);
}
