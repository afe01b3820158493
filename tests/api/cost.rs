//! The cost of each operation in a root organization and eight levels below one. The test prints
//! `docs/costs.md`, one row for each operation.

use std::{collections::HashMap, fmt::Write as _};

use ::mail::{MAILED_ACTIONS, Message, Messages, handle, send_due};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::{
    domain::{
        MAX_DEPTH, Person, PersonId, RequestContext, RequestedReplacement, RoleDeletionStep,
        RoleId, UserId, begin_reassignment, delete_role,
    },
    store::{Cost, Key, RoleWithUsers, metered},
};

use crate::{
    fake_aws::FakeAws,
    growth::{Size, organization_of},
    helpers::{assert_table, each, id, operator_path},
    matrix::SERVICE,
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, identity, member_id},
};

/// Holds a custom role that manages users and roles.
pub const MIA: Identity = identity("mia", "mia@example.com");
/// Holds a custom role without permissions.
const NED: Identity = identity("ned", "ned@example.com");
/// Is invited.
pub const IVY: Identity = identity("ivy", "ivy@example.com");
/// Has an address in a domain that no organization approves.
const ABE: Identity = identity("abe", "abe@elsewhere.example");
/// The callers in `OPERATIONS`: their `sub` in capitals.
const CALLERS: [Identity; 10] = [ABE, ADA, BOB, CY, EVE, IVY, MIA, NED, OPERATOR, SERVICE];
/// `TestApp::last_request` during a scheduled run and while mail is sent.
const CLEANUP: &str = "cleanup";
const MAIL: &str = "mail";

/// Every operation, in the order of the page: `operation | bound | caller method path | body | key`.
///
/// The bound is the most that the operation may cost: round trips, read units, write units of the table
/// and of its indexes. A page of a list reads 7 units at most: 26 items of each of two ranges, up to
/// 1 KB each. A path that does not begin with `/v1` or `/access` is below the organization. `NEW` is the
/// newest person, `<name>` a value of the survey. Questions of AuthZEN have a body in short form: subjects,
/// action, organization. A line with `+` prepares the next ones (`Survey::prepare`).
const OPERATIONS: &str = r#"
refusal: no membership | 1 3 0 0 | EVE GET /members/@cy
refusal: permission missing | 1 3 0 0 | NED GET /members/@cy
refusal: conflict with the present state | 2 4 0 0 | ADA POST /invitations | {"email": "cy@example.com", "role_id": "user"}
own memberships | 2 14 0 0 | ADA GET /v1/me?limit=<limit>
own pending invitations | 2 27 0 0 | IVY GET /v1/me/invitations?limit=<limit>
joinable organizations | 2 2 0 0 | ABE GET /v1/me/joinable-organizations?limit=<limit>
own permissions | 1 3 0 0 | MIA GET /permissions
+ person
create an organization | 1 0 10 9 | NEW POST /v1/organizations | {"name": "New"}
show an organization | 1 3 0 0 | ADA GET
show an organization with its ancestors | 3 11 0 0 | ADA GET ?include=ancestors
change the profile | 2 3 8 3 | ADA PATCH | {"website": "https://1.example"}
approve a domain | 2 3 8 1 | ADA PUT /domains/example.com
list approved domains | 3 9 0 0 | ADA GET /domains?limit=<limit>
remove a domain | 2 3 8 1 | ADA DELETE /domains/example.com
+ domain
+ person
add a service | 3 4.5 10 5 | ADA POST /service-members | {"user_id": "<sub>", "name": "Nightly sync", "role_id": "user"}
+ person
request to join | 2 5 14 4 | NEW POST /join-requests
+ join request
own join requests | 2 2 0 0 | NEW GET /v1/me/join-requests?limit=<limit>
own join request | 1 3 0 0 | NEW GET /join-requests/mine
list join requests | 2 9 0 0 | ADA GET /join-requests?limit=<limit>
cancel a join request | 2 2 8 4 | NEW DELETE /join-requests/mine
+ join request
approve a join request | 3 6 16 10 | ADA POST /join-requests/<id>/approve | {"role_id": "user"}
+ join request
decline a join request | 2 3 10 4 | ADA POST /join-requests/<id>/decline
add a critical alert user | 2 3 12 1 | ADA POST /critical-alert-users | {"email": "alert@example.com"}
list critical alert users | 3 9 0 0 | ADA GET /critical-alert-users
remove a critical alert user | 2 3 10 2 | ADA DELETE /critical-alert-users/@alert@example.com
show the security settings | 1 2 0 0 | ADA GET /security
change the security settings | 2 2 6 3 | ADA PUT /security | {"require_mfa": false, "max_session_minutes": null, "allowed_networks": ["0.0.0.0/0"], "event_retention_days": 364}
list users | 3 9 0 0 | ADA GET /members?limit=<limit>
list users by status | 3 9 0 0 | ADA GET /members?limit=<limit>&status=active
list users by role | 3 9 0 0 | ADA GET /members?limit=<limit>&role_id=user
list persons | 3 9 0 0 | ADA GET /members?limit=<limit>&kind=person
list services of a subtree | 3 4 0 0 | ADA GET /members?limit=<limit>&scope=subtree&kind=service
list users by time | 3 18 0 0 | ADA GET /members?limit=<limit>&sort=-joined_at
list ten users by name | 3 6 0 0 | ADA GET /members?limit=<limit>&q=m0000&sort=name
list users of a subtree | 4 9 0 0 | ADA GET /members?limit=<limit>&scope=subtree
+ sub-organization
list users of chosen organizations | 3 10 0 0 | ADA GET /members?limit=<limit>&organization_id=<here>&organization_id=<below>
search users by the beginning of an address | 2 9.5 0 0 | ADA GET /members?limit=<limit>&q=m0
search a whole tree by the beginning of an address | 2 9.5 0 0 | ADA GET /members?limit=<limit>&scope=subtree&q=m0
search users by the name of a role | 3 10 0 0 | ADA GET /members?limit=<limit>&q=manag
search users with match=contains | 3 102.5 0 0 | ADA GET /members?limit=<limit>&q=example&match=contains
export ten users | 5 10 6 0 | ADA POST /member-exports | {"q": "m0000"}
show a member | 1 3 0 0 | ADA GET /members/@cy
+ member user
change a member's role | 2 3 8 6 | ADA PATCH /members/@<sub> | {"role_id": "admin"}
+ member user
change a member's role to a custom role | 2 4 10 6 | ADA PATCH /members/@<sub> | {"role_id": "<plain>"}
+ member user
change a member's role, by a custom role | 2 4 10 6 | MIA PATCH /members/@<sub> | {"role_id": "<manager>"}
+ member user
set the end of a member's access | 2 3 8 7 | ADA PATCH /members/@<sub> | {"access_expires_at": "2027-03-01T00:00:00Z"}
+ member user
remove a member | 2 3 12 8 | ADA DELETE /members/@<sub>
+ member user
leave | 2 3 10 8 | NEW POST /leave
transfer the Super Admin role | 2 3 8 15 | ADA POST /transfer | {"member_id": "@bob"}
+ transfer back
+ person
invite | 2 3 12 6 | ADA POST /invitations | {"email": "<email>", "role_id": "user"}
+ person
invite to a custom role | 2 4 14 6 | ADA POST /invitations | {"email": "<email>", "role_id": "<plain>"}
+ person
invite with an idempotency key | 2 3 16 6 | ADA POST /invitations | {"email": "<email>", "role_id": "user"} | key
repeat with an idempotency key | 2 4 0 0 | ADA POST /invitations | {"email": "<email>", "role_id": "user"} | key
+ ten people
invite ten users | 2 24 66 60 | ADA POST /invitations/batch | {"invitations": <ten>}
list invitations | 3 19 0 0 | ADA GET /invitations?limit=<limit>
+ invitation user
show an invitation | 1 4 0 0 | ADA GET /invitations/<id>
change an invitation | 3 5 10 7 | ADA PATCH /invitations/<id> | {"role_id": "<plain>"}
+ invitation user
resend an invitation | 2 3 8 7 | ADA POST /invitations/<id>/resend
revoke an invitation | 2 3 8 7 | ADA DELETE /invitations/<id>
+ invitation user
show a received invitation | 2 4 0 0 | NEW GET /invitations/<id>/mine
accept | 2 4 12 12 | NEW POST /invitations/<id>/accept
+ invitation <plain>
accept a custom role | 3 5 14 12 | NEW POST /invitations/<id>/accept
+ request and invitation
accept with an own join request | 2 4 12 16 | NEW POST /invitations/<id>/accept
+ invitation user
decline | 2 3 8 9 | NEW POST /invitations/<id>/decline
list role objects | 1 2 0 0 | ADA GET /role-objects
+ person
create a role | 2 2 10 4 | ADA POST /roles | {"name": "<sub>", "description": "Works at night"}
list roles | 2 10 0 0 | ADA GET /roles?limit=5
list roles of a subtree | 3 10 0 0 | ADA GET /roles?limit=5&scope=subtree
search roles | 3 10 0 0 | ADA GET /roles?limit=5&q=plain
list roles with active users | 2 10 0 0 | ADA GET /roles?limit=5&status=active
show a role | 1 3 0 0 | ADA GET /roles/<plain>
+ person
rename a role | 2 3 10 1 | ADA PATCH /roles/<created> | {"name": "<sub>"}
change the levels of a role | 2 3 10 4 | ADA PATCH /roles/<created> | {"permissions": {"user_management": "view_only"}}
delete a role | 2 3 14 4 | ADA DELETE /roles/<created>
+ role
+ member <role>
+ invitation <role>
delete a role with two users | 4 6 20 17 | ADA DELETE /roles/<role>?reassign_to=user
create a sub-organization | 2 2 14 10 | ADA POST /v1/organizations/<nest>/sub-organizations | {"name": "Below"}
list sub-organizations | 3 29 0 0 | ADA GET /sub-organizations?limit=<limit>
list sub-organizations at any depth | 3 29 0 0 | ADA GET /sub-organizations?limit=<limit>&depth=all
delete a sub-organization | 4 5 12 5 | ADA DELETE /v1/organizations/<created> | {"name": "Below"}
+ empty sub-organization
join a sub-organization | 3 5.5 12 10 | BOB POST /v1/organizations/<id>/join
list events | 3 15.5 0 0 | ADA GET /events?limit=<limit>
list events about a person | 5 16.5 0 0 | ADA GET /events?member_id=<member>&limit=<limit>
list events of a subtree | 5 30 0 0 | OP GET /v1/organizations/<below>/events?scope=subtree&limit=<limit>
+ event
show an event | 2 4.5 0 0 | ADA GET /events/<id>
+ tree and partner
decision: a member | 1 2 0 0 | SERVICE POST /access/v1/evaluation | mia user_management.invite <here>
decision: through an ancestor | 2 4.5 0 0 | SERVICE POST /access/v1/evaluation | <above> license_management_sub_organizations.view_active_licenses <branch>
decision: through a partner | 2 6 0 0 | SERVICE POST /access/v1/evaluation | <partner> license_management_customer_organizations.view_active_licenses <customer>
explanation about a member, by address | 3 6 0 0 | MIA GET /explanations?action=user_management.invite&email=cy@example.com
four decisions in one organization | 1 5 0 0 | SERVICE POST /access/v1/evaluations | cy,mia,ned,eve license_management.view_active_licenses <here>
search subjects | 3 8.5 0 0 | SERVICE POST /access/v1/search/subject | eve user_management.invite <here>
search resources | 2 3.5 0 0 | SERVICE POST /access/v1/search/resource | cy license_management.view_active_licenses <here>
search resources below an organization | 6 18 0 0 | SERVICE POST /access/v1/search/resource | <above> license_management_sub_organizations.view_active_licenses <here>
search resources of a partner's customers | 6 22 0 0 | SERVICE POST /access/v1/search/resource | <partner> license_management_customer_organizations.view_active_licenses <here>
search actions | 1 3 0 0 | SERVICE POST /access/v1/search/action | eve license_management.view_active_licenses <here>
+ person
operator: create an organization with its first Admin | 1 0 10 9 | OP POST /v1/operator/organizations | {"name": "New", "kind": "partner", "first_admin_email": "<email>"}
operator: list organizations | 2 13.5 0 0 | OP GET /v1/operator/organizations?limit=<limit>
operator: show an organization | 3 3 0 0 | OP GET /v1/operator/organizations/<here>
+ member user
operator: appoint a Super Admin | 3 4 10 15 | OP POST /v1/operator/organizations/<here>/super-admin | {"member_id": "@<sub>", "former": "admin", "reason": "Gone."}
+ appoint back
operator: suspend an organization | 4 4 8 3 | OP PUT /v1/operator/organizations/<here>/suspension | {"reason": "Unpaid."}
operator: resume an organization | 2 1 8 3 | OP DELETE /v1/operator/organizations/<here>/suspension | {"reason": "Paid."}
operator: reset the security settings | 2 1 4 3 | OP DELETE /v1/operator/organizations/<here>/security | {"reason": "Locked out."}
+ partner
operator: change settings | 2 2 6 3 | OP PATCH /v1/operator/organizations/<id> | {"mdf_program": true}
operator: switch the MDF programme off | 2 2 8 3 | OP PATCH /v1/operator/organizations/<id> | {"mdf_program": false}
+ person
operator: invite another first Admin | 3 2 10 16 | OP POST /v1/operator/organizations/<id>/first-admin | {"email": "<email>"}
+ first Admin
operator: revoke an invitation | 2 2 8 10 | OP DELETE /v1/operator/organizations/<id>/invitations/<inv>
operator: link a customer | 2 3 12 7 | OP PUT /v1/operator/organizations/<id>/customers/<here> | {"preferred": false}
operator: list customers | 3 7 0 0 | OP GET /v1/operator/organizations/<id>/customers
list partners | 3 16 0 0 | ADA GET /partners?limit=<limit>
suspend the link with a partner | 2 4 12 5 | ADA PUT /partners/<id>/suspension
list customers | 3 16 0 0 | OP GET /v1/organizations/<id>/customers
resume the link with a partner | 2 4 12 5 | ADA DELETE /partners/<id>/suspension
+ member user
operator: find organizations by name | 2 15 0 0 | OP GET /v1/operator/organizations?q=acme&limit=<limit>
operator: find a person by address | 6 15.5 0 0 | OP GET /v1/operator/people?email=cy@example.com
operator: export personal data | 4 10 0 0 | OP GET /v1/operator/people/<person>/data
operator: give a membership to another account | 2 4 14 13 | OP POST /v1/operator/organizations/<here>/members/@<sub>/account | {"user_id": "<sub>-2", "reason": "Ticket 7"}
+ member user
operator: offboard a person | 7 18 10 8 | OP POST /v1/operator/people/<person>/offboard
+ member user
operator: erase a person | 6 15 20 10 | OP DELETE /v1/operator/people/<person>
operator: unlink a customer | 2 3 12 7 | OP DELETE /v1/operator/organizations/<id>/customers/<here>
+ person
+ join request
operator: erase a person who asks to join | 6 15 20 10 | OP DELETE /v1/operator/people/<person>
+ clean-up
clean-up: nothing is due | 1 2 0 0 | clean-up
+ expired invitation
clean-up: one invitation has expired | 3 3 6 7 | clean-up
+ ended access
clean-up: the access of a member has ended | 3 3 12 9 | clean-up
+ role
+ member <role>
+ role deletion
clean-up: a role that is being deleted has a user | 5 6 16 11 | clean-up
+ invitation user
mail: an invitation | 6 6 8 0 | mail
mail: a bounce of an invitation | 1 0 2 0 | mail report
+ join request
mail: a request to join, to three people | 19 16.5 26 0 | mail
+ join request
mail: a further request to join in the same hour | 8 8 10 1 | mail
+ hour
mail: a digest of requests to join, to three people | 25 22.5 26 1 | due mail 1
+ member user
mail: an accepted invitation | 7 8 8 0 | mail
+ removed member
mail: a removed member | 7 9 4 0 | mail
+ removed keeper
mail: a service without a keeper, to three people | 16 17 16 0 | mail
mail: nothing is due | 8 8.5 4 0 | due mail 0
"#;

/// The cost of an operation.
#[derive(Clone, Debug)]
pub struct Measurement {
    pub operation: &'static str,
    pub cost: Cost,
}

/// A person with a `sub` of 36 and an address of 28 characters, as providers and companies have them.
pub fn person(name: &str) -> Identity {
    identity(format!("{name:-<36}").leak(), format!("{name:.<16}@example.com").leak())
}

/// Does every operation once in one organization, and notes its cost.
pub struct Survey<'a> {
    pub app: &'a TestApp,
    pub org: String,
    pub lines: Vec<Measurement>,
    /// The organization below which others are created: this one or, at the greatest depth, the one above
    /// (SUB3).
    nest: String,
    people: usize,
    newest: Identity,
    /// The values of `<name>`.
    values: HashMap<&'static str, String>,
}

impl<'a> Survey<'a> {
    /// Ada is Super Admin of the organization; Bob, Cy, Mia and Ned join it.
    pub async fn of(app: &'a TestApp, org: String, limit: usize) -> Self {
        let levels = json!({ "user_management": "full_access", "role_management": "full_access" });
        let manager = app.create_role(ADA, &org, "Manager", levels).await;
        let plain = app.create_role(ADA, &org, "Plain", json!({})).await;
        for (person, role) in [(BOB, "admin"), (CY, "user"), (MIA, &manager), (NED, &plain)] {
            app.add_member(ADA, &org, person, role).await;
        }
        app.invite(ADA, &org, IVY.email, "user").await.expect(201);
        let shown = app.get(ADA, &org).await.expect(200).body;
        let mut nest = org.clone();
        if shown["depth"] == MAX_DEPTH {
            nest = format!("/v1/organizations/{}", shown["parent_id"].as_str().unwrap());
            app.add_member(ADA, &nest, BOB, "admin").await;
        }
        let values = HashMap::from([
            ("<limit>", limit.to_string()),
            ("<here>", id(&org).to_owned()),
            ("<nest>", id(&nest).to_owned()),
            ("<below>", id(&org).to_owned()),
            ("<member>", member_id(&org, CY.sub)),
            ("<plain>", plain),
            ("<manager>", manager),
        ]);
        Self { app, org, lines: Vec::new(), nest, people: 0, newest: ADA, values }
    }

    pub async fn measure_all(&mut self) {
        for line in OPERATIONS.trim().lines() {
            if let Some(preparation) = line.strip_prefix("+ ") {
                self.prepare(&self.resolve(preparation)).await;
                continue;
            }
            let parts: Vec<_> = line.split(" | ").collect();
            let part = |nth: usize| parts.get(nth).copied();
            let (operation, request) = (parts[0], self.resolve(parts[2]));
            let cost = match &*request {
                "clean-up" => self.clean_up().await,
                "mail" => self.mail().await,
                "mail report" => self.mail_report().await,
                "due mail 0" => self.send_due(0).await,
                "due mail 1" => self.send_due(1).await,
                _ => {
                    let answer = self.send(operation, &request, part(3), part(4)).await;
                    if answer.status == 201 {
                        self.set("<created>", answer.body["id"].as_str().unwrap_or_default());
                    }
                    answer.cost
                }
            };
            self.lines.push(Measurement { operation, cost });
        }
    }

    fn resolve(&self, text: &str) -> String {
        let replace = |text: String, (name, value): (&&str, &String)| text.replace(*name, value);
        self.values.iter().fold(text.to_owned(), replace)
    }

    async fn send(
        &self,
        name: &str,
        request: &str,
        body: Option<&str>,
        key: Option<&str>,
    ) -> Answer {
        let [caller, method, path] =
            [0, 1, 2].map(|nth| request.split(' ').nth(nth).unwrap_or_default());
        let found = CALLERS.iter().find(|known| known.sub.to_uppercase() == caller);
        let caller = *found.unwrap_or(&self.newest);
        let absolute = ["/v1", "/access"].iter().any(|start| path.starts_with(start));
        let path = if absolute { path.to_owned() } else { format!("{}{path}", self.org) };
        let body = body.map(|body| self.resolve(body));
        let body = body.map(|body| serde_json::from_str(&body).unwrap_or_else(|_| question(&body)));
        let key = key.map(|key| ("idempotency-key", key));
        let headers: Vec<_> = key.into_iter().collect();
        let answer = self.app.send_with(Some(caller), method, &path, body, &headers).await;
        let refused = name.starts_with("refusal");
        assert_eq!(answer.status.as_u16() >= 400, refused, "{name}: {answer}");
        answer
    }

    /// Creates what the next operations need, and a new person.
    async fn prepare(&mut self, what: &str) {
        let (app, org) = (self.app, self.org.clone());
        let (kind, role) = match what.split_once(' ') {
            Some((kind @ ("member" | "invitation"), role)) => (kind, role),
            _ => (what, ""),
        };
        let new = self.new_person();
        match kind {
            "person" => {}
            "ten people" => {
                let offer = |_| json!({ "email": self.new_person().email, "role_id": "user" });
                let ten = (0..10).map(offer).collect::<Value>().to_string();
                self.values.insert("<ten>", ten);
            }
            "member" => {
                app.add_member(ADA, &org, new, role).await;
            }
            "invitation" => {
                self.set("<id>", &app.create_invitation(ADA, &org, new.email, role).await);
            }
            "expired invitation" => self.create_expired_invitation(new).await,
            "removed member" => {
                app.add_member(ADA, &org, new, "user").await;
                app.remove(ADA, &org, new).await.expect(204);
            }
            "removed keeper" => self.remove_keeper(new).await,
            "ended access" => self.end_access(new).await,
            "domain" => {
                app.approve_domain(ADA, &org, "example.com").await.expect(200);
            }
            "join request" => self.set("<id>", &app.create_join_request(new, &org).await),
            "request and invitation" => {
                app.create_join_request(new, &org).await;
                self.set("<id>", &app.create_invitation(ADA, &org, new.email, "user").await);
            }
            "role" => self.set("<role>", &app.create_role(ADA, &org, new.sub, json!({})).await),
            "role deletion" => self.begin_role_deletion().await,
            "transfer back" => {
                app.transfer(BOB, &org, ADA).await.expect(200);
            }
            "appoint back" => self.appoint_back().await,
            "sub-organization" if self.nest != org => {}
            "sub-organization" => {
                self.set("<below>", &app.create_sub_organization(ADA, &org, "Chosen").await);
            }
            "empty sub-organization" => {
                self.set("<id>", &app.create_empty_sub_organization(&self.nest, "Empty").await);
            }
            "tree and partner" => self.create_tree_and_partner().await,
            "partner" => self.create_partner(new).await,
            "first Admin" => self.invite_first_admin(new).await,
            "event" => {
                let events = app.get(ADA, &format!("{org}/events?limit=1")).await;
                self.set("<id>", each(events.items(), "id")[0]);
            }
            "clean-up" => {
                self.clean_up().await;
            }
            "hour" => app.wait(DAY / 24),
            other => panic!("unknown preparation: {other}"),
        }
    }

    /// An invitation that has expired.
    async fn create_expired_invitation(&self, new: Identity) {
        let (app, org) = (self.app, self.org.clone());
        let late = json!({ "email": new.email, "role_id": "user", "expires_in_days": 1 });
        app.post(ADA, &format!("{org}/invitations"), late).await.expect(201);
        app.wait(DAY);
    }

    /// A service whose keeper has been removed.
    async fn remove_keeper(&self, new: Identity) {
        let (app, org) = (self.app, self.org.clone());
        app.add_member(ADA, &org, new, "user").await;
        let keeper = member_id(&org, new.sub);
        let body = json!({
            "user_id": "client|sync", "name": "Sync", "role_id": "user", "keeper_id": keeper,
        });
        app.post(ADA, &format!("{org}/service-members"), body).await.expect(201);
        app.remove(ADA, &org, new).await.expect(204);
    }

    /// A member whose access has ended.
    async fn end_access(&self, new: Identity) {
        let (app, org) = (self.app, self.org.clone());
        app.add_member(ADA, &org, new, "user").await;
        let end = Timestamp::from_millisecond(app.now() + 5_000).unwrap();
        let member = format!("{org}/members/@{}", new.sub);
        let ends = json!({ "access_expires_at": end });
        app.patch(ADA, &member, ends).await.expect(200);
        app.wait(5_000);
    }

    /// Ada is the Super Admin again, and the newest person a member.
    async fn appoint_back(&self) {
        let (app, org) = (self.app, self.org.clone());
        let body = json!({ "member_id": "@ada", "former": "removed", "reason": "Back." });
        let path = format!("{}/super-admin", operator_path(&org));
        app.post(OPERATOR, &path, body).await.expect(200);
        app.add_member(ADA, &org, self.newest, "user").await;
    }

    /// A partner with an invited first Admin.
    async fn create_partner(&mut self, new: Identity) {
        let app = self.app;
        let body = json!({ "name": "New", "kind": "partner", "first_admin_email": new.email });
        let made = app.post(OPERATOR, "/v1/operator/organizations", body).await;
        self.set("<id>", &made.expect(201).id());
    }

    /// Another invitation of a first Admin.
    async fn invite_first_admin(&mut self, new: Identity) {
        let app = self.app;
        let path = format!("/v1/operator/organizations/{}/first-admin", self.values["<id>"]);
        let made = app.post(OPERATOR, &path, json!({ "email": new.email })).await;
        self.set("<inv>", &made.expect(201).id());
    }

    /// Sets a value to the id at the end of a path.
    fn set(&mut self, name: &'static str, path: &str) {
        self.values.insert(name, id(path).to_owned());
    }

    fn new_person(&mut self) -> Identity {
        self.people += 1;
        let org = id(&self.org);
        let org = org[org.len() - 2..].to_lowercase();
        self.newest = person(&format!("x{org}-{:04}", self.people));
        self.values.insert("<sub>", self.newest.sub.to_owned());
        self.values.insert("<email>", self.newest.email.to_owned());
        let person = PersonId::of(&UserId::new(self.newest.sub));
        self.values.insert("<person>", person.to_string());
        self.newest
    }

    /// A tree and a partner of its own, so that decisions cost the same wherever they are measured.
    async fn create_tree_and_partner(&mut self) {
        let [owner, above, partner, customer_owner] = [(); 4].map(|()| self.new_person());
        let app = self.app;
        let root = app.create_tree(owner, "Root").await;
        app.add_member(owner, &root, above, "admin").await;
        let branch = app.create_empty_sub_organization(&root, "Branch").await;
        let customer = app.create_organization(customer_owner, "Customer").await;
        let there = app.create_partner(partner, "Partner").await;
        let link = format!("{}/customers/{}", operator_path(&there), id(&customer));
        app.put(OPERATOR, &link, json!({ "preferred": false })).await.expect(200);
        self.set("<above>", above.sub);
        self.set("<partner>", partner.sub);
        self.set("<branch>", &branch);
        self.set("<customer>", &customer);
    }

    async fn clean_up(&self) -> Cost {
        self.app.set_last_request(CLEANUP.to_owned());
        let now = Timestamp::from_millisecond(self.app.now()).unwrap();
        let (summary, cost) =
            metered(cleanup::run(&self.app.store, now, || now, "test", || false)).await;
        assert_eq!(summary.unwrap().failed, 0);
        cost
    }

    /// Marks a role with a user, like a request that has no time left.
    async fn begin_role_deletion(&self) {
        let role = &self.values["<role>"];
        let (org, role) = (id(&self.org).parse().unwrap(), role.parse().unwrap());
        let (store, key) = (&self.app.store, Key::role(org, role));
        let ada = Person::subject(UserId::new(ADA.sub), Timestamp::UNIX_EPOCH);
        let (actor, found) = store.facts(&ada, org, [key.clone()]).await.unwrap();
        let RoleWithUsers { role: before, users } = found.role(&key).unwrap().unwrap();
        let at = Timestamp::from_millisecond(self.app.now()).unwrap();
        let context = RequestContext::without_actor(at, "test", 0);
        let replacement = Some(RequestedReplacement { id: RoleId::USER, role: None });
        let step = delete_role(&actor, &before, users, replacement).unwrap();
        let RoleDeletionStep::Reassign(to) = step else { panic!("it has no user: {step:?}") };
        let begun = begin_reassignment(&before, to, context.at);
        let writes = store.transaction(&context).begin_reassignment(&actor, &before, &begun);
        writes.unwrap().commit(&()).await.unwrap();
    }

    /// Runs the schedule, which must send this number of digests.
    async fn send_due(&self, digests: u32) -> Cost {
        let service = FakeAws::default().mail_service(&self.app.store);
        self.app.set_last_request(MAIL.to_owned());
        let context = self.mail_context();
        let work = Box::pin(send_due(&service, &context, || false));
        let (summary, cost) = metered(work).await;
        assert_eq!(summary.unwrap().sent, digests);
        cost
    }

    /// Sends the mails of the newest event that causes some.
    async fn mail(&self) -> Cost {
        let mailed = MAILED_ACTIONS.map(|action| format!("action={action}")).join("&");
        let path = format!("{}/events?limit=1&{mailed}", self.org);
        let found = self.app.get(ADA, &path).await.expect(200);
        let event = &found.body["items"][0];
        let key = json!({ "organization_id": event["organization_id"], "event_id": event["id"] });
        let cost = self.handle_message(&key).await;
        assert!(cost.write_units > 0.0, "the mail is marked as sent");
        cost
    }

    /// Records a bounce of the last invitation.
    async fn mail_report(&self) -> Cost {
        let tags = json!({ "invitation": [self.resolve("<id>")], "sending": ["1"] });
        let report = json!({
            "eventType": "Bounce",
            "bounce": { "bounceType": "Permanent", "bounceSubType": "General" },
            "mail": { "tags": tags },
        });
        self.handle_message(&json!({ "detail": report })).await
    }

    async fn handle_message(&self, body: &Value) -> Cost {
        let service = FakeAws::default().mail_service(&self.app.store);
        let batch = Messages { messages: vec![Message::new("1", body.to_string())] };
        self.app.set_last_request(MAIL.to_owned());
        let context = self.mail_context();
        let work = Box::pin(handle(&service, &batch, &context, || false));
        let (failures, cost) = metered(work).await;
        assert!(failures.batch_item_failures.is_empty(), "{failures:?}");
        cost
    }

    fn mail_context(&self) -> RequestContext {
        let now = Timestamp::from_millisecond(self.app.now()).unwrap();
        RequestContext::without_actor(now, "test", 0)
    }
}

/// The body of a question: `subject action organization`, or `subject,subject action organization`.
fn question(short: &str) -> Value {
    let [subjects, action, org] = [0, 1, 2].map(|nth| short.split(' ').nth(nth).unwrap());
    let one = |subject: &str| {
        json!({
            "subject": { "type": "user", "id": subject },
            "action": { "name": action },
            "resource": { "type": "organization", "id": org },
            "page": { "limit": 5 },
        })
    };
    if subjects.contains(',') {
        return json!({ "evaluations": subjects.split(',').map(one).collect::<Value>() });
    }
    one(subjects)
}

/// The bound of each operation.
fn bounds() -> impl Iterator<Item = (&'static str, [f64; 4])> {
    let operations = OPERATIONS.trim().lines().filter(|line| !line.starts_with('+'));
    operations.map(|line| {
        let mut parts = line.split(" | ");
        let (operation, bound) = (parts.next().unwrap(), parts.next().unwrap());
        let mut numbers = bound.split(' ').map(|number| number.parse().unwrap());
        (operation, [(); 4].map(|()| numbers.next().unwrap()))
    })
}

fn print(root: &[Measurement], others: [&[Measurement]; 2]) -> String {
    let mut page = "| operation | trips | RCU | WCU | at depth 8 | with 98 custom roles |\n\
                    |---|--:|--:|--:|---|---|\n"
        .to_owned();
    for Measurement { operation, cost } in root {
        let Cost { round_trips, read_units, .. } = cost;
        let written = match (cost.write_units, cost.index_write_units) {
            (0.0, 0.0) => "0".to_owned(),
            (table, indexes) => format!("{table} + {indexes}"),
        };
        let differing =
            others.map(|lines| match lines.iter().find(|line| line.operation == *operation) {
                None => "–".to_owned(),
                Some(other) if other.cost == *cost => String::new(),
                Some(other) => figures(other.cost),
            });
        let [deep, many] = differing;
        writeln!(
            page,
            "| {operation} | {round_trips} | {read_units} | {written} | {deep} | {many} |"
        )
        .unwrap();
    }
    page
}

/// Round trips, read units, write units of the table and of its indexes.
pub fn figures(cost: Cost) -> String {
    let Cost { round_trips, read_units, write_units, index_write_units } = cost;
    format!("{round_trips} · {read_units} · {write_units} + {index_write_units}")
}

/// What the reads of the organizations above cost.
#[derive(Clone, Copy, Default)]
struct Above {
    round_trips: f64,
    read_units: f64,
}

/// The operations whose costs exceed their bounds by more than the reads of the organizations above.
fn excesses(lines: &[Measurement], above: Above) -> Vec<String> {
    let mut excesses = Vec::new();
    for Measurement { operation, cost } in lines {
        let (_, bound) = bounds().find(|(name, _)| name == operation).unwrap();
        let [trips, read, write, index] = bound;
        let exceeded = f64::from(cost.round_trips) > trips + above.round_trips
            || cost.read_units > read + above.read_units
            || cost.write_units > write
            || cost.index_write_units > index;
        if exceeded {
            excesses.push(format!("{operation}: {}, bound {bound:?}", figures(*cost)));
        }
    }
    excesses
}

#[tokio::test]
async fn each_operation_costs_at_most_its_bound_at_any_depth() {
    let size = Size { members: 30, pending: 30, organizations: 30, roles: 0 };
    let (app, org) = organization_of(size).await;
    let mut root = Survey::of(&app, org.clone(), 25).await;
    root.measure_all().await;
    let mut path = org;
    for _ in 0..MAX_DEPTH {
        path = app.create_sub_organization(ADA, &path, "Acme").await;
    }
    let mut deep = Survey::of(&app, path, 25).await;
    deep.measure_all().await;
    let (app, org) = organization_of(Size { roles: 96, ..size }).await;
    let mut with_roles = Survey::of(&app, org, 25).await;
    with_roles.measure_all().await;
    let (none, root_and_parent) = (Above::default(), Above { round_trips: 1.0, read_units: 2.0 });
    let exceeded = [excesses(&root.lines, none), excesses(&deep.lines, root_and_parent)].concat();
    assert!(
        exceeded.is_empty(),
        "make these cheaper, or justify a higher bound:\n{}",
        exceeded.join("\n")
    );
    assert_table("costs.md", &print(&root.lines, [&deep.lines, &with_roles.lines]));
}
