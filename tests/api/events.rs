//! `/v1/organizations/{org}/events` (ORG5).

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    helpers::{DEE, each, id, nth_user, user_manager},
    test_app::{ADA, BOB, CY, DAY, EVE, NOON, TestApp, mask, member_id},
};

/// The events of `org` after the first `before`, in short form.
async fn new_events(app: &TestApp, org: &str, before: usize) -> String {
    let line = |event: &Value| {
        let text = |pointer: &str| event.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let operator = if event["actor"]["operator"] == true { " as operator" } else { "" };
        let by = ["/actor/name", "/actor/email"].into_iter();
        let by = { by }.find_map(|name| event.pointer(name)?.as_str()).unwrap();
        let target = [text("/target/type"), text("/target/id"), text("/target/name")];
        let head = format!("{} by {by}{operator}: {}", text("/action"), target.join(" "));
        format!("{head}\n  - {}\n  + {}", event["old"], event["new"])
    };
    let history = app.history(org).await;
    mask(&history[before..].iter().map(line).collect::<Vec<_>>().join("\n"))
}

#[tokio::test]
async fn event_has_the_ids_and_the_time_of_its_request() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "user").await;
    let path = format!("{acme}/members/@bob");
    let body = Some(json!({ "role_id": "admin" }));
    let named = [("x-request-id", "promote bob")];
    let changed = app.send_with(Some(ADA), "PATCH", &path, body, &named).await.expect(200);
    assert_eq!(changed.headers["x-request-id"], "promote bob");
    let list = app.get(ADA, &format!("{acme}/events?limit=1")).await.expect(200);
    let newest = &list.items()[0];
    let one = app.get(ADA, &format!("{acme}/events/{}", newest["id"].as_str().unwrap())).await;
    assert_eq!(&one.body, newest);
    let ids = json!([one.body["request_id"], one.body["client_request_id"]]);
    assert_eq!(ids, json!(["r1", "promote bob"]));
    let times = json!([one.body["at"], one.body["target"]["version"]]);
    assert_eq!(times, json!(["2026-11-21T12:00:03Z", NOON + 3_000]));
}

#[tokio::test]
async fn each_change_of_an_organization_is_one_event() {
    let (app, acme) = TestApp::with_acme().await;
    let profile = json!({ "name": "Acme Corp", "website": "https://acme.example" });
    app.patch(ADA, &acme, profile).await.expect(200);
    // Unchanged fields are left out.
    app.patch(ADA, &acme, json!({ "name": "Acme Corp", "contact": "Ada" })).await.expect(200);
    app.update_settings(&acme, json!({ "kind": "partner", "manage_sub_organizations": true }))
        .await;
    let branch = app.create_sub_organization(ADA, &acme, "Branch").await;
    assert_snapshot!(new_events(&app, &acme, 0).await, @r#"
    organization.created by ada@example.com: organization org_… Acme Corp
      - null
      + {"kind":"standard","name":"Acme","parent_id":null,"super_admin":{"email":"ada@example.com","id":"mem_…","name":null},"super_admin_id":"mem_…"}
    organization.updated by ada@example.com: organization org_… Acme Corp
      - {"name":"Acme","website":""}
      + {"name":"Acme Corp","website":"https://acme.example"}
    organization.updated by ada@example.com: organization org_… Acme Corp
      - {"contact":""}
      + {"contact":"Ada"}
    settings.updated by Platform operator as operator: organization org_… Acme Corp
      - {"kind":"standard","manage_sub_organizations":false,"mdf_program":false}
      + {"kind":"partner","manage_sub_organizations":true,"mdf_program":false}
    sub_organization.created by ada@example.com: organization org_… Branch
      - null
      + {"name":"Branch"}
    "#);
    assert_snapshot!(new_events(&app, &branch, 0).await, @r#"
    organization.created by ada@example.com: organization org_… Branch
      - null
      + {"kind":"partner","name":"Branch","parent_id":"org_…","parent_name":"Acme Corp","super_admin":{"email":"ada@example.com","id":"mem_…","name":null},"super_admin_id":"mem_…"}
    "#);
}

#[tokio::test]
async fn each_change_of_an_invitation_is_one_event() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let cys = app.create_invitation(ADA, &acme, CY.email, "user").await;
    app.post(BOB, &format!("{cys}/resend"), json!({})).await.expect(200);
    app.post(CY, &format!("{cys}/accept"), json!({})).await.expect(200);
    let dees = app.create_invitation(ADA, &acme, DEE.email, "user").await;
    app.post(DEE, &format!("{dees}/decline"), json!({})).await.expect(204);
    let eves = app.create_invitation(ADA, &acme, EVE.email, "user").await;
    app.delete(BOB, &eves).await.expect(204);
    assert_snapshot!(new_events(&app, &acme, 3).await, @r#"
    invitation.created by ada@example.com: invitation inv_… cy@example.com
      - null
      + {"expires_at":"2026-11-28T12:00:03Z","expires_in_days":7,"role_id":"user","role_name":"User"}
    invitation.resent by bob@example.com: invitation inv_… cy@example.com
      - {"expires_at":"2026-11-28T12:00:03Z","send_count":1}
      + {"expires_at":"2026-11-28T12:00:04Z","send_count":2}
    invitation.accepted by cy@example.com: invitation inv_… cy@example.com
      - null
      + {"identity_provider_role":"user","inviter":{"email":"bob@example.com","id":"mem_…","name":null},"inviter_id":"mem_…","member":{"email":"cy@example.com","id":"mem_…","name":null},"member_id":"mem_…","role_id":"user","role_name":"User"}
    invitation.created by ada@example.com: invitation inv_… dee@example.com
      - null
      + {"expires_at":"2026-11-28T12:00:06Z","expires_in_days":7,"role_id":"user","role_name":"User"}
    invitation.declined by dee@example.com: invitation inv_… dee@example.com
      - {"expires_at":"2026-11-28T12:00:06Z","expires_in_days":7,"role_id":"user","role_name":"User"}
      + null
    invitation.created by ada@example.com: invitation inv_… eve@example.com
      - null
      + {"expires_at":"2026-11-28T12:00:08Z","expires_in_days":7,"role_id":"user","role_name":"User"}
    invitation.revoked by bob@example.com: invitation inv_… eve@example.com
      - {"expires_at":"2026-11-28T12:00:08Z","expires_in_days":7,"role_id":"user","role_name":"User"}
      + null
    "#);
}

#[tokio::test]
async fn each_change_of_a_member_is_one_event() {
    let (app, acme) = TestApp::with_acme().await;
    let both = json!({ "user_management": "full_access", "role_management": "full_access" });
    let deputy = app.create_role(ADA, &acme, "Deputy", both).await;
    for person in [BOB, CY, DEE] {
        app.add_member(ADA, &acme, person, "user").await;
    }
    app.change_role(ADA, &acme, BOB, &deputy).await.expect(200);
    app.remove(BOB, &acme, CY).await.expect(204);
    app.post(DEE, &format!("{acme}/leave"), json!({})).await.expect(204);
    app.change_role(ADA, &acme, BOB, "admin").await.expect(200);
    app.transfer(ADA, &acme, BOB).await.expect(200);
    assert_snapshot!(new_events(&app, &acme, 8).await, @r#"
    member.role_changed by ada@example.com: member mem_… bob@example.com
      - {"identity_provider_role":"user","role_id":"user","role_name":"User"}
      + {"identity_provider_role":"admin","role_id":"role_…","role_name":"Deputy"}
    member.removed by bob@example.com: member mem_… cy@example.com
      - {"role_id":"user","role_name":"User"}
      + null
    member.left by dee@example.com: member mem_… dee@example.com
      - {"role_id":"user","role_name":"User"}
      + null
    member.role_changed by ada@example.com: member mem_… bob@example.com
      - {"identity_provider_role":"admin","role_id":"role_…","role_name":"Deputy"}
      + {"identity_provider_role":"admin","role_id":"admin","role_name":"Admin"}
    super_admin.transferred by ada@example.com: organization org_… Acme
      - {"super_admin":{"email":"ada@example.com","id":"mem_…","name":null},"super_admin_id":"mem_…"}
      + {"super_admin":{"email":"bob@example.com","id":"mem_…","name":null},"super_admin_id":"mem_…"}
    "#);
}

#[tokio::test]
async fn each_change_of_a_role_is_one_event() {
    let (app, acme) = TestApp::with_acme().await;
    let levels = json!({ "event_history": "view_only" });
    let role = app.create_role(ADA, &acme, "Night shift", levels).await;
    let role = format!("{acme}/roles/{role}");
    let change = json!({ "description": "Nights", "permissions": user_manager() });
    app.patch(ADA, &role, change).await.expect(200);
    app.delete(ADA, &role).await.expect(204);
    assert_snapshot!(new_events(&app, &acme, 1).await, @r#"
    role.created by ada@example.com: role role_… Night shift
      - null
      + {"description":"","identity_provider_role":"user","name":"Night shift","permissions":{"channel_partner_portal_mdf":"none","channel_partner_portal_my_deal_management":"none","channel_partner_portal_organization_deal_management":"none","channel_partner_portal_organization_playbook":"view_only","critical_alert_users":"none","event_history":"view_only","license_management":"none","license_management_customer_organizations":"none","license_management_sub_organizations":"none","organization_general_information":"none","role_management":"none","role_management_sub_organizations":"none","security_management":"none","support_service":"view_only","support_service_customer_organizations":"none","user_management":"none","user_management_sub_organizations":"none"}}
    role.updated by ada@example.com: role role_… Night shift
      - {"description":"","identity_provider_role":"user","name":"Night shift","permissions":{"user_management":"none"}}
      + {"description":"Nights","identity_provider_role":"user","name":"Night shift","permissions":{"user_management":"full_access"}}
    role.deleted by ada@example.com: role role_… Night shift
      - {"description":"Nights","identity_provider_role":"user","name":"Night shift","permissions":{"channel_partner_portal_mdf":"none","channel_partner_portal_my_deal_management":"none","channel_partner_portal_organization_deal_management":"none","channel_partner_portal_organization_playbook":"view_only","critical_alert_users":"none","event_history":"view_only","license_management":"none","license_management_customer_organizations":"none","license_management_sub_organizations":"none","organization_general_information":"none","role_management":"none","role_management_sub_organizations":"none","security_management":"none","support_service":"view_only","support_service_customer_organizations":"none","user_management":"full_access","user_management_sub_organizations":"none"}}
      + null
    "#);
}

/// SUB5, INV8
#[tokio::test]
async fn each_new_super_admin_is_one_event() {
    let (app, root) = TestApp::with_tree("Root").await;
    let branch = app.create_empty_sub_organization(&root, "Branch").await;
    app.post(ADA, &format!("{branch}/join"), json!({})).await.expect(200);
    assert_snapshot!(new_events(&app, &branch, 1).await, @r#"
    super_admin.assigned by ada@example.com: organization org_… Branch
      - null
      + {"identity_provider_role":"admin","member":{"email":"ada@example.com","id":"mem_…","name":null},"member_id":"mem_…","role_id":"super_admin","role_name":"Super Admin","source":"joined","super_admin":{"email":"ada@example.com","id":"mem_…","name":null},"super_admin_id":"mem_…"}
    "#);
    let acme = app.create_partner(BOB, "Acme").await;
    assert_snapshot!(new_events(&app, &acme, 2).await, @r#"
    invitation.accepted by bob@example.com: invitation inv_… bob@example.com
      - null
      + {"identity_provider_role":"admin","inviter_id":null,"member":{"email":"bob@example.com","id":"mem_…","name":null},"member_id":"mem_…","role_id":"super_admin","role_name":"Super Admin"}
    super_admin.assigned by bob@example.com: organization org_… Acme
      - null
      + {"super_admin":{"email":"bob@example.com","id":"mem_…","name":null},"super_admin_id":"mem_…"}
    "#);
}

#[tokio::test]
async fn paging_through_the_history_is_stable_while_events_arrive() {
    let (app, acme) = TestApp::with_acme().await;
    for n in 0..30 {
        app.create_invitation(ADA, &acme, nth_user(n).email, "user").await;
    }
    let before = app.history(&acme).await;
    let (mut seen, mut cursor) = (Vec::new(), Some(String::new()));
    while let Some(at) = cursor {
        let page = app.get(ADA, &format!("{acme}/events?limit=7{at}")).await.expect(200);
        seen.extend(page.items().iter().cloned());
        let name = json!({ "name": format!("Acme {}", seen.len()) });
        app.patch(ADA, &acme, name).await.expect(200);
        cursor = page.body["next_cursor"].as_str().map(|next| format!("&cursor={next}"));
    }
    seen.reverse();
    // The names next to the ids are those of the moment.
    assert_eq!(each(&seen, "id"), each(&before, "id"));
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

/// The ids of the events that a filter shows, newest first.
async fn shown(app: &TestApp, org: &str, filter: &str) -> Vec<Value> {
    let events = app.list_all(ADA, &format!("{org}/events?limit=2&{filter}")).await;
    events.iter().map(|event| event["id"].clone()).collect()
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
    let at = |nth: usize| history[nth]["at"].as_str().unwrap();
    let (third, sixth, member) = (at(2), at(5), member_id(&acme, CY.sub));
    for (filter, expected) in [
        (String::new(), vec![8, 7, 6, 5, 4, 3, 2, 1, 0]),
        ("actor=bob".into(), vec![7, 3, 2]),
        ("actor=unknown".into(), vec![]),
        (format!("target={member}"), vec![7, 6, 5]),
        (format!("actor=ada&target={member}"), vec![6, 5]),
        ("action=member.role_changed".into(), vec![6, 5]),
        (
            "action=member.removed&action=member.role_changed&action=member.removed".into(),
            vec![7, 6, 5],
        ),
        ("action=role.created".into(), vec![]),
        (format!("from={third}"), vec![8, 7, 6, 5, 4, 3, 2]),
        (format!("to={sixth}"), vec![4, 3, 2, 1, 0]),
        (format!("from={third}&to={sixth}"), vec![4, 3, 2]),
        (format!("from={third}&to={sixth}&actor=bob&action=invitation.created"), vec![3]),
        ("to=2026-11-21T12:00:00Z".into(), vec![]),
        ("from=2027-01-01T00:00:00Z".into(), vec![]),
        (
            "from=2026-11-21T13%3A00%3A00.5%2B01%3A00&to=3000-01-01T00:00:00Z".into(),
            vec![8, 7, 6, 5, 4, 3, 2, 1],
        ),
    ] {
        let expected: Vec<_> = expected.iter().map(|nth| history[*nth]["id"].clone()).collect();
        assert_eq!(shown(&app, &acme, &filter).await, expected, "{filter}");
    }
}

/// What a person did, and what was done to them, to their invitations and to their requests; also when
/// they are gone.
#[tokio::test]
async fn history_of_one_person_is_complete() {
    let (app, acme) = TestApp::with_acme().await;
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    let declined = app.create_invitation(ADA, &acme, CY.email, "user").await;
    app.post(CY, &format!("{declined}/decline"), json!({})).await.expect(204);
    app.create_join_request(CY, &acme).await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.add_member(ADA, &acme, CY, "admin").await;
    app.create_invitation(CY, &acme, EVE.email, "user").await;
    let alerts = format!("{acme}/critical-alert-users");
    app.post(ADA, &alerts, json!({ "email": CY.email })).await.expect(201);
    let job = app.add_service(ADA, &acme, "Job", "user").await;
    let keeper = json!({ "keeper_id": member_id(&acme, CY.sub) });
    app.patch(ADA, &format!("{acme}/members/{job}"), keeper).await.expect(200);
    app.transfer(ADA, &acme, CY).await.expect(200);
    app.transfer(CY, &acme, BOB).await.expect(200);
    app.remove(BOB, &acme, CY).await.expect(204);
    let history = app.history(&acme).await;
    let of_others = |event: &Value| {
        let text = event.to_string();
        !text.contains(CY.email)
    };
    let expected: Vec<_> =
        history.iter().rev().filter(|event| !of_others(event)).map(|it| it["id"].clone()).collect();
    assert!(expected.len() >= 12, "{expected:?}");
    let about = format!("member_id={}", member_id(&acme, CY.sub));
    assert_eq!(shown(&app, &acme, &about).await, expected);
    let accepted = shown(&app, &acme, &format!("{about}&action=invitation.accepted")).await;
    assert_eq!(accepted.len(), 1);
    let both = app.get(ADA, &format!("{acme}/events?{about}&scope=subtree")).await;
    assert_eq!(both.refuses(422, "invalid-request").pointer(), "/member_id");
}

/// SUB4
#[tokio::test]
async fn history_of_a_subtree_is_merged_newest_first() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let (one, two) = (
        app.create_sub_organization(ADA, &acme, "One").await,
        app.create_sub_organization(ADA, &acme, "Two").await,
    );
    let deep = app.create_sub_organization(ADA, &one, "Deep").await;
    for (nth, org) in [&two, &acme, &deep, &one, &two, &deep].into_iter().enumerate() {
        app.create_invitation(ADA, org, nth_user(nth).email, "user").await;
    }
    let mut all = Vec::new();
    for org in [&acme, &one, &two, &deep] {
        all.extend(app.history(org).await);
    }
    all.sort_by_key(|event| std::cmp::Reverse(event["id"].as_str().unwrap().to_owned()));
    let listed = app.list_all(ADA, &format!("{acme}/events?scope=subtree&limit=3")).await;
    assert_eq!(listed, all);
    assert!(listed.iter().any(|event| event["organization_name"] == "Deep"));
    let chosen =
        format!("{acme}/events?organization_id={}&organization_id={}", id(&one), id(&deep));
    let chosen = app.list_all(ADA, &chosen).await;
    assert!(chosen.iter().all(|event| event["organization_id"] != id(&two)));
    assert_eq!(chosen.len(), app.history(&one).await.len() + app.history(&deep).await.len());

    let elsewhere = app.create_organization(BOB, "Elsewhere").await;
    let outside = format!("{acme}/events?organization_id={}", id(&elsewhere));
    app.get(ADA, &outside).await.refuses(422, "organization-outside-subtree");
    let auditor = json!({ "event_history": "view_only" });
    app.add_member_with(ADA, &acme, DEE, auditor).await;
    app.get(DEE, &format!("{acme}/events")).await.expect(200);
    app.get(DEE, &format!("{acme}/events?scope=subtree")).await.refuses(403, "missing-permission");
    for nth in 0..17 {
        app.create_sub_organization(ADA, &two, &format!("Below {nth}")).await;
    }
    let refused = app.get(ADA, &format!("{acme}/events?scope=subtree")).await;
    assert_eq!(refused.refuses(422, "invalid-request").pointer(), "/scope");
}

#[tokio::test]
async fn malformed_filter_is_refused() {
    let (app, acme) = TestApp::with_acme().await;
    for (query, pointer) in [
        ("action=member.eaten", "/action/0"),
        ("action=", "/action/0"),
        ("from=yesterday", "/from"),
        ("to=2026-11-21", "/to"),
        ("from=1795262400", "/from"),
        ("from=2026-11-22T00:00:00Z&to=2026-11-21T00:00:00Z", "/to"),
        ("from=2026-11-21T00:00:00Z&to=2026-11-21T00:00:00Z", "/to"),
    ] {
        let answer = app.get(ADA, &format!("{acme}/events?{query}")).await;
        let answer = answer.refuses(422, "invalid-request");
        assert_eq!(answer.pointer(), pointer, "{query}: {answer}");
    }
    let twice = app.get(ADA, &format!("{acme}/events?actor=a&actor=b")).await;
    twice.refuses(400, "unreadable-request");
    // A filter is a value and never part of an expression.
    for filter in ["actor=ada%27%20OR%201%3D1", "target=%23ttl", "actor=", "target=:now"] {
        assert_eq!(shown(&app, &acme, filter).await, [""; 0], "{filter}");
    }
}

#[tokio::test]
async fn each_change_of_domains_join_requests_alerts_and_security_is_one_event() {
    let (app, acme) = TestApp::with_acme().await;
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    let requests = format!("{acme}/join-requests");
    app.post(BOB, &requests, json!({ "comment": "Hello" })).await.expect(201);
    app.delete(BOB, &format!("{requests}/mine")).await.expect(204);
    let bobs = app.create_join_request(BOB, &acme).await;
    app.post(ADA, &format!("{bobs}/approve"), json!({})).await.expect(200);
    let cys = app.create_join_request(CY, &acme).await;
    app.post(ADA, &format!("{cys}/decline"), json!({})).await.expect(204);
    app.delete(ADA, &format!("{acme}/domains/example.com")).await.expect(204);
    let alerts = format!("{acme}/critical-alert-users");
    app.post(ADA, &alerts, json!({ "email": "ops@example.com" })).await.expect(201);
    app.delete(ADA, &format!("{alerts}/@ops@example.com")).await.expect(204);
    let strict = json!({
        "require_mfa": false,
        "max_session_minutes": null,
        "allowed_networks": ["192.0.2.0/24"],
        "event_retention_days": 30,
    });
    app.put(ADA, &format!("{acme}/security"), strict).await.expect(200);
    assert_snapshot!(new_events(&app, &acme, 1).await, @r#"
    approved_domain.added by ada@example.com: approved_domain example.com example.com
      - null
      + {"domain":"example.com"}
    join_request.created by bob@example.com: join_request req_… bob@example.com
      - null
      + {"member":{"email":"bob@example.com","id":"mem_…","name":null},"member_id":"mem_…"}
    join_request.cancelled by bob@example.com: join_request req_… bob@example.com
      - {"member":{"email":"bob@example.com","id":"mem_…","name":null},"member_id":"mem_…"}
      + null
    join_request.created by bob@example.com: join_request req_… bob@example.com
      - null
      + {"member":{"email":"bob@example.com","id":"mem_…","name":null},"member_id":"mem_…"}
    join_request.approved by ada@example.com: join_request req_… bob@example.com
      - {"member":{"email":"bob@example.com","id":"mem_…","name":null},"member_id":"mem_…"}
      + {"role_id":"user","role_name":"User"}
    member.added by ada@example.com: member mem_… bob@example.com
      - null
      + {"identity_provider_role":"user","member":{"email":"bob@example.com","id":"mem_…","name":null},"member_id":"mem_…","role_id":"user","role_name":"User","source":"join_request"}
    join_request.created by cy@example.com: join_request req_… cy@example.com
      - null
      + {"member":{"email":"cy@example.com","id":"mem_…","name":null},"member_id":"mem_…"}
    join_request.declined by ada@example.com: join_request req_… cy@example.com
      - {"member":{"email":"cy@example.com","id":"mem_…","name":null},"member_id":"mem_…"}
      + null
    approved_domain.removed by ada@example.com: approved_domain example.com example.com
      - {"domain":"example.com"}
      + null
    critical_alert_user.added by ada@example.com: critical_alert_user alert_… ops@example.com
      - null
      + {}
    critical_alert_user.removed by ada@example.com: critical_alert_user alert_… ops@example.com
      - {}
      + null
    security.updated by ada@example.com: organization org_… Acme
      - {"allowed_networks":[],"event_retention_days":365,"max_session_minutes":null,"require_mfa":false}
      + {"allowed_networks":["192.0.2.0/24"],"event_retention_days":30,"max_session_minutes":null,"require_mfa":false}
    "#);
}
