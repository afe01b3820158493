//! The command line options. Parsing opens no file and no port.

use std::{
    net::{AddrParseError, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

use mail::Brand;
use shared::http::{BasePath, TokenClaims};

/// What `--help` prints.
pub const HELP: &str = "\
Serves the whole API on this machine, behind a stand-in for API Gateway.

Usage: cargo run -- [OPTION]...

  --listen ADDR    address of the API                      [127.0.0.1:9000]
  --data DIR       directory of the table and signing key  [.rolecall]
  --memory         keep the table and key in memory only
  --demo           fill an empty table with organizations, people and history
  --engine ADDR    address of the DynamoDB engine          [127.0.0.1:0, any free port]
  --fake-aws ADDR  address of the SES and EventBridge stand-ins
                                                           [127.0.0.1:0, any free port]
  --issuer URL     accept tokens of this OpenID provider, not of the built-in issuer
  --audience AUD,… audiences, of which tokens must have one [rolecall]
  --base-path PATH also serve the API below this path, as a custom domain can
  --authzen-fixtures
                   also serve the fixtures of the AuthZEN certification
  --version        print the version
  --help           print this

These environment variables work as in a deployment:
  SELF_SERVICE, MAX_PENDING, and the budgets, such as SENDING_INTERVAL=0
  VIEWER_ADDRESS_HEADER, PROXY_SECRET_HASHES     for a trusted proxy
  PRODUCT_NAME, LOGO_URL, SUPPORT_ADDRESS        for mails
  SCOPE_CLAIM, OPERATOR_SCOPE, DECISIONS_SCOPE, EMAIL_CLAIM, EMAIL_VERIFIED_CLAIM, EMAILS_VERIFIED, NAME_CLAIM,
  AMR_CLAIM, AUTH_TIME_CLAIM                     for claims and scopes; an issuer of your own often needs them:
                                                 docs/guides/identity-providers.md.
";

const ADDRESS: &str = "an address such as 127.0.0.1:9000 or localhost:9000";
const BASE_PATH: &str = "a path such as /team/rolecall that does not begin with /v1 or /access";

/// The options of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Args {
    /// The address of the API.
    pub listen: SocketAddr,
    /// The address of the DynamoDB engine.
    pub engine: SocketAddr,
    /// The address of the stand-ins for SES and `EventBridge`.
    pub fake_aws: SocketAddr,
    /// The directory of the table and the signing key. `None` keeps both in memory.
    pub data: Option<PathBuf>,
    /// The OpenID provider whose tokens are accepted. `None` means the built-in issuer.
    pub issuer: Option<String>,
    /// The audiences. A token must have one of them. The built-in issuer writes the first.
    pub audiences: Vec<String>,
    /// The names of claims and scopes in tokens. They come from environment variables.
    pub claims: TokenClaims,
    /// How mails present the product. It comes from environment variables.
    pub brand: Brand,
    /// The path below which the API is served, too.
    pub base_path: Option<BasePath>,
    /// Whether to fill an empty table with a demonstration.
    pub demo: bool,
    /// Whether to serve the fixtures of the AuthZEN certification.
    pub certification: bool,
}

impl Default for Args {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9000)),
            engine: SocketAddr::from(([127, 0, 0, 1], 0)),
            fake_aws: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: Some(PathBuf::from(".rolecall")),
            issuer: None,
            audiences: vec!["rolecall".to_owned()],
            claims: TokenClaims::default(),
            brand: Brand::default(),
            base_path: None,
            demo: false,
            certification: false,
        }
    }
}

/// The work that a command line asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Serve with these options.
    Serve(Box<Args>),
    /// Print [`HELP`].
    Help,
    /// Print the version.
    Version,
}

/// Parses the arguments after the program's name.
///
/// # Errors
///
/// The message for the user in one line, if an option is unknown, lacks its value or excludes another.
pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut args = args.into_iter();
    let mut parsed = Args::default();
    let (mut data, mut memory) = (None, false);
    while let Some(name) = args.next() {
        let mut value =
            || args.next().filter(|value| !value.is_empty() && !value.starts_with("--"));
        match name.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--version" | "-V" => return Ok(Command::Version),
            "--memory" => memory = true,
            "--demo" => parsed.demo = true,
            "--authzen-fixtures" => parsed.certification = true,
            "--listen" => parsed.listen = read_address(&name, value())?,
            "--engine" => parsed.engine = read_address(&name, value())?,
            "--fake-aws" => parsed.fake_aws = read_address(&name, value())?,
            "--data" => data = Some(read(&name, value(), "a directory")?),
            "--issuer" => parsed.issuer = Some(read(&name, value(), "a URL")?),
            "--audience" => parsed.audiences = read_names(&name, value())?,
            "--base-path" => parsed.base_path = Some(read(&name, value(), BASE_PATH)?),
            _ => return Err(format!("there is no option {name:?}; try --help")),
        }
    }
    parsed.data = match (data, memory) {
        (Some(_), true) => return Err("--data and --memory exclude each other".to_owned()),
        (None, true) => None,
        (None, false) => parsed.data,
        (data, false) => data,
    };
    if parsed.demo && parsed.issuer.is_some() {
        return Err("--demo and --issuer exclude each other".to_owned());
    }
    Ok(Command::Serve(Box::new(parsed)))
}

/// An address and a port. The host can be `localhost`, which means 127.0.0.1.
fn read_address(name: &str, value: Option<String>) -> Result<SocketAddr, String> {
    let SocketText(address) = read(name, value, ADDRESS)?;
    Ok(address)
}

/// Names separated by commas.
fn read_names(option: &str, value: Option<String>) -> Result<Vec<String>, String> {
    let names: String = read(option, value, "a name")?;
    let names: Vec<_> = names.split(',').map(|name| name.trim().to_owned()).collect();
    if names.iter().any(String::is_empty) {
        return Err(format!("{option} takes names separated by commas, and one is empty"));
    }
    Ok(names)
}

struct SocketText(SocketAddr);

impl FromStr for SocketText {
    type Err = AddrParseError;

    fn from_str(text: &str) -> Result<Self, AddrParseError> {
        let numeric = match text.strip_prefix("localhost:") {
            Some(port) => format!("127.0.0.1:{port}"),
            None => text.to_owned(),
        };
        numeric.parse().map(Self)
    }
}

fn read<T: FromStr>(name: &str, value: Option<String>, what: &str) -> Result<T, String> {
    let value = value.ok_or_else(|| format!("{name} takes {what}"))?;
    value.parse().map_err(|_| format!("{name} takes {what}, not {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn every_option_has_a_default() {
        assert_eq!(parsed(""), Ok(Command::Serve(Box::default())));
        assert_eq!(parsed("--memory --help"), Ok(Command::Help));
        assert_eq!(parsed("--version"), Ok(Command::Version));
        let local =
            Args { listen: "127.0.0.1:8080".parse().unwrap(), demo: true, ..Args::default() };
        assert_eq!(parsed("--listen localhost:8080 --demo"), Ok(Command::Serve(Box::new(local))));
    }

    #[test]
    fn every_option_can_be_set() {
        let parsed = parsed(
            "--listen [::1]:80 --engine 0.0.0.0:8000 --fake-aws 0.0.0.0:8001 --memory \
             --issuer https://id.example.com --audience api,portal --base-path /team --authzen-fixtures",
        );
        let expected = Args {
            listen: "[::1]:80".parse().unwrap(),
            engine: "0.0.0.0:8000".parse().unwrap(),
            fake_aws: "0.0.0.0:8001".parse().unwrap(),
            data: None,
            issuer: Some("https://id.example.com".to_owned()),
            audiences: vec!["api".to_owned(), "portal".to_owned()],
            claims: TokenClaims::default(),
            brand: Brand::default(),
            base_path: "/team".parse().ok(),
            demo: false,
            certification: true,
        };
        assert_eq!(parsed, Ok(Command::Serve(Box::new(expected))));
    }

    #[test]
    fn invalid_options_are_named_in_the_message() {
        for (line, message) in [
            ("--port 80", "there is no option \"--port\"; try --help"),
            ("serve", "there is no option \"serve\"; try --help"),
            ("--listen", "--listen takes an address such as 127.0.0.1:9000 or localhost:9000"),
            (
                "--listen 80",
                "--listen takes an address such as 127.0.0.1:9000 or localhost:9000, not \"80\"",
            ),
            (
                "--listen localhost",
                "--listen takes an address such as 127.0.0.1:9000 or localhost:9000, not \"localhost\"",
            ),
            ("--audience --memory", "--audience takes a name"),
            (
                "--base-path /v1",
                "--base-path takes a path such as /team/rolecall that does not begin with /v1 or /access, not \"/v1\"",
            ),
            ("--audience a,,b", "--audience takes names separated by commas, and one is empty"),
            ("--demo --issuer https://id.example.com", "--demo and --issuer exclude each other"),
            ("--memory --data x", "--data and --memory exclude each other"),
        ] {
            assert_eq!(parsed(line), Err(message.to_owned()), "{line}");
        }
    }
}
