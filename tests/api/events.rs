//! `/v1/organizations/{org}/events` (ORG5)

use futures_util::future::join_all;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    helpers::{DEE, each, id, operators, someone, user_manager},
    test_app::{ADA, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, mask},
};

/// The events that `org` has beyond the first `before`, told shortly.
async fn news(world: &TestApp, org: &str, before: usize) -> String {
    let line = |event: &Value| {
        let (actor, target) = (&event["actor"], &event["target"]);
        let by = actor["user_id"].as_str().unwrap_or("nobody");
        let by =
            if actor["operator"] == true { format!("{by} as operator") } else { by.to_owned() };
        let (kind, id) = (target["type"].as_str().unwrap(), target["id"].as_str().unwrap());
        let action = event["action"].as_str().unwrap();
        format!("{action} by {by}: {kind} {id}\n  - {}\n  + {}", event["old"], event["new"])
    };
    let history = world.history(org).await;
    mask(&history[before..].iter().map(line).collect::<Vec<_>>().join("\n"))
}

macro_rules! news {
    ($world:expr, $org:expr, $act:expr, @$snapshot:literal) => {{
        let before = $world.history(&$org).await.len();
        let answer = $act.await;
        assert!(answer.status.is_success(), "{answer}");
        assert_snapshot!(news(&$world, &$org, before).await, @$snapshot);
    }};
}

/// ORG5
#[tokio::test]
async fn an_event_tells_who_did_what_to_whom_and_what_it_was_before() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "user").await;
    let path = format!("{acme}/members/@bob");
    let body = Some(json!({ "role_id": "admin" }));
    let named = [("x-request-id", "promote-bob")];
    world.send_with(Some(ADA), "PATCH", &path, body, &named).await.expect(200);
    let list = world.get(ADA, &format!("{acme}/events?limit=1")).await.expect(200);
    let newest = &list.items()[0];
    let one = world.get(ADA, &format!("{acme}/events/{}", newest["id"].as_str().unwrap())).await;
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
async fn each_change_to_an_organization_is_one_event() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    assert_snapshot!(news(&world, &acme, 0).await, @r#"
    organization.created by ada: organization org_…
      - null
      + {"kind":"standard","name":"Acme","parent_id":null,"super_admin_user_id":"ada"}
    "#);
    let said = json!({ "name": "Acme Corp", "website": "https://acme.example" });
    news!(world, acme, world.patch(ADA, &acme, said), @r#"
    organization.updated by ada: organization org_…
      - {"name":"Acme","website":""}
      + {"name":"Acme Corp","website":"https://acme.example"}
    "#);
    let switches = json!({ "kind": "partner", "manage_sub_organizations": true });
    news!(world, acme, world.patch(OPERATOR, &operators(&acme), switches), @r#"
    settings.updated by op as operator: organization org_…
      - {"kind":"standard","manage_sub_organizations":false,"mdf_program":false}
      + {"kind":"partner","manage_sub_organizations":true,"mdf_program":false}
    "#);
    let branch = json!({ "name": "Branch" });
    news!(world, acme, world.post(ADA, &format!("{acme}/sub-organizations"), branch), @r#"
    sub_organization.created by ada: organization org_…
      - null
      + {"name":"Branch"}
    "#);
    let list = world.get(ADA, &format!("{acme}/sub-organizations")).await;
    let branch = format!("/v1/organizations/{}", each(list.items(), "id")[0]);
    assert_snapshot!(news(&world, &branch, 0).await, @r#"
    organization.created by ada: organization org_…
      - null
      + {"kind":"partner","name":"Branch","parent_id":"org_…","super_admin_user_id":"ada"}
    "#);
}

#[tokio::test]
async fn each_change_to_an_invitation_is_one_event() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    let path = format!("{acme}/invitations");
    let offer = json!({ "email": CY.email, "role_id": "user" });
    news!(world, acme, world.post(ADA, &path, offer), @r#"
    invitation.created by ada: invitation inv_…
      - null
      + {"email":"cy@example.com","expires_at":"2026-11-28T12:00:04Z","expires_in_days":7,"role_id":"user"}
    "#);
    let list = world.get(ADA, &path).await;
    let one = format!("{path}/{}", each(list.items(), "id")[0]);
    news!(world, acme, world.post(BOB, &format!("{one}/resend"), json!({})), @r#"
    invitation.resent by bob: invitation inv_…
      - {"expires_at":"2026-11-28T12:00:04Z","send_count":1}
      + {"expires_at":"2026-11-28T12:00:08Z","send_count":2}
    "#);
    news!(world, acme, world.post(CY, &format!("{one}/accept"), json!({})), @r#"
    invitation.accepted by cy: invitation inv_…
      - null
      + {"email":"cy@example.com","identity_provider_role":"user","member_id":"mem_…","role_id":"user","user_id":"cy"}
    "#);
    let one = world.invited(ADA, &acme, DEE.email, "user").await;
    news!(world, acme, world.post(DEE, &format!("{one}/decline"), json!({})), @r#"
    invitation.declined by dee: invitation inv_…
      - {"email":"dee@example.com","expires_at":"2026-11-28T12:00:13Z","expires_in_days":7,"role_id":"user"}
      + null
    "#);
    let one = world.invited(ADA, &acme, DEE.email, "user").await;
    news!(world, acme, world.delete(BOB, &one), @r#"
    invitation.revoked by bob: invitation inv_…
      - {"email":"dee@example.com","expires_at":"2026-11-28T12:00:17Z","expires_in_days":7,"role_id":"user"}
      + null
    "#);
}

#[tokio::test]
async fn each_change_to_a_member_is_one_event() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for person in [BOB, CY, DEE] {
        world.bring(ADA, &acme, person, "user").await;
    }
    let both = json!({ "user_management": "full_access", "role_management": "full_access" });
    let deputy = world.role(ADA, &acme, "Deputy", both).await;
    news!(world, acme, world.assign(ADA, &acme, BOB, &deputy), @r#"
    member.role_changed by ada: member mem_…
      - {"identity_provider_role":"user","role_id":"user"}
      + {"identity_provider_role":"admin","role_id":"role_…"}
    "#);
    news!(world, acme, world.remove(BOB, &acme, CY), @r#"
    member.removed by bob: member mem_…
      - {"email":"cy@example.com","role_id":"user","user_id":"cy"}
      + null
    "#);
    news!(world, acme, world.post(DEE, &format!("{acme}/leave"), json!({})), @r#"
    member.left by dee: member mem_…
      - {"email":"dee@example.com","role_id":"user","user_id":"dee"}
      + null
    "#);
    world.assign(ADA, &acme, BOB, "admin").await.expect(200);
    news!(world, acme, world.transfer(ADA, &acme, BOB), @r#"
    super_admin.transferred by ada: organization org_…
      - {"super_admin_user_id":"ada"}
      + {"super_admin_user_id":"bob"}
    "#);
}

#[tokio::test]
async fn each_change_to_a_role_is_one_event() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let roles = format!("{acme}/roles");
    let wanted = json!({ "name": "Night shift", "permissions": { "event_history": "view_only" } });
    news!(world, acme, world.post(ADA, &roles, wanted), @r#"
    role.created by ada: role role_…
      - null
      + {"description":"","identity_provider_role":"user","name":"Night shift","permissions":{"channel_partner_portal_mdf":"none","channel_partner_portal_my_deal_management":"none","channel_partner_portal_organization_deal_management":"none","channel_partner_portal_organization_playbook":"view_only","critical_alert_users":"none","event_history":"view_only","license_management":"none","license_management_customer_organizations":"none","license_management_sub_organizations":"none","organization_general_information":"none","role_management":"none","role_management_sub_organizations":"none","security_management":"none","support_service":"view_only","support_service_customer_organizations":"none","user_management":"none","user_management_sub_organizations":"none"}}
    "#);
    let list = world.get(ADA, &roles).await;
    let role = format!("{roles}/{}", each(list.items(), "id")[3]);
    let change = json!({ "description": "Nights", "permissions": user_manager() });
    news!(world, acme, world.patch(ADA, &role, change), @r#"
    role.updated by ada: role role_…
      - {"description":"","identity_provider_role":"user","name":"Night shift","permissions":{"user_management":"none"}}
      + {"description":"Nights","identity_provider_role":"user","name":"Night shift","permissions":{"user_management":"full_access"}}
    "#);
    news!(world, acme, world.delete(ADA, &role), @r#"
    role.deleted by ada: role role_…
      - {"description":"Nights","identity_provider_role":"user","name":"Night shift","permissions":{"channel_partner_portal_mdf":"none","channel_partner_portal_my_deal_management":"none","channel_partner_portal_organization_deal_management":"none","channel_partner_portal_organization_playbook":"view_only","critical_alert_users":"none","event_history":"view_only","license_management":"none","license_management_customer_organizations":"none","license_management_sub_organizations":"none","organization_general_information":"none","role_management":"none","role_management_sub_organizations":"none","security_management":"none","support_service":"view_only","support_service_customer_organizations":"none","user_management":"full_access","user_management_sub_organizations":"none"}}
      + null
    "#);
}

/// SUB5, INV8
#[tokio::test]
async fn each_super_admin_that_comes_is_one_event() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let branch = world.empty_below(&root, "Branch").await;
    news!(world, branch, world.post(ADA, &format!("{branch}/join"), json!({})), @r#"
    super_admin.assigned by ada: organization org_…
      - null
      + {"email":"ada@example.com","identity_provider_role":"admin","member_id":"mem_…","role_id":"super_admin","source":"joined","super_admin_user_id":"ada","user_id":"ada"}
    "#);
    let wanted = json!({ "name": "Acme", "first_admin_email": BOB.email });
    let made = world.post(OPERATOR, "/v1/operator/organizations", wanted).await.expect(201);
    let acme = format!("/v1/organizations/{}", made.id());
    news!(world, acme, world.accept(BOB, &acme), @r#"
    invitation.accepted by bob: invitation inv_…
      - null
      + {"email":"bob@example.com","identity_provider_role":"admin","member_id":"mem_…","role_id":"super_admin","user_id":"bob"}
    super_admin.assigned by bob: organization org_…
      - null
      + {"super_admin_user_id":"bob"}
    "#);
}

/// A refused request leaves no trace.
#[tokio::test]
async fn refusals_leave_no_event() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    world.bring(ADA, &acme, CY, "user").await;
    let role = world.role(ADA, &acme, "Held", json!({})).await;
    let pending = world.invited(ADA, &acme, DEE.email, &role).await;
    let mut before = world.history(&acme).await;
    let (user, sub) = (json!({ "role_id": "user" }), json!({ "user_id": "cy" }));
    let offer = |email: &str, role: &str| json!({ "email": email, "role_id": role });
    let refused: [(Identity, &str, String, Value); 20] = [
        (CY, "PATCH", acme.clone(), json!({ "name": "X" })),
        (EVE, "PATCH", acme.clone(), json!({ "name": "X" })),
        (CY, "POST", format!("{acme}/invitations"), offer("x@y.example", "user")),
        (ADA, "POST", format!("{acme}/invitations"), offer(DEE.email, "user")),
        (ADA, "POST", format!("{acme}/invitations"), offer("x@y.example", "super_admin")),
        (CY, "POST", format!("{pending}/resend"), json!({})),
        (CY, "DELETE", pending.clone(), json!({})),
        (EVE, "POST", format!("{pending}/accept"), json!({})),
        (EVE, "POST", format!("{pending}/decline"), json!({})),
        (CY, "PATCH", format!("{acme}/members/@bob"), user.clone()),
        (BOB, "PATCH", format!("{acme}/members/@bob"), user.clone()),
        (BOB, "DELETE", format!("{acme}/members/@ada"), json!({})),
        (ADA, "POST", format!("{acme}/leave"), json!({})),
        (CY, "POST", format!("{acme}/roles"), json!({ "name": "X" })),
        (ADA, "POST", format!("{acme}/roles"), json!({ "name": "held" })),
        (ADA, "DELETE", format!("{acme}/roles/{role}"), json!({})),
        (ADA, "POST", format!("{acme}/transfer"), sub),
        (CY, "POST", format!("{acme}/sub-organizations"), json!({ "name": "X" })),
        (BOB, "POST", format!("{acme}/join"), json!({})),
        (BOB, "PATCH", operators(&acme), json!({ "kind": "partner" })),
    ];
    for (who, method, path, body) in refused {
        let answer = world.send(Some(who), method, &path, Some(body)).await;
        assert!(answer.status.is_client_error(), "{method} {path}: {answer}");
    }
    let mut after = world.history(&acme).await;
    assert_eq!(after.len(), before.len());
    assert_eq!(after.pop(), before.pop());
}

/// The newest comes first, and a walk meets each once, though new ones arrive meanwhile.
#[tokio::test]
async fn a_walk_through_the_history_is_not_moved_by_what_happens_meanwhile() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for n in 0..30 {
        world.invited(ADA, &acme, someone(n).email, "user").await;
    }
    let before = world.history(&acme).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.get(ADA, &format!("{acme}/events?limit=7{cursor}")).await.expect(200);
        seen.extend(page.items().iter().cloned());
        let name = json!({ "name": format!("Acme {}", seen.len()) });
        world.patch(ADA, &acme, name).await.expect(200);
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    seen.reverse();
    assert_eq!(seen, before);
}

/// Retention: a year, and then it is as if it had never been.
#[tokio::test]
async fn an_event_is_shown_for_a_year() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let first = world.history(&acme).await[0]["id"].as_str().unwrap().to_owned();
    world.wait(364 * DAY);
    world.role(ADA, &acme, "Late", json!({})).await;
    world.get(ADA, &format!("{acme}/events/{first}")).await.expect(200);
    world.wait(DAY);
    let gone = world.get(ADA, &format!("{acme}/events/{first}")).await;
    gone.refuses(404, "no-such-event");
    assert_eq!(world.actions(&acme).await, ["role.created"]);
}

/// ORG5, U5
#[tokio::test]
async fn the_history_takes_its_permission_and_is_this_organizations_alone() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let globex = world.found(BOB, "Globex").await;
    let theirs = world.history(&globex).await[0]["id"].as_str().unwrap().to_owned();
    let blind = world.role(ADA, &acme, "Blind", json!({})).await;
    world.bring(ADA, &acme, CY, &blind).await;
    world.bring(ADA, &acme, DEE, "user").await;
    let own = world.history(&acme).await[0]["id"].as_str().unwrap().to_owned();
    for path in [format!("{acme}/events"), format!("{acme}/events/{own}")] {
        world.get(CY, &path).await.refuses(403, "missing-permission");
        world.get(EVE, &path).await.refuses(404, "no-such-organization");
        world.get(DEE, &path).await.expect(200);
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let answer = world.send(Some(ADA), method, &path, Some(json!({}))).await;
            answer.refuses(405, "method-not-allowed");
        }
    }
    let foreign = world.get(ADA, &format!("{acme}/events/{theirs}")).await;
    foreign.refuses(404, "no-such-event");
    let all = world.history(&acme).await;
    assert!(all.iter().all(|event| event["organization_id"] == id(&acme)));
}

/// Each of many changes at once has its event, under its own request.
#[tokio::test]
async fn changes_at_once_have_an_event_each() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let (world, acme) = (&world, &acme);
    let made = (0..20).map(async |n| {
        let wanted = json!({ "email": someone(n).email, "role_id": "user" });
        let named = format!("request-{n}");
        let path = format!("{acme}/invitations");
        let headers = [("x-request-id", named.as_str())];
        world.send_with(Some(ADA), "POST", &path, Some(wanted), &headers).await.expect(201)
    });
    join_all(made).await;
    let history = world.history(acme).await;
    let mut names = each(&history, "request_id");
    names.sort_unstable();
    names.dedup();
    assert_eq!((history.len(), names.len()), (21, 21));
}

/// The ids of all events that a filter shows, newest first.
async fn shown(world: &TestApp, org: &str, filter: &str) -> Vec<String> {
    let events = world.walk(ADA, &format!("{org}/events?limit=2&{filter}")).await;
    each(&events, "id").into_iter().map(ToOwned::to_owned).collect()
}

/// A history with something of everything, and the ids of those entries for which `keep` holds,
/// newest first.
async fn told(world: &TestApp, org: &str, keep: impl Fn(&Value) -> bool) -> Vec<String> {
    let history = world.history(org).await;
    let kept = history.iter().rev().filter(|event| keep(event));
    kept.map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_history_is_filtered_by_time_actor_action_and_target() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    world.bring(BOB, &acme, CY, "user").await;
    world.assign(ADA, &acme, CY, "admin").await.expect(200);
    world.assign(ADA, &acme, CY, "user").await.expect(200);
    world.remove(BOB, &acme, CY).await.expect(204);
    world.switch(&acme, json!({ "manage_sub_organizations": true })).await;
    let history = world.history(&acme).await;
    assert_eq!(history.len(), 9);
    let (third, sixth) = (history[2]["at"].as_str().unwrap(), history[5]["at"].as_str().unwrap());

    let by = |sub: &'static str| move |event: &Value| event["actor"]["user_id"] == sub;
    let of = |action: &'static str| move |event: &Value| event["action"] == action;
    let to = |id: &'static str| move |event: &Value| event["target"]["id"] == id;
    let since = |event: &Value| event["at"].as_str().unwrap() >= third;
    let until = |event: &Value| event["at"].as_str().unwrap() < sixth;
    let changed = "member.role_changed";
    for (filter, wanted) in [
        (String::new(), told(&world, &acme, |_| true).await),
        ("actor=bob".into(), told(&world, &acme, by("bob")).await),
        ("actor=nobody".into(), vec![]),
        ("target=cy".into(), told(&world, &acme, to("cy")).await),
        (format!("action={changed}"), told(&world, &acme, of(changed)).await),
        (
            format!("action={changed}&action=member.removed&action={changed}"),
            told(&world, &acme, |event| of(changed)(event) || of("member.removed")(event)).await,
        ),
        (
            "actor=ada&target=cy".into(),
            told(&world, &acme, |event| by("ada")(event) && to("cy")(event)).await,
        ),
        ("action=role.created".into(), vec![]),
        (format!("from={third}"), told(&world, &acme, since).await),
        (format!("to={sixth}"), told(&world, &acme, until).await),
        (
            format!("from={third}&to={sixth}"),
            told(&world, &acme, |event| since(event) && until(event)).await,
        ),
        (
            format!("from={third}&to={sixth}&actor=bob&action=invitation.created"),
            told(&world, &acme, |event| {
                let both = by("bob")(event) && of("invitation.created")(event);
                both && since(event) && until(event)
            })
            .await,
        ),
        ("to=2026-11-21T12:00:00Z".into(), vec![]),
        ("from=2027-01-01T00:00:00Z".into(), vec![]),
        ("from=2026-11-21T13%3A00%3A00.5%2B01%3A00&to=3000-01-01T00:00:00Z".into(), {
            told(&world, &acme, |event| event["at"].as_str().unwrap() > "2026-11-21T12:00:00Z")
                .await
        }),
    ] {
        assert_eq!(shown(&world, &acme, &filter).await, wanted, "{filter}");
    }
}

#[tokio::test]
async fn a_filter_that_means_nothing_is_refused() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
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
        let answer = world.get(ADA, &format!("{acme}/events?{query}")).await;
        let answer = answer.refuses(422, "invalid-request");
        assert_eq!(answer.pointer(), pointer, "{query}: {answer}");
    }
    for twice in ["actor=a&actor=b", "from=2026-11-21T00:00:00Z&from=2026-11-21T00:00:00Z"] {
        let answer = world.get(ADA, &format!("{acme}/events?{twice}")).await;
        answer.refuses(400, "unreadable-request");
    }
    // It is never taken for anything but a value.
    for odd in ["actor=ada%27%20OR%201%3D1", "target=%23ttl", "actor=", "target=:now"] {
        assert_eq!(shown(&world, &acme, odd).await, [""; 0], "{odd}");
    }
}

#[tokio::test]
async fn each_change_to_who_may_ask_to_join_is_one_event() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let domain = format!("{acme}/domains/example.com");
    news!(world, acme, world.send(Some(ADA), "PUT", &domain, None), @r#"
    approved_domain.added by ada: approved_domain example.com
      - null
      + {"domain":"example.com"}
    "#);
    let requests = format!("{acme}/join-requests");
    let wish = json!({ "comment": "Hello" });
    news!(world, acme, world.post(BOB, &requests, wish), @r#"
    join_request.created by bob: join_request req_…
      - null
      + {"comment":"Hello","email":"bob@example.com","name":null,"user_id":"bob"}
    "#);
    news!(world, acme, world.delete(BOB, &format!("{requests}/mine")), @r#"
    join_request.cancelled by bob: join_request req_…
      - {"comment":"Hello","email":"bob@example.com","name":null,"user_id":"bob"}
      + null
    "#);
    let bobs = world.post(BOB, &requests, json!({})).await.expect(201).id();
    news!(world, acme, world.post(ADA, &format!("{requests}/{bobs}/approve"), json!({})), @r#"
    join_request.approved by ada: join_request req_…
      - {"comment":"","email":"bob@example.com","name":null,"user_id":"bob"}
      + {"role_id":"user"}
    member.added by ada: member mem_…
      - null
      + {"email":"bob@example.com","identity_provider_role":"user","member_id":"mem_…","role_id":"user","source":"join_request","user_id":"bob"}
    "#);
    let cys = world.post(CY, &requests, json!({})).await.expect(201).id();
    news!(world, acme, world.post(ADA, &format!("{requests}/{cys}/decline"), json!({})), @r#"
    join_request.declined by ada: join_request req_…
      - {"comment":"","email":"cy@example.com","name":null,"user_id":"cy"}
      + null
    "#);
    news!(world, acme, world.delete(ADA, &domain), @r#"
    approved_domain.removed by ada: approved_domain example.com
      - {"domain":"example.com"}
      + null
    "#);
    let alerts = format!("{acme}/critical-alert-users");
    let ops = format!("{alerts}/@ops@example.com");
    news!(world, acme, world.post(ADA, &alerts, json!({ "email": "ops@example.com" })), @r#"
    critical_alert_user.added by ada: critical_alert_user alert_…
      - null
      + {"email":"ops@example.com"}
    "#);
    news!(world, acme, world.delete(ADA, &ops), @r#"
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
    news!(world, acme, world.put(ADA, &format!("{acme}/security"), strict), @r#"
    security.updated by ada: organization org_…
      - {"allowed_networks":[],"event_retention_days":365,"max_session_minutes":null,"require_mfa":false}
      + {"allowed_networks":["192.0.2.0/24"],"event_retention_days":30,"max_session_minutes":null,"require_mfa":false}
    "#);
}
