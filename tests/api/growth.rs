//! Costs do not grow: the operations of `cost`, in organizations of different sizes.

use serde_json::json;
use shared::http::Deployment;

use crate::{
    cost::{IVY, MIA, Measurement, Survey, figures, person},
    helpers::DEE,
    test_app::{ADA, BOB, CY, EVE, OPERATOR, TestApp, ample},
};

/// How much there is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Members of the organization.
    pub members: u32,
    /// Its pending invitations.
    pub pending: u32,
    /// Its sub-organizations: Ada is a member and Ivy invited in each; and other trees.
    pub organizations: u32,
    /// Its custom roles, besides the two of the survey.
    pub roles: u32,
}

const SMALL: Size = Size { members: 10, pending: 10, organizations: 10, roles: 0 };
const LARGE: Size = Size { members: 300, pending: 300, organizations: 60, roles: 0 };
const HUGE: Size = Size { members: 10_000, pending: 10_000, organizations: 1_000, roles: 0 };

/// An app where Ada's organization may have sub-organizations, and the path of that organization.
pub async fn organization_of(size: Size) -> (TestApp, String) {
    let app = TestApp::with(Deployment { max_pending: 100_000, ..ample() }).await;
    let org = app.create_tree(ADA, "Acme").await;
    for nth in 0..size.members {
        app.add_member(ADA, &org, person(&format!("m{nth:05}")), "user").await;
    }
    for nth in 0..size.pending {
        app.create_invitation(ADA, &org, person(&format!("p{nth:05}")).email, "user").await;
    }
    for _ in 0..size.organizations {
        let below = app.create_sub_organization(ADA, &org, "Below").await;
        app.create_invitation(ADA, &below, IVY.email, "user").await;
        app.create_organization(DEE, "Acme").await;
    }
    let levels = json!({ "user_management": "full_access", "role_management": "full_access" });
    for nth in 0..size.roles {
        app.create_role(ADA, &org, &format!("Role {nth}"), levels.clone()).await;
    }
    (app, org)
}

/// What each operation costs in an organization, on pages of five.
async fn survey(app: &TestApp, org: String) -> Vec<Measurement> {
    let mut survey = Survey::of(app, org, 5).await;
    survey.measure_all().await;
    survey.lines
}

async fn survey_size(size: Size) -> Vec<Measurement> {
    let (app, org) = organization_of(size).await;
    survey(&app, org).await
}

/// The operations that read more where their filter matches less, up to 100 units.
const FILTERS: [&str; 1] = ["list events about a person"];

/// Asserts that no operation costs more in a larger organization, except by a filter.
fn assert_equal_costs(small: &[Measurement], large: &[Measurement]) {
    let (filters, others): (Vec<_>, Vec<_>) =
        small.iter().zip(large).partition(|(small, _)| FILTERS.contains(&small.operation));
    assert_eq!(filters.len(), FILTERS.len(), "correct the list of filters");
    for (Measurement { operation, .. }, large) in filters {
        assert!(large.cost.read_units <= 105.0, "{operation}: {}", figures(large.cost));
    }
    let pairs = others.into_iter().filter(|(small, large)| small.cost != large.cost);
    let grown: Vec<_> = pairs
        .map(|(Measurement { operation, cost, .. }, large)| {
            format!("{operation}: {} → {}", figures(*cost), figures(large.cost))
        })
        .collect();
    assert!(
        grown.is_empty(),
        "these cost more in a large organization; look for a read that its page does not bound:\n{}",
        grown.join("\n")
    );
}

#[tokio::test]
async fn costs_do_not_grow_with_the_organization() {
    let (small, large) = (survey_size(SMALL).await, survey_size(LARGE).await);
    assert_equal_costs(&small, &large);
}

#[tokio::test]
#[ignore = "loads a large table: `cargo test -p tests --test api -- --ignored growth`"]
async fn costs_do_not_grow_with_ten_thousand_members() {
    assert_equal_costs(&survey_size(SMALL).await, &survey_size(HUGE).await);
}

/// A list whose filters match little reads at most 100 units a request, and its cursor continues.
#[tokio::test]
#[ignore = "loads a large table: `cargo test -p tests --test api -- --ignored growth`"]
async fn filters_read_at_most_100_units_a_request() {
    let (app, org) = organization_of(HUGE).await;
    for query in [
        "q=nobody&match=contains",
        "q=nobody&match=contains&scope=subtree",
        "q=nobody&sort=-joined_at",
        "kind=service&sort=joined_at",
        "role_id=mdf_admin&sort=joined_at&status=active",
    ] {
        let page = app.get(ADA, &format!("{org}/members?limit=5&{query}")).await.expect(200);
        assert!(page.items().is_empty() && page.body["next_cursor"].is_string(), "{query}: {page}");
        let units = page.cost.read_units;
        assert!((50.0..=105.0).contains(&units), "{query}: {:?}", page.cost);
    }
    let page = app.get(ADA, &format!("{org}/roles?limit=100&scope=subtree&status=pending")).await;
    let page = page.expect(200);
    assert!(page.body["next_cursor"].is_string() && page.cost.read_units <= 105.0, "{page}");
    for query in [
        "q=m0&status=active&role_id=admin",
        "q=nobody&scope=subtree",
        "kind=service",
        "kind=service&scope=subtree",
    ] {
        let page = app.get(ADA, &format!("{org}/members?limit=5&{query}")).await.expect(200);
        assert!(page.items().is_empty() && page.body["next_cursor"].is_null(), "{query}: {page}");
        assert!(page.cost.read_units <= 5.0, "{query}: {:?}", page.cost);
    }
}

/// With the most custom roles, the organization's item stays within one read of 4 KB: three levels down,
/// under the longest plain ASCII name.
#[tokio::test]
async fn a_hundred_custom_roles_do_not_raise_the_cost_of_authorization() {
    let app = TestApp::new().await;
    let mut org = app.create_tree(ADA, "Acme").await;
    for _ in 0..3 {
        org = app.create_sub_organization(ADA, &org, &"n".repeat(100)).await;
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
    assert_eq!(
        costs[0], costs[1],
        "make the levels of custom roles on the organization's item smaller"
    );
    let more = json!({ "name": "Role 100" });
    app.post(ADA, &format!("{org}/roles"), more).await.refuses(409, "role-limit");
}

/// For every caller: the organization and the membership, in one call.
#[tokio::test]
async fn permissions_of_any_caller_are_one_round_trip_and_two_read_units() {
    let (app, acme) = TestApp::with_acme().await;
    let survey = Survey::of(&app, acme, 5).await;
    let path = format!("{}/permissions", survey.org);
    for caller in [ADA, BOB, CY, MIA, EVE, IVY, OPERATOR] {
        let cost = app.get(caller, &path).await.cost;
        assert_eq!(figures(cost), "1 · 2 · 0 + 0", "permissions of {}", caller.sub);
    }
}
