//! `Idempotency-Key` on every POST.

use serde_json::{Value, json};

use crate::{
    helpers::{nth_user, user_manager},
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp},
};

/// Sends a POST with an `Idempotency-Key`.
async fn keyed(app: &TestApp, caller: Identity, path: &str, key: &str, body: Value) -> Answer {
    let headers = [("idempotency-key", key)];
    app.send_with(Some(caller), "POST", path, Some(body), &headers).await
}

#[tokio::test]
async fn repeated_key_returns_the_first_response_and_changes_nothing() {
    let app = TestApp::new().await;
    let founded = json!({ "name": "Acme" });
    let first = keyed(&app, ADA, "/v1/organizations", "k", founded.clone()).await.expect(201);
    let again = keyed(&app, ADA, "/v1/organizations", "k", founded).await;
    let same = |one: &Answer, other: &Answer| {
        assert_eq!((one.status, &one.text), (other.status, &other.text));
        assert_eq!(one.headers.get("location"), other.headers.get("location"));
        assert_eq!(one.headers.get("content-type"), other.headers.get("content-type"));
    };
    same(&first, &again);
    let acme = format!("/v1/organizations/{}", first.id());
    app.update_settings(&acme, json!({ "manage_sub_organizations": true })).await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let branch = app.create_empty_sub_organization(&acme, "Branch").await;
    let pending = app.create_invitation(ADA, &acme, "old@example.com", "user").await;
    let mine = app.create_invitation(ADA, &acme, CY.email, "user").await;
    let for_eve = app.create_invitation(ADA, &acme, EVE.email, "user").await;
    let first_admin = json!({ "name": "B", "first_admin_email": "b@example.com" });
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    let requests = format!("{acme}/join-requests");
    let [approved, declined] = [nth_user(1), nth_user(2)];
    let approved = app.create_join_request(approved, &acme).await;
    let declined = app.create_join_request(declined, &acme).await;
    for (caller, path, body) in [
        (
            ADA,
            format!("{acme}/invitations"),
            json!({ "email": "new@example.com", "role_id": "user" }),
        ),
        (ADA, format!("{pending}/resend"), json!({})),
        (CY, format!("{mine}/accept"), json!({})),
        (EVE, format!("{for_eve}/decline"), json!({})),
        (nth_user(3), requests, json!({ "comment": "Hello" })),
        (ADA, format!("{approved}/approve"), json!({})),
        (ADA, format!("{declined}/decline"), json!({})),
        (ADA, format!("{acme}/roles"), json!({ "name": "Night shift" })),
        (ADA, format!("{acme}/sub-organizations"), json!({ "name": "Branch 2" })),
        (BOB, format!("{branch}/join"), json!({})),
        (OPERATOR, "/v1/operator/organizations".to_owned(), first_admin),
        (ADA, format!("{acme}/transfer"), json!({ "member_id": "@bob" })),
        (ADA, format!("{acme}/leave"), json!({})),
    ] {
        let first = keyed(&app, caller, &path, "k", body.clone()).await;
        assert!(first.status.is_success(), "{path}: {first}");
        let before = (app.actions(&acme).await, app.actions(&branch).await);
        for _ in 0..2 {
            let again = keyed(&app, caller, &path, "k", body.clone()).await;
            same(&first, &again);
        }
        assert_eq!((app.actions(&acme).await, app.actions(&branch).await), before, "{path}");
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
    let night = json!({ "name": "Night" });
    let first = keyed(&app, ADA, &format!("{acme}/roles"), "k", night.clone()).await.expect(201);
    // Another caller gets no stored response.
    let other = keyed(&app, BOB, &format!("{acme}/roles"), "k", night.clone()).await;
    other.refuses(409, "role-name-taken");
    let day = keyed(&app, BOB, &format!("{acme}/roles"), "k", json!({ "name": "Day" })).await;
    day.expect(201);
    // Another route is another request.
    let elsewhere =
        keyed(&app, ADA, &format!("{globex}/roles"), "k", night.clone()).await.expect(201);
    assert_ne!(elsewhere.id(), first.id());
    keyed(&app, ADA, "/v1/organizations", "k", night).await.expect(201);
}

#[tokio::test]
async fn key_is_1_to_64_visible_characters_sent_once() {
    let app = TestApp::new().await;
    let long = "k".repeat(65);
    let body = json!({ "name": "Acme" });
    for key in ["", " ", "a b", "a\tb", "ü", &long] {
        let answer = keyed(&app, ADA, "/v1/organizations", key, body.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (400, "bad-idempotency-key"),
            "{key:?}"
        );
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "a")];
    let answer =
        app.send_with(Some(ADA), "POST", "/v1/organizations", Some(body.clone()), &twice).await;
    answer.refuses(400, "bad-idempotency-key");
    for key in ["k", "!#$%&'*+-.^_`|~(){}", &"k".repeat(64)] {
        keyed(&app, ADA, "/v1/organizations", key, body.clone()).await.expect(201);
    }
    // Other methods ignore the header.
    let key = [("idempotency-key", "")];
    app.send_with(Some(ADA), "GET", "/v1/me", None, &key).await.expect(200);
}

#[tokio::test]
async fn key_is_forgotten_after_24_hours() {
    let app = TestApp::new().await;
    let body = json!({ "name": "Acme" });
    let at = app.now();
    let first = keyed(&app, ADA, "/v1/organizations", "k", body.clone()).await.expect(201);
    app.wait(at + DAY - 1 - app.now());
    let again = keyed(&app, ADA, "/v1/organizations", "k", body.clone()).await.expect(201);
    assert_eq!(first.text, again.text);
    app.wait(at + DAY - app.now());
    let new = keyed(&app, ADA, "/v1/organizations", "k", body.clone()).await.expect(201);
    assert_ne!(first.id(), new.id());
    // The second request is stored in its turn, for another 24 hours.
    let again = keyed(&app, ADA, "/v1/organizations", "k", body).await.expect(201);
    assert_eq!(new.id(), again.id());
    app.wait(DAY);
    let other = keyed(&app, ADA, "/v1/organizations", "k", json!({ "name": "Globex" })).await;
    other.expect(201);
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
