//! The mails about services whose keeper is gone (MACH1).

use insta::assert_snapshot;
use jiff::Timestamp;
use serde_json::json;
use shared::domain::{PersonId, UserId};

use super::{Delivery, shown};
use crate::{
    helpers::operator_path,
    invariants::check,
    test_app::{ADA, BOB, CY, DAY, EVE, Identity, OPERATOR, member_id},
};

impl Delivery {
    /// Acme with BOB as Admin, CY and EVE as Users. All mails are sent.
    async fn with_members() -> (Self, String) {
        Self::with(&[(BOB, "admin"), (CY, "user"), (EVE, "user")]).await
    }

    /// ADA adds a service with this name. Returns its path.
    async fn add_service(&self, org: &str, name: &str, keeper: Identity) -> String {
        let keeper = member_id(org, keeper.sub);
        let body = json!({
            "user_id": format!("client|{name}"), "name": name, "role_id": "user", "keeper_id": keeper,
        });
        let added = self.app.post(ADA, &format!("{org}/service-members"), body).await.expect(201);
        format!("{org}/members/{}", added.id())
    }

    /// The mails about services since the last call, as their readers see them.
    async fn about_services(&self) -> Vec<String> {
        let mails = self.deliver_all().await;
        let texts = mails.iter().map(shown);
        let mut texts: Vec<_> = texts.filter(|text| text.contains("no keeper")).collect();
        texts.sort();
        texts
    }

    /// The addressees of the mails about this service since the last call. No other mail is about one.
    async fn recipients_of_mail_about(&self, service: &str) -> Vec<String> {
        let texts = self.about_services().await;
        assert!(texts.iter().all(|text| text.contains(&format!(": {service}."))), "{texts:?}");
        let to = |text: &String| text.lines().next().unwrap().replace("@example.com", "");
        texts.iter().map(to).collect()
    }
}

#[tokio::test]
async fn administrators_get_one_mail_that_names_the_services_without_a_keeper() {
    let (delivery, acme) = Delivery::with_members().await;
    for name in ["Nightly sync", "Billing <new>"] {
        delivery.add_service(&acme, name, CY).await;
    }
    delivery.add_service(&acme, "Backup", BOB).await;
    assert_eq!(delivery.about_services().await, [""; 0], "they have keepers");
    delivery.app.remove(ADA, &acme, CY).await.expect(204);
    let texts = delivery.about_services().await;
    assert_eq!(texts.len(), 2);
    assert!(texts[1].starts_with("to bob@example.com"), "{texts:?}");
    assert_snapshot!(texts[0], @"
    to ada@example.com
    Services of Acme have no keeper

    These services of Acme have no keeper any more: Billing <new>, Nightly sync. Their keeper was cy@example.com.

    The services keep their roles and their access. Please choose a new keeper for each of them, or remove those that are no longer needed.

    Open Acme:
    https://portal.example.com/organizations/org_…

    You receive this mail because you administer Acme.

    Rolecall sent this mail to ada@example.com.
    ");
    let (waiting, again) = delivery.run_again().await;
    assert_eq!((waiting, again.as_str()), (0, ""), "each gets it once");
    check(&delivery.app).await;
}

#[tokio::test]
async fn every_end_of_a_keeper_is_mailed() {
    let (delivery, acme) = Delivery::with_members().await;
    let (app, both) = (&delivery.app, ["to ada", "to bob"]);
    let operated = operator_path(&acme);

    let service = delivery.add_service(&acme, "Sync", CY).await;
    app.post(CY, &format!("{acme}/leave"), json!({})).await.expect(204);
    assert_eq!(delivery.recipients_of_mail_about("Sync").await, both, "the keeper left");

    let keeper = json!({ "keeper_id": member_id(&acme, EVE.sub) });
    app.patch(ADA, &service, keeper).await.expect(200);
    let end = Timestamp::from_millisecond(app.now() + DAY).unwrap();
    let ends = json!({ "access_expires_at": end });
    app.patch(ADA, &format!("{acme}/members/@eve"), ends).await.expect(200);
    app.wait(DAY);
    assert_eq!(app.clean_up().await.members_expired, 1);
    assert_eq!(
        delivery.recipients_of_mail_about("Sync").await,
        both,
        "the access of the keeper ended"
    );

    app.add_member(ADA, &acme, CY, "user").await;
    let keeper = json!({ "keeper_id": member_id(&acme, CY.sub) });
    app.patch(ADA, &service, keeper.clone()).await.expect(200);
    let account = json!({ "user_id": "cy-2", "reason": "Ticket 7" });
    let path = format!("{operated}/members/@cy/account");
    app.post(OPERATOR, &path, account).await.expect(200);
    assert_eq!(
        delivery.about_services().await,
        [""; 0],
        "the keeper keeps it with another account"
    );
    let shown = app.get(ADA, &service).await.expect(200);
    assert_eq!(shown.body["keeper"]["id"], member_id(&acme, "cy-2"));
    let person = PersonId::of(&UserId::new("cy-2"));
    let people = format!("/v1/operator/people/{person}");
    app.post(OPERATOR, &format!("{people}/offboard"), json!({})).await.expect(200);
    assert_eq!(
        delivery.recipients_of_mail_about("Sync").await,
        both,
        "an operator offboarded the keeper"
    );

    let keeper = json!({ "keeper_id": member_id(&acme, BOB.sub) });
    app.patch(ADA, &service, keeper).await.expect(200);
    let person = PersonId::of(&UserId::new(BOB.sub));
    app.delete(OPERATOR, &format!("/v1/operator/people/{person}")).await.expect(204);
    let texts = delivery.about_services().await;
    assert_eq!(texts.len(), 1);
    assert!(texts[0].contains("Their keeper was Erased person."), "{texts:?}");
    check(app).await;
}

#[tokio::test]
async fn no_mail_is_sent_where_nobody_must_act() {
    let (delivery, acme) = Delivery::with_members().await;
    let app = &delivery.app;
    app.post(EVE, &format!("{acme}/leave"), json!({})).await.expect(204);
    assert_eq!(delivery.about_services().await, [""; 0], "there are no services");

    let service = delivery.add_service(&acme, "Sync", BOB).await;
    app.remove(ADA, &acme, CY).await.expect(204);
    assert_eq!(delivery.about_services().await, [""; 0], "CY kept none");

    app.remove(ADA, &acme, BOB).await.expect(204);
    let keeper = json!({ "keeper_id": member_id(&acme, ADA.sub) });
    app.patch(ADA, &service, keeper).await.expect(200);
    assert_eq!(delivery.about_services().await, [""; 0], "ADA keeps it before the mail is sent");

    app.add_member(ADA, &acme, CY, "user").await;
    let keeper = json!({ "keeper_id": member_id(&acme, CY.sub) });
    app.patch(ADA, &service, keeper).await.expect(200);
    app.remove(ADA, &acme, CY).await.expect(204);
    app.add_member(ADA, &acme, CY, "user").await;
    assert_eq!(delivery.about_services().await, [""; 0], "CY is back");

    app.remove(ADA, &acme, CY).await.expect(204);
    app.delete(ADA, &service).await.expect(204);
    assert_eq!(delivery.about_services().await, [""; 0], "the service is gone");
    check(app).await;
}

/// SA7
#[tokio::test]
async fn services_of_a_deleted_organization_are_not_mailed_about() {
    let (delivery, acme) = Delivery::with_members().await;
    delivery.add_service(&acme, "Sync", CY).await;
    delivery.app.delete_organization(ADA, &acme, "Acme").await.expect(204);
    while delivery.app.clean_up().await.organizations_ended == 0 {}
    assert_eq!(delivery.about_services().await, [""; 0]);
}

#[tokio::test]
async fn long_list_of_services_ends_with_others() {
    let (delivery, acme) = Delivery::with_members().await;
    for nth in 0..22 {
        delivery.add_service(&acme, &format!("S{nth}"), CY).await;
    }
    delivery.app.remove(ADA, &acme, CY).await.expect(204);
    let texts = delivery.about_services().await;
    assert!(texts[0].contains(" and others."), "{texts:?}");
    let named = texts[0].lines().find(|line| line.contains("have no keeper any more")).unwrap();
    assert_eq!(named.matches(", ").count(), 19, "{named}");
}
