//! `Idempotency-Key` on every POST.

use serde_json::{Value, json};

use crate::{
    helpers::{nth_user, user_manager},
    invariants::scan,
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp},
};

/// Sends a POST with an `Idempotency-Key`.
async fn keyed(app: &TestApp, caller: Identity, path: &str, key: &str, body: Value) -> Answer {
    let headers = [("idempotency-key", key)];
    app.send_with(Some(caller), "POST", path, Some(body), &headers).await
}

#[tokio::test]
async fn repeated_key_returns_the_first_response_and_changes_nothing() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    app.add_member(ADA, &acme, BOB, "admin").await;
    let branch = app.create_empty_sub_organization(&acme, "Branch").await;
    let pending = app.create_invitation(ADA, &acme, "old@example.com", "user").await;
    let for_cy = app.create_invitation(ADA, &acme, CY.email, "user").await;
    let for_eve = app.create_invitation(ADA, &acme, EVE.email, "user").await;
    let approved = app.create_join_request(nth_user(1), &acme).await;
    let declined = app.create_join_request(nth_user(2), &acme).await;
    let organizations = |prefix: &str| format!("/v1{prefix}/organizations");
    let first_admin = json!({ "name": "B", "first_admin_email": "b@example.com" });
    let offer = json!({ "email": "new@example.com", "role_id": "user" });
    let service = json!({ "user_id": "client|sync", "name": "Sync", "role_id": "user" });
    for (caller, path, body) in [
        (ADA, organizations(""), json!({ "name": "A" })),
        (OPERATOR, organizations("/operator"), first_admin),
        (ADA, format!("{acme}/invitations"), offer),
        (ADA, format!("{pending}/resend"), json!({})),
        (CY, format!("{for_cy}/accept"), json!({})),
        (EVE, format!("{for_eve}/decline"), json!({})),
        (nth_user(3), format!("{acme}/join-requests"), json!({ "comment": "Hello" })),
        (ADA, format!("{approved}/approve"), json!({})),
        (ADA, format!("{declined}/decline"), json!({})),
        (ADA, format!("{acme}/roles"), json!({ "name": "Night shift" })),
        (ADA, format!("{acme}/service-members"), service),
        (ADA, format!("{acme}/sub-organizations"), json!({ "name": "Branch 2" })),
        (BOB, format!("{branch}/join"), json!({})),
        (ADA, format!("{acme}/transfer"), json!({ "member_id": "@bob" })),
        (ADA, format!("{acme}/leave"), json!({})),
    ] {
        let first = keyed(&app, caller, &path, "k", body.clone()).await;
        assert!(first.status.is_success(), "{path}: {first}");
        let before = scan(&app).await.len();
        for _ in 0..2 {
            let again = keyed(&app, caller, &path, "k", body.clone()).await;
            assert_eq!((again.status, &again.text), (first.status, &first.text));
            for header in ["location", "content-type"] {
                assert_eq!(again.headers.get(header), first.headers.get(header), "{path}");
            }
        }
        assert_eq!(scan(&app).await.len(), before, "{path}");
    }
}

#[tokio::test]
async fn repeated_key_returns_the_first_response_after_later_changes() {
    let (app, acme) = TestApp::with_acme().await;
    let accept = format!("{}/accept", app.create_invitation(ADA, &acme, BOB.email, "user").await);
    let first = keyed(&app, BOB, &accept, "k", json!({})).await.expect(200);
    app.change_role(ADA, &acme, BOB, "admin").await.expect(200);
    let again = keyed(&app, BOB, &accept, "k", json!({})).await.expect(200);
    assert_eq!(first.text, again.text);
    // Without the key, the response shows the present role.
    let today = app.post(BOB, &accept, json!({})).await.expect(200);
    assert_eq!(today.body["role_id"], "admin");
    // This holds after the caller has lost access, too.
    let path = format!("{acme}/invitations");
    let offer = json!({ "email": CY.email, "role_id": "user" });
    let first = keyed(&app, BOB, &path, "k", offer.clone()).await.expect(201);
    app.remove(ADA, &acme, BOB).await.expect(204);
    let again = keyed(&app, BOB, &path, "k", offer.clone()).await.expect(201);
    assert_eq!(first.text, again.text);
    keyed(&app, BOB, &path, "l", offer).await.refuses(404, "no-such-organization");
}

#[tokio::test]
async fn key_with_another_body_is_refused() {
    let (app, acme) = TestApp::with_acme().await;
    let roles = format!("{acme}/roles");
    keyed(&app, ADA, &roles, "k", json!({ "name": "Night" })).await.expect(201);
    for body in [json!({ "name": "Day" }), json!({ "name": "night" }), json!({ "nmae": "Night" })] {
        let other = keyed(&app, ADA, &roles, "k", body).await;
        other.refuses(422, "idempotency-key-reused");
    }
    let listed = app.get(ADA, &roles).await;
    assert_eq!(listed.items().len(), 4);

    let accept = format!("{}/accept", app.create_invitation(ADA, &acme, BOB.email, "user").await);
    keyed(&app, BOB, &accept, "k", json!({})).await.expect(200);
    let headers = [("idempotency-key", "k")];
    let bare = app.send_with(Some(BOB), "POST", &accept, None, &headers).await;
    bare.refuses(422, "idempotency-key-reused");
}

#[tokio::test]
async fn key_is_bound_to_caller_and_route() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let globex = app.create_organization(ADA, "Globex").await;
    let roles = format!("{acme}/roles");
    let night = json!({ "name": "Night" });
    let first = keyed(&app, ADA, &roles, "k", night.clone()).await.expect(201);
    // Another caller gets no stored response.
    let other = keyed(&app, BOB, &roles, "k", night.clone()).await;
    other.refuses(409, "role-name-taken");
    keyed(&app, BOB, &roles, "k", json!({ "name": "Day" })).await.expect(201);
    // Another route is another request.
    for path in [format!("{globex}/roles"), "/v1/organizations".to_owned()] {
        let elsewhere = keyed(&app, ADA, &path, "k", night.clone()).await.expect(201);
        assert_ne!(elsewhere.id(), first.id());
    }
}

#[tokio::test]
async fn key_is_1_to_64_visible_characters_sent_once() {
    let app = TestApp::new().await;
    let create = async |keys: &[&str]| {
        let headers: Vec<_> = keys.iter().map(|key| ("idempotency-key", *key)).collect();
        let body = Some(json!({ "name": "Acme" }));
        app.send_with(Some(ADA), "POST", "/v1/organizations", body, &headers).await
    };
    let (longest, long) = ("k".repeat(64), "k".repeat(65));
    for keys in [&[""], &[" "], &["a b"], &["a\tb"], &["ü"], &[&*long], &["a", "a"][..]] {
        let answer = create(keys).await;
        assert_eq!(answer.problem(), "bad-idempotency-key", "{keys:?}: {answer}");
        assert_eq!(answer.body["limit"], 64);
    }
    for key in ["k", "!#$%&'*+-.^_`|~(){}", &longest] {
        create(&[key]).await.expect(201);
    }
    // Other methods ignore the header.
    let key = [("idempotency-key", "")];
    app.send_with(Some(ADA), "GET", "/v1/me", None, &key).await.expect(200);
}

#[tokio::test]
async fn key_is_forgotten_after_24_hours() {
    let app = TestApp::new().await;
    let at = app.now();
    let create = async |name: &str| {
        let body = json!({ "name": name });
        keyed(&app, ADA, "/v1/organizations", "k", body).await.expect(201).id()
    };
    let first = create("Acme").await;
    app.wait(at + DAY - 1 - app.now());
    assert_eq!(create("Acme").await, first);
    app.wait(at + DAY - app.now());
    let second = create("Acme").await;
    assert_ne!(second, first);
    // The second request is stored in its turn, for another 24 hours.
    assert_eq!(create("Acme").await, second);
    app.wait(DAY);
    create("Globex").await;
}

/// A refusal is not stored, because nothing was done.
#[tokio::test]
async fn refused_request_can_be_repeated_with_its_key() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "user").await;
    let path = format!("{acme}/invitations");
    let offer = json!({ "email": CY.email, "role_id": "user" });
    keyed(&app, BOB, &path, "k", offer.clone()).await.refuses(403, "missing-permission");
    let role = app.create_role(ADA, &acme, "User manager", user_manager()).await;
    app.change_role(ADA, &acme, BOB, &role).await.expect(200);
    let first = keyed(&app, BOB, &path, "k", offer.clone()).await.expect(201);
    let again = keyed(&app, BOB, &path, "k", offer.clone()).await.expect(201);
    assert_eq!(first.text, again.text);
    // A refused key accepts another body.
    keyed(&app, BOB, &path, "l", offer).await.refuses(409, "already-invited");
    let other = json!({ "email": EVE.email, "role_id": "user" });
    keyed(&app, BOB, &path, "l", other).await.expect(201);
}
