//! The mails of invitations and of a transfer.

use ::mail::MailSummary;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Delivery, HOUR, html, shown};
use crate::{
    fake_aws::{CallFault, PORTAL, SENDER},
    helpers::nth_user,
    invariants::check,
    test_app::{ADA, BOB, CY, DAY, EVE, OPERATOR, mask},
};

#[tokio::test]
async fn invitation_is_mailed() {
    let (delivery, acme) = Delivery::new().await;
    let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "admin").await;
    let mails = delivery.deliver_all().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["FromEmailAddress"], SENDER);
    assert_snapshot!(shown(&mails[0]), @"
    to bob@example.com
    You are invited to Acme

    ada@example.com invited you to join Acme as Admin.

    View the invitation:
    https://portal.example.com/organizations/org_…/invitations/inv_…

    Please sign in with bob@example.com to accept or decline. The invitation is valid until 28 November 2026, 12:00 UTC. Only you can accept it, and opening the link changes nothing.

    If you do not know Acme, you can ignore this mail.

    Rolecall sent this mail to bob@example.com.
    ");
    let page = mask(html(&mails[0]));
    for part in [
        r#"<html lang="en">"#,
        r#"<meta name="color-scheme" content="light dark">"#,
        "@media (prefers-color-scheme: dark)",
        ">You are invited to Acme</h1>",
        ">ada@example.com invited you to join Acme as Admin.</p>",
        r#"<a href="https://portal.example.com/organizations/org_…/invitations/inv_…" style="#,
        ">View the invitation</a>",
        ">https://portal.example.com/organizations/org_…/invitations/inv_…</a>",
        "Rolecall sent this mail to bob@example.com.",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(mails[0].to_string().contains(&format!("{PORTAL}{}", path.replace("/v1", ""))));
    let headers = &mails[0]["Content"]["Simple"]["Headers"];
    assert_eq!(*headers, json!([{ "Name": "Auto-Submitted", "Value": "auto-generated" }]));
}

/// INV14
#[tokio::test]
async fn inviter_learns_of_acceptances_at_most_once_an_hour() {
    let (delivery, acme) = Delivery::new().await;
    delivery.app.add_member(ADA, &acme, BOB, "admin").await;
    let name = json!({ "display_name": "Bob Builder" });
    delivery.app.patch(ADA, &format!("{acme}/members/@bob"), name).await.expect(200);
    let mails = delivery.deliver_all().await;
    assert_eq!(mails.len(), 1, "the invitation was accepted before its mail was sent");
    assert_snapshot!(shown(&mails[0]), @"
    to ada@example.com
    Bob Builder (bob@example.com) joined Acme

    Bob Builder (bob@example.com) accepted your invitation and is now a member of Acme as Admin.

    Open Acme:
    https://portal.example.com/organizations/org_…

    You receive this mail because you sent the invitation.

    Rolecall sent this mail to ada@example.com.
    ");
    for n in 0..25 {
        delivery.app.add_member(ADA, &acme, nth_user(n), "user").await;
    }
    assert_eq!(delivery.run().await, (0, String::new()), "the others wait");
    delivery.run_again().await;
    delivery.app.remove(ADA, &acme, nth_user(0)).await.expect(204);
    delivery.app.wait(HOUR);
    assert_eq!(delivery.send_due().await, MailSummary { sent: 1, ..MailSummary::default() });
    let digest = delivery.aws.mails();
    assert_eq!(digest.len(), 1);
    let text = shown(&digest[0]);
    assert!(text.starts_with("to ada@example.com\nMore than 19 people joined Acme\n"), "{text}");
    assert!(text.contains(": person-001@example.com, person-002@example.com, "), "{text}");
    assert!(text.contains(" and others."), "{text}");
    delivery.app.wait(HOUR);
    assert_eq!(delivery.send_due().await, MailSummary::default(), "nothing else waits");
    check(&delivery.app).await;
}

/// ERA1
#[tokio::test]
async fn acceptance_is_not_mailed_to_an_inviter_who_is_gone() {
    let (delivery, acme) = Delivery::new().await;
    delivery.app.add_member(ADA, &acme, BOB, "admin").await;
    delivery.app.add_member(BOB, &acme, CY, "user").await;
    delivery.app.remove(ADA, &acme, BOB).await.expect(204);
    assert_eq!(delivery.run().await, (0, "ada bob".to_owned()), "not to Bob about Cy");
}

#[tokio::test]
async fn revocation_is_mailed_to_an_invitee_who_got_the_invitation() {
    let (delivery, acme) = Delivery::new().await;
    let bobs = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let cys = delivery.app.create_invitation(ADA, &acme, CY.email, "user").await;
    assert_eq!(delivery.run().await.1, "bob cy");
    let unsent = delivery.app.create_invitation(ADA, &acme, EVE.email, "user").await;
    for path in [&bobs, &cys, &unsent] {
        delivery.app.delete(ADA, path).await.expect(204);
    }
    delivery.app.wait(1);
    delivery.app.create_invitation(ADA, &acme, CY.email, "admin").await;
    let mails = delivery.deliver_all().await;
    let to: Vec<_> = mails.iter().map(|mail| &mail["Destination"]["ToAddresses"][0]).collect();
    assert_eq!(to, [BOB.email, CY.email], "Cy gets the new invitation, Eve nothing");
    assert_snapshot!(shown(&mails[0]), @"
    to bob@example.com
    Your invitation to Acme was revoked

    ada@example.com revoked your invitation to join Acme. Its link no longer works. You need not do anything.

    If you still need access, please ask a user manager of Acme.

    Rolecall sent this mail to bob@example.com.
    ");
    assert!(shown(&mails[1]).contains("You are invited to Acme"));
    check(&delivery.app).await;
}

/// INV5
#[tokio::test]
async fn invitee_is_reminded_once_two_days_before_the_end() {
    let (delivery, acme) = Delivery::new().await;
    let bobs = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    delivery.invite(&acme, &[CY]).await;
    let short = json!({ "email": EVE.email, "role_id": "user", "expires_in_days": 2 });
    delivery.app.post(ADA, &format!("{acme}/invitations"), short).await.expect(201);
    assert_eq!(delivery.run().await.1, "bob cy eve");
    delivery.app.post(CY, "/v1/organizations", json!({ "name": "Other" })).await.expect(201);
    let cys = delivery.app.list_all(CY, "/v1/me/invitations").await[0]["id"].clone();
    let decline = format!("{acme}/invitations/{}/decline", cys.as_str().unwrap());
    delivery.app.post(CY, &decline, json!({})).await.expect(204);
    for (wait, expected) in [(DAY, 0), (3 * DAY, 0), (DAY, 1), (HOUR, 0), (HOUR, 0)] {
        delivery.app.wait(wait);
        let summary = MailSummary { reminded: expected, ..MailSummary::default() };
        assert_eq!(delivery.send_due().await, summary);
        let mails = delivery.aws.mails();
        assert_eq!(mails.len(), usize::try_from(expected).unwrap());
        if let Some(mail) = mails.first() {
            let text = shown(mail);
            assert!(
                text.starts_with("to bob@example.com\nYour invitation to Acme expires soon\n"),
                "{text}"
            );
            assert!(text.contains("expires on 28 November 2026, 12:00 UTC."), "{text}");
        }
    }
    // A new sending has a reminder of its own.
    delivery.app.post(ADA, &format!("{bobs}/resend"), json!({})).await.expect(200);
    delivery.deliver_all().await;
    delivery.app.wait(5 * DAY);
    assert_eq!(delivery.send_due().await.reminded, 1);
    check(&delivery.app).await;
}

/// A reminder waits for SES, and a bounced invitation has none.
#[tokio::test]
async fn reminder_waits_while_nothing_can_be_sent() {
    let (delivery, acme) = Delivery::new().await;
    delivery.invite(&acme, &[BOB]).await;
    delivery.deliver_all().await;
    delivery.app.wait(5 * DAY);
    delivery.aws.plan(|_| Some(CallFault::Lost));
    assert_eq!(delivery.send_due().await.reminded, 0);
    delivery.aws.clear_faults();
    delivery.app.wait(HOUR);
    assert_eq!(delivery.send_due().await.reminded, 1);
    assert_eq!(delivery.addressees(), "bob");
}

/// INV13
#[tokio::test]
async fn language_of_a_pending_invitation_can_be_changed() {
    let (delivery, acme) = Delivery::new().await;
    let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    delivery.deliver_all().await;
    let before = delivery.app.get(ADA, &path).await.expect(200).body;
    let change = async |language: Value| {
        let body = json!({ "language": language });
        delivery.app.patch(ADA, &path, body).await.expect(200).body
    };
    assert_eq!(change(json!(null)).await, before, "it has none");
    let changed = change(json!("de")).await;
    assert_eq!((&changed["language"], &changed["send_count"]), (&json!("de"), &json!(1)));
    assert_eq!(delivery.deliver_all().await, [Value::Null; 0], "no mail unless it is sent again");
    delivery.app.post(ADA, &format!("{path}/resend"), json!({})).await.expect(200);
    let mails = delivery.deliver_all().await;
    assert!(shown(&mails[0]).contains("Einladung zu Acme"), "{mails:?}");
    assert_eq!(change(json!(null)).await["language"], Value::Null);
    let history = delivery.app.history(&acme).await;
    let updates = history.iter().filter(|event| event["action"] == "invitation.updated");
    let languages: Vec<_> =
        updates.map(|event| [&event["old"]["language"], &event["new"]["language"]]).collect();
    let (none, german) = (&Value::Null, &json!("de"));
    assert_eq!(languages, [[none, german], [german, none]]);
    let french = delivery.app.patch(ADA, &path, json!({ "language": "fr" })).await;
    assert_eq!(french.refuses(422, "invalid-request").pointer(), "/language");
    check(&delivery.app).await;
}

#[tokio::test]
async fn language_is_that_of_the_invitation_then_that_of_the_organization() {
    let (delivery, acme) = Delivery::new().await;
    let language = json!({ "language": "de" });
    let shown_org = delivery.app.patch(ADA, &acme, language).await.expect(200);
    assert_eq!(shown_org.body["language"], "de");
    delivery
        .app
        .patch(ADA, &acme, json!({ "language": "fr" }))
        .await
        .refuses(422, "invalid-request");
    let invite = async |email: &str, language: Value| {
        let body = json!({ "email": email, "role_id": "user", "language": language });
        delivery.app.post(ADA, &format!("{acme}/invitations"), body).await.expect(201)
    };
    let bobs = invite(BOB.email, json!("en")).await;
    let cys = invite(CY.email, Value::Null).await;
    assert_eq!((&bobs.body["language"], &cys.body["language"]), (&json!("en"), &Value::Null));
    let eve = json!({ "email": EVE.email, "role_id": "user", "language": "en" });
    let batch = json!({ "invitations": [eve] });
    delivery.app.post(ADA, &format!("{acme}/invitations/batch"), batch).await.expect(200);
    let subjects = async || -> Vec<String> {
        let mails = delivery.deliver_all().await;
        let subject = |mail: &Value| {
            mail["Content"]["Simple"]["Subject"]["Data"].as_str().unwrap().to_owned()
        };
        mails.iter().map(subject).collect()
    };
    let english = "You are invited to Acme";
    assert_eq!(subjects().await, [english, "Einladung zu Acme", english]);
    let path = format!("{acme}/invitations/{}", bobs.body["id"].as_str().unwrap());
    delivery.app.delete(ADA, &path).await.expect(204);
    assert_eq!(subjects().await, ["Your invitation to Acme was revoked"]);
    let events = delivery.app.history(&acme).await;
    let event = events.iter().find(|event| event["action"] == "organization.updated").unwrap();
    let expected = (json!({ "language": "en" }), json!({ "language": "de" }));
    assert_eq!((&event["old"], &event["new"]), (&expected.0, &expected.1));
    check(&delivery.app).await;
}

/// INV7
#[tokio::test]
async fn resent_invitation_is_mailed_again() {
    let (delivery, acme) = Delivery::new().await;
    let path = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    delivery.deliver_all().await;
    delivery.app.wait(DAY);
    delivery.app.post(ADA, &format!("{path}/resend"), json!({})).await.expect(200);
    let mails = delivery.deliver_all().await;
    assert_eq!(mails.len(), 1);
    assert!(shown(&mails[0]).contains("valid until 29 November 2026"), "{}", shown(&mails[0]));
}

/// A revoked, accepted or already resent invitation needs no mail, however late its message arrives.
#[tokio::test]
async fn obsolete_mail_is_not_sent() {
    let (delivery, acme) = Delivery::new().await;
    let revoked = delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    delivery.app.delete(ADA, &revoked).await.expect(204);
    delivery.app.add_member(ADA, &acme, CY, "user").await;
    let resent = delivery.app.create_invitation(ADA, &acme, EVE.email, "user").await;
    delivery.app.post(ADA, &format!("{resent}/resend"), json!({})).await.expect(200);
    assert_eq!(delivery.run().await, (0, "ada eve".to_owned()), "Ada learns that Cy joined");
}

/// A mail that waited too long would lead to an invitation that can no longer be accepted.
#[tokio::test]
async fn expired_invitation_is_not_mailed() {
    let (delivery, acme) = Delivery::new().await;
    let body = json!({ "email": BOB.email, "role_id": "user", "expires_in_days": 1 });
    delivery.app.post(ADA, &format!("{acme}/invitations"), body).await.expect(201);
    delivery.invite(&acme, &[CY]).await;
    delivery.publish().await;
    delivery.app.wait(DAY);
    assert_eq!(delivery.run().await, (0, "cy".to_owned()));
}

/// SA2
#[tokio::test]
async fn transfer_is_mailed_to_both() {
    let (delivery, acme) = Delivery::with(&[(BOB, "admin")]).await;
    delivery.app.transfer(ADA, &acme, BOB).await.expect(200);
    let mails = delivery.deliver_all().await;
    assert_eq!(mails.len(), 2);
    assert_snapshot!(shown(&mails[0]), @"
    to ada@example.com
    You handed over Acme

    bob@example.com is now the Super Admin of Acme, and you are an Admin.

    Open Acme:
    https://portal.example.com/organizations/org_…

    If this was not you, please ask bob@example.com to transfer the role back, and contact the administrator of your account.

    Rolecall sent this mail to ada@example.com.
    ");
    assert_snapshot!(shown(&mails[1]), @"
    to bob@example.com
    You are the Super Admin of Acme

    ada@example.com transferred the Super Admin role of Acme to you.

    Open Acme:
    https://portal.example.com/organizations/org_…

    Rolecall sent this mail to bob@example.com.
    ");
}

/// OP1
#[tokio::test]
async fn first_admin_mail_hides_the_operator() {
    let (delivery, _) = Delivery::new().await;
    delivery.app.create_organization_for(BOB, "Globex").await;
    let mails = delivery.deliver_all().await;
    let text = shown(&mails[0]);
    assert!(text.contains("The platform team invited you to join Globex as Admin."), "{text}");
    assert!(!mails[0].to_string().contains(OPERATOR.email));
}

#[tokio::test]
async fn name_in_a_mail_is_escaped() {
    let (delivery, _) = Delivery::new().await;
    let name = r#"<img src=x onerror="alert(1)">&amp; [x] {link} 'Bcc: eve@example.com"#;
    let acme = delivery.app.create_organization(ADA, name).await;
    delivery.app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let mails = delivery.deliver_all().await;
    let page = html(&mails[0]);
    assert!(!page.contains("<img") && !page.contains("\"alert"), "{page}");
    let escaped = "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;amp; [x] {link} &#39;Bcc: eve@example.com";
    assert!(page.contains(&format!("to join {escaped} as User")), "{page}");
    assert_eq!(page.matches("href=").count(), 2, "the button and its address: {page}");
    // A subject has at most 40 characters of a name.
    let shown = r#"<img src=x onerror="alert(1)">&amp; [x]…"#;
    let subject = json!({ "Data": format!("You are invited to {shown}"), "Charset": "UTF-8" });
    assert_eq!(mails[0]["Content"]["Simple"]["Subject"], subject);
    assert_eq!(mails[0]["Destination"], json!({ "ToAddresses": [BOB.email] }));
}
