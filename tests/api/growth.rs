//! Nothing costs more because there is more: the survey of `cost`, in worlds of different sizes.

use std::{collections::HashMap, fmt::Write as _};

use aws_sdk_dynamodb::{
    operation::batch_write_item::builders::BatchWriteItemFluentBuilder,
    types::{AttributeValue, PutRequest, WriteRequest},
};
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde_json::json;
use shared::{
    domain::{AddressDigest, CustomRoleId, Email, EventId, InvitationId, OrgId, UserId},
    http::Limits,
    store::{Key, keys},
};

use crate::{
    cost::{IVY, Line, MIA, NOTIFY, Survey, figures, paged, somebody},
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

/// A world where Ada's organization has sub-organizations switched on; answers its path.
pub async fn city(size: Size) -> (TestApp, String) {
    let world = TestApp::with(Limits { max_pending: 100_000, ..Limits::default() }).await;
    let org = tree(&world).await;
    load(&world, &org, size).await;
    (world, org)
}

async fn tree(world: &TestApp) -> String {
    let org = world.found(ADA, "Acme").await;
    let on = json!({ "manage_sub_organizations": true });
    world.patch(OPERATOR, &org.replace("/v1/", "/v1/operator/"), on).await.expect(200);
    org
}

/// Fills an organization up with copies of what the API makes, written beside it because that is
/// faster. Ids are as old as yesterday, so that the copies come first in every list.
async fn load(world: &TestApp, org: &str, size: Size) {
    let id = last(org);
    let mut items = Vec::new();
    let mut counts = HashMap::<&str, u64>::new();

    let (name, first) = (|nth: u32| format!("m{nth:05}"), somebody("m00000"));
    world.bring(ADA, org, first, "user").await;
    let user = UserId::new(first.sub);
    let member = world.item(&Key::membership(id, &user)).await;
    let lock = world.item(&Key::address_slot(id, digest(id, first.email))).await;
    for nth in 1..size.members {
        let digest = digest(id, &format!("{}@example.com", name(nth)));
        let key = Key::membership(id, &UserId::new(name(nth)));
        let member = moved(copy(&member, &[(first.sub, &name(nth))]), key);
        items.push(told_apart(member, digest));
        let lock = copy(&lock, &[(first.sub, &name(nth))]);
        items.push(moved(lock, Key::address_slot(id, digest)));
        for count in ["active", "active_user"] {
            *counts.entry(count).or_default() += 1;
        }
    }

    let first = somebody("p00000");
    let offer = json!({ "email": first.email, "role_id": "user" });
    let offered = world.post(ADA, &format!("{org}/invitations"), offer).await.expect(201).id();
    let invitation = world.item(&Key::address_slot(id, digest(id, first.email))).await;
    for nth in 1..size.pending {
        let email = format!("p{nth:05}@example.com");
        items.push(invited(&invitation, (&offered, id), (id, first.email, &email)));
        for count in ["pending", "pending_user"] {
            *counts.entry(count).or_default() += 1;
        }
    }

    let path = format!("{org}/sub-organizations");
    let below = world.post(ADA, &path, json!({ "name": "Below" })).await.expect(201);
    let below: OrgId = below.id().parse().unwrap();
    let there = format!("/v1/organizations/{below}");
    let offer = json!({ "email": IVY.email, "role_id": "user" });
    let offered = world.post(ADA, &format!("{there}/invitations"), offer).await.expect(201).id();
    let organization = world.item(&Key::organization(below)).await;
    let member = world.item(&Key::membership(below, &UserId::new(ADA.sub))).await;
    let lock = world.item(&Key::address_slot(below, digest(below, ADA.email))).await;
    let invitation = world.item(&Key::address_slot(below, digest(below, IVY.email))).await;
    let root = world.item(&Key::organization(id)).await;
    for nth in 1..size.organizations {
        let other = OrgId::new(yesterday(nth), rand::random());
        let ids = [(&*below.bare(), &*other.bare())];
        items.push(copy(&organization, &ids));
        let key = Key::membership(other, &UserId::new(ADA.sub));
        items.push(moved(copy(&member, &ids), key));
        items.push(moved(copy(&lock, &ids), Key::address_slot(other, digest(other, ADA.email))));
        items.push(invited(&invitation, (&offered, below), (other, IVY.email, IVY.email)));
        let other = OrgId::new(yesterday(nth), rand::random());
        items.push(copy(&root, &[(&*id.bare(), &*other.bare())]));
    }

    let events = world.get(ADA, &format!("{org}/events?limit=1")).await;
    let event: EventId = events.items()[0]["id"].as_str().unwrap().parse().unwrap();
    let entry = world.item(&Key::event(id, event)).await;
    for nth in 1..size.members {
        let other = EventId::new(yesterday(nth), rand::random());
        items.push(copy(&entry, &[(&*event.bare(), &*other.bare())]));
    }

    world.write(items).await;
    for (count, by) in counts {
        world.count(&Key::counts(id), count, by).await;
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
    let texts = [(id, &*own.to_string()), (&*was.bare(), &*org.bare()), (from, to)];
    let mut item = copy(invitation, &texts);
    let number = |number: i64| AttributeValue::N(number.to_string());
    item.insert("expires_at".to_owned(), number(NOON + 100 * DAY));
    let due = keys::due(own.digest().shard(keys::DUE_SHARDS));
    item.insert("due".to_owned(), AttributeValue::S(due));
    moved(told_apart(item, own.digest()), Key::address_slot(org, own.digest()))
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
fn told_apart(mut item: Item, digest: AddressDigest) -> Item {
    let (since, _) = item["since"].as_s().unwrap().rsplit_once('#').unwrap();
    item.insert("since".to_owned(), AttributeValue::S(format!("{since}#{digest}")));
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

/// What everything costs in a world of this size, on pages of five.
async fn surveyed(size: Size) -> Vec<Line> {
    let (world, org) = city(size).await;
    let mut survey = Survey::of(&world, org, 5).await;
    survey.everything().await;
    survey.lines
}

/// What everything costs in an organization below a root with so many users, and with so many
/// neighbours that have a role called like one of its own.
async fn surveyed_beside_neighbours(size: Size) -> Vec<Line> {
    let (world, root) = city(size).await;
    let neighbour = world.below(ADA, &root, "Neighbour").await;
    let role = json!({ "name": "Plain", "description": "Plain" });
    let role = world.post(ADA, &format!("{neighbour}/roles"), role).await.expect(201).id();
    let (role, id): (CustomRoleId, OrgId) = (role.parse().unwrap(), last(&neighbour));
    let name = world.item(&Key::role_name(id, "plain")).await;
    let description = world.item(&Key::role_description(id, role)).await;
    let copies = (1..size.organizations).flat_map(|nth| {
        let other = OrgId::new(yesterday(nth), rand::random());
        let named = CustomRoleId::new(yesterday(nth), rand::random());
        let ids = [(&*id.bare(), &*other.bare()), (&*role.bare(), &*named.bare())];
        [copy(&name, &ids), copy(&description, &ids)]
    });
    world.write(copies.collect()).await;
    let org = world.below(ADA, &root, "Acme below").await;
    let mut survey = Survey::of(&world, org, 5).await;
    survey.everything().await;
    survey.lines
}

fn last(org: &str) -> OrgId {
    org.rsplit('/').next().unwrap().parse().unwrap()
}

/// What everything costs where a tree is so deep.
async fn surveyed_at(depth: usize) -> Vec<Line> {
    let world = TestApp::new().await;
    let mut org = tree(&world).await;
    for _ in 0..depth {
        let path = format!("{org}/sub-organizations");
        let below = world.post(ADA, &path, json!({ "name": "Acme" })).await.expect(201);
        org = format!("/v1/organizations/{}", below.id());
    }
    let mut survey = Survey::of(&world, org, 5).await;
    survey.everything().await;
    survey.lines
}

/// What everything costs beside so many custom roles.
async fn surveyed_beside(roles: usize) -> Vec<Line> {
    let world = TestApp::new().await;
    let org = tree(&world).await;
    let all = json!({
        "user_management": "full_access",
        "role_management": "full_access",
        "organization_general_information": "full_access",
        "critical_alert_users": "full_access",
    });
    for nth in 0..roles {
        world.role(ADA, &org, &format!("Role {nth}"), all.clone()).await;
    }
    let mut survey = Survey::of(&world, org, 5).await;
    survey.everything().await;
    survey.lines
}

/// Lines of two surveys side by side: of the same questions, answered alike.
fn pairs<'a>(few: &'a [Line], many: &'a [Line]) -> impl Iterator<Item = (&'a Line, &'a Line)> {
    let name = |line: &Line| (line.route, line.case.clone(), line.outcome.clone());
    let names = |lines: &[Line]| lines.iter().map(name).collect::<Vec<_>>();
    assert_eq!(names(few), names(many), "the surveys were answered differently");
    few.iter().zip(many)
}

#[tokio::test]
#[ignore = "loads a large table: `cargo test -p tests --test api -- --ignored growth`"]
async fn growth_changes_the_cost_of_nothing() {
    let (few, many) = (surveyed(SMALL).await, surveyed(LARGE).await);
    let (shallow, deep) = (surveyed_at(1).await, surveyed_at(7).await);
    let calm = surveyed_beside_neighbours(SMALL).await;
    let busy = surveyed_beside_neighbours(LARGE).await;
    let (one, hundred) = (surveyed_beside(0).await, surveyed_beside(96).await);

    let mut page = "\
# What growth costs

A test asks for everything twice and prints this page:
`UPDATE_DOCS=1 cargo test -p tests --test api -- --ignored growth`. Figures are those of `costs.md`, on pages of five:
sequential round trips · read units · write units of the table + of its indexes.

## UserCount, invitations, history, sub-organizations

First in an organization with 10 members, 10 entries more in its history, 10 pending invitations and 10
sub-organizations, the caller being a member of each; then with 10,000, 10,000, 10,000 and 1,000.

| route | case | at 10 | at 10,000 |
|---|---|---|---|
"
    .to_owned();
    let mut grown = Vec::new();
    for (few, many) in pairs(&few, &many) {
        row(&mut page, few, many);
        if (few.cost, few.items) != (many.cost, many.items) {
            grown.push(format!("{} ({}): {few:?} → {many:?}", few.route, few.case));
        }
    }

    page += "\n## Neighbours\n\nIn an organization right below the root, which has 10 members, 10 pending \
             invitations and 10 other\nsub-organizations, each with a role called like one of its own; then \
             10,000, 10,000 and 1,000.\nOnly what differs.\n\n\
             | route | case | beside 10 | beside 10,000 |\n|---|---|---|---|\n";
    for (few, many) in pairs(&calm, &busy).filter(|(few, many)| few.cost != many.cost) {
        row(&mut page, few, many);
        grown.push(format!("{} ({}): {:?} → {:?}", few.route, few.case, few.cost, many.cost));
    }

    page += "\n## Depth\n\nRight below the root, and seven levels below it. Only what differs: \
             paths are longer,\nwhat can be searched is listed once more a level, and to join one is \
             looked for in every\norganization above.\n\n\
             | route | case | at depth 1 | at depth 7 |\n|---|---|---|---|\n";
    for (few, many) in pairs(&shallow, &deep).filter(|(few, many)| few.cost != many.cost) {
        row(&mut page, few, many);
        // A page holds longer paths, and so do the members that a search or a mail is about; to
        // join, one has to be looked for in every organization above.
        let lists = few.route.contains("/search/") || few.route == NOTIFY;
        let may_read = paged(few.route) || lists || few.route.ends_with("/join");
        let trips = many.cost.round_trips > few.cost.round_trips;
        if trips || (many.cost.read_units > few.cost.read_units && !may_read) {
            grown.push(format!("{} ({}): {:?} → {:?}", few.route, few.case, few.cost, many.cost));
        }
    }

    page += "\n## Custom roles\n\nWith two custom roles, and with 98. Only what differs: what writes \
             or lists the organization's item,\nwhich holds the role table (two units a KB); a search for \
             roles, which finds more of them; and mail to all\nwho may decide about a request, who \
             are looked for role by role (half a unit each, a hundred at most).\nAuthorization costs \
             the same.\n\n\
             | route | case | with 2 | with 98 |\n|---|---|---|---|\n";
    for (few, many) in pairs(&one, &hundred).filter(|(few, many)| few.cost != many.cost) {
        row(&mut page, few, many);
        let (was, now) = (few.cost, many.cost);
        let search = few.case == "by name or description";
        let deciders = few.route == NOTIFY && now.read_units <= was.read_units + 50.0;
        let reads = now.read_units > was.read_units && !paged(few.route) && !deciders;
        let reads = reads || now.round_trips > was.round_trips + u32::from(search);
        // An item of at most four KB: itself, and in the two indexes that list it.
        let writes = now.write_units > was.write_units + 8.0;
        if reads || writes || now.index_write_units > was.index_write_units + 16.0 {
            grown.push(format!("{} ({}): {was:?} → {now:?}", few.route, few.case));
        }
    }
    assert!(
        grown.is_empty(),
        "these cost more where there is more; look for a read that is not bounded by its page:\n{}",
        grown.join("\n")
    );
    assert_printed("internals/growth.md", &page);
}

fn row(page: &mut String, few: &Line, many: &Line) {
    let route = few.route.replace("/v1/organizations/{org}", "…");
    let Line { case, .. } = few;
    let (few, many) = (figures(few.cost), figures(many.cost));
    writeln!(page, "| `{route}` | {case} | {few} | {many} |").unwrap();
}

/// What no range answers is sieved out of what there is: so much for a page and no more, and the
/// page says where to go on.
#[tokio::test]
#[ignore = "loads a large table: `cargo test -p tests --test api -- --ignored growth`"]
async fn what_is_sieved_is_bounded() {
    let (world, org) = city(LARGE).await;
    for query in ["q=nobody&match=contains", "q=nobody&match=contains&scope=subtree"] {
        let path = format!("{org}/members?limit=5&{query}");
        let page = world.get(ADA, &path).await.expect(200);
        assert!(page.items().is_empty() && page.body["next_cursor"].is_string(), "{query}: {page}");
        let shared::store::Cost { round_trips, read_units, .. } = page.cost;
        assert!(round_trips <= 12 && read_units <= 400.0, "{query}: {:?}", page.cost);
    }
    // By time, all who begin so would have to be sorted: these are too many, and sieved.
    let path = format!("{org}/members?limit=5&q=p&sort=joined_at&role_id=admin&role_id=user");
    let page = world.get(ADA, &path).await.expect(200);
    assert!(page.body["next_cursor"].is_string(), "{page}");
    assert!(page.cost.round_trips <= 12 && page.cost.read_units <= 400.0, "{:?}", page.cost);
    // What begins so is a range, whoever else begins so.
    for query in ["q=m0&role_id=admin&scope=subtree", "q=nobody&sort=-joined_at"] {
        let page = world.get(ADA, &format!("{org}/members?limit=5&{query}")).await.expect(200);
        assert!(page.items().is_empty() && page.body["next_cursor"].is_null(), "{query}: {page}");
        let shared::store::Cost { round_trips, read_units, .. } = page.cost;
        assert!(round_trips == 2 && read_units <= 4.0, "{query}: {:?}", page.cost);
    }
}

/// However many custom roles there are, the organization's item stays within one read of four KB:
/// three levels down, under the longest name that is plain ASCII.
#[tokio::test]
async fn a_hundred_custom_roles_do_not_make_authorization_dearer() {
    let world = TestApp::new().await;
    let mut org = tree(&world).await;
    for _ in 0..3 {
        let path = format!("{org}/sub-organizations");
        let below = world.post(ADA, &path, json!({ "name": "n".repeat(100) })).await.expect(201);
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
        let role = world.role(ADA, &org, &format!("Role {nth:03}"), full.clone()).await;
        if nth == 0 {
            world.bring(ADA, &org, MIA, &role).await;
        }
        if matches!(nth, 0 | 99) {
            let asked = world.get(MIA, &format!("{org}/members/@mia")).await;
            costs.push(asked.expect(200).cost);
        }
    }
    assert_eq!(costs[0], costs[1], "make the role table on the organization's item smaller");
    let more = json!({ "name": "Role 100" });
    let refused = world.post(ADA, &format!("{org}/roles"), more).await.expect(409);
    assert_eq!(refused.problem(), "role-limit");
}

/// Whoever asks, in whatever role: the organization and the caller's place in it, at once.
#[tokio::test]
async fn authorizing_any_caller_is_one_round_trip_and_two_read_units() {
    let world = TestApp::new().await;
    let org = world.found(ADA, "Acme").await;
    let survey = Survey::of(&world, org.clone(), 5).await;
    let path = format!("{}/permissions", survey.org);
    let everybody = [ADA, BOB, CY, MIA, EVE, IVY, OPERATOR];
    for caller in everybody {
        let cost = world.get(caller, &path).await.cost;
        assert_eq!(figures(cost), "1 · 2 · 0 + 0", "authorizing {}", caller.sub);
    }
}
