//! A day of the platform's operator, as one story. After each step the test asks what the people concerned
//! see, by the public API alone, with the limits of a deployment.

use std::sync::atomic::AtomicUsize;

use serde_json::{Value, json};
use shared::http::Deployment;

use crate::{
    export::rows,
    fake_aws::FakeAws,
    helpers::{DEE, each, id, nth_user, operator_path},
    invariants::check,
    mail::{Delivery, shown},
    test_app::{ADA, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp},
};

/// How many people a file of an administrator has.
const PEOPLE: usize = 100;

/// The seventh of them, who is known in every organization.
fn pat() -> Identity {
    Identity { name: "Pat Seven", ..nth_user(7) }
}

/// The platform: Acme, Globex and Hooli, whose Super Admins are ADA, BOB and CY.
struct Platform {
    delivery: Delivery,
    acme: String,
    globex: String,
    hooli: String,
}

#[tokio::test]
async fn day_of_an_operator() {
    let platform = Platform::new().await;
    let invitations = platform.invite_five_hundred().await;
    platform.everybody_accepts(invitations).await;
    platform.lost_super_admin_is_replaced().await;
    platform.person_is_offboarded().await;
    platform.person_is_erased().await;
    platform.organization_is_suspended_and_resumed().await;
    platform.organization_is_deleted().await;
    check(platform.app()).await;
}

impl Platform {
    async fn new() -> Self {
        let (app, layer) = TestApp::with_fault_layer(Deployment::default()).await;
        let aws = FakeAws::default();
        let (bus, service) = (aws.bus(), aws.mail_service(&app.store));
        let mut orgs = Vec::new();
        for (name, first) in [("Acme", ADA), ("Globex", BOB), ("Hooli", CY)] {
            let org = app.create_organization_for(first, name).await;
            app.accept(first, &org).await.expect(200);
            orgs.push(org);
        }
        let [acme, globex, hooli] = orgs.try_into().unwrap();
        app.add_member(ADA, &acme, DEE, "admin").await;
        let delivery = Delivery { app, layer, aws, bus, service, processed: AtomicUsize::new(0) };
        delivery.deliver_all().await;
        Self { delivery, acme, globex, hooli }
    }

    fn app(&self) -> &TestApp {
        &self.delivery.app
    }

    /// The mails since the last call, as their readers see them.
    async fn mails(&self) -> Vec<String> {
        self.delivery.deliver_all().await.iter().map(shown).collect()
    }

    /// The subject of the only new mail to a person.
    async fn subjects(&self, to: &[Identity]) -> Vec<String> {
        let mails = self.mails().await;
        let subject = |person: &Identity| {
            let head = format!("to {}\n", person.email);
            let mut own = mails.iter().filter_map(|mail| mail.strip_prefix(&head));
            let subject = own.next().and_then(|mail| mail.lines().next()).unwrap_or_default();
            assert!(own.next().is_none(), "{mails:#?}");
            subject.to_owned()
        };
        to.iter().map(subject).collect()
    }

    /// What an operator finds at an address.
    async fn people(&self, email: &str) -> Vec<Value> {
        let found = self.app().get(OPERATOR, &format!("/v1/operator/people?email={email}")).await;
        found.expect(200).items().to_vec()
    }

    /// The organizations that an operator finds by the beginning of a name.
    async fn organizations(&self, q: &str) -> Vec<Value> {
        let path = format!("/v1/operator/organizations?q={q}");
        self.app().get(OPERATOR, &path).await.expect(200).items().to_vec()
    }

    /// The number of users that a list of Acme has, as an operator sees it.
    async fn total(&self, filters: &str) -> Value {
        let path = format!("{}/members?limit=1&{filters}", self.acme);
        self.app().get(OPERATOR, &path).await.expect(200).body["total"].clone()
    }

    /// DEE sends five files as administrators have them. Returns the invitations with their people.
    async fn invite_five_hundred(&self) -> Vec<(Identity, String)> {
        let mut invitations = Vec::new();
        for (nth, (file, bad)) in files().into_iter().enumerate() {
            let answer = self.app().invite_file(DEE, &self.acme, file).await.expect(200);
            let outcomes = answer.body["outcomes"].as_array().unwrap();
            assert_eq!(outcomes.len(), PEOPLE);
            for (row, outcome) in outcomes.iter().enumerate() {
                let expected = if row == 50 { bad } else { 201 };
                assert_eq!(outcome["status"], expected, "file {nth}, row {row}: {outcome}");
                let invited = outcome["invitation"]["id"].as_str();
                let person = nth_user(nth * PEOPLE + row);
                let path = |id| format!("{}/invitations/{id}", self.acme);
                invitations.extend(invited.map(|id| (person, path(id))));
            }
        }
        assert_eq!(invitations.len(), 495);
        assert_eq!(self.total("status=pending").await, 495);
        let mails = self.mails().await;
        let invited = mails.iter().filter(|mail| mail.contains("You are invited to Acme"));
        assert_eq!((invited.count(), mails.len()), (495, 495));
        invitations
    }

    async fn everybody_accepts(&self, invitations: Vec<(Identity, String)>) {
        for (person, path) in &invitations {
            let person = if person.sub == pat().sub { pat() } else { *person };
            self.app().post(person, &format!("{path}/accept"), json!({})).await.expect(200);
        }
        assert_eq!([self.total("status=pending").await, self.total("").await], [0, 497]);
        assert_eq!(self.total("kind=person&role_id=user").await, 495);
        // The inviter gets one mail now, and the rest in a digest.
        let mails = self.mails().await;
        assert_eq!(mails.len(), 1, "{mails:#?}");
        assert!(mails[0].starts_with("to dee@example.com"), "{mails:#?}");
        self.app().wait(DAY);
        self.delivery.send_due().await;
        let digest: Vec<_> = self.delivery.aws.mails().iter().map(shown).collect();
        assert_eq!(digest.len(), 1);
        assert!(digest[0].contains("More than 20 people joined Acme"), "{digest:#?}");
    }

    /// ADA has left the company, and her account is gone (SA6).
    async fn lost_super_admin_is_replaced(&self) {
        let found = self.people(ADA.email).await;
        let membership = &found[0]["organizations"][0];
        let shown = [&membership["name"], &membership["membership"]["role_name"]];
        assert_eq!(shown, ["Acme", "Super Admin"]);
        let [acme] = &*self.organizations("acme").await else { panic!("Acme alone") };
        assert_eq!(acme["super_admin"]["email"], ADA.email);

        self.app().appoint(&self.acme, DEE, "removed").await.expect(200);
        let [acme] = &*self.organizations("acme").await else { panic!("Acme alone") };
        assert_eq!(acme["super_admin"]["email"], DEE.email);
        assert_eq!(self.people(ADA.email).await[0]["organizations"][0]["membership"], Value::Null);
        let history = self.app().history(&self.acme).await;
        let [appointed, removed] = &history[history.len() - 2..] else { panic!("{history:#?}") };
        for (event, action, named) in [
            (appointed, "super_admin.appointed", &appointed["new"]["super_admin"]["email"]),
            (removed, "member.removed", &removed["target"]["name"]),
        ] {
            assert_eq!([&event["action"], &event["reason"]], [action, "Ada has left."]);
            assert_eq!(event["actor"]["name"], "Platform operator");
            assert!([DEE.email, ADA.email].contains(&named.as_str().unwrap()), "{event}");
        }
        self.app().get(ADA, &self.acme).await.refuses(404, "no-such-organization");
        let subjects = self.subjects(&[ADA, DEE]).await;
        let expected = ["You are no longer a member of Acme", "You are the Super Admin of Acme"];
        assert_eq!(subjects, expected);
    }

    /// PAT has left the company: a member of two organizations, and invited to the third (OP2).
    async fn person_is_offboarded(&self) {
        let app = self.app();
        app.add_member(BOB, &self.globex, pat(), "user").await;
        app.create_invitation(CY, &self.hooli, pat().email, "user").await;
        self.mails().await;
        let [found] = &*self.people(pat().email).await else { panic!("one person") };
        let orgs = found["organizations"].as_array().unwrap();
        assert_eq!(each(orgs, "name"), ["Acme", "Globex", "Hooli"]);
        let path = format!("/v1/operator/people/{}/offboard", found["id"].as_str().unwrap());
        let done = app.post(OPERATOR, &path, json!({})).await.expect(200);
        let ended = json!({
            "memberships": 2, "invitations": 1, "join_requests": 0, "critical_alert_users": 0,
        });
        assert_eq!(done.body, json!({ "ended": ended, "super_admin_of": [] }));

        let me = app.get(pat(), "/v1/me").await.expect(200);
        assert_eq!(
            [&me.body["user_type"], &me.body["organizations"]],
            [&json!("personal"), &json!([])]
        );
        assert_eq!(app.get(pat(), "/v1/me/invitations").await.expect(200).items().len(), 0);
        assert_eq!(self.total("").await, 495);
        let last = app.history(&self.globex).await.pop().unwrap();
        let ended = [&last["action"], &last["target"]["name"], &last["actor"]["name"]];
        assert_eq!(ended, ["member.removed", "Pat Seven", "Platform operator"]);
        // One mail about all of it, as soon as the events have waited for each other.
        assert_eq!(self.mails().await, [""; 0]);
        app.wait(DAY / 288);
        self.delivery.send_due().await;
        let mails: Vec<_> = self.delivery.aws.mails().iter().map(shown).collect();
        let to_pat: Vec<_> =
            mails.iter().filter(|mail| mail.starts_with("to person-007@")).collect();
        assert_eq!(to_pat.len(), 1, "{mails:#?}");
        assert!(to_pat[0].contains("Acme") && to_pat[0].contains("Hooli"), "{}", to_pat[0]);
    }

    /// PAT asks to be forgotten (ERA1).
    async fn person_is_erased(&self) {
        let [found] = &*self.people(pat().email).await else { panic!("one person") };
        let person = format!("/v1/operator/people/{}", found["id"].as_str().unwrap());
        let data = self.app().get(OPERATOR, &format!("{person}/data")).await.expect(200);
        assert!(data.text.contains("Pat Seven"), "what is kept can be handed out before: {data}");
        self.app().delete(OPERATOR, &person).await.expect(204);

        assert_eq!(self.people(pat().email).await, [Value::Null; 0]);
        let data = self.app().get(OPERATOR, &format!("{person}/data")).await;
        data.refuses(404, "no-such-person");
        for org in [&self.acme, &self.globex, &self.hooli] {
            self.names_pat_nowhere(org).await;
        }
        let history = self.app().history(&self.acme).await;
        let erased = history.iter().filter(|event| event["target"]["name"] == "Erased person");
        let actions: Vec<_> = erased.map(|event| event["action"].as_str().unwrap()).collect();
        let all = ["invitation.created", "invitation.accepted", "member.removed", "person.erased"];
        assert_eq!(actions, all, "the history is complete");
        assert_eq!(self.mails().await, [""; 0]);
    }

    async fn names_pat_nowhere(&self, org: &str) {
        let mut texts = Vec::new();
        for list in ["members", "invitations", "events", "join-requests", "critical-alert-users"] {
            let items = self.app().list_all(OPERATOR, &format!("{org}/{list}?limit=100")).await;
            texts.push(json!(items).to_string());
        }
        let file = self.app().post(OPERATOR, &format!("{org}/member-exports"), json!({})).await;
        texts.push(format!("{:?}", rows(&file.expect(200).bytes)));
        for text in texts {
            assert!(!text.contains("person-007") && !text.contains("Pat Seven"), "{text}");
        }
    }

    /// Globex does not pay, and then does (SA7).
    async fn organization_is_suspended_and_resumed(&self) {
        let (app, path) = (self.app(), operator_path(&self.globex));
        app.add_member(BOB, &self.globex, EVE, "user").await;
        self.mails().await;
        app.suspend(&self.globex).await.expect(200);
        let [globex] = &*self.organizations("globex").await else { panic!("Globex alone") };
        assert_eq!(globex["suspension"]["reason"], "Invoices are unpaid.");
        for member in [BOB, EVE] {
            let refused = app.get(member, &format!("{}/permissions", self.globex)).await;
            let refused = refused.refuses(403, "organization-suspended");
            assert_eq!(refused.body["reason"], "Invoices are unpaid.");
            assert_eq!(app.get(member, "/v1/me").await.body["organizations"][0]["suspended"], true);
        }
        assert_eq!(self.subjects(&[BOB]).await, ["Globex is suspended"]);

        app.resume(&self.globex).await.expect(204);
        assert_eq!(app.get(OPERATOR, &path).await.expect(200).body["suspension"], Value::Null);
        for member in [BOB, EVE] {
            app.get(member, &format!("{}/permissions", self.globex)).await.expect(200);
        }
        assert_eq!(self.subjects(&[BOB]).await, ["Globex is open again"]);
        let actions = app.actions(&self.globex).await;
        assert_eq!(
            actions[actions.len() - 2..],
            ["organization.suspended", "organization.resumed"]
        );
    }

    /// Hooli ends its contract (SA7).
    async fn organization_is_deleted(&self) {
        let app = self.app();
        app.add_member(CY, &self.hooli, EVE, "user").await;
        app.create_invitation(CY, &self.hooli, nth_user(600).email, "user").await;
        self.mails().await;
        let body = json!({ "name": "Hooli", "reason": "The contract has ended." });
        let path = operator_path(&self.hooli);
        app.send(Some(OPERATOR), "DELETE", &path, Some(body)).await.expect(204);

        // At once, before the clean-up has run.
        for caller in [CY, EVE, OPERATOR] {
            app.get(caller, &self.hooli).await.refuses(404, "no-such-organization");
        }
        let known = app.get(OPERATOR, &path).await.expect(200).body;
        assert_eq!(known["deletion"]["ended_at"], Value::Null, "{known}");
        assert_eq!(self.organizations("hooli").await, [known]);
        assert_eq!(app.get(CY, "/v1/me").await.body["organizations"], json!([]));
        assert_eq!(app.get(nth_user(600), "/v1/me/invitations").await.items().len(), 0);
        assert_eq!(app.clean_up().await.organizations_ended, 1);

        let ended = "Hooli was deleted";
        let subjects = self.subjects(&[CY, EVE, nth_user(600)]).await;
        assert_eq!(subjects, [ended, ended, "Your invitation to Hooli has ended"]);
        let history = app.history(&self.hooli).await;
        let deleted = history.iter().find(|event| event["action"] == "organization.deleted");
        assert_eq!(deleted.unwrap()["reason"], "The contract has ended.");
        assert_eq!(each(&history, "organization_id")[0], id(&self.hooli));
        let ends = history.iter().filter(|event| event["action"] == "member.removed");
        assert_eq!(each(&ends.cloned().collect::<Vec<_>>(), "action").len(), 2);
    }
}

/// The files of an administrator with 100 people each, and the status of the row in the middle of each, which
/// is bad.
fn files() -> [(String, i32); 5] {
    let person = |nth: usize| nth_user(nth).email;
    let lines = |file: usize, head: &str, bad: &str, line: &dyn Fn(usize) -> String| {
        let row = |row| if row == 50 { bad.to_owned() } else { line(file * PEOPLE + row) };
        let rows: Vec<_> = (0..PEOPLE).map(row).collect();
        format!("{head}\r\n{}\r\n", rows.join("\r\n"))
    };
    [
        // Google Workspace, with a person without an address.
        (
            lines(
                0,
                "First Name [Required],Last Name [Required],Email Address [Required],Status [READ ONLY]",
                "Max,\"Muster, jun.\",unknown,Active",
                &|nth| format!("Given,\"Family, the {nth}th\",{},Active", person(nth)),
            ),
            422,
        ),
        // Slack, with a person of the first file.
        (
            lines(
                1,
                "username,email,status,fullname",
                "p1,person-001@example.com,Member,P",
                &|nth| format!("p{nth},{},Member,Person {nth}", person(nth)),
            ),
            409,
        ),
        // Entra ID, with DEE herself.
        (
            lines(
                2,
                "\u{feff}userPrincipalName,displayName,mail,userType",
                "dee@corp.example,Dee,dee@example.com,Member",
                &|nth| format!("p{nth}@corp.example,Person {nth},{},Member", person(nth)),
            ),
            409,
        ),
        // A spreadsheet whose comma is the decimal point, with a role that Acme does not have.
        (
            lines(3, "Name;E-Mail;Role", "Max;max@example.com;Boss", &|nth| {
                format!("Person {nth};{};User", person(nth))
            }),
            422,
        ),
        // Our own form, with a role that no invitation can offer.
        (
            lines(4, "email\trole", "max@example.com\tSuper Admin", &|nth| {
                format!("{}\tuser", person(nth))
            }),
            422,
        ),
    ]
}
