//! `/v1/organizations/{org}/member-exports`: the users list as an Excel file.

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
use members::{ExportBucket, ExportConfig, ExportLimits, S3};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::{
    fake_s3::{self, Bucket},
    fault_layer::Fault,
    helpers::{DEE, each, id, nth_user},
    test_app::{ADA, Answer, BOB, CY, DAY, Identity, NOON, OPERATOR, TestApp, ample, mask},
};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Deployment with which small files go to the bucket, too.
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
        let bucket = Some(ExportBucket::new(S3::new(fake_s3::config(&url), fake_s3::NAME)));
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
pub fn rows(file: &[u8]) -> Vec<Vec<Data>> {
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(file.to_vec())).unwrap();
    assert_eq!(book.sheet_names(), ["Users", "About"]);
    book.worksheet_range("Users").unwrap().rows().map(<[Data]>::to_vec).collect()
}

/// One column, without its header.
fn column(file: &[u8], head: &str) -> Vec<String> {
    let rows = rows(file);
    let nth = rows[0].iter().position(|cell| cell == &Data::String(head.to_owned())).unwrap();
    rows.iter().skip(1).map(|row| row[nth].to_string()).collect()
}

async fn export(app: &TestApp, caller: Identity, org: &str, query: &str) -> Answer {
    app.post(caller, &format!("{org}/member-exports"), filters(query)).await
}

/// The same with an idempotency key.
async fn keyed_export(app: &TestApp, caller: Identity, org: &str, query: &str) -> Answer {
    let (path, key) = (format!("{org}/member-exports"), [("idempotency-key", "k")]);
    app.send_with(Some(caller), "POST", &path, Some(filters(query)), &key).await
}

/// The body with the filters of a query of the list.
fn filters(query: &str) -> Value {
    let mut body = json!({});
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match name {
            "status" | "kind" | "role_id" | "organization_id" => {
                let mut values = body[name].as_array().cloned().unwrap_or_default();
                values.push(json!(value));
                body[name] = json!(values);
            }
            _ => body[name] = json!(value),
        }
    }
    body
}

/// The number of recorded exports.
async fn exports(app: &TestApp, org: &str) -> usize {
    app.actions(org).await.iter().filter(|action| *action == "members.exported").count()
}

/// The headers of a file of `=1+1 Acme`.
fn assert_file_headers(file: &Answer) {
    let name = "attachment; filename=\"=1+1 Acme users 2026-11-21.xlsx\"; \
                filename*=UTF-8''%3D1%2B1%20Acme%20users%202026-11-21.xlsx";
    for (header, value) in
        [("content-type", XLSX), ("content-disposition", name), ("cache-control", "no-store")]
    {
        assert_eq!(file.headers[header], value);
    }
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
async fn export_contains_all_users() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    let answer = export(&app, ADA, &acme, "").await.expect(200);
    assert_file_headers(&answer);
    let rows = rows(&answer.bytes);
    let recorded: Vec<_> = rows
        .iter()
        .map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | "))
        .collect();
    assert_snapshot!(mask(&recorded.join("\n")), @"
    Organization | Kind | Email | Name | Display name | Status | Role | Identity provider role | Joined at (UTC) | Access ends at (UTC) | Invited at (UTC) | Invitation expires at (UTC) | Invited by | Keeper | Organization ID | Role ID | Member ID | User ID | Invitation ID
    =1+1 Acme | Person | ada@example.com |  |  | Active | Super Admin | Admin | 46347.5 |  |  |  |  |  | org_… | super_admin | mem_… | ada | 
    =1+1 Acme | Person | bob@example.com |  |  | Active | Admin | Admin | 46347.50003472222 |  |  |  |  |  | org_… | admin | mem_… | bob | 
    =1+1 Acme | Person | cy@example.com |  |  | Active | @Support | User | 46347.50005787037 |  |  |  |  |  | org_… | role_… | mem_… | cy | 
    =1+1 Acme | Person | dee@example.com |  |  | Invited | User | User |  |  | 46347.500069444446 | 46354.500069444446 | ada@example.com |  | org_… | user |  |  | inv_…
    ");
    let name = json!({ "display_name": "=Bob" });
    app.patch(ADA, &format!("{acme}/members/@bob"), name).await.expect(200);
    let named = export(&app, ADA, &acme, "q=bob").await.expect(200);
    assert_eq!(column(&named.bytes, "Display name"), ["=Bob"]);
    // An invitation that expired has another status, and so has a member whose access ended.
    let end = json!({ "access_expires_at": "2026-11-22T12:00:00Z" });
    app.patch(ADA, &format!("{acme}/members/@cy"), end).await.expect(200);
    app.wait(8 * DAY);
    let ended = export(&app, ADA, &acme, "q=cy").await.expect(200);
    assert_eq!(column(&ended.bytes, "Status"), ["Access ended"]);
    assert_eq!(column(&ended.bytes, "Access ends at (UTC)").len(), 1);
    let pending = export(&app, ADA, &acme, "status=pending").await.expect(200);
    assert_eq!(column(&pending.bytes, "Status"), ["Invitation expired"]);
}

/// MACH1
#[tokio::test]
async fn export_names_the_keepers_of_services_who_are_members() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.add_service(BOB, &acme, "Backup", "user").await;
    let services = export(&app, ADA, &acme, "kind=service").await.expect(200);
    assert_eq!(column(&services.bytes, "Keeper"), [BOB.email]);
    let persons = export(&app, ADA, &acme, "kind=person").await.expect(200);
    assert_eq!(column(&persons.bytes, "Keeper"), ["", ""]);
    app.remove(ADA, &acme, BOB).await.expect(204);
    let services = export(&app, ADA, &acme, "kind=service").await.expect(200);
    assert_eq!(column(&services.bytes, "Keeper"), [""]);
}

/// The second sheet, as one text.
fn about(file: &[u8]) -> String {
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(file.to_vec())).unwrap();
    let range = book.worksheet_range("About").unwrap();
    let lines = range.rows().map(|row| format!("{}: {}", row[0], row[1]));
    lines.collect::<Vec<_>>().join("\n")
}

/// SUB6
#[tokio::test]
async fn second_sheet_names_the_filters_and_for_whom_the_file_was_made() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    let roles = app.list_all(ADA, &format!("{acme}/roles")).await;
    let desk = roles.iter().find(|role| role["name"] == "@Support").unwrap()["id"].clone();
    let all = export(&app, ADA, &acme, "").await.expect(200);
    assert_snapshot!(about(&all.bytes), @"
    Users of: =1+1 Acme
    Made by: ada@example.com
    Made at (UTC): 46347.50009259259
    Users: 4
    Organizations: =1+1 Acme
    Status: Active, Invited, also where the invitation has expired
    Kind: Persons and services
    Roles: All
    Search: None
    Order in each organization: Email, A to Z
    Time zone: All times are in UTC.
    ");
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(all.bytes.clone())).unwrap();
    let range = book.worksheet_range("About").unwrap();
    assert_eq!(range.get((3, 1)), Some(&calamine::Data::Float(4.0)), "a number, not a text");
    let query = format!(
        "status=pending&kind=service&role_id={}&role_id=user&q==x&match=contains&sort=-joined_at",
        desk.as_str().unwrap()
    );
    let some = about(&export(&app, ADA, &acme, &query).await.expect(200).bytes);
    for line in [
        "Organizations: =1+1 Acme",
        "Status: Invited, also where the invitation has expired",
        "Kind: Services",
        "Roles: @Support, User",
        "Search: Contains: =x",
        "Order in each organization: Joined or invited, latest first",
        "Users: 0",
    ] {
        assert!(some.lines().any(|it| it == line), "{line}: {some}");
    }
    let by_name = about(&export(&app, ADA, &acme, "sort=-role_name").await.expect(200).bytes);
    assert!(by_name.lines().any(|line| line == "Order: Role, Z to A"), "{by_name}");
}

/// SUB4, SUB6
/// INV11: who is there already is refused in their own row.
#[tokio::test]
async fn export_can_be_sent_back_as_a_file_of_invitations() {
    let (app, acme) = TestApp::with_acme().await;
    let role = app.create_role(ADA, &acme, "Desk; 2nd floor", json!({})).await;
    app.add_member(ADA, &acme, BOB, &role).await;
    app.create_invitation(ADA, &acme, CY.email, &role).await;
    let globex = app.create_organization(BOB, "Globex").await;
    let quoted = |cell: &Data| format!("\"{}\"", cell.to_string().replace('"', "\"\""));
    let line = |row: &Vec<Data>| row.iter().map(quoted).collect::<Vec<_>>().join(";");
    let exported = export(&app, ADA, &acme, "").await.bytes;
    let file: Vec<_> = rows(&exported).iter().map(line).collect();
    let file = file.join("\r\n");
    assert_eq!(app.invite_file(ADA, &acme, file.clone()).await.statuses(), [422, 409, 409]);
    // Without the column of the ids, roles are found by their names.
    let file = file.replace("Role ID", "").replace("super_admin", "");
    app.create_role(BOB, &globex, "Desk; 2nd floor", json!({})).await;
    assert_eq!(app.invite_file(BOB, &globex, file).await.statuses(), [422, 409, 201]);
}

#[tokio::test]
async fn export_applies_the_filters_and_order_of_the_list() {
    let (app, root) = TestApp::with_tree("Root").await;
    let night = app.create_role(ADA, &root, "Person of the night", json!({})).await;
    app.add_member(ADA, &root, BOB, "admin").await;
    let branch = app.create_sub_organization(BOB, &root, "Branch").await;
    for n in 0..12 {
        let (by, org) = if n % 3 == 0 { (ADA, &root) } else { (BOB, &branch) };
        let role = if n % 12 == 0 { &night } else { "user" };
        if n % 2 == 0 {
            app.add_member(by, org, nth_user(n), role).await;
        } else {
            app.create_invitation(by, org, nth_user(n).email, role).await;
        }
        app.add_service(by, org, &format!("Service {n}"), role).await;
    }
    let queries = " status=active status=pending role_id=user&role_id=admin role_id=<night> \
                   q=person-00 q=person q=nobody q=n-00&match=contains scope=subtree \
                   scope=subtree&q=person scope=subtree&status=pending&role_id=user \
                   scope=subtree&sort=-email scope=subtree&sort=-joined_at&q=person \
                   sort=joined_at organization_id=<branch>&sort=-joined_at \
                   organization_id=<branch>&organization_id=<root> kind=person kind=service \
                   kind=service&scope=subtree kind=person&scope=subtree&role_id=user \
                   sort=name scope=subtree&sort=-name scope=subtree&sort=role_name \
                   sort=-role_name&status=active scope=subtree&sort=name&q=person";
    for query in queries.split(' ') {
        let query = query.replace("<night>", &night).replace("<branch>", id(&branch));
        let query = query.replace("<root>", id(&root));
        let list = app.list_all(ADA, &format!("{root}/members?limit=5&{query}")).await;
        let file = export(&app, ADA, &root, &query).await.expect(200);
        assert_eq!(column(&file.bytes, "Email"), each(&list, "email"), "{query}");
        assert_eq!(column(&file.bytes, "Organization ID"), each(&list, "organization_id"));
        let names = column(&file.bytes, "Organization");
        assert!(names.iter().all(|name| name == "Root" || name == "Branch"), "{names:?}");
    }
}

#[tokio::test]
async fn export_is_complete_with_short_pages() {
    let (app, layer) = TestApp::with_fault_layer(ample()).await;
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
        assert_eq!(column(&file.bytes, "Email"), each(&list, "email"), "{query}");
        assert!(list.len() >= 30, "{query}");
    }
}

#[tokio::test]
async fn export_filter_can_match_no_users_or_be_invalid() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    for query in ["q=nobody", "role_id=mdf_admin", &format!("q={}", "x".repeat(2_000))] {
        let file = export(&app, ADA, &acme, query).await.expect(200);
        let rows = rows(&file.bytes);
        assert_eq!((rows.len(), rows[0].len()), (1, 19), "{query}: only the header");
    }
    // An export has no pages.
    for query in ["limit=10", "cursor=x", "color=red", "status=removed", "scope=everything"] {
        let refused = export(&app, ADA, &acme, query).await.refuses(422, "invalid-request");
        let name = query.split('=').next().unwrap();
        assert!(refused.pointer().starts_with(&format!("/{name}")), "{query}: {refused}");
    }
    let filtered = app.post(ADA, &format!("{acme}/member-exports?q=b"), json!({})).await;
    filtered.refuses(422, "invalid-request");
    // Without a body, there are no filters.
    let all = app.send(Some(ADA), "POST", &format!("{acme}/member-exports"), None).await;
    assert_eq!(column(&all.expect(200).bytes, "Status").len(), 4);
}

/// SUB4
#[tokio::test]
async fn export_of_a_subtree_needs_the_level_for_sub_organizations() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    let refused = export(&app, CY, &acme, "scope=subtree").await.refuses(403, "missing-permission");
    assert_eq!(refused.body["role_object"], "user_management_sub_organizations");
    assert_eq!(exports(&app, &acme).await, 0);
}

#[tokio::test]
async fn repeated_export_is_the_first_file_and_one_event() {
    let mut app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    let within = app.router.clone();
    let inline = ExportLimits { inline: 1_000_000, ..EVERYTHING };
    let mut count = 0;
    for (bounds, query) in [(inline, "q=b"), (EVERYTHING, "")] {
        app.router = within.clone();
        let export_store = ExportStore::add_to(&mut app, bounds).await;
        let file = async |answer: Answer| match answer.body["url"].as_str() {
            Some(url) => {
                let soon = Duration::from_millis(u64::try_from(app.now() - NOON).unwrap());
                export_store.fetch(url, soon).await.expect(200).bytes
            }
            None => answer.bytes,
        };
        let first = keyed_export(&app, CY, &acme, query).await.expect(200);
        count += 1;
        let name = first.headers.get("content-disposition").cloned();
        let first = file(first).await;
        app.create_invitation(ADA, &acme, nth_user(count).email, "user").await;
        for _ in 0..2 {
            let again = keyed_export(&app, CY, &acme, query).await.expect(200);
            assert_eq!(again.headers.get("content-disposition"), name.as_ref());
            assert_eq!(file(again).await, first);
        }
        assert_eq!(exports(&app, &acme).await, count);
        keyed_export(&app, CY, &acme, "q=c").await.refuses(422, "idempotency-key-reused");
        // A caller without the permission gets no file.
        if query.is_empty() {
            app.remove(ADA, &acme, CY).await.expect(204);
            keyed_export(&app, CY, &acme, query).await.refuses(404, "no-such-organization");
        } else {
            app.wait(25 * 60 * 60 * 1_000);
        }
    }
}

#[tokio::test]
async fn repeated_export_without_a_kept_file_is_refused() {
    let mut app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    keyed_export(&app, ADA, &acme, "").await.expect(200);
    keyed_export(&app, ADA, &acme, "").await.refuses(409, "export-not-kept");
    assert_eq!(exports(&app, &acme).await, 1);
    // The bucket has lost the file.
    let within = app.router.clone();
    let inline = ExportLimits { inline: 1_000_000, ..EVERYTHING };
    ExportStore::add_to(&mut app, inline).await;
    keyed_export(&app, BOB, &acme, "").await.expect(200);
    app.router = within;
    ExportStore::add_to(&mut app, inline).await;
    keyed_export(&app, BOB, &acme, "").await.refuses(409, "export-not-kept");
    assert_eq!(exports(&app, &acme).await, 2);
}

/// ORG5, OP1
#[tokio::test]
async fn every_export_is_an_event() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    export(&app, CY, &acme, "status=active&q=b&sort=-email").await.expect(200);
    export(&app, OPERATOR, &acme, "").await.expect(200);
    let events = app.history(&acme).await;
    let exports = events.iter().filter(|event| event["action"] == "members.exported");
    let lines: Vec<_> = exports
        .map(|it| format!("{}\n{}\n{} {}", it["actor"], it["target"], it["old"], it["new"]))
        .collect();
    assert_snapshot!(mask(&lines.join("\n")), @r#"
    {"email":"cy@example.com","id":"mem_…","name":null,"operator":false}
    {"id":"org_…","name":"=1+1 Acme","type":"member_export","version":1795262407000}
    null {"filters":{"kind":[],"match":"prefix","organization_id":[],"q":"","role_id":[],"scope":"organization","sort":"-email","status":["active"]},"organization_names":[],"role_names":[],"rows":1,"searched":true}
    {"email":null,"id":null,"name":"Platform operator","operator":true}
    {"id":"org_…","name":"=1+1 Acme","type":"member_export","version":1795262408000}
    null {"filters":{"kind":[],"match":"prefix","organization_id":[],"q":"","role_id":[],"scope":"organization","sort":"email","status":[]},"organization_names":[],"role_names":[],"rows":4,"searched":false}
    "#);
}

/// What the filters name by ids has its name next to it, as it was at the time of the export.
#[tokio::test]
async fn event_of_an_export_names_its_filters() {
    let app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    let desk = app.create_role(ADA, &acme, "Desk", json!({})).await;
    let query = format!("organization_id={}&role_id={desk}&role_id=user", id(&acme));
    export(&app, ADA, &acme, &query).await.expect(200);
    app.delete(ADA, &format!("{acme}/roles/{desk}")).await.expect(204);
    let event = app.history(&acme).await.into_iter().find(|it| it["action"] == "members.exported");
    let new = event.unwrap()["new"].clone();
    assert_eq!(new["organization_names"], json!(["=1+1 Acme"]));
    assert_eq!(new["role_names"], json!(["Desk", "User"]));
}

#[tokio::test]
async fn export_without_a_recorded_event_is_refused() {
    let (mut app, layer) = TestApp::with_fault_layer(ample()).await;
    ExportStore::add_to(&mut app, EVERYTHING).await;
    let acme = organization_of_four(&app).await;
    for fault in [Fault::Status(500), Fault::LostBefore, Fault::Conflict] {
        layer.plan(move |call| (call.name == "TransactWriteItems").then(|| fault.clone()));
        let answer = export(&app, ADA, &acme, "").await.refuses(503, "unavailable");
        assert!(!answer.headers.contains_key("location"));
    }
    // The same holds if the users cannot be read completely.
    layer.plan(|call| (call.name == "Query" && call.nth > 2).then_some(Fault::Throttle));
    export(&app, ADA, &acme, "role_id=user&role_id=admin").await.refuses(503, "unavailable");
    layer.clear_faults();
    assert_eq!(exports(&app, &acme).await, 0);
}

/// ROLE8: a caller who loses the permission during the export gets the file with its event, or a
/// refusal without one.
#[tokio::test]
async fn losing_the_permission_during_an_export_gives_file_and_event_or_neither() {
    let (app, layer) = TestApp::with_fault_layer(ample()).await;
    for (edits_role, expected) in [
        (false, vec!["404 no-such-organization", "200 "]),
        (true, vec!["403 missing-permission", "409 changed-concurrently", "200 "]),
    ] {
        let mut outcomes = Vec::new();
        for before in 0..7 {
            let acme = organization_of_four(&app).await;
            let role = app.role_of(&acme, CY).await.unwrap();
            let order = [vec![0; before], vec![1, 1]].concat();
            let change = async {
                if edits_role {
                    let none = json!({ "permissions": { "user_management": "none" } });
                    app.patch(ADA, &format!("{acme}/roles/{role}"), none).await.expect(200)
                } else {
                    app.remove(ADA, &acme, CY).await.expect(204)
                }
            };
            let (file, _, _) = layer.interleave(&order, export(&app, CY, &acme, ""), change).await;
            assert_eq!(exports(&app, &acme).await, usize::from(file.status == 200), "{file}");
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
    let answer = export(&app, ADA, &acme, "").await.expect(200);
    let url = answer.body["url"].as_str().unwrap();
    assert!(!answer.headers.contains_key("location"), "{answer}");
    assert_eq!(answer.body["expires_at"], "2026-11-21T12:05:07Z");
    assert_eq!(exports(&app, &acme).await, 1);

    // Files of the same second have different random keys.
    app.wait(NOON + 7_000 - app.now());
    let other = export(&app, ADA, &acme, "status=pending").await.expect(200);
    let soon = Duration::from_mins(1);
    for (answer, users) in [(&answer, 4), (&other, 1)] {
        let file = export_store.fetch(answer.body["url"].as_str().unwrap(), soon).await.expect(200);
        assert_eq!(column(&file.bytes, "Email").len(), users);
        assert_file_headers(&file);
    }

    let late = export_store.fetch(url, Duration::from_secs(307)).await.expect(403);
    assert!(late.text.contains("Request has expired"), "{}", late.text);
    let unsigned = url.split('?').next().unwrap().to_owned();
    let longer = url.replacen("X-Amz-Expires=300", "X-Amz-Expires=3000", 1);
    for forged in [&unsigned, &longer, &url.replacen(".xlsx?", ".xlsy?", 1)] {
        assert_ne!(forged, url);
        export_store.fetch(forged, soon).await.expect(403);
    }
}

#[tokio::test]
async fn large_export_is_refused_without_a_reachable_bucket() {
    let mut app = TestApp::new().await;
    let acme = organization_of_four(&app).await;
    let unreachable =
        ExportBucket::new(S3::new(fake_s3::config("http://127.0.0.1:1"), fake_s3::NAME));
    let router = app.router.clone();
    for (bucket, status, slug) in
        [(None, 422, "export-size-limit"), (Some(unreachable), 503, "unavailable")]
    {
        let exports = ExportConfig { bounds: EVERYTHING, bucket };
        app.router = router.clone().layer(Extension(exports));
        let answer = export(&app, ADA, &acme, "").await.refuses(status, slug);
        assert_eq!(answer.headers.contains_key("retry-after"), status == 503);
    }
    assert_eq!(exports(&app, &acme).await, 0);
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
    assert_snapshot!(export(&app, ADA, &acme, "").await.summary(), @"
    422 export-row-limit: Export row limit exceeded
    These filters match more than 3 users, which is the limit of a file. Use narrower filters, and export in parts.
    limit: 3
    ");
    export(&app, ADA, &acme, "status=active").await.expect(200);
    app.router = within(ExportLimits { reading: Duration::ZERO, ..ExportLimits::default() });
    assert_snapshot!(export(&app, ADA, &acme, "").await.summary(), @"
    422 export-time-limit: Export time limit exceeded
    Reading these users takes longer than 0 seconds, which is the limit. Use narrower filters, and export in parts.
    limit: 0
    ");
    assert_eq!(exports(&app, &acme).await, 2);
}

/// API Gateway accepts bytes only in base64. `lambda_http` decides by the media type.
#[tokio::test]
async fn export_leaves_lambda_as_base64() {
    let response = axum::response::Response::builder().header(CONTENT_TYPE, XLSX);
    let response = response.body(Body::from(&b"PK\x03\x04\xff"[..])).unwrap();
    let sent = IntoResponse::into_response(response).await.into_body();
    assert!(matches!(sent, lambda_http::Body::Binary(_)), "{sent:?}");
}
