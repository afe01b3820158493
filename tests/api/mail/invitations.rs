//! The mails of invitations and of a transfer.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Delivery, html, shown};
use crate::{
    fake_aws::{PORTAL, SENDER},
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

    ada@example.com has invited you to join Acme as Admin.

    View the invitation:
    https://portal.example.com/organizations/org_…/invitations/inv_…

    Please sign in with bob@example.com to accept or decline. The invitation is valid until 28 November 2026, 12:00 UTC. Only you can accept it, and opening the link changes nothing.

    If you do not know Acme, you can ignore this mail.
    ");
    assert_snapshot!(mask(html(&mails[0])), @r#"
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>You are invited to Acme</title>
    </head>
    <body style="margin: 0 auto; max-width: 36em; padding: 1.5em; font: 16px/1.5 sans-serif; color: #222">
    <p>ada@example.com has invited you to join Acme as Admin.</p>
    <p><a href="https://portal.example.com/organizations/org_…/invitations/inv_…">View the invitation</a></p>
    <p>Please sign in with bob@example.com to accept or decline. The invitation is valid until 28 November 2026, 12:00 UTC. Only you can accept it, and opening the link changes nothing.</p>
    <p>If you do not know Acme, you can ignore this mail.</p>
    </body>
    </html>
    "#);
    assert!(mails[0].to_string().contains(&format!("{PORTAL}{}", path.replace("/v1", ""))));
    let headers = &mails[0]["Content"]["Simple"]["Headers"];
    assert_eq!(*headers, json!([{ "Name": "Auto-Submitted", "Value": "auto-generated" }]));
    delivery.app.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
    assert_eq!(delivery.deliver_all().await, [Value::Null; 0], "accepting needs no mail");
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
    assert_eq!(delivery.run().await, (0, "eve".to_owned()));
}

/// A mail that waited too long would lead to an invitation that nobody can accept.
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
    let (delivery, acme) = Delivery::new().await;
    delivery.app.add_member(ADA, &acme, BOB, "admin").await;
    delivery.deliver_all().await;
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
    ");
    assert_snapshot!(shown(&mails[1]), @"
    to bob@example.com
    You are the Super Admin of Acme

    ada@example.com has transferred the Super Admin role of Acme to you.

    Open Acme:
    https://portal.example.com/organizations/org_…
    ");
}

/// OP1
#[tokio::test]
async fn first_admin_mail_hides_the_operator() {
    let (delivery, _) = Delivery::new().await;
    delivery.app.create_organization_for(BOB, "Globex").await;
    let mails = delivery.deliver_all().await;
    let text = shown(&mails[0]);
    assert!(text.contains("The platform team has invited you to join Globex as Admin."), "{text}");
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
    assert_eq!(page.matches("href=").count(), 1, "{page}");
    // A subject has at most 40 characters of a name.
    let shown = r#"<img src=x onerror="alert(1)">&amp; [x]…"#;
    let subject = json!({ "Data": format!("You are invited to {shown}"), "Charset": "UTF-8" });
    assert_eq!(mails[0]["Content"]["Simple"]["Subject"], subject);
    assert_eq!(mails[0]["Destination"], json!({ "ToAddresses": [BOB.email] }));
}
