//! A small organization with everything in it, and everything that can be done to it: set once, then
//! put back as it was before each try.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::Mutex,
};

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::{domain::RoleId, http::Limits, store::Error};

use crate::{
    fault_layer::Layer,
    invariants::{Item, Table, inspect, scan},
    test_app::{ADA, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, who},
};

pub const DAN: Identity = who("dan", "dan@example.com");
pub const FAY: Identity = who("fay", "fay@example.com");
pub const GUS: Identity = who("gus", "gus@example.com");
pub const HUGO: Identity = who("hugo", "hugo@example.com");
pub const INA: Identity = who("ina", "ina@example.com");
pub const MEG: Identity = who("meg", "meg@example.com");
pub const HAL: Identity = who("hal", "hal@example.com");
pub const IDA: Identity = who("ida", "ida@example.com");
pub const KIM: Identity = who("kim", "kim@example.com");
pub const LEO: Identity = who("leo", "leo@example.org");
pub const MIA: Identity = who("mia", "mia@example.com");

/// A world with a layer under it, and how it was when the curtain rose.
pub struct Scenario {
    pub world: TestApp,
    pub layer: Layer,
    pub deeds: Vec<Operation>,
    pub items: Vec<Item>,
    at: i64,
    /// What `look` saw, as long as nothing was done since.
    seen: Mutex<Option<Vec<Item>>>,
    engine: TestApp,
}

/// Something that somebody does here.
#[derive(Clone, Debug)]
pub struct Operation {
    pub name: &'static str,
    pub who: Identity,
    pub method: &'static str,
    /// None: the clean-up.
    pub path: Option<String>,
    pub body: Value,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub status: u16,
    pub retry_after: bool,
    pub text: String,
}

impl Operation {
    /// Is it done in several transactions, so that it may stop between two of them?
    pub fn in_steps(&self) -> bool {
        self.path.as_ref().is_some_and(|path| path.contains("reassign_to"))
    }
}

impl Outcome {
    pub fn done(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.text)
    }
}

impl Scenario {
    pub async fn set() -> Self {
        let engine = TestApp::new().await;
        let (layer, client) = Layer::under(&engine.client);
        let world = TestApp::over(client, None, Limits::default()).await;
        let deeds = seed_data(&world).await;
        let items = scan(&world).await;
        assert_eq!(inspect(&items), [""; 0]);
        let at = world.now();
        Self { world, layer, deeds, items, at, seen: Mutex::default(), engine }
    }

    /// Another stage with the same furniture, on the same engine.
    pub async fn copy(&self) -> Self {
        let engine = TestApp::over(self.engine.client.clone(), None, Limits::default()).await;
        let (layer, client) = Layer::under(&engine.client);
        let world = TestApp::over(client, None, Limits::default()).await;
        let (deeds, items) = (self.deeds.clone(), self.items.clone());
        let (at, seen) = (self.at, Mutex::default());
        let copy = Self { world, layer, deeds, items, at, seen, engine };
        copy.reset().await;
        copy
    }

    /// Puts everything back, the clock too.
    pub async fn reset(&self) {
        self.layer.calm();
        self.world.wait(self.at - self.world.now());
        let key = |item: &Item| (item["pk"].clone(), item["sk"].clone());
        let seen = self.seen.lock().unwrap().take();
        let found = match seen {
            Some(seen) => seen,
            None => scan(&self.world).await,
        };
        let wanted: HashMap<String, &Item> =
            self.items.iter().map(|item| (format!("{:?}", key(item)), item)).collect();
        let mut requests = Vec::new();
        let mut there = HashMap::new();
        for item in &found {
            let name = format!("{:?}", key(item));
            if !wanted.contains_key(&name) {
                let (pk, sk) = key(item);
                let delete = DeleteRequest::builder().key("pk", pk).key("sk", sk).build().unwrap();
                requests.push(WriteRequest::builder().delete_request(delete).build());
            }
            there.insert(name, item);
        }
        for (name, item) in wanted {
            if there.get(&name) != Some(&item) {
                let item: HashMap<String, AttributeValue> = item.clone();
                let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
                requests.push(WriteRequest::builder().put_request(put).build());
            }
        }
        for batch in requests.chunks(25) {
            let write = self.world.client.batch_write_item();
            write.request_items(&self.world.table, batch.to_vec()).send().await.unwrap();
        }
    }

    pub async fn play(&self, deed: &Operation) -> Outcome {
        self.play_with(deed, None).await
    }

    /// Does it, with an `Idempotency-Key` where the route knows them.
    pub async fn play_with(&self, deed: &Operation, key: Option<&str>) -> Outcome {
        *self.seen.lock().unwrap() = None;
        let Some(path) = &deed.path else { return self.clean_up().await };
        let key = key.map(|key| ("idempotency-key", key));
        let headers: Vec<_> = key.into_iter().filter(|_| deed.method == "POST").collect();
        let body = (deed.method != "DELETE").then(|| deed.body.clone());
        let who = Some(deed.who);
        let answer = self.world.send_with(who, deed.method, path, body, &headers).await;
        Outcome {
            status: answer.status.as_u16(),
            retry_after: answer.headers.contains_key("retry-after"),
            text: answer.text,
        }
    }

    async fn clean_up(&self) -> Outcome {
        let now = Timestamp::from_millisecond(self.world.now()).unwrap();
        let (status, text) = match cleanup::run(&self.world.store, now, "clean-up", || false).await
        {
            Ok(summary) if summary.failed == 0 => (200, format!("{summary:?}")),
            Ok(summary) => (503, format!("{summary:?}")),
            Err(error @ Error::Unavailable(_)) => (503, error.to_string()),
            Err(error) => (500, error.to_string()),
        };
        Outcome { status, retry_after: true, text }
    }

    /// Whatever is wrong with the table now, and what it says.
    pub async fn look(&self) -> (Vec<String>, State) {
        self.layer.calm();
        let items = scan(&self.world).await;
        let found = (inspect(&items), State::of(&items));
        *self.seen.lock().unwrap() = Some(items);
        found
    }

    pub fn initial(&self) -> State {
        State::of(&self.items)
    }

    #[track_caller]
    pub fn deed(&self, name: &str) -> &Operation {
        self.deeds.iter().find(|deed| deed.name == name).unwrap_or_else(|| panic!("no {name:?}"))
    }
}

/// What a table says, without the times and ids that no two runs share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub facts: BTreeSet<String>,
    pub events: usize,
}

impl State {
    pub fn of(items: &[Item]) -> Self {
        let Table { orgs, .. } = Table::read(items);
        let mut facts = BTreeSet::new();
        let mut events = 0;
        let called = |org| {
            let part = orgs.get(&org).and_then(|part| part.org.as_ref());
            part.map(|org| org.name.to_string()).unwrap_or_default()
        };
        for part in orgs.values() {
            events += part.events.len();
            let Some(org) = &part.org else { continue };
            let here = called(org.id());
            let role = |role: RoleId| match role {
                RoleId::BuiltIn(role) => role.to_string(),
                RoleId::Custom(id) => {
                    part.roles.get(&id).map(|(role, _)| role.name.to_string()).unwrap_or_default()
                }
            };
            facts.insert(format!(
                "{here}: under {:?}, {:?}, {:?}, Super Admin {:?}, awaits {}, says {:?}, {:?}",
                org.path.parent().map(called),
                org.kind,
                org.settings,
                org.super_admin_user_id,
                org.pending_first_admin.is_some(),
                part.profile,
                org.security,
            ));
            for link in part.customers.values() {
                let (customer, preferred) = (called(link.customer_id), link.preferred);
                facts.insert(format!("{here}: works for {customer}, preferred: {preferred}"));
            }
            for approved in &part.domains {
                facts.insert(format!("{here}: {} may ask", approved.value));
            }
            for request in part.requests.values() {
                facts.insert(format!("{here}: {} asked, {:?}", request.user_id, request.status));
            }
            for user in &part.alerted {
                facts.insert(format!("{here}: {} is alerted", user.value));
            }
            for member in part.members.values() {
                let (user, role) = (&member.user_id, role(member.role_id));
                facts.insert(format!("{here}: {user} is {role}, by {:?}", member.source));
            }
            for open in &part.pending {
                let (email, count, role) = (&open.email, open.send_count, role(open.role_id));
                let inviter = open.inviter.as_ref().map(|inviter| &inviter.user_id);
                facts.insert(format!(
                    "{here}: {email} may be {role}, {count} times, by {inviter:?}"
                ));
            }
            for (role, users) in part.roles.values() {
                let (name, text, levels) = (&role.name, &role.description, role.levels.pack());
                let to = role.reassignment.as_ref().map(|begun| begun.to);
                facts.insert(format!("{here}: role {name:?} {text:?} {levels} {users:?} {to:?}"));
            }
        }
        Self { facts, events }
    }
}

#[expect(clippy::too_many_lines, reason = "a list")]
async fn seed_data(world: &TestApp) -> Vec<Operation> {
    let acme = world.found(ADA, "Acme").await;
    let operated = acme.replace("/v1/", "/v1/operator/");
    let switches =
        json!({ "kind": "partner", "mdf_program": true, "manage_sub_organizations": true });
    world.patch(OPERATOR, &operated, switches).await.expect(200);

    let managers = json!({ "user_management": "full_access", "event_history": "view_only" });
    let managers = world.role(ADA, &acme, "Managers", managers).await;
    let readers = json!({ "event_history": "view_only" });
    let readers = world.role(ADA, &acme, "Readers", readers.clone()).await;
    let free = world.role(ADA, &acme, "Free", json!({})).await;
    world.bring(ADA, &acme, BOB, "admin").await;
    world.bring(ADA, &acme, GUS, "admin").await;
    world.bring(ADA, &acme, DAN, "user").await;
    world.bring(ADA, &acme, MIA, &managers).await;
    let guests = world.role(ADA, &acme, "Guests", json!({})).await;
    world.bring(ADA, &acme, HUGO, &guests).await;

    let invited = async |by: Identity, email: &str, role: &str, days: i64| {
        let offer = json!({ "email": email, "role_id": role, "expires_in_days": days });
        let path = format!("{acme}/invitations");
        let answer = world.post(by, &path, offer).await.expect(201);
        format!("{path}/{}", answer.id())
    };
    let old = invited(ADA, "old@example.com", &readers, 1).await;
    world.wait(2 * DAY);
    let cys = invited(BOB, CY.email, "user", 7).await;
    let eves = invited(MIA, EVE.email, &readers, 7).await;
    let inas = invited(ADA, INA.email, &guests, 7).await;
    let megs = invited(ADA, MEG.email, "mdf_admin", 7).await;

    world.bring(ADA, &acme, LEO, "admin").await;
    let domain = |name: &str| format!("{acme}/domains/{name}");
    world.send(Some(ADA), "PUT", &domain("example.com"), None).await.expect(200);
    let requests = format!("{acme}/join-requests");
    let asked = async |who: Identity| {
        let answer = world.post(who, &requests, json!({})).await.expect(201);
        format!("{requests}/{}", answer.id())
    };
    let (idas, kims) = (asked(IDA).await, asked(KIM).await);
    let for_kim = invited(BOB, KIM.email, "user", 7).await;
    let alerts = format!("{acme}/critical-alert-users");
    let old_alert = json!({ "email": "old@example.com" });
    let old_alert = world.post(ADA, &alerts, old_alert).await.expect(201).id();
    let security = |days: u32| {
        json!({
            "require_mfa": false,
            "max_session_minutes": null,
            "allowed_networks": ["192.0.2.0/24"],
            "event_retention_days": days,
        })
    };

    let root = acme.rsplit('/').next().unwrap();
    let below = async |name: &str, first: Option<&str>| {
        let mut body = json!({ "name": name, "parent": root });
        if let Some(first) = first {
            body["first_admin_email"] = json!(first);
        }
        let answer = world.post(OPERATOR, "/v1/operator/organizations", body).await.expect(201);
        format!("/v1/organizations/{}", answer.id())
    };
    let empty = below("Empty", None).await;
    let waiting = below("Waiting", Some(FAY.email)).await;
    let first = world.get(FAY, "/v1/me/invitations").await.expect(200);
    let first = first.items()[0]["id"].as_str().unwrap().to_owned();
    let fays = format!("{waiting}/invitations/{first}");

    let company = world.found(EVE, "Company").await;
    let rival = world.found(EVE, "Rival").await;
    let one = |org: &str| org.rsplit('/').next().unwrap().to_owned();
    let linked = format!("{operated}/customers/{}", one(&company));
    let preferred = |preferred: bool| json!({ "preferred": preferred });
    world.send(Some(OPERATOR), "PUT", &linked, Some(preferred(false))).await.expect(200);

    let invitations = format!("{acme}/invitations");
    let member = |who: Identity| format!("{acme}/members/@{}", who.sub);
    let transfer = format!("{acme}/transfer");
    let roles = format!("{acme}/roles");
    let role = |id: &str| format!("{acme}/roles/{id}");
    let ann = |role: &str| json!({ "email": "ann@example.com", "role_id": role });
    let none = || json!({});
    let deeds: Vec<(&'static str, Identity, &'static str, String, Value)> = vec![
        ("ADA invites ann as User", ADA, "POST", invitations.clone(), ann("user")),
        ("BOB invites ann as Free", BOB, "POST", invitations.clone(), ann(&free)),
        ("MIA invites ann as Reader", MIA, "POST", invitations.clone(), ann(&readers)),
        (
            "BOB invites ann, cy and old by a list",
            BOB,
            "POST",
            format!("{invitations}/batch"),
            json!({ "invitations": [
                ann("user"),
                { "email": CY.email, "role_id": "user" },
                { "email": "old@example.com", "role_id": free },
            ] }),
        ),
        ("BOB resends to cy", BOB, "POST", format!("{cys}/resend"), none()),
        ("ADA revokes cy's", ADA, "DELETE", cys.clone(), none()),
        ("CY accepts", CY, "POST", format!("{cys}/accept"), none()),
        ("CY declines", CY, "POST", format!("{cys}/decline"), none()),
        ("BOB resends what expired", BOB, "POST", format!("{old}/resend"), none()),
        (
            "BOB invites again what expired",
            BOB,
            "POST",
            invitations.clone(),
            json!({ "email": "old@example.com", "role_id": free }),
        ),
        ("EVE accepts as Reader", EVE, "POST", format!("{eves}/accept"), none()),
        ("MEG accepts as MDF Admin", MEG, "POST", format!("{megs}/accept"), none()),
        ("ADA makes DAN Free", ADA, "PATCH", member(DAN), json!({ "role_id": free })),
        ("BOB makes DAN a Reader", BOB, "PATCH", member(DAN), json!({ "role_id": readers })),
        ("ADA makes DAN MDF Admin", ADA, "PATCH", member(DAN), json!({ "role_id": "mdf_admin" })),
        ("ADA invites ann as MDF Admin", ADA, "POST", invitations.clone(), ann("mdf_admin")),
        ("ADA resends meg's", ADA, "POST", format!("{megs}/resend"), none()),
        ("ADA makes BOB a User", ADA, "PATCH", member(BOB), json!({ "role_id": "user" })),
        ("ADA makes MIA a User", ADA, "PATCH", member(MIA), json!({ "role_id": "user" })),
        ("MIA removes BOB", MIA, "DELETE", member(BOB), none()),
        ("BOB removes MIA", BOB, "DELETE", member(MIA), none()),
        ("BOB leaves", BOB, "POST", format!("{acme}/leave"), none()),
        ("ADA hands over to BOB", ADA, "POST", transfer.clone(), json!({ "member_id": "@bob" })),
        ("ADA hands over to GUS", ADA, "POST", transfer, json!({ "member_id": "@gus" })),
        ("ADA creates Night", ADA, "POST", roles, json!({ "name": "Night" })),
        ("BOB renames Free to Night", BOB, "PATCH", role(&free), json!({ "name": "Night" })),
        (
            "ADA raises Readers",
            ADA,
            "PATCH",
            role(&readers),
            json!({ "permissions": { "user_management": "view_only" } }),
        ),
        (
            "ADA lowers Managers",
            ADA,
            "PATCH",
            role(&managers),
            json!({ "permissions": { "user_management": "view_only" } }),
        ),
        ("ADA describes Free", ADA, "PATCH", role(&free), json!({ "description": "For anybody" })),
        ("BOB deletes Free", BOB, "DELETE", role(&free), none()),
        (
            "ADA retires Guests to Readers",
            ADA,
            "DELETE",
            format!("{}?reassign_to={readers}", role(&guests)),
            none(),
        ),
        ("BOB makes DAN a Guest", BOB, "PATCH", member(DAN), json!({ "role_id": guests })),
        ("INA accepts as Guest", INA, "POST", format!("{inas}/accept"), none()),
        ("BOB resends to ina", BOB, "POST", format!("{inas}/resend"), none()),
        ("ADA renames Acme", ADA, "PATCH", acme.clone(), json!({ "name": "Acme 2" })),
        (
            "BOB gives Acme a website",
            BOB,
            "PATCH",
            acme.clone(),
            json!({ "website": "https://acme.example" }),
        ),
        (
            "BOB creates Below",
            BOB,
            "POST",
            format!("{acme}/sub-organizations"),
            json!({ "name": "Below" }),
        ),
        ("ADA joins Empty", ADA, "POST", format!("{empty}/join"), none()),
        ("BOB joins Empty", BOB, "POST", format!("{empty}/join"), none()),
        ("HAL asks to join", HAL, "POST", requests.clone(), json!({ "comment": "Hello" })),
        ("IDA takes her request back", IDA, "DELETE", format!("{requests}/mine"), none()),
        ("ADA approves ida's", ADA, "POST", format!("{idas}/approve"), none()),
        (
            "BOB approves ida's as Free",
            BOB,
            "POST",
            format!("{idas}/approve"),
            json!({ "role_id": free }),
        ),
        ("BOB declines ida's", BOB, "POST", format!("{idas}/decline"), none()),
        (
            "BOB invites ida",
            BOB,
            "POST",
            invitations.clone(),
            json!({ "email": IDA.email, "role_id": "user" }),
        ),
        (
            "BOB invites hal",
            BOB,
            "POST",
            invitations.clone(),
            json!({ "email": HAL.email, "role_id": "user" }),
        ),
        ("KIM accepts", KIM, "POST", format!("{for_kim}/accept"), none()),
        ("KIM takes her request back", KIM, "DELETE", format!("{requests}/mine"), none()),
        ("ADA declines kim's", ADA, "POST", format!("{kims}/decline"), none()),
        ("ADA closes example.com", ADA, "DELETE", domain("example.com"), none()),
        ("LEO opens example.org", LEO, "PUT", domain("example.org"), none()),
        ("ADA sets the security", ADA, "PUT", format!("{acme}/security"), security(30)),
        ("GUS sets the security", GUS, "PUT", format!("{acme}/security"), security(60)),
        ("ADA has new alerted", ADA, "POST", alerts.clone(), json!({ "email": "new@example.com" })),
        ("BOB has new alerted", BOB, "POST", alerts.clone(), json!({ "email": "new@example.com" })),
        ("BOB has old alerted no more", BOB, "DELETE", format!("{alerts}/{old_alert}"), none()),
        ("FAY accepts as first Admin", FAY, "POST", format!("{fays}/accept"), none()),
        ("FAY declines", FAY, "POST", format!("{fays}/decline"), none()),
        (
            "an operator links Rival",
            OPERATOR,
            "PUT",
            format!("{operated}/customers/{}", one(&rival)),
            preferred(true),
        ),
        ("an operator makes Acme preferred", OPERATOR, "PUT", linked.clone(), preferred(true)),
        ("an operator unlinks Company", OPERATOR, "DELETE", linked, none()),
        (
            "an operator makes Rival a partner",
            OPERATOR,
            "PATCH",
            rival.replace("/v1/", "/v1/operator/"),
            json!({ "kind": "partner" }),
        ),
        (
            "an operator ends the programme",
            OPERATOR,
            "PATCH",
            operated,
            json!({ "mdf_program": false }),
        ),
    ];
    let deeds = deeds.into_iter().map(|(name, who, method, path, body)| Operation {
        name,
        who,
        method,
        path: Some(path),
        body,
    });
    let clean_up = Operation {
        name: "the clean-up runs",
        who: OPERATOR,
        method: "",
        path: None,
        body: json!({}),
    };
    deeds.chain([clean_up]).collect()
}
