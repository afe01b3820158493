//! The Lambda function `invite`: its routes, and nothing else.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve(invite::router()).await
}
