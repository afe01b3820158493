//! The program `rolecall` (`cargo run`): reads the options, starts the [`Server`] and prints its addresses.

use std::{env, process::ExitCode};

use lambda_http::Error;
use local::{
    EVENTS_FILE, TABLE,
    args::{Args, Command, HELP, parse},
    demo, reference,
    server::Server,
};
use mail::Brand;
use shared::{http::BasePath, lambda::setting};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

#[tokio::main]
async fn main() -> ExitCode {
    let args = match parse(env::args().skip(1)) {
        Ok(Command::Serve(args)) => args,
        Ok(Command::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Command::Version) => {
            println!("rolecall {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("rolecall: {message}");
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
    start_log()?;
    let mut terminated = signal(SignalKind::terminate())?;
    let deployment = shared::lambda::deployment()?;
    let (claims, brand) = (shared::lambda::token_claims()?, brand()?);
    let args = &Args { claims, brand, ..args.clone() };
    let server = Server::open(args, |client| local::router_for(args, deployment, client)).await?;
    print_addresses(args, &server);
    print_warning(args);
    server
        .run(async {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
        })
        .await
}

/// How mails present the product.
fn brand() -> Result<Brand, Error> {
    let [product, logo, support] = ["PRODUCT_NAME", "LOGO_URL", "SUPPORT_ADDRESS"].map(setting);
    Ok(Brand::parse(product.as_deref(), logo.as_deref(), support.as_deref())?)
}

/// Logs to stderr, from the level in `RUST_LOG` on.
fn start_log() -> Result<(), Error> {
    let levels = env::var("RUST_LOG").unwrap_or_else(|_| "warn,dynoxide=error".to_owned());
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(layer).with(levels.parse::<Targets>()?).init();
    Ok(())
}

/// Warns if another machine can reach the server: the server protects nothing from its callers.
fn print_warning(args: &Args) {
    let open = [args.listen, args.engine, args.fake_aws];
    let Some(open) = open.iter().find(|address| !address.ip().is_loopback()) else { return };
    eprintln!(
        "rolecall: warning: {open} is reachable from other machines. Everybody on the network can mint a token for any \
         person, read all mails and change all data. Use 127.0.0.1 unless you trust the whole network."
    );
}

/// Prints where to look.
fn print_addresses(args: &Args, server: &Server) {
    let url = &server.url;
    println!("console  {url}/{}", sign_in_hint(args));
    let base_path = args.base_path.map_or("", BasePath::as_str);
    println!("API      {url}{base_path} (reference with forms: {url}{})", reference::PAGE);
    println!("mail     {url}/local/mailbox");
    match &args.data {
        Some(data) => println!("data     {} (events in {EVENTS_FILE})", data.display()),
        None => println!("data     in memory"),
    }
    if let Some(issuer) = &args.issuer {
        println!("issuer   {issuer} (audience `{}`)", args.audiences.join("`, `"));
    }
    // Programs that start the server wait for this line.
    println!("engine   http://{} (DynamoDB, table `{TABLE}`)", server.engine.address);
}

/// Names accounts to sign in with. Empty for an external issuer, which has accounts of its own.
fn sign_in_hint(args: &Args) -> String {
    match (&args.issuer, args.demo) {
        (Some(_), _) => String::new(),
        (None, true) => format!(" (sign in as {})", demo::PEOPLE),
        (None, false) => " (sign in as anybody, such as ada@example.com)".to_owned(),
    }
}
