//! CSV files of `/v1/organizations/{org}/invitations/batch`, as people have them (INV11).

use serde_json::{Value, json};

use crate::{
    helpers::DEE,
    test_app::{ADA, BOB, CY, EVE, TestApp},
};

#[tokio::test]
async fn role_of_another_organization_is_found_by_its_name() {
    let (app, acme) = TestApp::with_acme().await;
    let globex = app.create_organization(ADA, "Globex").await;
    let there = app.create_role(ADA, &acme, "Readers", json!({})).await;
    let only_there = app.create_role(ADA, &acme, "Writers", json!({})).await;
    let here = app.create_role(ADA, &globex, "readers", json!({})).await;
    let file = format!(
        "Email,Role,Role ID\n{},Readers,{there}\n{},Readers,{here}\n{},Writers,{only_there}\n{},,{there}\n",
        BOB.email, CY.email, DEE.email, EVE.email
    );
    let done = app.invite_file(ADA, &globex, file).await.expect(200);
    assert_eq!(done.statuses(), [201, 201, 422, 404], "{done}");
    let outcomes = &done.body["outcomes"];
    let roles = [0, 1].map(|nth| &outcomes[nth]["invitation"]["role_id"]);
    assert_eq!(roles, [&json!(here); 2]);
    let details = [2, 3].map(|nth| outcomes[nth]["problem"]["detail"].as_str().unwrap());
    assert!(details[0].starts_with("row 4, role: must be the name or the id"), "{done}");
    assert!(details[1].starts_with("This organization has no"), "{done}");
}

#[tokio::test]
async fn end_of_access_is_read_as_spreadsheets_write_it_and_never_guessed() {
    let (app, acme) = TestApp::with_acme().await;
    let file = "Email;Access ends at (UTC)\na@example.com;2027-01-01 00:00\n\
                b@example.com;01.01.2027 00:00\nc@example.com;1/1/27 0:00\nd@example.com;46388\n\
                e@example.com;1/2/27 0:00\n";
    let done = app.invite_file(ADA, &acme, file).await.expect(200);
    assert_eq!(done.statuses(), [201, 201, 201, 201, 422], "{done}");
    let outcomes = done.body["outcomes"].as_array().unwrap();
    let end = |outcome: &Value| outcome["invitation"]["access_expires_at"].clone();
    let ends: Vec<_> = outcomes.iter().take(4).map(end).collect();
    assert_eq!(
        ends,
        [json!("2027-01-01T00:00:00Z"), ends[0].clone(), ends[0].clone(), ends[0].clone()]
    );
    let detail = "row 6, access_expires_at: can mean 2027-02-01 or 2027-01-02. Write the year first, then \
                  month and day, such as 2027-02-01";
    assert_eq!(outcomes[4]["problem"]["detail"], detail);
}

/// Every row that is not blank has an outcome.
#[tokio::test]
async fn rows_without_an_address_or_of_accounts_out_of_use_are_refused_in_words() {
    let (app, acme) = TestApp::with_acme().await;
    let slack = "username,email,status\nbot,,Bot\nada,a@example.com,Deactivated\nbo,b@example.com,Member\n,,\n";
    let done = app.invite_file(ADA, &acme, slack).await.expect(200);
    assert_eq!(done.statuses(), [422, 422, 201], "{done}");
    let detail = |nth: usize| done.body["outcomes"][nth]["problem"]["detail"].as_str().unwrap();
    assert!(detail(0).starts_with("row 2, email: has no address."), "{done}");
    assert!(
        detail(1).starts_with(
            "row 3, status: says that the account is not in use: \u{201c}Deactivated\u{201d}."
        ),
        "{done}"
    );
    let open = "email,name\na@example.com,\"Ada\nb@example.com,Bob\n";
    let refused = app.invite_file(ADA, &acme, open).await;
    let refused = refused.refuses(400, "unreadable-request");
    assert!(refused.text.contains("line 2"), "{refused}");
}
