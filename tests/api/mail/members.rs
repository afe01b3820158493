//! The mails about members and critical alerts.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Delivery, shown, subjects, texts};
use crate::{
    helpers::operator_path,
    invariants::check,
    test_app::{ADA, BOB, CY, DAY, EVE, OPERATOR},
};

#[tokio::test]
async fn new_role_is_mailed_to_the_member_unless_it_changed_again() {
    let (delivery, acme) = Delivery::with(&[(BOB, "user")]).await;
    let desk = delivery.app.create_role(ADA, &acme, "Help <desk>", json!({})).await;
    let bob = format!("{acme}/members/@bob");
    for role in ["admin", &desk] {
        delivery.app.patch(ADA, &bob, json!({ "role_id": role })).await.expect(200);
    }
    let mails = delivery.deliver_all().await;
    assert_eq!(mails.len(), 1, "the first change is no longer true");
    assert_snapshot!(shown(&mails[0]), @"
    to bob@example.com
    Your role in Acme changed

    ada@example.com changed your role in Acme to Help <desk>.

    Open Acme:
    https://portal.example.com/organizations/org_…

    If you did not expect this, please ask a user manager of Acme.

    Rolecall sent this mail to bob@example.com.
    ");
    let name = json!({ "display_name": "Bobby" });
    delivery.app.patch(ADA, &bob, name).await.expect(200);
    assert_eq!(delivery.deliver_all().await, [Value::Null; 0], "a name is no role");
    check(&delivery.app).await;
}

#[tokio::test]
async fn removal_is_mailed_to_the_member_unless_they_are_back() {
    let (delivery, acme) = Delivery::with(&[(BOB, "user"), (CY, "user")]).await;
    for user in [BOB, CY] {
        delivery.app.remove(ADA, &acme, user).await.expect(204);
    }
    delivery.app.wait(DAY);
    delivery.app.add_member(ADA, &acme, CY, "user").await;
    let mails = delivery.deliver_all().await;
    let bobs: Vec<_> = mails.iter().filter(|mail| mail.to_string().contains("no longer")).collect();
    assert_eq!(bobs.len(), 1);
    assert_snapshot!(shown(bobs[0]), @"
    to bob@example.com
    You are no longer a member of Acme

    ada@example.com removed you from Acme. You no longer have access to it.

    If this is a mistake, please ask a user manager of Acme to invite you again.

    Rolecall sent this mail to bob@example.com.
    ");
    delivery.app.post(CY, &format!("{acme}/leave"), json!({})).await.expect(204);
    assert_eq!(delivery.deliver_all().await, [Value::Null; 0], "who leaves knows it");
}

/// ERA1
#[tokio::test]
async fn erased_person_gets_no_mail_and_is_not_named() {
    let (delivery, acme) = Delivery::with(&[(BOB, "admin"), (CY, "user"), (EVE, "user")]).await;
    delivery.app.remove(BOB, &acme, CY).await.expect(204);
    delivery.app.remove(ADA, &acme, EVE).await.expect(204);
    for user in [BOB, EVE] {
        let person = shared::domain::PersonId::of(&shared::domain::UserId::new(user.sub));
        let path = format!("/v1/operator/people/{person}");
        delivery.app.delete(OPERATOR, &path).await.expect(204);
    }
    let mails = delivery.deliver_all().await;
    assert_eq!(mails.len(), 1);
    let text = shown(&mails[0]);
    assert!(
        text.contains("to cy@example.com") && text.contains("Erased person removed you"),
        "{text}"
    );
    check(&delivery.app).await;
}

#[tokio::test]
async fn member_gets_mails_in_the_language_of_their_invitation() {
    let (delivery, acme) = Delivery::new().await;
    let invited = json!({ "email": CY.email, "role_id": "user", "language": "de" });
    delivery.app.post(ADA, &format!("{acme}/invitations"), invited).await.expect(201);
    delivery.app.accept(CY, &acme).await.expect(200);
    delivery.app.add_member(ADA, &acme, BOB, "user").await;
    delivery.deliver_all().await;
    for member in ["cy", "bob"] {
        let path = format!("{acme}/members/@{member}");
        delivery.app.patch(ADA, &path, json!({ "role_id": "admin" })).await.expect(200);
    }
    let subjects = async || {
        let mails = delivery.deliver_all().await;
        mails.iter().map(|mail| shown(mail).lines().nth(1).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        subjects().await,
        ["Ihre Rolle bei Acme hat sich geändert", "Your role in Acme changed"]
    );
    for member in [CY, BOB] {
        delivery.app.remove(ADA, &acme, member).await.expect(204);
    }
    assert_eq!(
        subjects().await,
        ["Sie sind kein Mitglied von Acme mehr", "You are no longer a member of Acme"]
    );
}

/// ORG4, INV14
#[tokio::test]
async fn alert_address_gets_one_mail_within_the_budgets_of_invitations() {
    let (delivery, acme) = Delivery::new().await;
    let path = format!("{acme}/critical-alert-users");
    let added = delivery.app.post(ADA, &path, json!({ "email": BOB.email })).await.expect(201);
    delivery.app.post(ADA, &path, json!({ "email": BOB.email })).await.expect(201);
    let mails = delivery.deliver_all().await;
    assert_eq!(mails.len(), 1, "adding it again changes nothing");
    assert_snapshot!(shown(&mails[0]), @"
    to bob@example.com
    You receive critical alerts of Acme

    ada@example.com added bob@example.com to the addresses that receive the critical alerts of Acme.

    If you do not want these alerts, please ask an administrator of Acme to remove the address.

    Rolecall sent this mail to bob@example.com.
    ");
    let user = format!("{path}/{}", added.body["id"].as_str().unwrap());
    delivery.app.delete(ADA, &user).await.expect(204);
    delivery.app.post(ADA, &path, json!({ "email": BOB.email })).await.expect(201);
    delivery.app.delete(ADA, &user).await.expect(204);
    assert_eq!(delivery.deliver_all().await, [Value::Null; 0], "removed before it was sent");
    check(&delivery.app).await;
}

/// SA6, OP2. The appointed and the former Super Admin got other accounts before the mails left.
#[tokio::test]
async fn appointment_is_mailed_to_the_present_accounts_of_both() {
    let (delivery, acme) = Delivery::with(&[(BOB, "user")]).await;
    delivery.app.appoint(&acme, BOB, "admin").await.expect(200);
    for person in ["ada", "bob"] {
        let account = format!("{}/members/@{person}/account", operator_path(&acme));
        let body = json!({ "user_id": format!("{person}-2"), "reason": "Ticket 7" });
        delivery.app.post(OPERATOR, &account, body).await.expect(200);
    }
    let mails = delivery.deliver_all().await;
    let texts: Vec<_> = mails.iter().map(shown).collect();
    for start in [
        "to ada@example.com\nYou are no longer the Super Admin of Acme",
        "to bob@example.com\nYou are the Super Admin of Acme",
    ] {
        assert!(texts.iter().any(|text| text.starts_with(start)), "{texts:#?}");
    }
}

/// SA6
#[tokio::test]
async fn appointed_super_admin_former_one_and_admins_get_mail() {
    let (delivery, acme) = Delivery::with(&[(BOB, "user"), (CY, "admin"), (EVE, "user")]).await;
    delivery.app.appoint(&acme, BOB, "admin").await.expect(200);
    let mails = delivery.deliver_all().await;
    assert_snapshot!(texts(&mails).join("\n\n"), @"
    to ada@example.com
    You are no longer the Super Admin of Acme

    The platform team made bob@example.com the Super Admin of Acme. You are an Admin now.

    Open Acme:
    https://portal.example.com/organizations/org_…

    If this is a mistake, please ask bob@example.com to transfer the role back, or ask the platform team.

    Rolecall sent this mail to ada@example.com.


    to bob@example.com
    You are the Super Admin of Acme

    The platform team made you the Super Admin of Acme. The history of Acme says why.

    If the former Super Admin was removed, pending invitations that they sent can no longer be accepted. Please send them again. For many invitations, upload the same file again.

    Open Acme:
    https://portal.example.com/organizations/org_…

    If you did not expect this, please ask the platform team.

    Rolecall sent this mail to bob@example.com.


    to cy@example.com
    Acme has a new Super Admin

    The platform team made bob@example.com the Super Admin of Acme. The history of Acme says why.

    If the former Super Admin was removed, pending invitations that they sent can no longer be accepted. Please send them again. For many invitations, upload the same file again.

    Open Acme:
    https://portal.example.com/organizations/org_…

    If you did not expect this, please ask bob@example.com or the platform team.

    Rolecall sent this mail to cy@example.com.
    ");
    // A former one who is removed gets the mail of a removal.
    delivery.app.appoint(&acme, CY, "removed").await.expect(200);
    let mails = delivery.deliver_all().await;
    assert_snapshot!(subjects(&mails), @"
    to ada@example.com
    Acme has a new Super Admin
    to bob@example.com
    You are no longer a member of Acme
    to cy@example.com
    You are the Super Admin of Acme
    ");
    // Who is not the Super Admin any more is not mailed about.
    delivery.app.appoint(&acme, ADA, "admin").await.expect(200);
    delivery.app.appoint(&acme, CY, "admin").await.expect(200);
    assert_eq!(delivery.deliver_all().await.len(), 2);
    check(&delivery.app).await;
}

/// OP2, SA6: the account route moves the Super Admin's place, too.
#[tokio::test]
async fn member_with_a_new_account_and_administrators_get_mail() {
    let (delivery, acme) = Delivery::with(&[(BOB, "admin"), (CY, "user")]).await;
    let account = format!("{}/members/@ada/account", operator_path(&acme));
    let body = json!({ "user_id": "ada-2", "reason": "Ticket 7." });
    delivery.app.post(OPERATOR, &account, body).await.expect(200);
    let mails = delivery.deliver_all().await;
    assert_snapshot!(texts(&mails).join("\n\n"), @"
    to ada@example.com
    Your membership of Acme has another account

    The platform team connected your membership of Acme to another account. Only that account has your access now. The history of Acme says why.

    Open Acme:
    https://portal.example.com/organizations/org_…

    If you did not ask for this, please tell the platform team and an administrator of Acme at once.

    Rolecall sent this mail to ada@example.com.


    to bob@example.com
    A member of Acme has another account

    The platform team connected the membership of ada@example.com in Acme to another account. The history of Acme says why.

    Open Acme:
    https://portal.example.com/organizations/org_…

    If you did not expect this, please ask the platform team.

    Rolecall sent this mail to bob@example.com.
    ");
    check(&delivery.app).await;
}

/// ORG3
#[tokio::test]
async fn administrators_get_mail_about_a_reset_of_the_security_settings_by_an_operator() {
    let (delivery, acme) = Delivery::with(&[(BOB, "admin"), (CY, "user")]).await;
    let settings = json!({
        "require_mfa": false,
        "max_session_minutes": null,
        "allowed_networks": ["192.0.2.0/24", "127.0.0.0/8"],
        "event_retention_days": 30,
    });
    delivery.app.put(ADA, &format!("{acme}/security"), settings).await.expect(200);
    assert_eq!(delivery.deliver_all().await, [Value::Null; 0], "a member changed them");
    let path = format!("{}/security", operator_path(&acme));
    let reason = json!({ "reason": "Locked out." });
    delivery.app.send(Some(OPERATOR), "DELETE", &path, Some(reason)).await.expect(204);
    let mails = delivery.deliver_all().await;
    assert_snapshot!(subjects(&mails), @"
    to ada@example.com
    The security settings of Acme were reset
    to bob@example.com
    The security settings of Acme were reset
    ");
}

/// SA7
#[tokio::test]
async fn administrators_get_mail_about_a_suspension_and_its_end() {
    let (delivery, acme) = Delivery::with(&[(BOB, "admin"), (CY, "user")]).await;
    delivery.app.suspend(&acme).await.expect(200);
    let mails = delivery.deliver_all().await;
    assert_eq!(mails.len(), 2);
    let bobs = mails.iter().map(shown).find(|text| text.contains("to bob@"));
    assert_snapshot!(bobs.unwrap(), @"
    to bob@example.com
    Acme is suspended

    The platform team suspended Acme. No member can see or change anything in it at present. Nothing was deleted.

    The reason: Invoices are unpaid.

    Please ask the platform team what ends the suspension.

    Rolecall sent this mail to bob@example.com.
    ");
    delivery.app.resume(&acme).await.expect(204);
    let mails = delivery.deliver_all().await;
    assert_eq!(mails.len(), 2);
    let adas = mails.iter().map(shown).find(|text| text.contains("to ada@"));
    assert_snapshot!(adas.unwrap(), @"
    to ada@example.com
    Acme is open again

    The platform team ended the suspension of Acme. All members have the access that they had before.

    Open Acme:
    https://portal.example.com/organizations/org_…

    Rolecall sent this mail to ada@example.com.
    ");
    // A corrected reason replaces the one before.
    let path = format!("{}/suspension", operator_path(&acme));
    for reason in ["Unpaid invocies.", "Unpaid invoices."] {
        delivery.app.put(OPERATOR, &path, json!({ "reason": reason })).await.expect(200);
    }
    let mails = delivery.deliver_all().await;
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().all(|mail| shown(mail).contains("Unpaid invoices.")));
    delivery.app.resume(&acme).await.expect(204);
    delivery.deliver_all().await;
    // A mail describes the state at the time of its sending.
    delivery.app.suspend(&acme).await.expect(200);
    delivery.app.resume(&acme).await.expect(204);
    let mails = delivery.deliver_all().await;
    assert!(mails.iter().all(|mail| shown(mail).contains("open again")));
    check(&delivery.app).await;
}

/// SA7
#[tokio::test]
async fn members_and_invitees_get_mail_when_their_organization_is_deleted() {
    let (delivery, acme) = Delivery::new().await;
    delivery.app.add_member(ADA, &acme, BOB, "user").await;
    delivery.app.create_invitation(ADA, &acme, CY.email, "user").await;
    delivery.deliver_all().await;
    delivery.app.delete_organization(ADA, &acme, "Acme").await.expect(204);
    assert_eq!(
        delivery.deliver_all().await,
        [Value::Null; 0],
        "each gets one mail, about themselves"
    );
    delivery.app.clean_up().await;
    let mails = delivery.deliver_all().await;
    let texts = texts(&mails);
    assert_eq!(texts.len(), 3);
    assert_snapshot!(texts[1..].join("\n\n"), @"
    to bob@example.com
    Acme was deleted

    ada@example.com deleted Acme, so your membership has ended. You no longer have access to it.

    If you did not expect this, please ask the people you worked with there.

    Rolecall sent this mail to bob@example.com.


    to cy@example.com
    Your invitation to Acme has ended

    Acme was deleted, so your invitation can no longer be accepted. You do not need to do anything.

    Rolecall sent this mail to cy@example.com.
    ");
    check(&delivery.app).await;
}
