//! `cargo run`: the whole API on this machine; it does nothing that a test could not do through the library.

use std::{env, process::ExitCode};

use lambda_http::Error;
use local::{
    EVENTS, TABLE,
    args::{Args, HELP, parse},
    reference,
    server::Server,
};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

#[tokio::main]
async fn main() -> ExitCode {
    let args = match parse(env::args().skip(1)) {
        Ok(Some(args)) => args,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprint!("rolecall: {message}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match serve(&args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rolecall: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: &Args) -> Result<(), Error> {
    let wanted = env::var("RUST_LOG").unwrap_or_else(|_| "warn,dynoxide=error".to_owned());
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines).with(wanted.parse::<Targets>()?).init();
    let mut terminated = signal(SignalKind::terminate())?;
    let server = Server::open(args, |client| local::router_for(args, client)).await?;
    welcome(args, &server);
    server
        .run(async {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
        })
        .await
}

fn welcome(args: &Args, server: &Server) {
    let url = &server.url;
    let data = args.data.as_ref().map_or("in memory".to_owned(), |data| data.display().to_string());
    println!("API     {url}");
    println!("docs    {url}{}", reference::PAGE);
    println!("data    {data}");
    println!("engine  http://{} (DynamoDB, table `{TABLE}`)", server.engine.address);
    println!("issuer  {} (audience `{}`)", args.issuer.as_ref().unwrap_or(url), args.audience);
    println!("mail    {url}/local/mailbox");
    match &args.data {
        Some(data) => println!("events  tail -f {}", data.join(EVENTS).display()),
        None => println!("events  (kept in a file only with --data)"),
    }
    println!("\nTry:");
    match &args.issuer {
        None => println!(
            "  TOKEN=$(curl -s {url}/local/token -d '{{\"email\":\"ada@example.com\"}}' | cut -d'\"' -f4)"
        ),
        Some(issuer) => println!("  TOKEN=<a token from {issuer}>"),
    }
    println!(
        "  curl -s {url}/v1/organizations -H \"authorization: Bearer $TOKEN\" \
         -H 'content-type: application/json' -d '{{\"name\":\"Acme\"}}'"
    );
    println!("  curl -s {url}/v1/me -H \"authorization: Bearer $TOKEN\"");
}
