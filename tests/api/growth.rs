//! Costs do not grow: the operations of `cost`, in organizations of different sizes.

use std::{collections::HashMap, fmt::Write as _};

use aws_sdk_dynamodb::{
    operation::batch_write_item::builders::BatchWriteItemFluentBuilder,
    types::{AttributeValue, PutRequest, WriteRequest},
};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde_json::json;
use shared::{
    domain::{AddressDigest, Email, EventId, InvitationId, OrgId, UserId},
    http::Limits,
    store::{Key, index},
};

use crate::{
    cost::{IVY, MIA, Measurement, Survey, figures, person},
    printed::assert_printed,
    test_app::{ADA, BOB, CY, DAY, EVE, NOON, OPERATOR, TestApp},
};

type Item = HashMap<String, AttributeValue>;

/// How much there is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Members of the organization, and entries of its history.
    pub members: u32,
    /// Its pending invitations.
    pub pending: u32,
    /// Its sub-organizations, Ada being in and Ivy invited to each; and other trees.
    pub organizations: u32,
}

const SMALL: Size = Size { members: 10, pending: 10, organizations: 10 };
const LARGE: Size = Size { members: 10_000, pending: 10_000, organizations: 1_000 };

/// A app where Ada's organization has sub-organizations switched on; answers its path.
pub async fn organization_of(size: Size) -> (TestApp, String) {
    let app = TestApp::with(Limits { max_pending: 100_000, ..Limits::default() }).await;
    let org = tree(&app).await;
    load(&app, &org, size).await;
    (app, org)
}

async fn tree(app: &TestApp) -> String {
    let org = app.create_organization(ADA, "Acme").await;
    let on = json!({ "manage_sub_organizations": true });
    app.patch(OPERATOR, &org.replace("/v1/", "/v1/operator/"), on).await.expect(200);
    org
}

/// Fills an organization up with copies of what the API makes, written beside it because that is
/// faster. Ids are as old as yesterday, so that the copies come first in every list.
async fn load(app: &TestApp, org: &str, size: Size) {
    let id = last(org);
    let mut items = Vec::new();
    let mut counts = HashMap::<&str, u64>::new();

    let (name, first) = (|nth: u32| format!("m{nth:05}"), person("m00000"));
    app.add_member(ADA, org, first, "user").await;
    let user = UserId::new(first.sub);
    let member = app.item(&Key::membership(id, &user)).await;
    let lock = app.item(&Key::address_slot(id, digest(id, first.email))).await;
    for nth in 1..size.members {
        let other = person(&name(nth));
        let digest = digest(id, other.email);
        let key = Key::membership(id, &UserId::new(other.sub));
        let texts = [(first.sub, other.sub), (first.email, other.email)];
        let member = moved(copy(&member, &texts), key);
        items.push(with_digest(member, digest));
        let lock = copy(&lock, &texts);
        items.push(moved(lock, Key::address_slot(id, digest)));
        for count in ["active", "active_user"] {
            *counts.entry(count).or_default() += 1;
        }
    }

    let first = person("p00000");
    let offer = json!({ "email": first.email, "role_id": "user" });
    let offered = app.post(ADA, &format!("{org}/invitations"), offer).await.expect(201).id();
    let invitation = app.item(&Key::address_slot(id, digest(id, first.email))).await;
    for nth in 1..size.pending {
        let email = person(&format!("p{nth:05}")).email;
        items.push(invited(&invitation, (&offered, id), (id, first.email, email)));
        for count in ["pending", "pending_user"] {
            *counts.entry(count).or_default() += 1;
        }
    }

    let path = format!("{org}/sub-organizations");
    let below = app.post(ADA, &path, json!({ "name": "Below" })).await.expect(201);
    let below: OrgId = below.id().parse().unwrap();
    let there = format!("/v1/organizations/{below}");
    let offer = json!({ "email": IVY.email, "role_id": "user" });
    let offered = app.post(ADA, &format!("{there}/invitations"), offer).await.expect(201).id();
    let organization = app.item(&Key::organization(below)).await;
    let member = app.item(&Key::membership(below, &UserId::new(ADA.sub))).await;
    let lock = app.item(&Key::address_slot(below, digest(below, ADA.email))).await;
    let invitation = app.item(&Key::address_slot(below, digest(below, IVY.email))).await;
    let root = app.item(&Key::organization(id)).await;
    for nth in 1..size.organizations {
        let other = OrgId::new(yesterday(nth), rand::random());
        let keys = [index::id(below), index::id(other)];
        let ids = [(&*below.bare(), &*other.bare()), (&*keys[0], &*keys[1])];
        items.push(copy(&organization, &ids));
        let key = Key::membership(other, &UserId::new(ADA.sub));
        items.push(moved(copy(&member, &ids), key));
        items.push(moved(copy(&lock, &ids), Key::address_slot(other, digest(other, ADA.email))));
        items.push(invited(&invitation, (&offered, below), (other, IVY.email, IVY.email)));
        let other = OrgId::new(yesterday(nth), rand::random());
        let keys = [index::id(id), index::id(other)];
        items.push(copy(&root, &[(&*id.bare(), &*other.bare()), (&*keys[0], &*keys[1])]));
    }

    let events = app.get(ADA, &format!("{org}/events?limit=1")).await;
    let event: EventId = events.items()[0]["id"].as_str().unwrap().parse().unwrap();
    let entry = app.item(&Key::event(id, event)).await;
    for nth in 1..size.members {
        let other = EventId::new(yesterday(nth), rand::random());
        items.push(copy(&entry, &[(&*event.bare(), &*other.bare())]));
    }

    app.write(items).await;
    for (count, by) in counts {
        app.count(&Key::counts(id), count, by).await;
    }
}

fn yesterday(nth: u32) -> Timestamp {
    Timestamp::from_millisecond(NOON - DAY + i64::from(nth)).unwrap()
}

fn digest(org: OrgId, email: &str) -> AddressDigest {
    AddressDigest::of(org, &Email::parse(email).unwrap())
}

/// A copy of an invitation, to another address or another organization, open for long.
fn invited(
    invitation: &Item,
    (id, was): (&str, OrgId),
    (org, from, to): (OrgId, &str, &str),
) -> Item {
    let email = Email::parse(to).unwrap();
    let own = InvitationId::of(yesterday(0), org, &email);
    let keys = [index::id(was), index::id(org)];
    let texts =
        [(id, &*own.to_string()), (&*was.bare(), &*org.bare()), (&*keys[0], &*keys[1]), (from, to)];
    let mut item = copy(invitation, &texts);
    let number = |number: i64| AttributeValue::N(number.to_string());
    item.insert("expires_at".to_owned(), number(NOON + 100 * DAY));
    let due = index::due(own.digest().shard(index::DUE_SHARDS));
    item.insert("due".to_owned(), AttributeValue::S(due));
    moved(with_digest(item, own.digest()), Key::address_slot(org, own.digest()))
}

/// A copy of an item in which some texts are others.
fn copy(item: &Item, texts: &[(&str, &str)]) -> Item {
    item.iter().map(|(name, value)| (name.clone(), replaced(value, texts))).collect()
}

fn replaced(value: &AttributeValue, texts: &[(&str, &str)]) -> AttributeValue {
    match value {
        AttributeValue::S(text) => AttributeValue::S(
            texts.iter().fold(text.clone(), |text, (from, to)| text.replace(from, to)),
        ),
        AttributeValue::L(list) => {
            AttributeValue::L(list.iter().map(|value| replaced(value, texts)).collect())
        }
        AttributeValue::M(map) => AttributeValue::M(copy(map, texts)),
        other => other.clone(),
    }
}

/// Those who came in the same moment are listed by the digests of their addresses.
fn with_digest(mut item: Item, digest: AddressDigest) -> Item {
    let (since, _) = item["time"].as_s().unwrap().rsplit_once('#').unwrap();
    let time = format!("{since}#{}", &digest.to_string()[..8]);
    item.insert("time".to_owned(), AttributeValue::S(time));
    item
}

fn moved(mut item: Item, key: Key) -> Item {
    item.extend(Item::from(key));
    item
}

impl TestApp {
    /// What stands at a key.
    async fn item(&self, key: &Key) -> Item {
        let request = self.client.get_item().table_name(&self.table).consistent_read(true);
        let found = request.set_key(Some(key.clone().into())).send().await.unwrap();
        found.item.unwrap_or_else(|| panic!("nothing stands at {key:?}"))
    }

    /// Puts items, as fast as it goes.
    async fn write(&self, items: Vec<Item>) {
        let batches = items.chunks(25).map(|items| {
            let put = |item: &Item| PutRequest::builder().set_item(Some(item.clone())).build();
            let puts = items.iter().map(put).map(Result::unwrap);
            let puts = puts.map(|put| WriteRequest::builder().put_request(put).build());
            self.client.batch_write_item().request_items(&self.table, puts.collect())
        });
        let mut sent =
            stream::iter(batches).map(BatchWriteItemFluentBuilder::send).buffer_unordered(4);
        while let Some(answer) = sent.next().await {
            let rest = answer.unwrap().unprocessed_items.unwrap_or_default();
            assert!(rest.is_empty(), "the engine did not take everything");
        }
    }

    /// Adds to a counter.
    async fn count(&self, key: &Key, name: &str, by: u64) {
        let request = self.client.update_item().table_name(&self.table);
        let request = request.set_key(Some(key.clone().into())).update_expression("ADD #n :by");
        let request = request.expression_attribute_names("#n", name);
        let by = AttributeValue::N(by.to_string());
        request.expression_attribute_values(":by", by).send().await.unwrap();
    }
}

/// What each operation costs in an organization of this size, on pages of five.
async fn surveyed(size: Size) -> Vec<Measurement> {
    let (app, org) = organization_of(size).await;
    let mut survey = Survey::of(&app, org, 5).await;
    survey.measure_all().await;
    survey.lines
}

/// What each operation costs in an organization with so many custom roles more.
async fn surveyed_with(roles: usize) -> Vec<Measurement> {
    let app = TestApp::new().await;
    let org = tree(&app).await;
    let levels = json!({ "user_management": "full_access", "role_management": "full_access" });
    for nth in 0..roles {
        app.create_role(ADA, &org, &format!("Role {nth}"), levels.clone()).await;
    }
    let mut survey = Survey::of(&app, org, 5).await;
    survey.measure_all().await;
    survey.lines
}

fn last(org: &str) -> OrgId {
    org.rsplit('/').next().unwrap().parse().unwrap()
}

const HEAD: &str = "\
# How costs grow

A test measures each operation of [costs.md](../costs.md) in organizations of several sizes, on pages of five, and prints this
page: `UPDATE_DOCS=1 cargo test -p tests --test api -- --ignored growth`. Figures: round trips · RCU · WCU of the table + of
its indexes. Columns:

- **small**: 10 members, 10 pending invitations, 10 events, 10 sub-organizations, 2 custom roles.
- **large**: 10,000 members, 10,000 pending invitations, 10,000 events, 1,000 sub-organizations. The test fails if an
  operation costs more than in the small one.
- **98 roles**: the levels on the organization's item and the names of roles, which are read and written as whole items.
  Only where it differs from two roles.

| operation | small | large | 98 roles |
|---|---|---|---|
";

#[tokio::test]
#[ignore = "loads a large table: `cargo test -p tests --test api -- --ignored growth`"]
async fn costs_do_not_grow_with_the_organization() {
    let (small, large) = (surveyed(SMALL).await, surveyed(LARGE).await);
    let (two, many) = (surveyed_with(0).await, surveyed_with(96).await);
    let (mut page, mut grown) = (HEAD.to_owned(), Vec::new());
    for (((small, large), two), many) in small.iter().zip(&large).zip(&two).zip(&many) {
        let operation = small.operation;
        for other in [large, two, many] {
            assert_eq!(operation, other.operation, "the surveys measured different operations");
        }
        let differs = if two.cost == many.cost { String::new() } else { figures(many.cost) };
        let (few, lots) = (figures(small.cost), figures(large.cost));
        writeln!(page, "| {operation} | {few} | {lots} | {differs} |").unwrap();
        if small.cost != large.cost {
            grown.push(format!("{operation}: {few} → {lots}"));
        }
    }
    assert!(
        grown.is_empty(),
        "these cost more in a large organization; look for a read that its page does not bound:\n{}",
        grown.join("\n")
    );
    assert_printed("internals/growth.md", &page);
}

/// A list whose filters match little reads at most 100 units a request, and its cursor continues.
#[tokio::test]
#[ignore = "loads a large table: `cargo test -p tests --test api -- --ignored growth`"]
async fn filters_read_at_most_100_units_a_request() {
    let (app, org) = organization_of(LARGE).await;
    for query in [
        "q=nobody&match=contains",
        "q=nobody&match=contains&scope=subtree",
        "q=nobody&sort=-joined_at",
        "role_id=mdf_admin&sort=joined_at&status=active",
    ] {
        let page = app.get(ADA, &format!("{org}/members?limit=5&{query}")).await.expect(200);
        assert!(page.items().is_empty() && page.body["next_cursor"].is_string(), "{query}: {page}");
        let units = page.cost.read_units;
        assert!((50.0..=105.0).contains(&units), "{query}: {:?}", page.cost);
    }
    for query in ["q=m0&status=active&role_id=admin", "q=nobody&scope=subtree"] {
        let page = app.get(ADA, &format!("{org}/members?limit=5&{query}")).await.expect(200);
        assert!(page.items().is_empty() && page.body["next_cursor"].is_null(), "{query}: {page}");
        assert!(page.cost.read_units <= 5.0, "{query}: {:?}", page.cost);
    }
}

/// However many custom roles there are, the organization's item stays within one read of four KB:
/// three levels down, under the longest name that is plain ASCII.
#[tokio::test]
async fn a_hundred_custom_roles_do_not_make_authorization_dearer() {
    let app = TestApp::new().await;
    let mut org = tree(&app).await;
    for _ in 0..3 {
        let path = format!("{org}/sub-organizations");
        let below = app.post(ADA, &path, json!({ "name": "n".repeat(100) })).await.expect(201);
        org = format!("/v1/organizations/{}", below.id());
    }
    let full = json!({
        "user_management": "full_access",
        "user_management_sub_organizations": "full_access",
        "role_management": "full_access",
        "support_service": "full_access",
    });
    let mut costs = Vec::new();
    for nth in 0..100 {
        let role = app.create_role(ADA, &org, &format!("Role {nth:03}"), full.clone()).await;
        if nth == 0 {
            app.add_member(ADA, &org, MIA, &role).await;
        }
        if matches!(nth, 0 | 99) {
            let asked = app.get(MIA, &format!("{org}/members/@mia")).await;
            costs.push(asked.expect(200).cost);
        }
    }
    assert_eq!(costs[0], costs[1], "make the role table on the organization's item smaller");
    let more = json!({ "name": "Role 100" });
    let refused = app.post(ADA, &format!("{org}/roles"), more).await.expect(409);
    assert_eq!(refused.problem(), "role-limit");
}

/// For every role: the organization and the membership of the caller, in one call.
#[tokio::test]
async fn authorizing_any_caller_is_one_round_trip_and_two_read_units() {
    let app = TestApp::new().await;
    let org = app.create_organization(ADA, "Acme").await;
    let survey = Survey::of(&app, org.clone(), 5).await;
    let path = format!("{}/permissions", survey.org);
    let everybody = [ADA, BOB, CY, MIA, EVE, IVY, OPERATOR];
    for caller in everybody {
        let cost = app.get(caller, &path).await.cost;
        assert_eq!(figures(cost), "1 · 2 · 0 + 0", "authorizing {}", caller.sub);
    }
}
