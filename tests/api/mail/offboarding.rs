//! The one mail about an offboarding (OP2).

use insta::assert_snapshot;
use serde_json::{Value, json};
use shared::domain::{PersonId, UserId};

use super::{Delivery, MailSummary, shown};
use crate::{
    invariants::check,
    test_app::{ADA, BOB, CY, EVE, Identity, OPERATOR},
};

/// Longer than the events of an offboarding wait for each other.
const MINUTES: i64 = 3 * 60 * 1_000;

async fn offboard(delivery: &Delivery, person: Identity) {
    let person = PersonId::of(&UserId::new(person.sub));
    let path = format!("/v1/operator/people/{person}/offboard");
    delivery.app.post(OPERATOR, &path, json!({})).await.expect(200);
}

/// The mails of the schedule once the events have waited for each other.
async fn mails_of_the_next_run(delivery: &Delivery) -> Vec<String> {
    delivery.app.wait(MINUTES);
    delivery.send_due().await;
    delivery.aws.mails().iter().map(shown).collect()
}

#[tokio::test]
async fn person_in_many_organizations_gets_one_mail_about_their_offboarding() {
    let (delivery, acme) = Delivery::with_approved_domain().await;
    let app = &delivery.app;
    app.create_join_request(EVE, &acme).await;
    for nth in 0..12 {
        let org = app.create_organization(ADA, &format!("Number {nth}")).await;
        app.add_member(ADA, &org, EVE, "user").await;
    }
    let hooli = app.create_organization(CY, "Hooli").await;
    app.create_invitation(CY, &hooli, EVE.email, "user").await;
    delivery.deliver_all().await;
    offboard(&delivery, EVE).await;
    assert_eq!(delivery.deliver_all().await, [Value::Null; 0], "the events wait for each other");
    // The bus can deliver each event again.
    assert_eq!(delivery.run_again().await.1, "");
    assert_eq!(delivery.send_due().await, MailSummary::default(), "others can follow");
    let mails = mails_of_the_next_run(&delivery).await;
    assert_eq!(mails.len(), 1, "{mails:#?}");
    assert_snapshot!(mails[0], @"
    to eve@example.com
    The platform team ended your access

    The platform team ended your access to these organizations: Acme, Number 0, Number 1, Number 2, Number 3, Number 4, Number 5, Number 6, Number 7, Number 8, Number 9, Number 10, Number 11, Hooli. This includes memberships, invitations, requests to join and critical alerts.

    If you did not expect this, please ask the platform team.

    Rolecall sent this mail to eve@example.com.
    ");
    // An event can arrive once more when all is done.
    assert_eq!(delivery.run_again().await.1, "");
    assert_eq!(mails_of_the_next_run(&delivery).await, [""; 0]);
    check(app).await;
}

#[tokio::test]
async fn offboarded_person_who_is_back_or_erased_gets_no_mail() {
    let (delivery, acme) = Delivery::with(&[(BOB, "user"), (CY, "user")]).await;
    for user in [BOB, CY] {
        offboard(&delivery, user).await;
    }
    delivery.deliver_all().await;
    delivery.app.add_member(ADA, &acme, BOB, "user").await;
    let cy = PersonId::of(&UserId::new(CY.sub));
    delivery.app.delete(OPERATOR, &format!("/v1/operator/people/{cy}")).await.expect(204);
    delivery.deliver_all().await;
    assert_eq!(mails_of_the_next_run(&delivery).await, [""; 0]);
    check(&delivery.app).await;
}

#[tokio::test]
async fn more_organizations_than_a_mail_names_are_others() {
    let (delivery, _) = Delivery::new().await;
    for nth in 0..22 {
        let org = delivery.app.create_organization(ADA, &format!("N{nth}")).await;
        delivery.app.add_member(ADA, &org, BOB, "user").await;
    }
    delivery.deliver_all().await;
    offboard(&delivery, BOB).await;
    delivery.deliver_all().await;
    let mails = mails_of_the_next_run(&delivery).await;
    assert_eq!(mails.len(), 1);
    let in_all = "In all, 22 memberships, invitations and requests to join ended.";
    assert!(mails[0].contains(in_all), "{}", mails[0]);
    assert!(mails[0].contains("and others") && mails[0].matches("N1").count() > 5, "{}", mails[0]);
}

#[tokio::test]
async fn mail_about_one_organization_names_it_in_the_singular() {
    let (delivery, _) = Delivery::with(&[(BOB, "user")]).await;
    offboard(&delivery, BOB).await;
    delivery.deliver_all().await;
    let mails = mails_of_the_next_run(&delivery).await;
    assert_eq!(mails.len(), 1, "{mails:#?}");
    assert!(mails[0].contains("ended your access to Acme. "), "{}", mails[0]);
    assert!(!mails[0].contains("In all"), "{}", mails[0]);
}
