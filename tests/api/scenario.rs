//! An organization with data of every kind, and the operations that change it. The data is created
//! once and restored before each run.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use aws_sdk_dynamodb::{
    Client,
    types::{DeleteRequest, PutRequest, WriteRequest},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::{
    domain::{CustomerLink, MemberId, OrgId, Organization, PersonId, RoleId, UserId},
    store::Error,
};

use crate::{
    fault_layer::Layer,
    helpers::{each, id, operator_path},
    invariants::{Item, OrganizationItems, Table, inspect, scan},
    test_app::{ADA, BOB, DAY, EVE, Identity, OPERATOR, TestApp, ample, identity, start_engine},
};

/// The operations: `name | method path | body`. The name begins with the caller: in capitals, the `sub`
/// of a user. `<name>` is the id or path of an item of the scenario.
const OPERATIONS: &str = r#"
ADA invites ann as User | POST <acme>/invitations | {"email": "ann@example.com", "role_id": "user"}
BOB invites ann as Free | POST <acme>/invitations | {"email": "ann@example.com", "role_id": "<free>"}
MIA invites ann as Reader | POST <acme>/invitations | {"email": "ann@example.com", "role_id": "<readers>"}
BOB invites ann, cy and old in a batch | POST <acme>/invitations/batch | {"invitations": [{"email": "ann@example.com", "role_id": "user"}, {"email": "cy@example.com", "role_id": "user"}, {"email": "old@example.com", "role_id": "<free>"}]}
ADA makes cy's invitation one to Readers | PATCH <cys> | {"role_id": "<readers>"}
BOB extends eve's | PATCH <eves> | {"expires_in_days": 20}
BOB ends the access that cy's offers | PATCH <cys> | {"access_expires_at": "2027-03-01T00:00:00Z"}
BOB resends to cy | POST <cys>/resend | {}
ADA revokes cy's | DELETE <cys> | {}
CY accepts | POST <cys>/accept | {}
CY declines | POST <cys>/decline | {}
BOB resends the expired invitation | POST <old>/resend | {}
BOB replaces the expired invitation | POST <acme>/invitations | {"email": "old@example.com", "role_id": "<free>"}
EVE accepts as Reader | POST <eves>/accept | {}
MEG accepts as MDF Admin | POST <megs>/accept | {}
ADA makes DAN Free | PATCH <acme>/members/@dan | {"role_id": "<free>"}
ADA ends the access of DAN | PATCH <acme>/members/@dan | {"access_expires_at": "2027-03-01T00:00:00Z"}
ADA ends the access of BOB | PATCH <acme>/members/@bob | {"access_expires_at": "2027-03-01T00:00:00Z"}
MIA names DAN | PATCH <acme>/members/@dan | {"display_name": "Daniel"}
BOB makes DAN a Reader | PATCH <acme>/members/@dan | {"role_id": "<readers>"}
ADA makes DAN MDF Admin | PATCH <acme>/members/@dan | {"role_id": "mdf_admin"}
ADA invites ann as MDF Admin | POST <acme>/invitations | {"email": "ann@example.com", "role_id": "mdf_admin"}
ADA resends meg's | POST <megs>/resend | {}
ADA makes BOB a User | PATCH <acme>/members/@bob | {"role_id": "user"}
ADA makes MIA a User | PATCH <acme>/members/@mia | {"role_id": "user"}
MIA removes BOB | DELETE <acme>/members/@bob | {}
BOB removes MIA | DELETE <acme>/members/@mia | {}
BOB leaves | POST <acme>/leave | {}
DAN leaves | POST <acme>/leave | {}
MIA adds the service Sync | POST <acme>/service-members | {"user_id": "sync", "name": "Sync", "role_id": "<free>", "keeper_id": "@dan"}
ADA adds the service Sync | POST <acme>/service-members | {"user_id": "sync", "name": "Sync (2)", "role_id": "user", "keeper_id": "@bob"}
ADA lets BOB keep the service Job | PATCH <acme>/members/@job | {"keeper_id": "@bob"}
BOB makes the service Job Free | PATCH <acme>/members/@job | {"role_id": "<free>"}
BOB removes the service Job | DELETE <acme>/members/@job | {}
JOB leaves | POST <acme>/leave | {}
ADA transfers to BOB | POST <acme>/transfer | {"member_id": "@bob"}
ADA transfers to GUS | POST <acme>/transfer | {"member_id": "@gus"}
ADA creates Night | POST <acme>/roles | {"name": "Night"}
BOB renames Free to Night | PATCH <acme>/roles/<free> | {"name": "Night"}
ADA raises Readers | PATCH <acme>/roles/<readers> | {"permissions": {"user_management": "view_only"}}
ADA lowers Managers | PATCH <acme>/roles/<managers> | {"permissions": {"user_management": "view_only"}}
ADA describes Free | PATCH <acme>/roles/<free> | {"description": "For everyone"}
BOB deletes Free | DELETE <acme>/roles/<free> | {}
ADA deletes Guests and reassigns to Readers | DELETE <acme>/roles/<guests>?reassign_to=<readers> | {}
BOB makes DAN a Guest | PATCH <acme>/members/@dan | {"role_id": "<guests>"}
INA accepts as Guest | POST <inas>/accept | {}
BOB resends to ina | POST <inas>/resend | {}
ADA renames Acme | PATCH <acme> | {"name": "Acme 2"}
BOB changes the website of Acme | PATCH <acme> | {"website": "https://acme.example"}
BOB creates Below | POST <acme>/sub-organizations | {"name": "Below"}
ADA joins Empty | POST <empty>/join | {}
BOB joins Empty | POST <empty>/join | {}
HAL requests to join | POST <acme>/join-requests | {"comment": "Hello"}
IDA cancels her request | DELETE <acme>/join-requests/mine | {}
ADA approves ida's | POST <idas>/approve | {}
BOB approves ida's as Free | POST <idas>/approve | {"role_id": "<free>"}
BOB declines ida's | POST <idas>/decline | {}
BOB invites ida | POST <acme>/invitations | {"email": "ida@example.com", "role_id": "user"}
BOB invites hal | POST <acme>/invitations | {"email": "hal@example.com", "role_id": "user"}
KIM accepts | POST <for_kim>/accept | {}
KIM cancels her request | DELETE <acme>/join-requests/mine | {}
ADA declines kim's | POST <kims>/decline | {}
ADA removes the domain example.com | DELETE <acme>/domains/example.com | {}
LEO approves the domain example.org | PUT <acme>/domains/example.org | {}
ADA sets the security | PUT <acme>/security | {"require_mfa": false, "max_session_minutes": null, "allowed_networks": ["192.0.2.0/24"], "event_retention_days": 30}
GUS sets the security | PUT <acme>/security | {"require_mfa": false, "max_session_minutes": null, "allowed_networks": ["192.0.2.0/24"], "event_retention_days": 60}
ADA adds new to the alerts | POST <acme>/critical-alert-users | {"email": "new@example.com"}
BOB adds new to the alerts | POST <acme>/critical-alert-users | {"email": "new@example.com"}
BOB removes old from the alerts | DELETE <acme>/critical-alert-users/<old_alert> | {}
FAY accepts as first Admin | POST <fays>/accept | {}
FAY declines | POST <fays>/decline | {}
an operator revokes fay's | DELETE <waiting>/invitations/<fays_id> | {}
an operator erases dan | DELETE <dan_person> | {}
an operator erases kim | DELETE <kim_person> | {}
an operator erases hal | DELETE <hal_person> | {}
an operator offboards dan | POST <dan_person>/offboard | {}
an operator reconnects DAN | POST <operated>/members/@dan/account | {"user_id": "dan-2", "reason": "ticket 7"}
an operator reconnects ADA | POST <operated>/members/@ada/account | {"user_id": "ada-2", "reason": "ticket 8"}
an operator reconnects DAN to hal | POST <operated>/members/@dan/account | {"user_id": "hal", "reason": "ticket 9"}
an operator appoints GUS and removes ADA | POST <operated>/super-admin | {"member_id": "@gus", "former": "removed", "reason": "Gone."}
an operator appoints DAN | POST <operated>/super-admin | {"member_id": "@dan", "former": "admin", "reason": "Gone."}
EVE deletes Rival | DELETE <rival_path> | {"name": "Rival"}
EVE deletes Company | DELETE <company_path> | {"name": "Company"}
an operator deletes Waiting | DELETE <waiting> | {"name": "Below", "reason": "Unused."}
an operator deletes Empty | DELETE <operated_empty> | {"name": "Empty", "reason": "Unused."}
an operator suspends Acme | PUT <operated>/suspension | {"reason": "Unpaid."}
an operator links Rival | PUT <operated>/customers/<rival> | {"preferred": true}
an operator makes Acme preferred | PUT <operated>/customers/<company> | {"preferred": true}
an operator unlinks Company | DELETE <operated>/customers/<company> | {}
EVE suspends the link with Acme | PUT <company_path>/partners/<acme_id>/suspension | {}
an operator makes Rival a partner | PATCH /v1/operator/organizations/<rival> | {"kind": "partner"}
an operator ends the programme | PATCH <operated> | {"mdf_program": false}
"#;

/// An app with a fault layer, and its data at the start of each run.
pub struct Scenario {
    pub app: TestApp,
    pub layer: Layer,
    pub operations: Vec<Operation>,
    items: Vec<Item>,
    at: i64,
    /// The items that `inspect` read, while no operation has run since.
    seen: Mutex<Option<Vec<Item>>>,
    /// A client without the layer.
    client: Client,
}

/// A request, or a run of the clean-up.
#[derive(Clone, Debug)]
pub struct Operation {
    pub name: &'static str,
    pub caller: Identity,
    pub method: &'static str,
    /// None for the clean-up.
    pub path: Option<String>,
    pub body: Value,
}

/// The result of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub status: u16,
    pub retry_after: bool,
    pub text: String,
}

/// What an operation does when it runs alone.
pub struct Alone {
    pub outcome: Outcome,
    pub state: State,
    /// Name and body of each call to DynamoDB.
    pub calls: Vec<(String, Value)>,
}

impl Operation {
    fn parse(line: &'static str, ids: &[(&str, String)]) -> Self {
        let [name, request, body] = [0, 1, 2].map(|nth| line.split(" | ").nth(nth).unwrap());
        let sub = name.split(' ').next().unwrap();
        let is_user = sub.chars().all(char::is_uppercase);
        let caller = if is_user { user(&sub.to_lowercase()) } else { OPERATOR };
        let resolve = |text: &str| {
            let replace = |text: String, (name, id): &(&str, String)| text.replace(name, id);
            ids.iter().fold(text.to_owned(), replace)
        };
        let body = serde_json::from_str(&resolve(body)).unwrap();
        let (method, path) = request.split_once(' ').unwrap();
        Self { name, caller, method, path: Some(resolve(path)), body }
    }

    /// Does it run several transactions, so that it can stop between two of them?
    pub fn in_steps(&self) -> bool {
        let in_steps = |path: &String| path.contains("reassign_to") || path.contains("/people/");
        self.path.as_ref().is_some_and(in_steps)
    }

    /// Does it erase a person? Each round that finds something of the person is an event of its own.
    pub fn erases(&self) -> bool {
        self.method == "DELETE" && self.path.as_ref().is_some_and(|path| path.contains("/people/"))
    }
}

impl Outcome {
    /// The kind of the problem; empty without one.
    pub fn problem(&self) -> String {
        let body: Value = serde_json::from_str(&self.text).unwrap_or_default();
        body["type"].as_str().unwrap_or_default().trim_start_matches("/problems/").to_owned()
    }

    pub fn done(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Scenario {
    pub async fn new() -> Self {
        let (engine, client) = start_engine().await;
        let (layer, layered) = Layer::under(&client);
        let app = TestApp::over(layered, engine, ample()).await;
        let ids = seed_data(&app).await;
        let requests = OPERATIONS.trim().lines().map(|line| Operation::parse(line, &ids));
        let (caller, body) = (OPERATOR, json!({}));
        let clean_up =
            Operation { name: "the clean-up runs", caller, method: "", path: None, body };
        let operations = requests.chain([clean_up]).collect();
        let items = scan(&app).await;
        assert_eq!(inspect(&items), [""; 0]);
        let at = app.now();
        Self { app, layer, operations, items, at, seen: Mutex::default(), client }
    }

    /// A scenario with the same data in another table of the same engine.
    pub async fn copy(&self) -> Self {
        let (layer, client) = Layer::under(&self.client);
        let app = TestApp::over(client, None, ample()).await;
        let (operations, items) = (self.operations.clone(), self.items.clone());
        let (at, seen, client) = (self.at, Mutex::default(), self.client.clone());
        let copy = Self { app, layer, operations, items, at, seen, client };
        copy.reset().await;
        copy
    }

    /// Restores the data and the clock.
    pub async fn reset(&self) {
        self.layer.clear_faults();
        self.app.wait(self.at - self.app.now());
        let seen = self.seen.lock().unwrap().take();
        let stored = match seen {
            Some(seen) => seen,
            None => scan(&self.app).await,
        };
        let by_key = |items: &[Item]| -> HashMap<_, _> {
            let key = |item: &Item| format!("{:?} {:?}", item["pk"], item["sk"]);
            items.iter().map(|item| (key(item), item.clone())).collect()
        };
        let (initial, mut stored) = (by_key(&self.items), by_key(&stored));
        let mut requests = Vec::new();
        for (key, item) in initial {
            if stored.remove(&key).as_ref() != Some(&item) {
                let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
                requests.push(WriteRequest::builder().put_request(put).build());
            }
        }
        for item in stored.into_values() {
            let delete = DeleteRequest::builder().key("pk", item["pk"].clone());
            let delete = delete.key("sk", item["sk"].clone()).build().unwrap();
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        for batch in requests.chunks(25) {
            let write = self.app.client.batch_write_item();
            write.request_items(&self.app.table, batch.to_vec()).send().await.unwrap();
        }
    }

    pub async fn run(&self, operation: &Operation) -> Outcome {
        self.run_with_key(operation, None).await
    }

    /// Runs an operation; a POST has the `Idempotency-Key`.
    pub async fn run_with_key(&self, operation: &Operation, key: Option<&str>) -> Outcome {
        *self.seen.lock().unwrap() = None;
        let Some(path) = &operation.path else { return self.clean_up().await };
        let key = key.map(|key| ("idempotency-key", key));
        let headers: Vec<_> = key.into_iter().filter(|_| operation.method == "POST").collect();
        let is_empty = operation.method == "DELETE" && operation.body == json!({});
        let body = (!is_empty).then(|| operation.body.clone());
        let caller = Some(operation.caller);
        let answer = self.app.send_with(caller, operation.method, path, body, &headers).await;
        Outcome {
            status: answer.status.as_u16(),
            retry_after: answer.headers.contains_key("retry-after"),
            text: answer.text,
        }
    }

    /// Runs an operation on the initial data without faults, and records its calls.
    pub async fn run_alone(&self, operation: &Operation, key: Option<&str>) -> Alone {
        self.reset().await;
        let calls = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&calls);
        self.layer.plan(move |call| {
            seen.lock().unwrap().push((call.name.to_owned(), call.body.clone()));
            None
        });
        let outcome = self.run_with_key(operation, key).await;
        let (broken, state) = self.inspect().await;
        assert!(outcome.done() && broken.is_empty(), "{}: {outcome:?} {broken:#?}", operation.name);
        let calls = std::mem::take(&mut *calls.lock().unwrap());
        Alone { outcome, state, calls }
    }

    async fn clean_up(&self) -> Outcome {
        let now = Timestamp::from_millisecond(self.app.now()).unwrap();
        let (status, text) =
            match cleanup::run(&self.app.store, now, || now, "clean-up", || false).await {
                Ok(summary) if summary.failed == 0 => (200, format!("{summary:?}")),
                Ok(summary) => (503, format!("{summary:?}")),
                Err(error @ Error::Unavailable(_)) => (503, error.to_string()),
                Err(error) => (500, error.to_string()),
            };
        Outcome { status, retry_after: true, text }
    }

    /// The violated invariants, and the facts in the table.
    pub async fn inspect(&self) -> (Vec<String>, State) {
        self.layer.clear_faults();
        let items = scan(&self.app).await;
        let found = (inspect(&items), State::of(&items));
        *self.seen.lock().unwrap() = Some(items);
        found
    }

    pub fn initial(&self) -> State {
        State::of(&self.items)
    }

    #[track_caller]
    pub fn operation(&self, name: &str) -> &Operation {
        let found = self.operations.iter().find(|operation| operation.name == name);
        found.unwrap_or_else(|| panic!("no operation {name:?}"))
    }
}

/// The facts in a table, without times and ids, which differ between runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub facts: BTreeSet<String>,
    pub events: usize,
}

impl State {
    pub fn of(items: &[Item]) -> Self {
        let Table { orgs, .. } = Table::read(items);
        let name_of = |org| {
            let part = orgs.get(&org).and_then(|part| part.org.as_ref());
            part.map(|org| org.name.to_string()).unwrap_or_default()
        };
        let mut facts = BTreeSet::new();
        for part in orgs.values() {
            let Some(org) = &part.org else { continue };
            let mut found = Vec::new();
            organization_facts(org, part, name_of, &mut found);
            user_facts(part, &mut found);
            let here = name_of(org.id());
            facts.extend(found.into_iter().map(|fact| format!("{here}: {fact}")));
        }
        Self { facts, events: orgs.values().map(|part| part.events.len()).sum() }
    }
}

fn organization_facts(
    org: &Organization,
    part: &OrganizationItems,
    name_of: impl Fn(OrgId) -> String,
    facts: &mut Vec<String>,
) {
    let (parent, waits) = (org.path.parent().map(&name_of), org.pending_first_admin.is_some());
    let Organization { kind, settings, super_admin_user_id: super_admin, .. } = org;
    facts.push(format!("under {parent:?}, {kind:?}, {settings:?}"));
    facts.push(format!("Super Admin {super_admin:?}, waits for the first: {waits}"));
    facts.push(format!("{:?}, {:?}", part.profile, org.security));
    let (suspended, deleted) = (org.suspension().is_some(), org.is_deleted());
    facts.push(format!("suspended: {suspended}, deleted: {deleted}"));
    for link in part.customers.values() {
        let CustomerLink { preferred, suspended, .. } = *link;
        let customer = name_of(link.customer_id);
        facts.push(format!("works for {customer}, preferred {preferred}, suspended {suspended}"));
    }
    facts.extend(part.domains.iter().map(|approved| format!("approves {}", approved.value)));
    for request in part.requests.values() {
        facts.push(format!("{} requests to join, {:?}", request.user_id, request.status));
    }
    facts.extend(part.alerted.iter().map(|user| format!("{} is alerted", user.value)));
    for (role, users) in part.roles.values() {
        let (name, text, levels) = (&role.name, &role.description, role.levels.pack());
        let to = role.reassignment.as_ref().map(|reassignment| reassignment.to);
        facts.push(format!("role {name:?} {text:?} {levels} {users:?} {to:?}"));
    }
}

fn user_facts(part: &OrganizationItems, facts: &mut Vec<String>) {
    let role = |role: RoleId| match role {
        RoleId::BuiltIn(role) => role.to_string(),
        RoleId::Custom(id) => {
            part.roles.get(&id).map(|(role, _)| role.name.to_string()).unwrap_or_default()
        }
    };
    let user_of = |id: Option<MemberId>| {
        let member = part.members.values().find(|member| Some(member.id()) == id);
        member.map(|member| &member.user_id)
    };
    for member in part.members.values() {
        let (user, role) = (&member.user_id, role(member.role_id));
        let name = &member.display_name;
        facts.push(format!("{user} is {role}, by {:?}, named {name:?}", member.source));
        if let Some(service) = member.service {
            facts.push(format!("{user} is kept by {:?}", user_of(Some(service.keeper))));
        }
    }
    for open in &part.pending {
        let (email, count, role) = (&open.email, open.send_count, role(open.role_id));
        let inviter = user_of(open.inviter.as_ref().map(|inviter| inviter.member_id));
        facts.push(format!("{email} is invited as {role}, {count} times, by {inviter:?}"));
    }
}

/// The user with this `sub`. Leo's address is in another domain.
pub fn user(sub: &str) -> Identity {
    if matches!(sub, "job" | "sync") {
        // The token of a service has no address.
        return identity(sub.to_owned().leak(), "");
    }
    let domain = if sub == "leo" { "example.org" } else { "example.com" };
    identity(sub.to_owned().leak(), format!("{sub}@{domain}").leak())
}

/// The path of a person for operators.
fn person(sub: &str) -> String {
    format!("/v1/operator/people/{}", PersonId::of(&UserId::new(sub)))
}

/// Creates the data. Returns the names that the operations use, with their ids or paths.
async fn seed_data(app: &TestApp) -> Vec<(&'static str, String)> {
    // Acme, its custom roles and its members.
    let acme = app.create_organization(ADA, "Acme").await;
    let settings =
        json!({ "kind": "partner", "mdf_program": true, "manage_sub_organizations": true });
    app.update_settings(&acme, settings).await;
    let managers = json!({ "user_management": "full_access", "event_history": "view_only" });
    let managers = app.create_role(ADA, &acme, "Managers", managers).await;
    let readers = json!({ "event_history": "view_only" });
    let readers = app.create_role(ADA, &acme, "Readers", readers).await;
    let free = app.create_role(ADA, &acme, "Free", json!({})).await;
    let guests = app.create_role(ADA, &acme, "Guests", json!({})).await;
    for (sub, role) in
        [("bob", "admin"), ("gus", "admin"), ("dan", "user"), ("mia", &managers), ("hugo", &guests)]
    {
        app.add_member(ADA, &acme, user(sub), role).await;
    }

    // A service, which DAN keeps.
    let job = json!({
        "user_id": "job", "name": "Job", "role_id": "user", "keeper_id": "@dan",
    });
    app.post(ADA, &format!("{acme}/service-members"), job).await.expect(201);

    // Pending invitations, one of them expired.
    let short = json!({ "email": "old@example.com", "role_id": readers, "expires_in_days": 1 });
    let old = app.post(ADA, &format!("{acme}/invitations"), short).await.expect(201).id();
    app.wait(2 * DAY);
    let cys = app.create_invitation(BOB, &acme, "cy@example.com", "user").await;
    let eves = app.create_invitation(user("mia"), &acme, EVE.email, &readers).await;
    let inas = app.create_invitation(ADA, &acme, "ina@example.com", &guests).await;
    let megs = app.create_invitation(ADA, &acme, "meg@example.com", "mdf_admin").await;
    app.add_member(ADA, &acme, user("leo"), "admin").await;

    // An approved domain, join requests, and a critical alert user.
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    let idas = app.create_join_request(user("ida"), &acme).await;
    let kims = app.create_join_request(user("kim"), &acme).await;
    app.create_join_request(user("hal"), &acme).await;
    app.delete(user("hal"), &format!("{acme}/join-requests/mine")).await.expect(204);
    let for_kim = app.create_invitation(BOB, &acme, "kim@example.com", "user").await;
    let alert = json!({ "email": "old@example.com" });
    let alert = app.post(ADA, &format!("{acme}/critical-alert-users"), alert).await.expect(201);

    // An empty and a waiting sub-organization, and two customers, one of them linked.
    let empty = app.create_empty_sub_organization(&acme, "Empty").await;
    let waiting = app.create_sub_organization_for(user("fay"), &acme).await;
    let fays = app.get(user("fay"), "/v1/me/invitations").await.expect(200);
    let fays = format!("{waiting}/invitations/{}", each(fays.items(), "id")[0]);
    let company = id(&app.create_organization(EVE, "Company").await).to_owned();
    let rival = id(&app.create_organization(EVE, "Rival").await).to_owned();
    let operated = operator_path(&acme);
    let link = format!("{operated}/customers/{company}");
    app.put(OPERATOR, &link, json!({ "preferred": false })).await.expect(200);
    vec![
        ("<old>", format!("{acme}/invitations/{old}")),
        ("<acme_id>", id(&acme).to_owned()),
        ("<acme>", acme),
        ("<operated>", operated),
        ("<readers>", readers),
        ("<guests>", guests),
        ("<managers>", managers),
        ("<free>", free),
        ("<cys>", cys),
        ("<eves>", eves),
        ("<inas>", inas),
        ("<megs>", megs),
        ("<idas>", idas),
        ("<kims>", kims),
        ("<for_kim>", for_kim),
        ("<old_alert>", alert.id()),
        ("<fays_id>", id(&fays).to_owned()),
        ("<fays>", fays),
        ("<rival_path>", format!("/v1/organizations/{rival}")),
        ("<waiting>", operator_path(&waiting)),
        ("<operated_empty>", operator_path(&empty)),
        ("<empty>", empty),
        ("<company_path>", format!("/v1/organizations/{company}")),
        ("<company>", company),
        ("<rival>", rival),
        ("<dan_person>", person("dan")),
        ("<kim_person>", person("kim")),
        ("<hal_person>", person("hal")),
    ]
}
