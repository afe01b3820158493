//! The Lambda function `invite`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::run(shared::lambda::serve(invite::router())).await
}
