//! `ETag`, `If-Match` and `If-None-Match` (RFC 9110) of every single resource.

use serde_json::{Value, json};
use shared::http::Limits;

use crate::{
    fault_layer::Layer,
    helpers::{DEE, operator_path},
    invariants::check,
    test_app::{ADA, Answer, BOB, CY, Identity, OPERATOR, TestApp},
};

impl TestApp {
    async fn tag(&self, caller: Identity, path: &str) -> String {
        self.get(caller, path).await.expect(200).tag()
    }

    /// Sends a request with `If-Match`.
    async fn if_match(
        &self,
        caller: Identity,
        method: &str,
        path: &str,
        body: Option<Value>,
        tag: &str,
    ) -> Answer {
        self.send_with(Some(caller), method, path, body, &[("if-match", tag)]).await
    }
}

impl Answer {
    #[track_caller]
    fn tag(&self) -> String {
        let tag = self.headers.get("etag").unwrap_or_else(|| panic!("no tag: {self}"));
        tag.to_str().unwrap().to_owned()
    }
}

/// A partner's sub-organization with a role, a member and an invitation.
struct Fixture {
    app: TestApp,
    layer: Layer,
    acme: String,
    role: String,
    invitation: String,
}

async fn fixture() -> Fixture {
    let (app, layer) = TestApp::with_fault_layer(Limits::default()).await;
    let root = app.create_partner(ADA, "Root").await;
    app.update_settings(&root, json!({ "manage_sub_organizations": true })).await;
    let acme = app.create_sub_organization(ADA, &root, "Acme").await;
    let role = app.create_role(ADA, &acme, "Guests", json!({})).await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.add_member(ADA, &acme, CY, &role).await;
    let invitation = app.create_invitation(BOB, &acme, DEE.email, &role).await;
    let role = format!("{acme}/roles/{role}");
    Fixture { app, layer, acme, role, invitation }
}

/// The requests that accept `If-Match`.
fn changes(fixture: &Fixture) -> Vec<(Identity, &'static str, String, Option<Value>)> {
    let Fixture { acme, role, invitation, .. } = fixture;
    vec![
        (ADA, "PATCH", acme.clone(), Some(json!({ "website": "https://acme.example" }))),
        (OPERATOR, "PATCH", operator_path(acme), Some(json!({ "mdf_program": true }))),
        (ADA, "PATCH", format!("{acme}/members/@cy"), Some(json!({ "role_id": "user" }))),
        (ADA, "PATCH", role.clone(), Some(json!({ "description": "Come and go" }))),
        (ADA, "DELETE", format!("{acme}/members/@cy"), None),
        (ADA, "DELETE", invitation.clone(), None),
        (ADA, "DELETE", role.clone(), None),
    ]
}

#[tokio::test]
async fn etag_stays_until_the_resource_changes() {
    let fixture = fixture().await;
    let Fixture { app, acme, .. } = &fixture;
    for (caller, method, path, body) in changes(&fixture) {
        let first = app.get(caller, &path).await.expect(200);
        assert_eq!(app.get(caller, &path).await.tag(), first.tag(), "{path}");
        if method == "PATCH" {
            let changed = app.patch(caller, &path, body.unwrap()).await.expect(200);
            assert_ne!(changed.tag(), first.tag(), "{path}");
            let shown = app.get(caller, &path).await.expect(200);
            assert_eq!((shown.tag(), shown.text), (changed.tag(), changed.text), "{path}");
        }
    }
    let event = &app.history(acme).await[0]["id"];
    app.tag(ADA, &format!("{acme}/events/{}", event.as_str().unwrap())).await;
    app.tag(DEE, &format!("{}/mine", fixture.invitation)).await;
    app.tag(ADA, &format!("{acme}/roles/admin")).await;
    for list in ["members", "roles", "invitations", "events", "permissions"] {
        let shown = app.get(ADA, &format!("{acme}/{list}")).await.expect(200);
        assert!(!shown.headers.contains_key("etag"), "{list}");
    }
}

#[tokio::test]
async fn stale_if_match_changes_nothing() {
    for nth in 0..7 {
        let fixture = fixture().await;
        let Fixture { app, .. } = &fixture;
        let (caller, method, path, body) = changes(&fixture).remove(nth);
        if (method, &path) == ("DELETE", &fixture.role) {
            app.remove(ADA, &fixture.acme, CY).await.expect(204);
            app.delete(ADA, &fixture.invitation).await.expect(204);
        }
        let before = app.get(caller, &path).await.expect(200);
        let tag = before.tag();
        for stale in [r#""x""#, &format!("W/{tag}"), r#""a", "b""#, &format!("\"x{}", &tag[1..])] {
            let refused = app.if_match(caller, method, &path, body.clone(), stale).await;
            let refused = refused.refuses(412, "precondition-failed");
            assert!(refused.body["detail"].as_str().unwrap().contains("Read it again"));
        }
        for unreadable in ["x", "", "\"x", "*, *"] {
            let refused = app.if_match(caller, method, &path, body.clone(), unreadable).await;
            refused.refuses(400, "unreadable-request");
        }
        assert_eq!(app.get(caller, &path).await.text, before.text);
        let seen = [tag.clone(), "*".to_owned(), format!("\"x\", {tag} ,W/\"y\"")];
        let done = app.if_match(caller, method, &path, body, &seen[nth % 3]).await;
        assert!(done.status.is_success(), "{method} {path}: {done}");
        check(app).await;
    }
}

/// A missing resource stays 404, and a missing permission 403, whatever `If-Match` says.
#[tokio::test]
async fn if_match_reveals_nothing_to_callers_without_access() {
    let fixture = fixture().await;
    let Fixture { app, acme, .. } = &fixture;
    let body = || Some(json!({ "role_id": "user" }));
    for (caller, path, status) in [
        (DEE, format!("{acme}/members/@cy"), 404),
        (CY, format!("{acme}/members/@bob"), 403),
        (ADA, format!("{acme}/members/@nobody"), 404),
    ] {
        for tag in ["*", r#""x""#] {
            app.if_match(caller, "PATCH", &path, body(), tag).await.expect(status);
        }
    }
}

/// The write repeats the comparison. A change by another caller between read and write gives 412.
#[tokio::test]
async fn change_between_read_and_write_fails_if_match() {
    type Change = (Identity, &'static str, String, Value);
    let interfering = |fixture: &Fixture, nth: usize| -> Vec<Change> {
        let Fixture { acme, role, invitation, .. } = fixture;
        let named = || json!({ "name": "Renamed" });
        match nth {
            0 => vec![
                (BOB, "PATCH", acme.clone(), named()),
                (BOB, "PATCH", acme.clone(), json!({ "contact": "Bob" })),
            ],
            1 => vec![(BOB, "PATCH", acme.clone(), named())],
            2 | 4 => {
                vec![(
                    BOB,
                    "PATCH",
                    format!("{acme}/members/@cy"),
                    json!({ "role_id": "partner_user" }),
                )]
            }
            5 => vec![(BOB, "POST", format!("{invitation}/resend"), json!({}))],
            _ => vec![(BOB, "PATCH", role.clone(), named())],
        }
    };
    let ready = async |nth: usize| {
        let fixture = fixture().await;
        let (caller, method, path, body) = changes(&fixture).remove(nth);
        if (method, &path) == ("DELETE", &fixture.role) {
            fixture.app.remove(ADA, &fixture.acme, CY).await.expect(204);
            fixture.app.delete(ADA, &fixture.invitation).await.expect(204);
        }
        let tag = fixture.app.tag(caller, &path).await;
        fixture.layer.plan(|_| None);
        (fixture, caller, method, path, body, tag)
    };
    for nth in 0..7 {
        let (alone, caller, method, path, body, tag) = ready(nth).await;
        let done = alone.app.if_match(caller, method, &path, body, &tag).await;
        assert!(done.status.is_success(), "{method} {path}: {done}");
        let reads = alone.layer.clear_faults() - 1;
        for other in 0..interfering(&alone, nth).len() {
            let (fixture, caller, method, path, body, tag) = ready(nth).await;
            let Fixture { app, layer, .. } = &fixture;
            let (by, how, other_path, change) = interfering(&fixture, nth).remove(other);
            let mine = app.if_match(caller, method, &path, body.clone(), &tag);
            // The other request runs completely before the write.
            let order = [vec![0; reads], vec![1; 4], vec![0; 4]].concat();
            let other_answer = app.send(Some(by), how, &other_path, Some(change.clone()));
            let (mine, other_answer, calls) = layer.interleave(&order, mine, other_answer).await;
            layer.clear_faults();
            let label =
                format!("{method} {path}, meanwhile {how} {other_path} {change}: {calls:?}");
            assert!(other_answer.status.is_success(), "{label}: {other_answer}");
            assert_eq!(mine.status, 412, "{label}: {mine}");
            check(app).await;
        }
    }
}

#[tokio::test]
async fn unchanged_resource_is_304_with_if_none_match() {
    let fixture = fixture().await;
    let Fixture { app, acme, .. } = &fixture;
    let path = format!("{acme}/members/@cy");
    let shown = app.get(ADA, &path).await.expect(200);
    let get_if_none_match = async |tag: &str| {
        app.send_with(Some(ADA), "GET", &path, None, &[("if-none-match", tag)]).await
    };
    let tag = shown.tag();
    for known in [tag.clone(), format!("W/{tag}"), "*".to_owned(), format!("\"x\", {tag}")] {
        let spared = get_if_none_match(&known).await.expect(304);
        assert_eq!((spared.text.as_str(), spared.tag()), ("", tag.clone()));
        assert_eq!(spared.headers["cache-control"], "no-store");
    }
    for other in ["\"x\"", "nonsense"] {
        assert_eq!(get_if_none_match(other).await.expect(200).text, shown.text);
    }
    app.send_with(Some(CY), "GET", &path, None, &[("if-none-match", "*")]).await.expect(403);
}
