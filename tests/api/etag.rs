//! `ETag`, `If-Match` and `If-None-Match` (RFC 9110), on every resource by itself.

use serde_json::{Value, json};
use shared::http::Limits;

use crate::{
    fault_layer::Layer,
    helpers::{DEE, operators},
    invariants::check,
    test_app::{ADA, Answer, BOB, CY, Identity, OPERATOR, TestApp},
};

impl TestApp {
    async fn tag(&self, who: Identity, path: &str) -> String {
        self.get(who, path).await.expect(200).tag()
    }

    /// Asks for a change of what has this tag.
    async fn if_match(
        &self,
        who: Identity,
        method: &str,
        path: &str,
        body: Option<Value>,
        tag: &str,
    ) -> Answer {
        self.send_with(Some(who), method, path, body, &[("if-match", tag)]).await
    }
}

impl Answer {
    #[track_caller]
    fn tag(&self) -> String {
        let tag = self.headers.get("etag").unwrap_or_else(|| panic!("no tag: {self}"));
        tag.to_str().unwrap().to_owned()
    }
}

/// A partner's sub-organization with one of everything.
struct Scene {
    world: TestApp,
    layer: Layer,
    _engine: TestApp,
    acme: String,
    role: String,
    invitation: String,
}

async fn scene() -> Scene {
    let engine = TestApp::new().await;
    let (layer, client) = Layer::under(&engine.client);
    let world = TestApp::over(client, None, Limits::default()).await;
    let root = world.partner(ADA, "Root").await;
    world.switch(&root, json!({ "manage_sub_organizations": true })).await;
    let acme = world.below(ADA, &root, "Acme").await;
    let role = world.role(ADA, &acme, "Guests", json!({})).await;
    world.bring(ADA, &acme, BOB, "admin").await;
    world.bring(ADA, &acme, CY, &role).await;
    let invitation = world.invited(BOB, &acme, DEE.email, &role).await;
    let role = format!("{acme}/roles/{role}");
    Scene { world, layer, _engine: engine, acme, role, invitation }
}

/// What can be changed: by whom, where, how.
fn changes(scene: &Scene) -> Vec<(Identity, &'static str, String, Option<Value>)> {
    let Scene { acme, role, invitation, .. } = scene;
    vec![
        (ADA, "PATCH", acme.clone(), Some(json!({ "website": "https://acme.example" }))),
        (OPERATOR, "PATCH", operators(acme), Some(json!({ "mdf_program": true }))),
        (ADA, "PATCH", format!("{acme}/members/@cy"), Some(json!({ "role_id": "user" }))),
        (ADA, "PATCH", role.clone(), Some(json!({ "description": "Come and go" }))),
        (ADA, "DELETE", format!("{acme}/members/@cy"), None),
        (ADA, "DELETE", invitation.clone(), None),
        (ADA, "DELETE", role.clone(), None),
    ]
}

#[tokio::test]
async fn what_is_shown_by_itself_has_a_tag_that_stays_until_it_changes() {
    let scene = scene().await;
    let Scene { world, acme, .. } = &scene;
    for (who, method, path, body) in changes(&scene) {
        let first = world.get(who, &path).await.expect(200);
        assert_eq!(world.get(who, &path).await.tag(), first.tag(), "{path}");
        if method == "PATCH" {
            let changed = world.patch(who, &path, body.unwrap()).await.expect(200);
            assert_ne!(changed.tag(), first.tag(), "{path}");
            let shown = world.get(who, &path).await.expect(200);
            assert_eq!((shown.tag(), shown.text), (changed.tag(), changed.text), "{path}");
        }
    }
    let event = &world.history(acme).await[0]["id"];
    world.tag(ADA, &format!("{acme}/events/{}", event.as_str().unwrap())).await;
    world.tag(DEE, &format!("{}/mine", scene.invitation)).await;
    world.tag(ADA, &format!("{acme}/roles/admin")).await;
    for list in ["members", "roles", "invitations", "events", "permissions"] {
        let shown = world.get(ADA, &format!("{acme}/{list}")).await.expect(200);
        assert!(!shown.headers.contains_key("etag"), "{list}");
    }
}

#[tokio::test]
async fn whoever_has_not_seen_what_is_there_changes_nothing() {
    for nth in 0..7 {
        let scene = scene().await;
        let Scene { world, .. } = &scene;
        let (who, method, path, body) = changes(&scene).remove(nth);
        if (method, &path) == ("DELETE", &scene.role) {
            world.remove(ADA, &scene.acme, CY).await.expect(204);
            world.delete(ADA, &scene.invitation).await.expect(204);
        }
        let before = world.get(who, &path).await.expect(200);
        let tag = before.tag();
        for stale in [r#""x""#, &format!("W/{tag}"), r#""a", "b""#, &format!("\"x{}", &tag[1..])] {
            let refused = world.if_match(who, method, &path, body.clone(), stale).await;
            let refused = refused.refuses(412, "precondition-failed");
            assert!(refused.body["detail"].as_str().unwrap().contains("Read it again"));
        }
        for unreadable in ["x", "", "\"x", "*, *"] {
            let refused = world.if_match(who, method, &path, body.clone(), unreadable).await;
            refused.refuses(400, "unreadable-request");
        }
        assert_eq!(world.get(who, &path).await.text, before.text);
        let seen = [tag.clone(), "*".to_owned(), format!("\"x\", {tag} ,W/\"y\"")];
        let done = world.if_match(who, method, &path, body, &seen[nth % 3]).await;
        assert!(done.status.is_success(), "{method} {path}: {done}");
        check(world).await;
    }
}

/// What is not there is not there, whatever the client has seen of it; and who may not is not told.
#[tokio::test]
async fn a_tag_tells_nothing_to_whom_the_resource_is_not_shown() {
    let scene = scene().await;
    let Scene { world, acme, .. } = &scene;
    let body = || Some(json!({ "role_id": "user" }));
    for (who, path, status) in [
        (DEE, format!("{acme}/members/@cy"), 404),
        (CY, format!("{acme}/members/@bob"), 403),
        (ADA, format!("{acme}/members/@nobody"), 404),
    ] {
        for tag in ["*", r#""x""#] {
            world.if_match(who, "PATCH", &path, body(), tag).await.expect(status);
        }
    }
}

/// The comparison holds at the moment of the write: whatever the representation shows, and somebody
/// changes between the two, fails it.
#[tokio::test]
async fn what_changes_between_the_look_and_the_write_fails_the_precondition() {
    type Meanwhile = (Identity, &'static str, String, Value);
    let meanwhile = |scene: &Scene, nth: usize| -> Vec<Meanwhile> {
        let Scene { acme, role, invitation, .. } = scene;
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
    // The change, ready to be made.
    let ready = async |nth: usize| {
        let scene = scene().await;
        let (who, method, path, body) = changes(&scene).remove(nth);
        if (method, &path) == ("DELETE", &scene.role) {
            scene.world.remove(ADA, &scene.acme, CY).await.expect(204);
            scene.world.delete(ADA, &scene.invitation).await.expect(204);
        }
        let tag = scene.world.tag(who, &path).await;
        scene.layer.plan(|_| None);
        (scene, who, method, path, body, tag)
    };
    for nth in 0..7 {
        let (alone, who, method, path, body, tag) = ready(nth).await;
        let done = alone.world.if_match(who, method, &path, body, &tag).await;
        assert!(done.status.is_success(), "{method} {path}: {done}");
        let reads = alone.layer.calm() - 1;
        for other in 0..meanwhile(&alone, nth).len() {
            let (scene, who, method, path, body, tag) = ready(nth).await;
            let Scene { world, layer, .. } = &scene;
            let (by, how, place, change) = meanwhile(&scene, nth).remove(other);
            let mine = world.if_match(who, method, &path, body.clone(), &tag);
            // Everything up to the write, then the other's whole request.
            let order = [vec![0; reads], vec![1; 4], vec![0; 4]].concat();
            let theirs = world.send(Some(by), how, &place, Some(change.clone()));
            let (mine, theirs, calls) = layer.interleave(&order, mine, theirs).await;
            layer.calm();
            let told = format!("{method} {path}, meanwhile {how} {place} {change}: {calls:?}");
            assert!(theirs.status.is_success(), "{told}: {theirs}");
            assert_eq!(mine.status, 412, "{told}: {mine}");
            check(world).await;
        }
    }
}

#[tokio::test]
async fn what_a_client_has_already_is_not_sent_again() {
    let scene = scene().await;
    let Scene { world, acme, .. } = &scene;
    let path = format!("{acme}/members/@cy");
    let shown = world.get(ADA, &path).await.expect(200);
    let ask = async |tag: &str| {
        world.send_with(Some(ADA), "GET", &path, None, &[("if-none-match", tag)]).await
    };
    let tag = shown.tag();
    for known in [tag.clone(), format!("W/{tag}"), "*".to_owned(), format!("\"x\", {tag}")] {
        let spared = ask(&known).await.expect(304);
        assert_eq!((spared.text.as_str(), spared.tag()), ("", tag.clone()));
        assert_eq!(spared.headers["cache-control"], "no-store");
    }
    for other in ["\"x\"", "nonsense"] {
        assert_eq!(ask(other).await.expect(200).text, shown.text);
    }
    world.send_with(Some(CY), "GET", &path, None, &[("if-none-match", "*")]).await.expect(403);
}
