//! `/v1/organizations/{org}/members/export`: what the filters of the list show, in a file of Excel.

use std::{
    io::Cursor,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{
    Extension, Router,
    body::Body,
    extract::Request,
    http::{Method, header::CONTENT_TYPE},
    middleware::map_request,
};
use calamine::{Data, Reader, Xlsx, open_workbook_from_rs};
use insta::assert_snapshot;
use jiff::Timestamp;
use lambda_http::IntoResponse;
use local::bucket::{self, Bucket};
use members::{ExportBucket, ExportConfig, ExportLimits};
use serde_json::json;
use shared::http::Limits;
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::{
    fault_layer::{Fault, Layer},
    helpers::{DEE, each, id, someone},
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, NOON, OPERATOR, TestApp, mask},
};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Small files go to the depot too.
pub const EVERYTHING: ExportLimits =
    ExportLimits { rows: 1_000, inline: 0, reading: Duration::from_secs(10) };

/// A bucket of our own, with a clock of its own.
pub struct Shelf {
    router: Router,
    clock: Arc<AtomicI64>,
    /// What was asked of it.
    pub asked: Arc<Mutex<Vec<Method>>>,
}

impl Shelf {
    /// Puts a shelf beside `world`, for files beyond these bounds.
    pub async fn beside(world: &mut TestApp, bounds: ExportLimits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (clock, asked) = (Arc::new(AtomicI64::new(NOON)), Arc::default());
        let (time, seen) = (Arc::clone(&clock), Arc::clone(&asked));
        let now = move || Timestamp::from_millisecond(time.load(Relaxed)).unwrap();
        let note = map_request(move |request: Request| {
            let seen: Arc<Mutex<Vec<Method>>> = Arc::clone(&seen);
            async move {
                seen.lock().unwrap().push(request.method().clone());
                request
            }
        });
        let router = Bucket::new(&url, now).router().layer(note);
        tokio::spawn(axum::serve(listener, router.clone()).into_future());
        let depot = Some(ExportBucket::new(bucket::config(&url), bucket::NAME));
        world.router = world.router.clone().layer(Extension(ExportConfig { bounds, depot }));
        Self { router, clock, asked }
    }

    /// Follows a link, so long after noon.
    pub async fn fetch(&self, url: &str, later: Duration) -> Answer {
        self.clock.store(NOON + i64::try_from(later.as_millis()).unwrap(), Relaxed);
        let request = Request::builder().uri(url).body(Body::empty()).unwrap();
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }
}

/// The rows of a file, heads first.
fn rows(file: &[u8]) -> Vec<Vec<Data>> {
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(file.to_vec())).unwrap();
    assert_eq!(book.sheet_names(), ["Users"]);
    book.worksheet_range("Users").unwrap().rows().map(<[Data]>::to_vec).collect()
}

/// One column, without its head.
fn column(file: &[u8], head: &str) -> Vec<String> {
    let rows = rows(file);
    let nth = rows[0].iter().position(|cell| cell == &Data::String(head.to_owned())).unwrap();
    rows.iter().skip(1).map(|row| row[nth].to_string()).collect()
}

async fn export(world: &TestApp, who: Identity, org: &str, query: &str) -> Answer {
    world.get(who, &format!("{org}/members/export?{query}")).await
}

/// Ada as Super Admin, Bob as Admin, Cy in a custom role, and the pending Dee.
async fn four(world: &TestApp) -> String {
    let acme = world.found(ADA, "=1+1 Acme").await;
    let desk = world.role(ADA, &acme, "@Support", json!({ "user_management": "view_only" })).await;
    world.bring(ADA, &acme, BOB, "admin").await;
    world.bring(ADA, &acme, CY, &desk).await;
    world.invited(ADA, &acme, DEE.email, "user").await;
    acme
}

/// U4, SUB6
#[tokio::test]
async fn a_file_shows_whom_the_list_shows_with_what_is_known_of_them() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    let answer = export(&world, ADA, &acme, "").await.expect(200);
    assert_eq!(answer.headers["content-type"], XLSX);
    let name = format!("attachment; filename=\"users-{}-20261121T120007Z.xlsx\"", id(&acme));
    assert_eq!(answer.headers["content-disposition"], name);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let rows = rows(&answer.bytes);
    let told: Vec<_> = rows
        .iter()
        .map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | "))
        .collect();
    assert_snapshot!(mask(&told.join("\n")), @"
    Organization | E-mail | Name | Status | Role | Identity provider role | Joined at (UTC) | Invited at (UTC) | Expires at (UTC) | Organization ID | Role ID | User ID | Invitation ID
    =1+1 Acme | ada@example.com |  | active | Super Admin | admin | 46347.5 |  |  | org_… | super_admin | ada | 
    =1+1 Acme | bob@example.com |  | active | Admin | admin | 46347.50003472222 |  |  | org_… | admin | bob | 
    =1+1 Acme | cy@example.com |  | active | @Support | user | 46347.50005787037 |  |  | org_… | role_… | cy | 
    =1+1 Acme | dee@example.com |  | pending | User | user |  | 46347.500069444446 | 46354.500069444446 | org_… | user |  | inv_…
    ");
    for row in &rows[1..] {
        for (cell, head) in row.iter().zip(&rows[0]) {
            let time = head.to_string().ends_with("(UTC)");
            let right = match cell {
                Data::DateTime(_) => time,
                Data::String(_) => !time,
                Data::Empty => true,
                _ => false,
            };
            assert!(right, "{head}: {cell:?}");
        }
    }
}

#[tokio::test]
async fn an_invitation_that_lapsed_is_called_expired() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    world.wait(8 * DAY);
    let answer = export(&world, ADA, &acme, "status=pending").await.expect(200);
    assert_eq!(column(&answer.bytes, "Status"), ["expired"]);
}

/// SUB4, SUB6: the same filters, the same users, in the same order.
#[tokio::test]
async fn every_filter_of_the_list_is_one_of_the_file() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let night = world.role(ADA, &root, "Person of the night", json!({})).await;
    world.bring(ADA, &root, BOB, "admin").await;
    let branch = world.below(BOB, &root, "Branch").await;
    for n in 0..12 {
        let org = if n % 3 == 0 { &root } else { &branch };
        let role = if n % 4 == 0 && org == &root { &night } else { "user" };
        let by = if org == &root { ADA } else { BOB };
        if n % 2 == 0 {
            world.bring(by, org, someone(n), role).await;
        } else {
            world.invited(by, org, someone(n).email, role).await;
        }
    }
    let whole = id(&branch);
    for query in [
        String::new(),
        "status=active".into(),
        "status=pending".into(),
        "role_id=user&role_id=admin".into(),
        format!("role_id={night}"),
        "q=person-00".into(),
        "q=person".into(),
        "q=nobody".into(),
        "q=n-00&match=contains".into(),
        "scope=subtree".into(),
        "scope=subtree&q=person".into(),
        "scope=subtree&status=pending&role_id=user".into(),
        "scope=subtree&sort=-email".into(),
        "scope=subtree&sort=-joined_at&q=person".into(),
        "sort=joined_at".into(),
        format!("organization_id={whole}&sort=-joined_at"),
        format!("organization_id={whole}&organization_id={}", id(&root)),
    ] {
        let list = world.walk(ADA, &format!("{root}/members?limit=5&{query}")).await;
        let file = export(&world, ADA, &root, &query).await.expect(200);
        assert_eq!(column(&file.bytes, "E-mail"), each(&list, "email"), "{query}");
        assert_eq!(column(&file.bytes, "Organization ID"), each(&list, "organization_id"));
        let names = column(&file.bytes, "Organization");
        assert!(names.iter().all(|name| name == "Root" || name == "Branch"), "{names:?}");
    }
}

/// However little comes at a time, everybody is in the file once, and in order.
#[tokio::test]
async fn answers_in_small_parts_leave_nobody_out() {
    let below = TestApp::new().await;
    let (layer, client) = Layer::under(&below.client);
    let world = TestApp::over(client, None, Limits::default()).await;
    let acme = world.found(ADA, "Acme").await;
    for n in 0..30 {
        if n % 3 == 0 {
            world.bring(ADA, &acme, someone(n), "user").await;
        } else {
            world.invited(ADA, &acme, someone(n).email, "user").await;
        }
    }
    for query in ["", "sort=joined_at", "q=person&role_id=user", "role_id=user&role_id=super_admin"]
    {
        layer.calm();
        let list = world.walk(ADA, &format!("{acme}/members?limit=100&{query}")).await;
        layer.plan(|call| (call.name == "Query").then_some(Fault::Short));
        let file = export(&world, ADA, &acme, query).await.expect(200);
        assert_eq!(column(&file.bytes, "E-mail"), each(&list, "email"), "{query}");
        assert!(list.len() >= 30, "{query}");
    }
}

#[tokio::test]
async fn a_file_without_users_has_its_heads() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    for query in ["q=nobody", "role_id=mdf_admin", &format!("q={}", "x".repeat(2_000))] {
        let file = export(&world, ADA, &acme, query).await.expect(200);
        let rows = rows(&file.bytes);
        assert_eq!((rows.len(), rows[0].len()), (1, 13), "{query}");
    }
}

/// A file is no page.
#[tokio::test]
async fn a_page_of_a_file_is_refused() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    for query in ["limit=10", "cursor=x", "color=red", "status=removed", "scope=everything"] {
        export(&world, ADA, &acme, query).await.refuses(422, "invalid-request");
    }
}

/// U4, SUB4: whoever may see the list may take it along, and nobody else.
#[tokio::test]
async fn the_file_takes_the_permission_of_the_list() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    let blind = world.role(ADA, &acme, "Blind", json!({})).await;
    world.bring(ADA, &acme, EVE, &blind).await;
    export(&world, CY, &acme, "").await.expect(200);
    export(&world, CY, &acme, "scope=subtree").await.refuses(403, "missing-permission");
    export(&world, EVE, &acme, "").await.refuses(403, "missing-permission");
    export(&world, DEE, &acme, "").await.refuses(404, "no-such-organization");
    let told = world.actions(&acme).await;
    assert_eq!(told.iter().filter(|action| *action == "members.exported").count(), 1);
}

/// ORG5, OP1
#[tokio::test]
async fn every_file_is_on_record() {
    let world = TestApp::new().await;
    let acme = four(&world).await;
    export(&world, CY, &acme, "status=active&q=b&sort=-email").await.expect(200);
    export(&world, OPERATOR, &acme, "").await.expect(200);
    let events = world.history(&acme).await;
    let told: Vec<_> = events
        .iter()
        .filter(|event| event["action"] == "members.exported")
        .map(|event| json!([event["actor"], event["target"], event["old"], event["new"]]))
        .collect();
    assert_snapshot!(mask(&serde_json::to_string_pretty(&told).unwrap()), @r#"
    [
      [
        {
          "email": "cy@example.com",
          "operator": false,
          "user_id": "cy"
        },
        {
          "id": "org_…",
          "type": "member_export",
          "version": 1795262407000
        },
        null,
        {
          "filters": {
            "match": "prefix",
            "organization_id": [],
            "q": "b",
            "role_id": [],
            "scope": "organization",
            "sort": "-email",
            "status": [
              "active"
            ]
          },
          "rows": 1
        }
      ],
      [
        {
          "email": "op@platform.example",
          "operator": true,
          "user_id": "op"
        },
        {
          "id": "org_…",
          "type": "member_export",
          "version": 1795262408000
        },
        null,
        {
          "filters": {
            "match": "prefix",
            "organization_id": [],
            "q": "",
            "role_id": [],
            "scope": "organization",
            "sort": "email",
            "status": []
          },
          "rows": 4
        }
      ]
    ]
    "#);
}

/// Nobody gets a file of which there is no trace.
#[tokio::test]
async fn a_file_that_cannot_be_recorded_is_not_handed_over() {
    let below = TestApp::new().await;
    let (layer, client) = Layer::under(&below.client);
    let mut world = TestApp::over(client, None, Limits::default()).await;
    Shelf::beside(&mut world, EVERYTHING).await;
    let acme = four(&world).await;
    for fault in [Fault::Status(500), Fault::LostBefore, Fault::Conflict] {
        layer.plan(move |call| (call.name == "TransactWriteItems").then(|| fault.clone()));
        let answer = export(&world, ADA, &acme, "").await.refuses(503, "unavailable");
        assert!(!answer.headers.contains_key("location"));
        layer.calm();
    }
    assert!(!world.actions(&acme).await.contains(&"members.exported".to_owned()));
    // Nor is one where the users cannot be read to the end.
    layer.plan(|call| (call.name == "Query" && call.nth > 2).then_some(Fault::Throttle));
    export(&world, ADA, &acme, "role_id=user&role_id=admin").await.refuses(503, "unavailable");
    layer.calm();
    assert!(!world.actions(&acme).await.contains(&"members.exported".to_owned()));
}

/// Whoever loses what let them ask, at whatever moment, gets the file with its trace, or neither.
#[tokio::test]
async fn who_is_removed_meanwhile_gets_nothing() {
    let below = TestApp::new().await;
    let (layer, client) = Layer::under(&below.client);
    let world = TestApp::over(client, None, Limits::default()).await;
    let mut ends = Vec::new();
    for before in 0..7 {
        let acme = four(&world).await;
        let (mut order, path) = (vec![0; before], format!("{acme}/members/export"));
        order.extend([1, 1]);
        let (file, removed, _) =
            layer.interleave(&order, world.get(CY, &path), world.remove(ADA, &acme, CY)).await;
        removed.expect(204);
        let told = world.actions(&acme).await.contains(&"members.exported".to_owned());
        let status = file.status.as_u16();
        assert_eq!(told, status == 200, "{file}");
        assert!(matches!(status, 200 | 404), "{file}");
        ends.push(status);
    }
    ends.dedup();
    assert_eq!(ends, [404, 200]);
}

/// ROLE8: the same with the role itself.
#[tokio::test]
async fn whose_role_changes_meanwhile_gets_nothing() {
    let below = TestApp::new().await;
    let (layer, client) = Layer::under(&below.client);
    let world = TestApp::over(client, None, Limits::default()).await;
    let mut ends = Vec::new();
    for before in 0..7 {
        let acme = four(&world).await;
        let role = world.role_of(&acme, CY).await.unwrap();
        let (mut order, path) = (vec![0; before], format!("{acme}/members/export"));
        order.extend([1, 1]);
        let none = json!({ "permissions": { "user_management": "none" } });
        let edit = format!("{acme}/roles/{role}");
        let (file, edited, _) =
            layer.interleave(&order, world.get(CY, &path), world.patch(ADA, &edit, none)).await;
        edited.expect(200);
        let told = world.actions(&acme).await.contains(&"members.exported".to_owned());
        assert_eq!(told, file.status == 200, "{file}");
        ends.push((file.status.as_u16(), file.problem().to_owned()));
    }
    ends.dedup();
    let ends: Vec<_> = ends.iter().map(|(status, problem)| format!("{status} {problem}")).collect();
    assert_eq!(ends, ["403 missing-permission", "409 changed-concurrently", "200 "]);
}

#[tokio::test]
async fn a_file_too_large_for_an_answer_is_fetched_by_a_link_that_ends() {
    let mut world = TestApp::new().await;
    let shelf = Shelf::beside(&mut world, EVERYTHING).await;
    let acme = four(&world).await;
    let answer = export(&world, ADA, &acme, "").await.expect(303);
    assert_eq!(answer.headers["content-type"], "application/json");
    let url = answer.body["url"].as_str().unwrap();
    assert_eq!(answer.headers["location"], url);
    assert_eq!(answer.body["expires_at"], "2026-11-21T12:05:07Z");
    assert_eq!(world.actions(&acme).await.last().unwrap(), "members.exported");

    let soon = Duration::from_mins(1);
    let file = shelf.fetch(url, soon).await.expect(200);
    assert_eq!(column(&file.bytes, "E-mail").len(), 4);
    assert_eq!(file.headers["content-type"], XLSX);
    assert_eq!(file.headers["cache-control"], "no-store");
    let name = format!("attachment; filename=\"users-{}-20261121T120007Z.xlsx\"", id(&acme));
    assert_eq!(file.headers["content-disposition"], name);

    let late = shelf.fetch(url, Duration::from_secs(307)).await.expect(403);
    assert!(late.text.contains("Request has expired"), "{}", late.text);
    for (was, is) in [("X-Amz-Expires=300", "X-Amz-Expires=3000"), (".xlsx?", ".xlsy?")] {
        let forged = url.replacen(was, is, 1);
        assert_ne!(forged, url);
        shelf.fetch(&forged, soon).await.expect(403);
    }
    shelf.fetch(url.split('?').next().unwrap(), soon).await.expect(403);
}

/// Keys are random: one file's link tells nothing of another's, and files of the same second do not
/// overwrite each other.
#[tokio::test]
async fn every_file_has_a_place_of_its_own() {
    let mut world = TestApp::new().await;
    let shelf = Shelf::beside(&mut world, EVERYTHING).await;
    let acme = four(&world).await;
    let mut files = Vec::new();
    for query in ["status=active", "status=pending"] {
        world.wait(-1_000);
        let answer = export(&world, ADA, &acme, query).await.expect(303);
        files.push(answer.body["url"].as_str().unwrap().to_owned());
    }
    for (url, users) in files.iter().zip([3, 1]) {
        let file = shelf.fetch(url, Duration::ZERO).await.expect(200);
        assert_eq!(column(&file.bytes, "E-mail").len(), users);
    }
}

#[tokio::test]
async fn without_a_depot_a_large_file_is_refused() {
    let mut world = TestApp::new().await;
    let exports = ExportConfig { bounds: EVERYTHING, depot: None };
    world.router = world.router.clone().layer(Extension(exports));
    let acme = four(&world).await;
    assert_snapshot!(export(&world, ADA, &acme, "").await, @r#"
    422 Unprocessable Entity
    {
      "detail": "This file is larger than a response can be. Use narrower filters, and export in parts.",
      "instance": "r1",
      "status": 422,
      "title": "Export size limit exceeded",
      "type": "/problems/export-size-limit"
    }
    "#);
    assert!(!world.actions(&acme).await.contains(&"members.exported".to_owned()));
}

#[tokio::test]
async fn a_depot_that_is_away_is_waited_for() {
    let mut world = TestApp::new().await;
    let depot = Some(ExportBucket::new(bucket::config("http://127.0.0.1:1"), bucket::NAME));
    let exports = ExportConfig { bounds: EVERYTHING, depot };
    world.router = world.router.clone().layer(Extension(exports));
    let acme = four(&world).await;
    let answer = export(&world, ADA, &acme, "").await.refuses(503, "unavailable");
    assert!(answer.headers.contains_key("retry-after"));
    assert!(!world.actions(&acme).await.contains(&"members.exported".to_owned()));
}

#[tokio::test]
async fn more_than_a_file_or_a_request_may_hold_is_refused() {
    let mut world = TestApp::new().await;
    let acme = four(&world).await;
    let router = world.router.clone();
    let within = |bounds| router.clone().layer(Extension(ExportConfig { bounds, depot: None }));
    world.router = within(ExportLimits { rows: 4, ..ExportLimits::default() });
    export(&world, ADA, &acme, "").await.expect(200);
    world.router = within(ExportLimits { rows: 3, ..ExportLimits::default() });
    assert_snapshot!(export(&world, ADA, &acme, "").await, @r#"
    422 Unprocessable Entity
    {
      "detail": "These filters match more than 3 users, which is the limit of a file. Use narrower filters, and export in parts.",
      "instance": "r1",
      "limit": 3,
      "status": 422,
      "title": "Export row limit exceeded",
      "type": "/problems/export-row-limit"
    }
    "#);
    export(&world, ADA, &acme, "status=active").await.expect(200);
    world.router = within(ExportLimits { reading: Duration::ZERO, ..ExportLimits::default() });
    assert_snapshot!(export(&world, ADA, &acme, "").await, @r#"
    422 Unprocessable Entity
    {
      "detail": "This export takes longer than a request can last. Use narrower filters, and export in parts.",
      "instance": "r1",
      "status": 422,
      "title": "Export time limit exceeded",
      "type": "/problems/export-time-limit"
    }
    "#);
    let told = world.actions(&acme).await;
    assert_eq!(told.iter().filter(|action| *action == "members.exported").count(), 2);
}

/// API Gateway takes bytes in base64 alone, and `lambda_http` decides by the media type.
#[tokio::test]
async fn a_file_leaves_lambda_as_bytes() {
    let response = axum::response::Response::builder().header(CONTENT_TYPE, XLSX);
    let response = response.body(Body::from(&b"PK\x03\x04\xff"[..])).unwrap();
    let sent = IntoResponse::into_response(response).await.into_body();
    assert!(matches!(sent, lambda_http::Body::Binary(_)), "{sent:?}");
}
