//! `/v1/organizations/{org}/members/export`: the users list as an Excel file.

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
    fault_layer::Fault,
    helpers::{DEE, each, id, nth_user},
    test_app::{ADA, Answer, BOB, CY, DAY, Identity, NOON, OPERATOR, TestApp, mask},
};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Limits with which small files go to the bucket, too.
pub const EVERYTHING: ExportLimits =
    ExportLimits { rows: 1_000, inline: 0, reading: Duration::from_secs(10) };

/// A bucket with a clock of its own.
pub struct ExportStore {
    router: Router,
    clock: Arc<AtomicI64>,
    /// The methods of the requests to it.
    pub requests: Arc<Mutex<Vec<Method>>>,
}

impl ExportStore {
    /// Adds a bucket to `app`, for files beyond these limits.
    pub async fn add_to(app: &mut TestApp, bounds: ExportLimits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (clock, requests) = (Arc::new(AtomicI64::new(NOON)), Arc::default());
        let (time, seen) = (Arc::clone(&clock), Arc::clone(&requests));
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
        let bucket = Some(ExportBucket::new(bucket::config(&url), bucket::NAME));
        app.router = app.router.clone().layer(Extension(ExportConfig { bounds, bucket }));
        Self { router, clock, requests }
    }

    /// Requests a link, `later` after noon.
    pub async fn fetch(&self, url: &str, later: Duration) -> Answer {
        self.clock.store(NOON + i64::try_from(later.as_millis()).unwrap(), Relaxed);
        let request = Request::builder().uri(url).body(Body::empty()).unwrap();
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }
}

/// The rows of a file, the header first.
fn rows(file: &[u8]) -> Vec<Vec<Data>> {
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(file.to_vec())).unwrap();
    assert_eq!(book.sheet_names(), ["Users"]);
    book.worksheet_range("Users").unwrap().rows().map(<[Data]>::to_vec).collect()
}

/// One column, without its header.
fn column(file: &[u8], head: &str) -> Vec<String> {
    let rows = rows(file);
    let nth = rows[0].iter().position(|cell| cell == &Data::String(head.to_owned())).unwrap();
    rows.iter().skip(1).map(|row| row[nth].to_string()).collect()
}

async fn export(app: &TestApp, caller: Identity, org: &str, query: &str) -> Answer {
    app.get(caller, &format!("{org}/members/export?{query}")).await
}

/// Ada as Super Admin, Bob as Admin, Cy in a custom role, and Dee invited.
async fn organization_of_four(app: &TestApp) -> String {
    let acme = app.create_organization(ADA, "=1+1 Acme").await;
    let desk =
        app.create_role(ADA, &acme, "@Support", json!({ "user_management": "view_only" })).await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.add_member(ADA, &acme, CY, &desk).await;
    app.create_invitation(ADA, &acme, DEE.email, "user").await;
    acme
}

/// U4, SUB6
#[tokio::test]
async fn export_contains_all_users_with_typed_cells() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    let answer = export(&app, ADA, &acme, "").await.expect(200);
    assert_eq!(answer.headers["content-type"], XLSX);
    let name = format!("attachment; filename=\"users-{}-20261121T120007Z.xlsx\"", id(&acme));
    assert_eq!(answer.headers["content-disposition"], name);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let rows = rows(&answer.bytes);
    let recorded: Vec<_> = rows
        .iter()
        .map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | "))
        .collect();
    assert_snapshot!(mask(&recorded.join("\n")), @"
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
async fn expired_invitation_has_the_status_expired() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    app.wait(8 * DAY);
    let answer = export(&app, ADA, &acme, "status=pending").await.expect(200);
    assert_eq!(column(&answer.bytes, "Status"), ["expired"]);
}

/// SUB4, SUB6
#[tokio::test]
async fn export_applies_the_filters_and_order_of_the_list() {
    let (app, root) = TestApp::with_tree("Root").await;
    let night = app.create_role(ADA, &root, "Person of the night", json!({})).await;
    app.add_member(ADA, &root, BOB, "admin").await;
    let branch = app.create_sub_organization(BOB, &root, "Branch").await;
    for n in 0..12 {
        let org = if n % 3 == 0 { &root } else { &branch };
        let role = if n % 4 == 0 && org == &root { &night } else { "user" };
        let by = if org == &root { ADA } else { BOB };
        if n % 2 == 0 {
            app.add_member(by, org, nth_user(n), role).await;
        } else {
            app.create_invitation(by, org, nth_user(n).email, role).await;
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
        let list = app.list_all(ADA, &format!("{root}/members?limit=5&{query}")).await;
        let file = export(&app, ADA, &root, &query).await.expect(200);
        assert_eq!(column(&file.bytes, "E-mail"), each(&list, "email"), "{query}");
        assert_eq!(column(&file.bytes, "Organization ID"), each(&list, "organization_id"));
        let names = column(&file.bytes, "Organization");
        assert!(names.iter().all(|name| name == "Root" || name == "Branch"), "{names:?}");
    }
}

#[tokio::test]
async fn export_is_complete_with_short_pages() {
    let (app, layer) = TestApp::with_fault_layer(Limits::default()).await;
    let acme = app.create_organization(ADA, "Acme").await;
    for n in 0..30 {
        if n % 3 == 0 {
            app.add_member(ADA, &acme, nth_user(n), "user").await;
        } else {
            app.create_invitation(ADA, &acme, nth_user(n).email, "user").await;
        }
    }
    for query in ["", "sort=joined_at", "q=person&role_id=user", "role_id=user&role_id=super_admin"]
    {
        layer.clear_faults();
        let list = app.list_all(ADA, &format!("{acme}/members?limit=100&{query}")).await;
        layer.plan(|call| (call.name == "Query").then_some(Fault::Short));
        let file = export(&app, ADA, &acme, query).await.expect(200);
        assert_eq!(column(&file.bytes, "E-mail"), each(&list, "email"), "{query}");
        assert!(list.len() >= 30, "{query}");
    }
}

#[tokio::test]
async fn export_without_users_has_its_header() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    for query in ["q=nobody", "role_id=mdf_admin", &format!("q={}", "x".repeat(2_000))] {
        let file = export(&app, ADA, &acme, query).await.expect(200);
        let rows = rows(&file.bytes);
        assert_eq!((rows.len(), rows[0].len()), (1, 13), "{query}");
    }
}

/// An export has no pages.
#[tokio::test]
async fn invalid_export_parameter_is_refused() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    for query in ["limit=10", "cursor=x", "color=red", "status=removed", "scope=everything"] {
        export(&app, ADA, &acme, query).await.refuses(422, "invalid-request");
    }
}

/// ORG5, OP1
#[tokio::test]
async fn every_export_is_an_event() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    export(&app, CY, &acme, "status=active&q=b&sort=-email").await.expect(200);
    export(&app, OPERATOR, &acme, "").await.expect(200);
    let events = app.history(&acme).await;
    let recorded: Vec<_> = events
        .iter()
        .filter(|event| event["action"] == "members.exported")
        .map(|event| {
            let [actor, target] = [&event["actor"], &event["target"]];
            format!("by {actor}\n  on {target}\n  - {}\n  + {}", event["old"], event["new"])
        })
        .collect();
    assert_snapshot!(mask(&recorded.join("\n")), @r#"
    by {"email":"cy@example.com","operator":false,"user_id":"cy"}
      on {"id":"org_…","type":"member_export","version":1795262407000}
      - null
      + {"filters":{"match":"prefix","organization_id":[],"q":"b","role_id":[],"scope":"organization","sort":"-email","status":["active"]},"rows":1}
    by {"email":"op@platform.example","operator":true,"user_id":"op"}
      on {"id":"org_…","type":"member_export","version":1795262408000}
      - null
      + {"filters":{"match":"prefix","organization_id":[],"q":"","role_id":[],"scope":"organization","sort":"email","status":[]},"rows":4}
    "#);
}

#[tokio::test]
async fn export_without_a_recorded_event_is_refused() {
    let (mut app, layer) = TestApp::with_fault_layer(Limits::default()).await;
    ExportStore::add_to(&mut app, EVERYTHING).await;
    let acme = organization_of_four(&app).await;
    for fault in [Fault::Status(500), Fault::LostBefore, Fault::Conflict] {
        layer.plan(move |call| (call.name == "TransactWriteItems").then(|| fault.clone()));
        let answer = export(&app, ADA, &acme, "").await.refuses(503, "unavailable");
        assert!(!answer.headers.contains_key("location"));
        layer.clear_faults();
    }
    assert!(!app.actions(&acme).await.contains(&"members.exported".to_owned()));
    // The same holds if the users cannot be read completely.
    layer.plan(|call| (call.name == "Query" && call.nth > 2).then_some(Fault::Throttle));
    export(&app, ADA, &acme, "role_id=user&role_id=admin").await.refuses(503, "unavailable");
    layer.clear_faults();
    assert!(!app.actions(&acme).await.contains(&"members.exported".to_owned()));
}

/// ROLE8: a caller who loses the permission during the export gets the file with its event, or a
/// refusal without one.
#[tokio::test]
async fn losing_the_permission_during_an_export_gives_file_and_event_or_neither() {
    let (app, layer) = TestApp::with_fault_layer(Limits::default()).await;
    for (edits_role, expected) in [
        (false, vec!["404 no-such-organization", "200 "]),
        (true, vec!["403 missing-permission", "409 changed-concurrently", "200 "]),
    ] {
        let mut outcomes = Vec::new();
        for before in 0..7 {
            let acme = organization_of_four(&app).await;
            let role = app.role_of(&acme, CY).await.unwrap();
            let (mut order, path) = (vec![0; before], format!("{acme}/members/export"));
            order.extend([1, 1]);
            let change = async {
                if edits_role {
                    let none = json!({ "permissions": { "user_management": "none" } });
                    app.patch(ADA, &format!("{acme}/roles/{role}"), none).await.expect(200)
                } else {
                    app.remove(ADA, &acme, CY).await.expect(204)
                }
            };
            let (file, _, _) = layer.interleave(&order, app.get(CY, &path), change).await;
            let recorded = app.actions(&acme).await.contains(&"members.exported".to_owned());
            assert_eq!(recorded, file.status == 200, "{file}");
            outcomes.push(format!("{} {}", file.status.as_u16(), file.problem()));
        }
        outcomes.dedup();
        assert_eq!(outcomes, expected);
    }
}

#[tokio::test]
async fn large_export_is_a_link_that_expires() {
    let mut app = TestApp::new().await;
    let export_store = ExportStore::add_to(&mut app, EVERYTHING).await;
    let acme = organization_of_four(&app).await;
    let answer = export(&app, ADA, &acme, "").await.expect(303);
    assert_eq!(answer.headers["content-type"], "application/json");
    let url = answer.body["url"].as_str().unwrap();
    assert_eq!(answer.headers["location"], url);
    assert_eq!(answer.body["expires_at"], "2026-11-21T12:05:07Z");
    assert_eq!(app.actions(&acme).await.last().unwrap(), "members.exported");

    let soon = Duration::from_mins(1);
    let file = export_store.fetch(url, soon).await.expect(200);
    assert_eq!(column(&file.bytes, "E-mail").len(), 4);
    assert_eq!(file.headers["content-type"], XLSX);
    assert_eq!(file.headers["cache-control"], "no-store");
    let name = format!("attachment; filename=\"users-{}-20261121T120007Z.xlsx\"", id(&acme));
    assert_eq!(file.headers["content-disposition"], name);

    let late = export_store.fetch(url, Duration::from_secs(307)).await.expect(403);
    assert!(late.text.contains("Request has expired"), "{}", late.text);
    for (was, is) in [("X-Amz-Expires=300", "X-Amz-Expires=3000"), (".xlsx?", ".xlsy?")] {
        let forged = url.replacen(was, is, 1);
        assert_ne!(forged, url);
        export_store.fetch(&forged, soon).await.expect(403);
    }
    export_store.fetch(url.split('?').next().unwrap(), soon).await.expect(403);
}

#[tokio::test]
async fn files_of_the_same_second_have_different_random_keys() {
    let mut app = TestApp::new().await;
    let export_store = ExportStore::add_to(&mut app, EVERYTHING).await;
    let acme = organization_of_four(&app).await;
    let mut files = Vec::new();
    for query in ["status=active", "status=pending"] {
        app.wait(-1_000);
        let answer = export(&app, ADA, &acme, query).await.expect(303);
        files.push(answer.body["url"].as_str().unwrap().to_owned());
    }
    for (url, users) in files.iter().zip([3, 1]) {
        let file = export_store.fetch(url, Duration::ZERO).await.expect(200);
        assert_eq!(column(&file.bytes, "E-mail").len(), users);
    }
}

#[tokio::test]
async fn large_export_is_refused_without_a_reachable_bucket() {
    let mut app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    let router = app.router.clone();
    let unreachable = ExportBucket::new(bucket::config("http://127.0.0.1:1"), bucket::NAME);
    for (bucket, status, slug) in
        [(None, 422, "export-size-limit"), (Some(unreachable), 503, "unavailable")]
    {
        let exports = ExportConfig { bounds: EVERYTHING, bucket };
        app.router = router.clone().layer(Extension(exports));
        let answer = export(&app, ADA, &acme, "").await.refuses(status, slug);
        assert_eq!(answer.headers.contains_key("retry-after"), status == 503);
        assert!(!app.actions(&acme).await.contains(&"members.exported".to_owned()));
    }
}

#[tokio::test]
async fn export_has_row_and_time_limits() {
    let mut app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    let router = app.router.clone();
    let within = |bounds| router.clone().layer(Extension(ExportConfig { bounds, bucket: None }));
    app.router = within(ExportLimits { rows: 4, ..ExportLimits::default() });
    export(&app, ADA, &acme, "").await.expect(200);
    app.router = within(ExportLimits { rows: 3, ..ExportLimits::default() });
    assert_snapshot!(export(&app, ADA, &acme, "").await, @r#"
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
    export(&app, ADA, &acme, "status=active").await.expect(200);
    app.router = within(ExportLimits { reading: Duration::ZERO, ..ExportLimits::default() });
    assert_snapshot!(export(&app, ADA, &acme, "").await, @r#"
    422 Unprocessable Entity
    {
      "detail": "This export takes longer than a request can last. Use narrower filters, and export in parts.",
      "instance": "r1",
      "status": 422,
      "title": "Export time limit exceeded",
      "type": "/problems/export-time-limit"
    }
    "#);
    let recorded = app.actions(&acme).await;
    assert_eq!(recorded.iter().filter(|action| *action == "members.exported").count(), 2);
}

/// API Gateway accepts bytes only in base64. `lambda_http` decides by the media type.
#[tokio::test]
async fn export_leaves_lambda_as_base64() {
    let response = axum::response::Response::builder().header(CONTENT_TYPE, XLSX);
    let response = response.body(Body::from(&b"PK\x03\x04\xff"[..])).unwrap();
    let sent = IntoResponse::into_response(response).await.into_body();
    assert!(matches!(sent, lambda_http::Body::Binary(_)), "{sent:?}");
}
