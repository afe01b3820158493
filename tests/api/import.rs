//! CSV files of `/v1/organizations/{org}/invitations/batch`, as people have them (INV11).

use axum::http::Request;
use serde_json::{Value, json};

use shared::http::Deployment;

use crate::{
    helpers::{DEE, user_manager},
    test_app::{ADA, BOB, CY, EVE, TestApp, ample},
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
    assert!(details[1].starts_with("row 5, role: This organization has no"), "{done}");
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
            "row 3, status: the column \u{201c}status\u{201d} has \u{201c}Deactivated\u{201d}, so the account"
        ),
        "{done}"
    );
    let open = "email,name\na@example.com,\"Ada\nb@example.com,Bob\n";
    let refused = app.invite_file(ADA, &acme, open).await;
    let refused = refused.refuses(400, "unreadable-request");
    assert!(refused.text.contains("line 2"), "{refused}");
}

/// An export of a directory has a column for each of its attributes.
#[tokio::test]
async fn wide_file_is_read_and_its_key_repeats_the_answer() {
    let (app, acme) = TestApp::with_acme().await;
    let attributes = ",An attribute of the directory".repeat(100);
    let rows: Vec<_> = (0..99).map(|n| format!("wide{n}@example.com{attributes}")).collect();
    // The outcome repeats the address as it was sent, but not without end.
    let no_address = "x".repeat(100_000);
    let file = format!("Primary email{attributes}\n{}\n{no_address}\n", rows.join("\n"));
    assert!(file.len() > 300_000, "{}", file.len());
    let send = async || {
        let request = Request::post(format!("{acme}/invitations/batch"))
            .header("content-type", "text/csv")
            .header("idempotency-key", "wide");
        app.answer(Some(ADA), request.body(file.clone().into()).unwrap()).await.expect(200)
    };
    let done = send().await;
    let statuses = done.statuses();
    assert!(statuses[..99].iter().all(|status| *status == 201) && statuses[99] == 422, "{done}");
    assert_eq!(send().await.body, done.body);
    let refused = app.invite_file(ADA, &acme, " ".repeat(512 * 1024 + 1)).await;
    let detail = refused.refuses(413, "body-too-large").body["detail"].clone();
    assert_eq!(detail, "Send a file of at most 524288 bytes: fewer rows, or fewer columns.");
}

#[tokio::test]
async fn what_is_no_address_alone_is_refused_in_words() {
    let (app, acme) = TestApp::with_acme().await;
    let file = ";;\nUser principal name;Role\nQ Seven <q7@example.com>;\n\
                e9_x.com#EXT#@bruckner.onmicrosoft.com;\nq 7@example.com;\n";
    let done = app.invite_file(ADA, &acme, file).await.expect(200);
    assert_eq!(done.statuses(), [422, 422, 422], "{done}");
    let details = [0, 1, 2].map(|nth| &done.body["outcomes"][nth]["problem"]["detail"]);
    let guest =
        "#EXT# marks the sign-in name of a guest, not an address: enter the guest's own address";
    assert_eq!(details[0], "row 3, email: enter the address alone, without the name");
    assert_eq!(details[1], &format!("row 4, email: {guest}"));
    assert_eq!(details[2], "row 5, email: the address contains a space: remove it");
}

/// A row is named as a spreadsheet numbers it, whatever became of it.
#[tokio::test]
async fn each_outcome_of_a_file_names_its_row() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member_with(ADA, &acme, BOB, user_manager()).await;
    app.create_invitation(ADA, &acme, CY.email, "user").await;
    let file = "email,role\n\nnew@example.com,user\ncy@example.com,user\n,,\nbob@example.com,\n\
                dee@example.com,Admin\nno address,user\nNEW@example.com,user\nDee@example.com,user\n";
    let done = app.invite_file(BOB, &acme, file).await.expect(200);
    assert_eq!(done.statuses(), [201, 409, 409, 403, 422, 409, 403], "{done}");
    let outcomes = done.body["outcomes"].as_array().unwrap();
    let rows: Vec<_> = outcomes.iter().map(|outcome| &outcome["row"]).collect();
    assert_eq!(rows, [3, 4, 6, 7, 8, 9, 10]);
    let repeated = [5, 6].map(|nth: usize| &outcomes[nth]["repeats_row"]);
    assert_eq!(repeated, [3, 7]);
    assert!(outcomes[..5].iter().all(|outcome| outcome.get("repeats_row").is_none()), "{done}");
    let places = ["/rows/4/email", "/rows/6/email", "/rows/7/role", "/rows/8/email"];
    for (outcome, place) in
        outcomes[1..].iter().zip(places.iter().chain(&["/rows/9/email", "/rows/10/email"]))
    {
        let problem = &outcome["problem"];
        let error = &problem["errors"][0];
        assert_eq!(error["pointer"], **place, "{outcome}");
        let (row, column) = place.strip_prefix("/rows/").unwrap().split_once('/').unwrap();
        let detail = format!("row {row}, {column}: {}", error["detail"].as_str().unwrap());
        assert_eq!(problem["detail"], detail);
    }
    assert_eq!(outcomes[5]["problem"]["invitation_id"], outcomes[0]["invitation"]["id"]);
    let details = [5, 6].map(|nth: usize| &outcomes[nth]["problem"]["detail"]);
    assert_eq!(
        details,
        [
            "row 9, email: repeats the address of row 3, which was invited. Keep one of the two rows",
            "row 10, email: repeats the address of row 7, which was refused, for the reason given \
             there. Keep one of the two rows"
        ]
    );
}

/// A limit concerns the row, and no single cell.
#[tokio::test]
async fn row_beyond_a_limit_is_named() {
    let app = TestApp::with(Deployment { max_pending: 1, ..ample() }).await;
    let acme = app.create_organization(ADA, "Acme").await;
    let done =
        app.invite_file(ADA, &acme, "email\na@example.com\nb@example.com\n").await.expect(200);
    assert_eq!(done.statuses(), [201, 429], "{done}");
    let problem = &done.body["outcomes"][1]["problem"];
    assert_eq!(problem["errors"][0]["pointer"], "/rows/3");
    assert!(
        problem["detail"].as_str().unwrap().starts_with("row 3: This organization has 1 pending")
    );
}
