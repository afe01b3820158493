//! The Lambda function `operator`: its routes, and nothing else.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::serve(operator::router()).await
}
