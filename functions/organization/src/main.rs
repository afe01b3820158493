//! The Lambda function `organization`: its routes, and nothing else.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve(organization::router()).await
}
