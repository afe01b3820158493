//! The Lambda function `suborg`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    shared::lambda::run(shared::lambda::serve(suborg::router())).await
}
