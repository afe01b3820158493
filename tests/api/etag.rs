//! `ETag`, `If-Match` and `If-None-Match` (RFC 9110) of every single resource.

use serde_json::{Value, json};

use crate::{
    fault_layer::Layer,
    helpers::{DEE, operator_path},
    invariants::check,
    test_app::{ADA, Answer, BOB, CY, Identity, OPERATOR, TestApp, ample},
};

impl TestApp {
    async fn tag(&self, caller: Identity, path: &str) -> String {
        self.get(caller, path).await.expect(200).tag()
    }

    /// Sends a change with `If-Match`.
    async fn if_match(&self, change: &Change, tag: &str) -> Answer {
        let Change { caller, method, path, body, .. } = change;
        self.send_with(Some(*caller), method, path, body.clone(), &[("if-match", tag)]).await
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
    let (app, layer) = TestApp::with_fault_layer(ample()).await;
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

/// A request that accepts `If-Match`.
struct Change {
    caller: Identity,
    method: &'static str,
    path: String,
    body: Option<Value>,
    /// Requests by BOB that change the same resource.
    interfering: Vec<(&'static str, String, Value)>,
}

impl Fixture {
    fn changes(&self) -> Vec<Change> {
        let Self { acme, role, invitation, .. } = self;
        let cy = format!("{acme}/members/@cy");
        let rename = |path: &str| ("PATCH", path.to_owned(), json!({ "name": "Renamed" }));
        let contact = ("PATCH", acme.clone(), json!({ "contact": "Bob" }));
        let assign = ("PATCH", cy.clone(), json!({ "role_id": "partner_user" }));
        let resend = ("POST", format!("{invitation}/resend"), json!({}));
        let website = json!({ "website": "https://acme.example" });
        let mdf_program = json!({ "mdf_program": true });
        let user = json!({ "role_id": "user" });
        let description = json!({ "description": "Come and go" });
        let operated = operator_path(acme);
        [
            (ADA, "PATCH", acme, Some(website), vec![rename(acme), contact]),
            (OPERATOR, "PATCH", &operated, Some(mdf_program), vec![rename(acme)]),
            (ADA, "PATCH", &cy, Some(user), vec![assign.clone()]),
            (ADA, "PATCH", role, Some(description), vec![rename(role)]),
            (ADA, "DELETE", &cy, None, vec![assign]),
            (ADA, "PATCH", invitation, Some(json!({ "expires_in_days": 3 })), vec![resend.clone()]),
            (ADA, "DELETE", invitation, None, vec![resend]),
            (ADA, "DELETE", role, None, vec![rename(role)]),
        ]
        .map(|(caller, method, path, body, interfering)| {
            let path = path.clone();
            Change { caller, method, path, body, interfering }
        })
        .into()
    }
}

/// The `nth` change of a new fixture, and the tag of its resource. The role is unused if it is to be deleted.
async fn prepared_change(nth: usize) -> (Fixture, Change, String) {
    let fixture = fixture().await;
    let change = fixture.changes().remove(nth);
    if (change.method, &change.path) == ("DELETE", &fixture.role) {
        fixture.app.remove(ADA, &fixture.acme, CY).await.expect(204);
        fixture.app.delete(ADA, &fixture.invitation).await.expect(204);
    }
    let tag = fixture.app.tag(change.caller, &change.path).await;
    (fixture, change, tag)
}

#[tokio::test]
async fn etag_stays_until_the_resource_changes() {
    let fixture = fixture().await;
    let Fixture { app, acme, .. } = &fixture;
    for Change { caller, path, body, .. } in fixture.changes() {
        let first = app.tag(caller, &path).await;
        assert_eq!(app.tag(caller, &path).await, first, "{path}");
        if let Some(body) = body {
            let changed = app.patch(caller, &path, body).await.expect(200);
            assert_ne!(changed.tag(), first, "{path}");
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

/// A missing resource stays 404, and a missing permission 403, whatever `If-Match` says.
#[tokio::test]
async fn if_match_reveals_nothing_to_callers_without_access() {
    let Fixture { app, acme, .. } = &fixture().await;
    for (caller, member, status) in [(DEE, "cy", 404), (CY, "bob", 403), (ADA, "nobody", 404)] {
        let (path, body) =
            (format!("{acme}/members/@{member}"), Some(json!({ "role_id": "user" })));
        let change = Change { caller, method: "PATCH", path, body, interfering: vec![] };
        for tag in ["*", r#""x""#] {
            app.if_match(&change, tag).await.expect(status);
        }
    }
}

/// The write repeats the comparison. A change by another caller between read and write gives 412.
#[tokio::test]
async fn change_between_read_and_write_fails_if_match() {
    for nth in 0..7 {
        let (alone, change, tag) = prepared_change(nth).await;
        alone.layer.plan(|_| None);
        let done = alone.app.if_match(&change, &tag).await;
        assert!(done.status.is_success(), "{} {}: {done}", change.method, change.path);
        let reads = alone.layer.clear_faults() - 1;
        for other in 0..change.interfering.len() {
            let (fixture, mut change, tag) = prepared_change(nth).await;
            let Fixture { app, layer, .. } = &fixture;
            let (method, path, body) = change.interfering.swap_remove(other);
            layer.plan(|_| None);
            // The other request runs completely before the write.
            let order = [vec![0; reads], vec![1; 4], vec![0; 4]].concat();
            let interfering = app.send(Some(BOB), method, &path, Some(body));
            let mine = app.if_match(&change, &tag);
            let (mine, interfering, calls) = layer.interleave(&order, mine, interfering).await;
            layer.clear_faults();
            assert!(interfering.status.is_success(), "{method} {path}: {interfering}");
            assert_eq!(mine.status, 412, "{} {}: {mine}\n{calls:?}", change.method, change.path);
            check(app).await;
        }
    }
}
