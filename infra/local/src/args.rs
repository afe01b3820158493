//! The command line; it never opens anything.

use std::{net::SocketAddr, path::PathBuf, str::FromStr};

/// What `--help` prints.
pub const HELP: &str = "\
Serves the whole API on this machine, as API Gateway would.

Usage: cargo run -- [OPTION]...

  --listen ADDR    where to serve the API            [127.0.0.1:9000]
  --data DIR       where to keep table and key       [.rolecall]
  --memory         keep them in memory instead
  --engine ADDR    where to serve the table          [127.0.0.1:0, any free port]
  --outside ADDR   where to play SES and EventBridge [127.0.0.1:0, any free port]
  --issuer URL     accept this OpenID provider's tokens instead of own ones
  --audience AUD   whom tokens must be made for      [rolecall]
  --authzen-fixtures
                   serve the fixtures of AuthZEN's certification, too
  --help           print this
";

const ADDRESS: &str = "an address such as 127.0.0.1:9000";

/// How to serve.
#[derive(Clone, Debug, PartialEq)]
pub struct Args {
    /// Where to serve the API.
    pub listen: SocketAddr,
    /// Where to serve the table.
    pub engine: SocketAddr,
    /// Where to play the services that notify calls.
    pub outside: SocketAddr,
    /// Where to keep table and key; nowhere means in memory.
    pub data: Option<PathBuf>,
    /// Whose tokens to accept instead of own ones.
    pub issuer: Option<String>,
    /// Whom tokens must be made for.
    pub audience: String,
    /// Serve the fixtures of AuthZEN's certification?
    pub certification: bool,
}

impl Default for Args {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9000)),
            engine: SocketAddr::from(([127, 0, 0, 1], 0)),
            outside: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: Some(PathBuf::from(".rolecall")),
            issuer: None,
            audience: "rolecall".to_owned(),
            certification: false,
        }
    }
}

/// Reads the arguments after the program's name. `None` means that help is asked for.
pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Option<Args>, String> {
    let mut args = args.into_iter();
    let mut parsed = Args::default();
    let (mut data, mut memory) = (None, false);
    while let Some(name) = args.next() {
        let mut value =
            || args.next().filter(|value| !value.is_empty() && !value.starts_with("--"));
        match name.as_str() {
            "--help" | "-h" => return Ok(None),
            "--memory" => memory = true,
            "--authzen-fixtures" => parsed.certification = true,
            "--listen" => parsed.listen = read(&name, value(), ADDRESS)?,
            "--engine" => parsed.engine = read(&name, value(), ADDRESS)?,
            "--outside" => parsed.outside = read(&name, value(), ADDRESS)?,
            "--data" => data = Some(read(&name, value(), "a directory")?),
            "--issuer" => parsed.issuer = Some(read(&name, value(), "a URL")?),
            "--audience" => parsed.audience = read(&name, value(), "a name")?,
            _ => return Err(format!("there is no {name}; try --help")),
        }
    }
    parsed.data = match (data, memory) {
        (Some(_), true) => return Err("--data and --memory exclude each other".to_owned()),
        (None, true) => None,
        (None, false) => parsed.data,
        (data, false) => data,
    };
    Ok(Some(parsed))
}

fn read<T: FromStr>(name: &str, value: Option<String>, what: &str) -> Result<T, String> {
    let value = value.ok_or_else(|| format!("{name} takes {what}"))?;
    value.parse().map_err(|_| format!("{name} takes {what}, not {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Option<Args>, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn nothing_need_be_said() {
        assert_eq!(parsed(""), Ok(Some(Args::default())));
        assert_eq!(parsed("--help"), Ok(None));
    }

    #[test]
    fn everything_can_be_said() {
        let said = parsed(
            "--listen [::1]:80 --engine 0.0.0.0:8000 --outside 0.0.0.0:8001 --memory \
             --issuer https://id.example.com --audience api --authzen-fixtures",
        );
        let expected = Args {
            listen: "[::1]:80".parse().unwrap(),
            engine: "0.0.0.0:8000".parse().unwrap(),
            outside: "0.0.0.0:8001".parse().unwrap(),
            data: None,
            issuer: Some("https://id.example.com".to_owned()),
            audience: "api".to_owned(),
            certification: true,
        };
        assert_eq!(said, Ok(Some(expected)));
    }

    #[test]
    fn mistakes_are_named() {
        for (line, message) in [
            ("--port 80", "there is no --port; try --help"),
            ("--listen", "--listen takes an address such as 127.0.0.1:9000"),
            ("--listen 80", "--listen takes an address such as 127.0.0.1:9000, not \"80\""),
            ("--audience --memory", "--audience takes a name"),
            ("--memory --data x", "--data and --memory exclude each other"),
        ] {
            assert_eq!(parsed(line), Err(message.to_owned()), "{line}");
        }
    }
}
