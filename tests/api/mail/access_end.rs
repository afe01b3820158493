//! The mails before access ends (END1).

use insta::assert_snapshot;
use serde_json::json;

use super::{Delivery, HOUR, shown};
use crate::{
    access_end::{add_until, invite_until, set_end, time_in},
    fake_aws::CallFault,
    helpers::operator_path,
    test_app::{ADA, BOB, CY, DAY, EVE, Identity, OPERATOR, member_id},
};

#[tokio::test]
async fn member_and_granter_get_one_mail_three_days_before_the_end() {
    let (delivery, acme) = Delivery::new().await;
    let app = &delivery.app;
    add_until(app, &acme, BOB, "user", &time_in(app, 10 * DAY)).await;
    add_until(app, &acme, CY, "user", &time_in(app, 10 * DAY)).await;
    delivery.deliver_all().await;
    app.wait(7 * DAY - 60_000);
    assert_eq!(delivery.send_due().await.reminded, 0);
    app.wait(60_000);
    app.remove(ADA, &acme, CY).await.expect(204);
    delivery.deliver_all().await;
    delivery.aws.addressees();
    assert_eq!(delivery.send_due().await.reminded, 2);
    let [to_member, to_granter] = &delivery.aws.mails()[..] else { panic!("two mails") };
    assert_snapshot!(shown(to_member), @"
    to bob@example.com
    Your access to Acme ends on 1 December 2026, 12:00 UTC

    Your access to Acme, with the role User, ends on 1 December 2026, 12:00 UTC. From then on, you are no longer a member.

    Open Acme:
    https://portal.example.com/organizations/org_…

    A user manager of Acme can choose a later end. You get this reminder once.

    Rolecall sent this mail to bob@example.com.
    ");
    assert_snapshot!(shown(to_granter), @"
    to ada@example.com
    Access of bob@example.com to Acme ends on 1 December 2026, 12:00 UTC

    The access of bob@example.com to Acme, with the role User, ends on 1 December 2026, 12:00 UTC. From then on, bob@example.com is no longer a member.

    Open Acme:
    https://portal.example.com/organizations/org_…

    You receive this mail because you granted the access. You can choose a later end, if you manage users. This reminder is sent once.

    Rolecall sent this mail to ada@example.com.
    ");
    assert_eq!(delivery.send_due().await.reminded, 0);
    app.wait(2 * DAY);
    assert_eq!(delivery.send_due().await.reminded, 0);
    assert!(delivery.aws.mails().is_empty());
}

#[tokio::test]
async fn end_that_is_set_less_than_three_days_ahead_has_its_mail_in_the_next_run() {
    let (delivery, acme) = Delivery::new().await;
    let app = &delivery.app;
    app.add_member(ADA, &acme, BOB, "user").await;
    app.add_member(ADA, &acme, EVE, "user").await;
    delivery.send_due().await;
    app.wait(HOUR);
    let end = json!(time_in(app, 2 * DAY));
    set_end(app, ADA, &acme, BOB, end.clone()).await;
    add_until(app, &acme, CY, "user", &time_in(app, DAY)).await;
    delivery.deliver_all().await;
    delivery.aws.addressees();
    assert_eq!(delivery.send_due().await.reminded, 3);
    let mails = delivery.aws.mails();
    let about_ends = mails.iter().map(shown).filter(|mail| mail.contains("access to Acme"));
    let mut addressees: Vec<_> =
        about_ends.map(|mail| mail.lines().next().unwrap().to_owned()).collect();
    addressees.sort();
    assert_eq!(addressees, ["to ada@example.com", "to bob@example.com", "to cy@example.com"]);
    // Other changes of the member cause no other mail, another end does.
    let renamed = json!({ "display_name": "Robert" });
    app.patch(ADA, &format!("{acme}/members/@bob"), renamed).await.expect(200);
    assert_eq!(delivery.send_due().await.reminded, 0);
    app.wait(HOUR);
    assert_eq!(delivery.send_due().await.reminded, 0);
    set_end(app, ADA, &acme, BOB, json!(time_in(app, DAY))).await;
    assert_eq!(delivery.send_due().await.reminded, 2);
    set_end(app, ADA, &acme, EVE, json!(time_in(app, 9 * DAY))).await;
    assert_eq!(delivery.send_due().await.reminded, 0);
}

/// INV14
#[tokio::test]
async fn granter_gets_one_mail_about_all_members_whose_access_ends() {
    let (delivery, acme) = Delivery::new().await;
    let app = &delivery.app;
    app.add_member(ADA, &acme, EVE, "admin").await;
    for member in [BOB, CY] {
        add_until(app, &acme, member, "user", &time_in(app, 2 * DAY)).await;
    }
    delivery.deliver_all().await;
    delivery.aws.addressees();
    assert_eq!(delivery.send_due().await.reminded, 3);
    let mails = delivery.aws.mails();
    let digest = mails.iter().map(shown).find(|mail| mail.starts_with("to ada")).unwrap();
    assert_snapshot!(digest, @"
    to ada@example.com
    2 members lose access to Acme soon

    2 members lose their access to Acme within 3 days, the first on 23 November 2026, 12:00 UTC: bob@example.com, cy@example.com. From then on, they are no longer members.

    Open Acme:
    https://portal.example.com/organizations/org_…

    You receive this mail because you granted the access. You can choose a later end for each of them, if you manage users. This reminder is sent once.

    Rolecall sent this mail to ada@example.com.
    ");
    // Each granter has a mail of their own.
    set_end(app, EVE, &acme, BOB, json!(time_in(app, DAY))).await;
    assert_eq!(delivery.send_due().await.reminded, 2);
    assert_eq!(delivery.aws.addressees().last().unwrap(), "eve@example.com");
}

/// END1, MACH1
#[tokio::test]
async fn keeper_gets_a_mail_before_the_access_of_a_service_ends() {
    let (delivery, acme) = Delivery::new().await;
    let app = &delivery.app;
    app.add_member(ADA, &acme, BOB, "user").await;
    delivery.deliver_all().await;
    let add = async |name: &str, keeper: Identity, end| {
        let body = json!({
            "user_id": format!("client|{name}"), "name": name, "role_id": "user",
            "keeper_id": member_id(&acme, keeper.sub), "access_expires_at": end,
        });
        app.post(ADA, &format!("{acme}/service-members"), body).await.expect(201);
    };
    add("Nightly sync", BOB, time_in(app, 10 * DAY)).await;
    delivery.deliver_all().await;
    delivery.aws.addressees();
    app.wait(7 * DAY);
    assert_eq!(delivery.send_due().await.reminded, 2);
    let mails: Vec<_> = delivery.aws.mails().iter().map(shown).collect();
    let to_keeper = mails.iter().find(|mail| mail.starts_with("to bob")).unwrap();
    assert_snapshot!(to_keeper, @"
    to bob@example.com
    Access of Nightly sync to Acme ends on 1 December 2026, 12:00 UTC

    The access of Nightly sync to Acme, with the role User, ends on 1 December 2026, 12:00 UTC. From then on, Nightly sync is no longer a member.

    Open Acme:
    https://portal.example.com/organizations/org_…

    You receive this mail because you are the keeper. You can choose a later end, if you manage users. This reminder is sent once.

    Rolecall sent this mail to bob@example.com.
    ");
    assert!(mails.iter().any(|mail| mail.starts_with("to ada") && mail.contains("you granted")));
    assert_eq!(delivery.send_due().await.reminded, 0);
    // The granter keeps the second service, and BOB the third. Each person has one mail.
    add("Backup", ADA, time_in(app, DAY)).await;
    add("Billing", BOB, time_in(app, DAY)).await;
    assert_eq!(delivery.send_due().await.reminded, 2);
    let mails: Vec<_> = delivery.aws.mails().iter().map(shown).collect();
    let both = "because you granted the access or are the keeper";
    assert!(
        mails.iter().any(|mail| mail.starts_with("to ada") && mail.contains(both)),
        "{mails:?}"
    );
    assert!(mails.iter().any(|mail| mail.starts_with("to bob") && mail.contains("Billing")));
}

/// END1, OP2
#[tokio::test]
async fn granter_and_keeper_with_another_account_get_the_mail() {
    let (delivery, acme) = Delivery::new().await;
    let app = &delivery.app;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let end = time_in(app, 10 * DAY);
    let invitation = json!({ "email": CY.email, "role_id": "user", "access_expires_at": end });
    let invitation = app.post(BOB, &format!("{acme}/invitations"), invitation).await.expect(201);
    let accept = format!("{acme}/invitations/{}/accept", invitation.id());
    app.post(CY, &accept, json!({})).await.expect(200);
    let service = json!({
        "user_id": "client|sync", "name": "Sync", "role_id": "user",
        "keeper_id": member_id(&acme, BOB.sub), "access_expires_at": end,
    });
    app.post(ADA, &format!("{acme}/service-members"), service).await.expect(201);
    let lost = format!("{}/members/{}/account", operator_path(&acme), member_id(&acme, BOB.sub));
    let account = json!({ "user_id": "bob-2", "reason": "The account was recreated." });
    app.post(OPERATOR, &lost, account).await.expect(200);
    delivery.deliver_all().await;
    delivery.aws.addressees();
    app.wait(7 * DAY);
    assert_eq!(delivery.send_due().await.reminded, 3);
    let mails: Vec<_> = delivery.aws.mails().iter().map(shown).collect();
    let about = |to: &str| mails.iter().find(|mail| mail.starts_with(to)).unwrap();
    assert!(about("to bob").contains("2 members"), "{mails:?}");
    assert!(about("to bob").contains("granted the access or are the keeper"), "{mails:?}");
    assert!(about("to ada").contains("The access of Sync"), "{mails:?}");
}

/// A digest that cannot be sent is tried again with the same members.
#[tokio::test]
async fn granter_gets_the_mail_after_the_mail_service_is_back() {
    let (delivery, acme) = Delivery::new().await;
    let app = &delivery.app;
    add_until(app, &acme, BOB, "user", &time_in(app, DAY)).await;
    delivery.deliver_all().await;
    delivery.aws.addressees();
    delivery.aws.plan(|call| call.mails(ADA.email).then_some(CallFault::Lost));
    assert_eq!(delivery.send_due().await.reminded, 1);
    delivery.aws.clear_faults();
    delivery.aws.addressees();
    assert_eq!(delivery.send_due().await.reminded, 1);
    assert_eq!(delivery.addressees(), "ada");
}

#[tokio::test]
async fn mails_about_new_access_state_its_end() {
    let (delivery, acme) = Delivery::new().await;
    let app = &delivery.app;
    let invitation = invite_until(app, &acme, BOB, "user", "2026-12-24T12:00:00Z").await;
    let end = "This access ends on 24 December 2026, 12:00 UTC.";
    let states_end = |mails: &[serde_json::Value]| {
        assert_eq!(mails.len(), 1);
        assert!(shown(&mails[0]).contains(end), "{}", shown(&mails[0]));
    };
    states_end(&delivery.deliver_all().await);
    app.post(BOB, &format!("{invitation}/accept"), json!({})).await.expect(200);
    states_end(&delivery.deliver_all().await);
    app.change_role(ADA, &acme, BOB, "admin").await.expect(200);
    states_end(&delivery.deliver_all().await);
    set_end(app, ADA, &acme, BOB, json!(null)).await;
    app.change_role(ADA, &acme, BOB, "user").await.expect(200);
    let mails = delivery.deliver_all().await;
    assert!(!shown(&mails[0]).contains("access ends"));
}
