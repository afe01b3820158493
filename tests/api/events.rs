//! `/v1/organizations/{org}/events` (ORG5).

use futures_util::future::join_all;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    helpers::{DEE, each, id, nth_user, operator_path, user_manager},
    test_app::{ADA, BOB, CY, DAY, OPERATOR, TestApp, mask},
};

/// The events of `org` after the first `before`, in short form.
async fn new_events(app: &TestApp, org: &str, before: usize) -> String {
    let line = |event: &Value| {
        let (actor, target) = (&event["actor"], &event["target"]);
        let by = actor["user_id"].as_str().unwrap_or("system");
        let by =
            if actor["operator"] == true { format!("{by} as operator") } else { by.to_owned() };
        let (kind, id) = (target["type"].as_str().unwrap(), target["id"].as_str().unwrap());
        let action = event["action"].as_str().unwrap();
        format!("{action} by {by}: {kind} {id}\n  - {}\n  + {}", event["old"], event["new"])
    };
    let history = app.history(org).await;
    mask(&history[before..].iter().map(line).collect::<Vec<_>>().join("\n"))
}

macro_rules! assert_new_events {
    ($app:expr, $org:expr, $act:expr, @$snapshot:literal) => {{
        let before = $app.history(&$org).await.len();
        let answer = $act.await;
        assert!(answer.status.is_success(), "{answer}");
        assert_snapshot!(new_events(&$app, &$org, before).await, @$snapshot);
    }};
}

#[tokio::test]
async fn event_has_actor_action_target_old_and_new_value() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "user").await;
    let path = format!("{acme}/members/@bob");
    let body = Some(json!({ "role_id": "admin" }));
    let named = [("x-request-id", "promote-bob")];
    app.send_with(Some(ADA), "PATCH", &path, body, &named).await.expect(200);
    let list = app.get(ADA, &format!("{acme}/events?limit=1")).await.expect(200);
    let newest = &list.items()[0];
    let one = app.get(ADA, &format!("{acme}/events/{}", newest["id"].as_str().unwrap())).await;
    assert_eq!(&one.body, newest);
    assert_snapshot!(one, @r#"
    200 OK
    {
      "action": "member.role_changed",
      "actor": {
        "email": "ada@example.com",
        "operator": false,
        "user_id": "ada"
      },
      "at": "2026-11-21T12:00:03Z",
      "id": "evt_…",
      "new": {
        "identity_provider_role": "admin",
        "role_id": "admin"
      },
      "old": {
        "identity_provider_role": "user",
        "role_id": "user"
      },
      "organization_id": "org_…",
      "request_id": "promote-bob",
      "target": {
        "id": "mem_…",
        "type": "member",
        "version": 1795262403000
      }
    }
    "#);
}

#[tokio::test]
async fn each_change_of_an_organization_is_one_event() {
    let (app, acme) = TestApp::with_acme().await;
    assert_snapshot!(new_events(&app, &acme, 0).await, @r#"
    organization.created by ada: organization org_…
      - null
      + {"kind":"standard","name":"Acme","parent_id":null,"super_admin_user_id":"ada"}
    "#);
    let profile = json!({ "name": "Acme Corp", "website": "https://acme.example" });
    assert_new_events!(app, acme, app.patch(ADA, &acme, profile), @r#"
    organization.updated by ada: organization org_…
      - {"name":"Acme","website":""}
      + {"name":"Acme Corp","website":"https://acme.example"}
    "#);
    // Unchanged fields are left out.
    let contact = json!({ "name": "Acme Corp", "contact": "Ada" });
    assert_new_events!(app, acme, app.patch(ADA, &acme, contact), @r#"
    organization.updated by ada: organization org_…
      - {"contact":""}
      + {"contact":"Ada"}
    "#);
    let switches = json!({ "kind": "partner", "manage_sub_organizations": true });
    assert_new_events!(app, acme, app.patch(OPERATOR, &operator_path(&acme), switches), @r#"
    settings.updated by op as operator: organization org_…
      - {"kind":"standard","manage_sub_organizations":false,"mdf_program":false}
      + {"kind":"partner","manage_sub_organizations":true,"mdf_program":false}
    "#);
    let branch = json!({ "name": "Branch" });
    assert_new_events!(app, acme, app.post(ADA, &format!("{acme}/sub-organizations"), branch), @r#"
    sub_organization.created by ada: organization org_…
      - null
      + {"name":"Branch"}
    "#);
    let list = app.get(ADA, &format!("{acme}/sub-organizations")).await;
    let branch = format!("/v1/organizations/{}", each(list.items(), "id")[0]);
    assert_snapshot!(new_events(&app, &branch, 0).await, @r#"
    organization.created by ada: organization org_…
      - null
      + {"kind":"partner","name":"Branch","parent_id":"org_…","super_admin_user_id":"ada"}
    "#);
}

#[tokio::test]
async fn each_change_of_an_invitation_is_one_event() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let path = format!("{acme}/invitations");
    let offer = json!({ "email": CY.email, "role_id": "user" });
    assert_new_events!(app, acme, app.post(ADA, &path, offer), @r#"
    invitation.created by ada: invitation inv_…
      - null
      + {"email":"cy@example.com","expires_at":"2026-11-28T12:00:04Z","expires_in_days":7,"role_id":"user"}
    "#);
    let list = app.get(ADA, &path).await;
    let one = format!("{path}/{}", each(list.items(), "id")[0]);
    assert_new_events!(app, acme, app.post(BOB, &format!("{one}/resend"), json!({})), @r#"
    invitation.resent by bob: invitation inv_…
      - {"expires_at":"2026-11-28T12:00:04Z","send_count":1}
      + {"expires_at":"2026-11-28T12:00:08Z","send_count":2}
    "#);
    assert_new_events!(app, acme, app.post(CY, &format!("{one}/accept"), json!({})), @r#"
    invitation.accepted by cy: invitation inv_…
      - null
      + {"email":"cy@example.com","identity_provider_role":"user","member_id":"mem_…","role_id":"user","user_id":"cy"}
    "#);
    let one = app.create_invitation(ADA, &acme, DEE.email, "user").await;
    assert_new_events!(app, acme, app.post(DEE, &format!("{one}/decline"), json!({})), @r#"
    invitation.declined by dee: invitation inv_…
      - {"email":"dee@example.com","expires_at":"2026-11-28T12:00:13Z","expires_in_days":7,"role_id":"user"}
      + null
    "#);
    let one = app.create_invitation(ADA, &acme, DEE.email, "user").await;
    assert_new_events!(app, acme, app.delete(BOB, &one), @r#"
    invitation.revoked by bob: invitation inv_…
      - {"email":"dee@example.com","expires_at":"2026-11-28T12:00:17Z","expires_in_days":7,"role_id":"user"}
      + null
    "#);
}

#[tokio::test]
async fn each_change_of_a_member_is_one_event() {
    let (app, acme) = TestApp::with_acme().await;
    for person in [BOB, CY, DEE] {
        app.add_member(ADA, &acme, person, "user").await;
    }
    let both = json!({ "user_management": "full_access", "role_management": "full_access" });
    let deputy = app.create_role(ADA, &acme, "Deputy", both).await;
    assert_new_events!(app, acme, app.change_role(ADA, &acme, BOB, &deputy), @r#"
    member.role_changed by ada: member mem_…
      - {"identity_provider_role":"user","role_id":"user"}
      + {"identity_provider_role":"admin","role_id":"role_…"}
    "#);
    assert_new_events!(app, acme, app.remove(BOB, &acme, CY), @r#"
    member.removed by bob: member mem_…
      - {"email":"cy@example.com","role_id":"user","user_id":"cy"}
      + null
    "#);
    assert_new_events!(app, acme, app.post(DEE, &format!("{acme}/leave"), json!({})), @r#"
    member.left by dee: member mem_…
      - {"email":"dee@example.com","role_id":"user","user_id":"dee"}
      + null
    "#);
    app.change_role(ADA, &acme, BOB, "admin").await.expect(200);
    assert_new_events!(app, acme, app.transfer(ADA, &acme, BOB), @r#"
    super_admin.transferred by ada: organization org_…
      - {"super_admin_user_id":"ada"}
      + {"super_admin_user_id":"bob"}
    "#);
}

#[tokio::test]
async fn each_change_of_a_role_is_one_event() {
    let (app, acme) = TestApp::with_acme().await;
    let roles = format!("{acme}/roles");
    let body = json!({ "name": "Night shift", "permissions": { "event_history": "view_only" } });
    assert_new_events!(app, acme, app.post(ADA, &roles, body), @r#"
    role.created by ada: role role_…
      - null
      + {"description":"","identity_provider_role":"user","name":"Night shift","permissions":{"channel_partner_portal_mdf":"none","channel_partner_portal_my_deal_management":"none","channel_partner_portal_organization_deal_management":"none","channel_partner_portal_organization_playbook":"view_only","critical_alert_users":"none","event_history":"view_only","license_management":"none","license_management_customer_organizations":"none","license_management_sub_organizations":"none","organization_general_information":"none","role_management":"none","role_management_sub_organizations":"none","security_management":"none","support_service":"view_only","support_service_customer_organizations":"none","user_management":"none","user_management_sub_organizations":"none"}}
    "#);
    let list = app.get(ADA, &roles).await;
    let role = format!("{roles}/{}", each(list.items(), "id")[3]);
    let change = json!({ "description": "Nights", "permissions": user_manager() });
    assert_new_events!(app, acme, app.patch(ADA, &role, change), @r#"
    role.updated by ada: role role_…
      - {"description":"","identity_provider_role":"user","name":"Night shift","permissions":{"user_management":"none"}}
      + {"description":"Nights","identity_provider_role":"user","name":"Night shift","permissions":{"user_management":"full_access"}}
    "#);
    assert_new_events!(app, acme, app.delete(ADA, &role), @r#"
    role.deleted by ada: role role_…
      - {"description":"Nights","identity_provider_role":"user","name":"Night shift","permissions":{"channel_partner_portal_mdf":"none","channel_partner_portal_my_deal_management":"none","channel_partner_portal_organization_deal_management":"none","channel_partner_portal_organization_playbook":"view_only","critical_alert_users":"none","event_history":"view_only","license_management":"none","license_management_customer_organizations":"none","license_management_sub_organizations":"none","organization_general_information":"none","role_management":"none","role_management_sub_organizations":"none","security_management":"none","support_service":"view_only","support_service_customer_organizations":"none","user_management":"full_access","user_management_sub_organizations":"none"}}
      + null
    "#);
}

/// SUB5, INV8
#[tokio::test]
async fn each_new_super_admin_is_one_event() {
    let (app, root) = TestApp::with_tree("Root").await;
    let branch = app.create_empty_sub_organization(&root, "Branch").await;
    assert_new_events!(app, branch, app.post(ADA, &format!("{branch}/join"), json!({})), @r#"
    super_admin.assigned by ada: organization org_…
      - null
      + {"email":"ada@example.com","identity_provider_role":"admin","member_id":"mem_…","role_id":"super_admin","source":"joined","super_admin_user_id":"ada","user_id":"ada"}
    "#);
    let body = json!({ "name": "Acme", "first_admin_email": BOB.email });
    let made = app.post(OPERATOR, "/v1/operator/organizations", body).await.expect(201);
    let acme = format!("/v1/organizations/{}", made.id());
    assert_new_events!(app, acme, app.accept(BOB, &acme), @r#"
    invitation.accepted by bob: invitation inv_…
      - null
      + {"email":"bob@example.com","identity_provider_role":"admin","member_id":"mem_…","role_id":"super_admin","user_id":"bob"}
    super_admin.assigned by bob: organization org_…
      - null
      + {"super_admin_user_id":"bob"}
    "#);
}

#[tokio::test]
async fn paging_through_the_history_is_stable_while_events_arrive() {
    let (app, acme) = TestApp::with_acme().await;
    for n in 0..30 {
        app.create_invitation(ADA, &acme, nth_user(n).email, "user").await;
    }
    let before = app.history(&acme).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(ADA, &format!("{acme}/events?limit=7{cursor}")).await.expect(200);
        seen.extend(page.items().iter().cloned());
        let name = json!({ "name": format!("Acme {}", seen.len()) });
        app.patch(ADA, &acme, name).await.expect(200);
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    seen.reverse();
    assert_eq!(seen, before);
}

#[tokio::test]
async fn event_is_shown_for_365_days_by_default() {
    let (app, acme) = TestApp::with_acme().await;
    let first = app.history(&acme).await[0]["id"].as_str().unwrap().to_owned();
    app.wait(364 * DAY);
    app.create_role(ADA, &acme, "Late", json!({})).await;
    app.get(ADA, &format!("{acme}/events/{first}")).await.expect(200);
    app.wait(DAY);
    let gone = app.get(ADA, &format!("{acme}/events/{first}")).await;
    gone.refuses(404, "no-such-event");
    assert_eq!(app.actions(&acme).await, ["role.created"]);
}

/// ORG5, U5
#[tokio::test]
async fn history_is_read_only_and_limited_to_its_organization() {
    let (app, acme) = TestApp::with_acme().await;
    let globex = app.create_organization(BOB, "Globex").await;
    let foreign_id = app.history(&globex).await[0]["id"].as_str().unwrap().to_owned();
    let own = app.history(&acme).await[0]["id"].as_str().unwrap().to_owned();
    for path in [format!("{acme}/events"), format!("{acme}/events/{own}")] {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let answer = app.send(Some(ADA), method, &path, Some(json!({}))).await;
            answer.refuses(405, "method-not-allowed");
        }
    }
    let foreign = app.get(ADA, &format!("{acme}/events/{foreign_id}")).await;
    foreign.refuses(404, "no-such-event");
    let all = app.history(&acme).await;
    assert!(all.iter().all(|event| event["organization_id"] == id(&acme)));
}

#[tokio::test]
async fn concurrent_changes_have_one_event_each() {
    let (app, acme) = TestApp::with_acme().await;
    let (app, acme) = (&app, &acme);
    let made = (0..20).map(async |n| {
        let body = json!({ "email": nth_user(n).email, "role_id": "user" });
        let named = format!("request-{n}");
        let path = format!("{acme}/invitations");
        let headers = [("x-request-id", named.as_str())];
        app.send_with(Some(ADA), "POST", &path, Some(body), &headers).await.expect(201)
    });
    join_all(made).await;
    let history = app.history(acme).await;
    let mut names = each(&history, "request_id");
    names.sort_unstable();
    names.dedup();
    assert_eq!((history.len(), names.len()), (21, 21));
}

/// The ids of the events that a filter shows, newest first.
async fn shown(app: &TestApp, org: &str, filter: &str) -> Vec<String> {
    let events = app.list_all(ADA, &format!("{org}/events?limit=2&{filter}")).await;
    each(&events, "id").into_iter().map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn history_is_filtered_by_time_actor_action_and_target() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.add_member(BOB, &acme, CY, "user").await;
    app.change_role(ADA, &acme, CY, "admin").await.expect(200);
    app.change_role(ADA, &acme, CY, "user").await.expect(200);
    app.remove(BOB, &acme, CY).await.expect(204);
    app.update_settings(&acme, json!({ "manage_sub_organizations": true })).await;
    let history = app.history(&acme).await;
    assert_eq!(history.len(), 9);
    let (third, sixth) = (history[2]["at"].as_str().unwrap(), history[5]["at"].as_str().unwrap());

    let is = |event: &Value, pointer: &str, value: &str| event.pointer(pointer).unwrap() == value;
    let by = |event: &Value, sub: &str| is(event, "/actor/user_id", sub);
    let of = |event: &Value, action: &str| is(event, "/action", action);
    let to = |event: &Value, id: &str| is(event, "/target/id", id);
    let since = |event: &Value| event["at"].as_str().unwrap() >= third;
    let until = |event: &Value| event["at"].as_str().unwrap() < sixth;
    let after_noon = |event: &Value| event["at"].as_str().unwrap() > "2026-11-21T12:00:00Z";
    let ids = |keep: &dyn Fn(&Value) -> bool| -> Vec<&str> {
        history.iter().rev().filter(|it| keep(it)).map(|it| it["id"].as_str().unwrap()).collect()
    };
    let (changed, removed) = ("member.role_changed", "member.removed");
    for (filter, expected) in [
        (String::new(), ids(&|_| true)),
        ("actor=bob".into(), ids(&|it| by(it, "bob"))),
        ("actor=unknown".into(), vec![]),
        ("target=cy".into(), ids(&|it| to(it, "cy"))),
        (format!("action={changed}"), ids(&|it| of(it, changed))),
        (
            format!("action={changed}&action={removed}&action={changed}"),
            ids(&|it| of(it, changed) || of(it, removed)),
        ),
        ("actor=ada&target=cy".into(), ids(&|it| by(it, "ada") && to(it, "cy"))),
        ("action=role.created".into(), vec![]),
        (format!("from={third}"), ids(&since)),
        (format!("to={sixth}"), ids(&until)),
        (format!("from={third}&to={sixth}"), ids(&|it| since(it) && until(it))),
        (
            format!("from={third}&to={sixth}&actor=bob&action=invitation.created"),
            ids(&|it| by(it, "bob") && of(it, "invitation.created") && since(it) && until(it)),
        ),
        ("to=2026-11-21T12:00:00Z".into(), vec![]),
        ("from=2027-01-01T00:00:00Z".into(), vec![]),
        (
            "from=2026-11-21T13%3A00%3A00.5%2B01%3A00&to=3000-01-01T00:00:00Z".into(),
            ids(&after_noon),
        ),
    ] {
        assert_eq!(shown(&app, &acme, &filter).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn malformed_filter_is_refused() {
    let (app, acme) = TestApp::with_acme().await;
    let (day, later) = ("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z");
    for (query, pointer) in [
        ("action=member.eaten".to_owned(), "/action/0"),
        ("action=".to_owned(), "/action/0"),
        ("from=yesterday".to_owned(), "/from"),
        ("to=2026-11-21".to_owned(), "/to"),
        ("from=1795262400".to_owned(), "/from"),
        (format!("from={later}&to={day}"), "/to"),
        (format!("from={day}&to={day}"), "/to"),
        ("actors=ada".to_owned(), "/actors"),
    ] {
        let answer = app.get(ADA, &format!("{acme}/events?{query}")).await;
        let answer = answer.refuses(422, "invalid-request");
        assert_eq!(answer.pointer(), pointer, "{query}: {answer}");
    }
    for twice in ["actor=a&actor=b", "from=2026-11-21T00:00:00Z&from=2026-11-21T00:00:00Z"] {
        let answer = app.get(ADA, &format!("{acme}/events?{twice}")).await;
        answer.refuses(400, "unreadable-request");
    }
    // A filter is a value and never part of an expression.
    for filter in ["actor=ada%27%20OR%201%3D1", "target=%23ttl", "actor=", "target=:now"] {
        assert_eq!(shown(&app, &acme, filter).await, [""; 0], "{filter}");
    }
}

#[tokio::test]
async fn each_change_of_domains_join_requests_alerts_and_security_is_one_event() {
    let (app, acme) = TestApp::with_acme().await;
    let domain = format!("{acme}/domains/example.com");
    assert_new_events!(app, acme, app.send(Some(ADA), "PUT", &domain, None), @r#"
    approved_domain.added by ada: approved_domain example.com
      - null
      + {"domain":"example.com"}
    "#);
    let requests = format!("{acme}/join-requests");
    let comment = json!({ "comment": "Hello" });
    assert_new_events!(app, acme, app.post(BOB, &requests, comment), @r#"
    join_request.created by bob: join_request req_…
      - null
      + {"comment":"Hello","email":"bob@example.com","name":null,"user_id":"bob"}
    "#);
    assert_new_events!(app, acme, app.delete(BOB, &format!("{requests}/mine")), @r#"
    join_request.cancelled by bob: join_request req_…
      - {"comment":"Hello","email":"bob@example.com","name":null,"user_id":"bob"}
      + null
    "#);
    let bobs = app.post(BOB, &requests, json!({})).await.expect(201).id();
    assert_new_events!(app, acme, app.post(ADA, &format!("{requests}/{bobs}/approve"), json!({})), @r#"
    join_request.approved by ada: join_request req_…
      - {"comment":"","email":"bob@example.com","name":null,"user_id":"bob"}
      + {"role_id":"user"}
    member.added by ada: member mem_…
      - null
      + {"email":"bob@example.com","identity_provider_role":"user","member_id":"mem_…","role_id":"user","source":"join_request","user_id":"bob"}
    "#);
    let cys = app.post(CY, &requests, json!({})).await.expect(201).id();
    assert_new_events!(app, acme, app.post(ADA, &format!("{requests}/{cys}/decline"), json!({})), @r#"
    join_request.declined by ada: join_request req_…
      - {"comment":"","email":"cy@example.com","name":null,"user_id":"cy"}
      + null
    "#);
    assert_new_events!(app, acme, app.delete(ADA, &domain), @r#"
    approved_domain.removed by ada: approved_domain example.com
      - {"domain":"example.com"}
      + null
    "#);
    let alerts = format!("{acme}/critical-alert-users");
    let ops = format!("{alerts}/@ops@example.com");
    assert_new_events!(app, acme, app.post(ADA, &alerts, json!({ "email": "ops@example.com" })), @r#"
    critical_alert_user.added by ada: critical_alert_user alert_…
      - null
      + {"email":"ops@example.com"}
    "#);
    assert_new_events!(app, acme, app.delete(ADA, &ops), @r#"
    critical_alert_user.removed by ada: critical_alert_user alert_…
      - {"email":"ops@example.com"}
      + null
    "#);
    let strict = json!({
        "require_mfa": false,
        "max_session_minutes": null,
        "allowed_networks": ["192.0.2.0/24"],
        "event_retention_days": 30,
    });
    assert_new_events!(app, acme, app.put(ADA, &format!("{acme}/security"), strict), @r#"
    security.updated by ada: organization org_…
      - {"allowed_networks":[],"event_retention_days":365,"max_session_minutes":null,"require_mfa":false}
      + {"allowed_networks":["192.0.2.0/24"],"event_retention_days":30,"max_session_minutes":null,"require_mfa":false}
    "#);
}
