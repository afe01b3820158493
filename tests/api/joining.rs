//! `…/domains`, `…/join-requests` and `/v1/me/joinable-organizations` (ORG2)

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    helpers::{DEE, each, id, someone, user_manager},
    invariants::check,
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, who},
};

const NOWHERE: &str = "/v1/organizations/org_01JD7Z0000000000000000000A";

impl TestApp {
    /// An organization of `who`'s, whose people may ask to join who have an address like theirs.
    pub async fn open(&self, who: Identity, name: &str) -> String {
        let org = self.found(who, name).await;
        self.approve_domain(who, &org, "example.com").await.expect(200);
        org
    }

    pub async fn approve_domain(&self, who: Identity, org: &str, domain: &str) -> Answer {
        self.send(Some(who), "PUT", &format!("{org}/domains/{domain}"), None).await
    }

    pub async fn ask(&self, who: Identity, org: &str) -> Answer {
        self.post(who, &format!("{org}/join-requests"), json!({})).await
    }

    /// `who` asks to join; answers the path of their request.
    pub async fn asked(&self, who: Identity, org: &str) -> String {
        format!("{org}/join-requests/{}", self.ask(who, org).await.expect(201).id())
    }

    async fn take_back(&self, who: Identity, org: &str) -> Answer {
        self.delete(who, &format!("{org}/join-requests/mine")).await
    }

    pub async fn approve(&self, who: Identity, request: &str, body: Value) -> Answer {
        self.post(who, &format!("{request}/approve"), body).await
    }

    pub async fn decline(&self, who: Identity, request: &str) -> Answer {
        self.post(who, &format!("{request}/decline"), json!({})).await
    }

    async fn joinable(&self, who: Identity) -> Vec<String> {
        let found = self.walk(who, "/v1/me/joinable-organizations?limit=1").await;
        each(&found, "name").into_iter().map(ToOwned::to_owned).collect()
    }
}

#[tokio::test]
async fn an_organization_approves_the_domain_of_its_own_people() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let added = world.approve_domain(ADA, &acme, "Example.COM").await;
    assert_snapshot!(added, @r#"
    200 OK
    {
      "added_at": "2026-11-21T12:00:01Z",
      "added_by": "ada",
      "domain": "example.com"
    }
    "#);
    let again = world.approve_domain(ADA, &acme, "example.com").await.expect(200);
    assert_eq!(again.body, added.body);
    let listed = world.get(ADA, &format!("{acme}/domains")).await.expect(200);
    assert_eq!(listed.items(), [added.body]);
    world.delete(ADA, &format!("{acme}/domains/example.com")).await.expect(204);
    let gone = world.delete(ADA, &format!("{acme}/domains/example.com")).await;
    gone.refuses(404, "no-such-domain");
    assert_eq!(
        world.actions(&acme).await,
        ["organization.created", "approved_domain.added", "approved_domain.removed"]
    );
    check(&world).await;
}

#[tokio::test]
async fn nobody_approves_a_domain_that_is_not_theirs_alone() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for domain in ["example.org", "sub.example.com", "example.com.", "com", "%40", "xn--a.com"] {
        world.approve_domain(ADA, &acme, domain).await.refuses(403, "domain-not-own");
    }
    let gus = who("gus", "gus@gmail.com");
    world.bring(ADA, &acme, gus, "admin").await;
    world.approve_domain(gus, &acme, "gmail.com").await.refuses(409, "public-email-domain");
    let unverified = Identity { verified: "false", ..ADA };
    let answer = world.approve_domain(unverified, &acme, "example.com").await;
    answer.refuses(403, "email-not-verified");
    world.bring(ADA, &acme, BOB, "user").await;
    world.approve_domain(BOB, &acme, "example.com").await.refuses(403, "missing-permission");
    world.approve_domain(EVE, &acme, "example.com").await.refuses(404, "no-such-organization");
    world
        .approve_domain(OPERATOR, &acme, "platform.example")
        .await
        .refuses(403, "operator-read-only");
    assert_eq!(world.get(BOB, &format!("{acme}/domains")).await.expect(200).items().len(), 0);
}

#[tokio::test]
async fn an_organization_has_at_most_20_approved_domains() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let at = |n: usize| Identity { email: format!("ada@d{n:02}.example").leak(), ..ADA };
    for n in 0..20 {
        world.approve_domain(at(n), &acme, &format!("d{n:02}.example")).await.expect(200);
    }
    let more = world.approve_domain(ADA, &acme, "example.com").await;
    assert_eq!(more.refuses(409, "approved-domain-limit").body["limit"], 20);
    world.delete(ADA, &format!("{acme}/domains/d07.example")).await.expect(204);
    world.approve_domain(ADA, &acme, "example.com").await.expect(200);
    assert_eq!(world.walk(ADA, &format!("{acme}/domains?limit=7")).await.len(), 20);
    check(&world).await;
}

#[tokio::test]
async fn i_find_the_organizations_that_i_may_ask_to_join() {
    let world = TestApp::new().await;
    for name in ["Acme", "Globex", "Initech", "Umbrella"] {
        let org = world.open(ADA, name).await;
        match name {
            "Globex" => drop(world.bring(ADA, &org, BOB, "user").await),
            "Initech" => drop(world.asked(BOB, &org).await),
            "Umbrella" => {
                let request = world.asked(BOB, &org).await;
                world.decline(ADA, &request).await.expect(204);
            }
            _ => {}
        }
    }
    world.found(ADA, "Closed").await;
    assert_eq!(world.joinable(BOB).await, ["Acme"]);
    assert_eq!(world.joinable(CY).await, ["Acme", "Globex", "Initech", "Umbrella"]);
    assert_eq!(world.joinable(who("zoe", "zoe@sub.example.com")).await, [""; 0]);
    let unverified = Identity { verified: "false", ..BOB };
    let answer = world.get(unverified, "/v1/me/joinable-organizations").await;
    answer.refuses(403, "email-not-verified");
    assert_snapshot!(world.get(BOB, "/v1/me/joinable-organizations").await, @r#"
    200 OK
    {
      "items": [
        {
          "id": "org_…",
          "name": "Acme"
        }
      ],
      "next_cursor": null
    }
    "#);
}

#[tokio::test]
async fn whoever_has_such_an_address_asks_and_a_manager_lets_them_in() {
    let world = TestApp::new().await;
    let acme = world.open(ADA, "Acme").await;
    let wish = json!({ "comment": "  I work on  the \n roof " });
    let asked = world.post(BOB, &format!("{acme}/join-requests"), wish).await;
    assert_snapshot!(asked, @r#"
    201 Created
    {
      "comment": "I work on the\nroof",
      "created_at": "2026-11-21T12:00:02Z",
      "email": "bob@example.com",
      "id": "req_…",
      "name": null,
      "organization_id": "org_…",
      "status": "pending",
      "user_id": "bob"
    }
    "#);
    assert_eq!(asked.headers["location"], format!("{acme}/join-requests/mine"));
    let listed = world.get(ADA, &format!("{acme}/join-requests")).await.expect(200);
    assert_eq!(listed.items(), std::slice::from_ref(&asked.body));
    let approved =
        world.approve(ADA, &format!("{acme}/join-requests/{}", asked.id()), json!({})).await;
    assert_snapshot!(approved, @r#"
    200 OK
    {
      "email": "bob@example.com",
      "id": "mem_…",
      "identity_provider_role": "user",
      "joined_at": "2026-11-21T12:00:04Z",
      "name": null,
      "organization_id": "org_…",
      "role_id": "user",
      "role_name": "User",
      "source": "join_request",
      "status": "active",
      "user_id": "bob"
    }
    "#);
    assert_eq!(world.role_of(&acme, BOB).await.as_deref(), Some("user"));
    assert_eq!(world.get(ADA, &format!("{acme}/join-requests")).await.items().len(), 0);
    assert_eq!(
        world.actions(&acme).await[2..],
        ["join_request.created", "join_request.approved", "member.added"]
    );
    check(&world).await;
}

#[tokio::test]
async fn a_request_is_approved_with_any_role_that_one_may_grant() {
    let world = TestApp::new().await;
    let acme = world.open(ADA, "Acme").await;
    let manager = world.role(ADA, &acme, "Manager", user_manager()).await;
    world.bring(ADA, &acme, DEE, &manager).await;
    let (bobs, cys) = (world.asked(BOB, &acme).await, world.asked(CY, &acme).await);
    world
        .approve(DEE, &bobs, json!({ "role_id": "admin" }))
        .await
        .refuses(403, "exceeds-own-permissions");
    let none = json!({ "role_id": "role_01JD7Z0000000000000000000A" });
    world.approve(DEE, &bobs, none).await.refuses(404, "no-such-role");
    let top = json!({ "role_id": "super_admin" });
    world.approve(ADA, &bobs, top).await.refuses(422, "super-admin-not-assignable");
    let member = world.approve(DEE, &bobs, json!({ "role_id": manager })).await.expect(200);
    assert_eq!(member.body["role_name"], "Manager");
    world.approve(ADA, &cys, json!({ "role_id": "admin" })).await.expect(200);
    check(&world).await;
}

/// ROLE9, ROLE5: approving is granting.
#[tokio::test]
async fn a_request_makes_an_mdf_admin_only_by_the_super_admin_and_inside_the_programme() {
    let world = TestApp::new().await;
    let acme = world.partner(ADA, "Acme").await;
    world.approve_domain(ADA, &acme, "example.com").await.expect(200);
    world.bring(ADA, &acme, DEE, "admin").await;
    let bobs = world.asked(BOB, &acme).await;
    let mdf = || json!({ "role_id": "mdf_admin" });
    world.approve(DEE, &bobs, mdf()).await.refuses(403, "super-admin-required");
    world.approve(ADA, &bobs, mdf()).await.refuses(409, "mdf-program-required");
    world.switch(&acme, json!({ "mdf_program": true })).await;
    world.approve(ADA, &bobs, mdf()).await.expect(200);
    check(&world).await;
}

/// A comment and a role are optional, and so is the body that would hold them.
#[tokio::test]
async fn asking_and_approving_take_no_body() {
    let world = TestApp::new().await;
    let acme = world.open(ADA, "Acme").await;
    let requests = format!("{acme}/join-requests");
    let asked = world.send(Some(BOB), "POST", &requests, None).await.expect(201);
    let approve = format!("{requests}/{}/approve", asked.id());
    let member = world.send(Some(ADA), "POST", &approve, None).await.expect(200);
    assert_eq!(member.body["role_id"], "user");
}

#[tokio::test]
async fn one_asks_once_and_may_take_it_back() {
    let world = TestApp::new().await;
    let acme = world.open(ADA, "Acme").await;
    let first = world.asked(BOB, &acme).await;
    let again = world.ask(BOB, &acme).await.refuses(409, "join-request-pending");
    assert_eq!(again.body["join_request_id"], id(&first));
    world.take_back(BOB, &acme).await.expect(204);
    world.take_back(BOB, &acme).await.refuses(404, "no-such-join-request");
    world.approve(ADA, &first, json!({})).await.refuses(404, "no-such-join-request");
    let second = world.asked(BOB, &acme).await;
    assert_ne!(first, second);
    // The old link is not the new request's, though both are at one place.
    world.decline(ADA, &first).await.refuses(404, "no-such-join-request");
    world.approve(ADA, &second, json!({})).await.expect(200);
    check(&world).await;
}

#[tokio::test]
async fn a_declined_person_asks_no_more_until_they_accept_an_invitation() {
    let world = TestApp::new().await;
    let acme = world.open(ADA, "Acme").await;
    let request = world.asked(BOB, &acme).await;
    world.decline(ADA, &request).await.expect(204);
    world.decline(ADA, &request).await.refuses(404, "no-such-join-request");
    world.approve(ADA, &request, json!({})).await.refuses(404, "no-such-join-request");
    world.ask(BOB, &acme).await.refuses(409, "join-request-declined");
    world.take_back(BOB, &acme).await.refuses(404, "no-such-join-request");
    assert_eq!(world.joinable(BOB).await, [""; 0]);
    assert_eq!(world.get(ADA, &format!("{acme}/join-requests")).await.items().len(), 0);

    let invitation = world.invited(ADA, &acme, BOB.email, "user").await;
    let invited = world.ask(BOB, &acme).await.refuses(409, "caller-already-invited");
    assert_eq!(invited.body["invitation_id"], id(&invitation));
    world.accept(BOB, &acme).await.expect(200);
    world.ask(BOB, &acme).await.refuses(409, "caller-already-member");
    check(&world).await;
    // Whoever was in may ask to come back.
    world.remove(ADA, &acme, BOB).await.expect(204);
    world.asked(BOB, &acme).await;
    check(&world).await;
}

#[tokio::test]
async fn whoever_accepts_an_invitation_has_nothing_open_any_more() {
    let world = TestApp::new().await;
    let acme = world.open(ADA, "Acme").await;
    let request = world.asked(BOB, &acme).await;
    world.invited(ADA, &acme, BOB.email, "admin").await;
    // Nobody has two ways in at once: the invitation is to be accepted, or revoked.
    world.approve(ADA, &request, json!({})).await.refuses(409, "already-invited");
    world.accept(BOB, &acme).await.expect(200);
    world.approve(ADA, &request, json!({})).await.refuses(404, "no-such-join-request");
    assert_eq!(world.role_of(&acme, BOB).await.as_deref(), Some("admin"));
    let last = world.history(&acme).await.pop().unwrap();
    assert_eq!(last["old"], json!({ "join_request": "pending" }));
    check(&world).await;
}

/// INV2
#[tokio::test]
async fn an_invitation_that_has_expired_is_in_nobodys_way() {
    let world = TestApp::new().await;
    let acme = world.open(ADA, "Acme").await;
    world.invited(ADA, &acme, BOB.email, "admin").await;
    world.wait(8 * DAY);
    let request = world.asked(BOB, &acme).await;
    world.approve(ADA, &request, json!({})).await.expect(200);
    assert_eq!(world.role_of(&acme, BOB).await.as_deref(), Some("user"));
    check(&world).await;
}

#[tokio::test]
async fn a_domain_that_is_removed_lets_nobody_ask_and_nobody_in() {
    let world = TestApp::new().await;
    let acme = world.open(ADA, "Acme").await;
    let (bobs, cys) = (world.asked(BOB, &acme).await, world.asked(CY, &acme).await);
    world.delete(ADA, &format!("{acme}/domains/example.com")).await.expect(204);
    world.ask(EVE, &acme).await.refuses(404, "no-such-organization");
    world.approve(ADA, &bobs, json!({})).await.refuses(409, "domain-not-approved");
    // What was asked before can still be declined, and taken back.
    world.decline(ADA, &bobs).await.expect(204);
    world.take_back(CY, &acme).await.expect(204);
    world.approve(ADA, &cys, json!({})).await.refuses(404, "no-such-join-request");
    check(&world).await;
}

/// U5: byte for byte, whatever the reason.
#[tokio::test]
async fn to_whoever_may_not_ask_there_is_no_such_organization() {
    let world = TestApp::new().await;
    let (open, closed) = (world.open(ADA, "Open").await, world.found(ADA, "Closed").await);
    let elsewhere = who("zoe", "zoe@example.org");
    let unverified = Identity { verified: "false", ..BOB };
    let bogus = Identity { email: "bob@@example.com", ..BOB };
    let none = world.ask(BOB, NOWHERE).await.refuses(404, "no-such-organization").anonymous();
    for (who, org) in
        [(BOB, &closed), (elsewhere, &open), (unverified, &open), (bogus, &open), (OPERATOR, &open)]
    {
        assert_eq!(world.ask(who, org).await.anonymous(), none, "{who:?}");
    }
    let nothing = world.take_back(BOB, NOWHERE).await.anonymous();
    for org in [&open, &closed] {
        assert_eq!(world.take_back(BOB, org).await.anonymous(), nothing);
    }
}

/// 40: Keycloak CVE-2025-1391; better-auth GHSA-phx7-w8x2-3xgf; Logto CVE-2026-15611.
#[tokio::test]
async fn an_address_is_in_a_domain_only_if_its_domain_is_that_one_letter_by_letter() {
    let world = TestApp::new().await;
    let acme = world.open(ADA, "Acme").await;
    for email in [
        "x@sub.example.com",
        "x@evilexample.com",
        "x@example.com.evil",
        "x@example.com.",
        "x@example.org",
        "x@xn--example-.com",
        "example.com@evil.example",
        "x@example\u{ff0e}com",
        "x@ex\u{430}mple.com",
    ] {
        let eve = Identity { email, ..EVE };
        assert_eq!(world.ask(eve, &acme).await.status, 404, "{email}");
        let answer = world.get(eve, "/v1/me/joinable-organizations").await;
        assert_eq!(answer.items().len(), 0, "{email}");
    }
    // However it is written, it is the same; and even then it is a request, never a membership.
    world.ask(Identity { email: " Eve@EXAMPLE.com ", ..EVE }, &acme).await.expect(201);
    world.get(EVE, &acme).await.refuses(404, "no-such-organization");
    assert_eq!(world.get(EVE, "/v1/me").await.body["user_type"], "personal");
}

/// Keycloak GHSA-j9xq-j329-2xvg: a person is their `sub`. Whoever has somebody's address later has
/// neither their request nor their refusal.
#[tokio::test]
async fn a_request_is_its_persons_and_not_its_addresss() {
    let world = TestApp::new().await;
    let acme = world.open(ADA, "Acme").await;
    world.asked(BOB, &acme).await;
    let other = Identity { sub: "other", ..BOB };
    world.take_back(other, &acme).await.refuses(404, "no-such-join-request");
    let moved = Identity { email: "robert@example.com", ..BOB };
    world.ask(moved, &acme).await.refuses(409, "join-request-pending");
    // Both may ask; of two with one address, one gets in.
    let second = world.asked(other, &acme).await;
    world.approve(ADA, &second, json!({})).await.expect(200);
    let listed = world.get(ADA, &format!("{acme}/join-requests")).await;
    let first = format!("{acme}/join-requests/{}", each(listed.items(), "id")[0]);
    world.approve(ADA, &first, json!({})).await.refuses(409, "already-member");
    world.decline(ADA, &first).await.expect(204);
    check(&world).await;
}

#[tokio::test]
async fn a_request_of_another_organization_is_none_here() {
    let world = TestApp::new().await;
    let (acme, globex) = (world.open(ADA, "Acme").await, world.open(ADA, "Globex").await);
    let request = world.asked(BOB, &acme).await;
    let there = format!("{globex}/join-requests/{}", id(&request));
    world.approve(ADA, &there, json!({})).await.refuses(404, "no-such-join-request");
    world.decline(ADA, &there).await.refuses(404, "no-such-join-request");
    world.approve(EVE, &request, json!({})).await.refuses(404, "no-such-organization");
    let open = world.get(OPERATOR, &format!("{acme}/join-requests")).await.expect(200);
    assert_eq!(open.items().len(), 1);
    world.decline(OPERATOR, &request).await.refuses(403, "operator-read-only");
}

#[tokio::test]
async fn an_organization_has_at_most_200_open_requests() {
    let world = TestApp::new().await;
    let acme = world.open(ADA, "Acme").await;
    let mut requests = Vec::new();
    for n in 0..200 {
        requests.push(world.asked(someone(n), &acme).await);
    }
    let full = world.ask(BOB, &acme).await.refuses(429, "join-request-limit");
    assert_eq!(full.body["limit"], 200);
    world.decline(ADA, &requests[0]).await.expect(204);
    world.asked(BOB, &acme).await;
    world.ask(CY, &acme).await.refuses(429, "join-request-limit");
    world.take_back(someone(1), &acme).await.expect(204);
    world.asked(CY, &acme).await;
    world.ask(DEE, &acme).await.refuses(429, "join-request-limit");
    world.approve(ADA, &requests[2], json!({})).await.expect(200);
    world.asked(DEE, &acme).await;
    let open = world.walk(ADA, &format!("{acme}/join-requests?limit=30")).await;
    assert_eq!(open.len(), 200);
    assert!(each(&open, "created_at").is_sorted(), "oldest first");
    check(&world).await;
}

#[tokio::test]
async fn a_comment_is_a_short_text() {
    let world = TestApp::new().await;
    let acme = world.open(ADA, "Acme").await;
    let path = format!("{acme}/join-requests");
    for comment in ["x".repeat(501), "a\u{202e}b".to_owned()] {
        let answer = world.post(BOB, &path, json!({ "comment": comment })).await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), "/comment");
    }
    world.post(BOB, &path, json!({ "comment": "é".repeat(500) })).await.expect(201);
}

#[tokio::test]
async fn asking_and_deciding_have_one_effect_under_a_key() {
    let world = TestApp::new().await;
    let acme = world.open(ADA, "Acme").await;
    let keyed = async |who: Identity, path: &str| {
        let headers = [("idempotency-key", "k")];
        world.send_with(Some(who), "POST", path, Some(json!({})), &headers).await
    };
    let path = format!("{acme}/join-requests");
    let first = keyed(BOB, &path).await.expect(201);
    let key = [("idempotency-key", "k")];
    let other = Some(json!({ "comment": "Hello" }));
    let other = world.send_with(Some(BOB), "POST", &path, other, &key).await;
    other.refuses(422, "idempotency-key-reused");
    let approve = format!("{path}/{}/approve", first.id());
    let member = keyed(ADA, &approve).await.expect(200);
    assert_eq!(keyed(BOB, &path).await.expect(201).text, first.text);
    assert_eq!(keyed(ADA, &approve).await.expect(200).text, member.text);
    let decline = format!("{}/decline", world.asked(CY, &acme).await);
    keyed(ADA, &decline).await.expect(204);
    let before = world.actions(&acme).await;
    keyed(ADA, &decline).await.expect(204);
    assert_eq!(world.actions(&acme).await, before);
}
