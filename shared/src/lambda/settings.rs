//! The configuration of a function, from environment variables.

use std::str::FromStr;

use lambda_http::Error;

use crate::{
    domain::Budgets,
    http::{BasePath, Deployment, EmailsVerified, TokenClaims, TrustedProxy, is_scope},
};

/// Reads `SELF_SERVICE` (`on` or `off`), `PUBLIC_URL`, `ENDPOINT_DOMAIN`, `MAX_PENDING`, the
/// budgets and the trusted proxy.
///
/// # Errors
///
/// A variable with an invalid value.
pub fn deployment() -> Result<Deployment, Error> {
    let defaults = Deployment::default();
    let self_service = match setting("SELF_SERVICE").as_deref() {
        None => defaults.self_service,
        Some("on") => true,
        Some("off") => false,
        Some(_) => return Err("SELF_SERVICE must be `on` or `off`".into()),
    };
    let max_pending = number("MAX_PENDING", defaults.max_pending)?;
    let own = defaults.budgets;
    let budgets = Budgets {
        sending_interval_seconds: number("SENDING_INTERVAL", own.sending_interval_seconds)?,
        sendings_per_invitation: number("SENDINGS_PER_INVITATION", own.sendings_per_invitation)?,
        invitations_per_address: number("INVITATIONS_PER_ADDRESS", own.invitations_per_address)?,
        invitations_on_first_day: number("INVITATIONS_FIRST_DAY", own.invitations_on_first_day)?,
        invitations_per_day: number("INVITATIONS_PER_DAY", own.invitations_per_day)?,
        organizations_per_person: number("ORGANIZATIONS_PER_PERSON", own.organizations_per_person)?,
        join_requests_per_person: number("JOIN_REQUESTS_PER_PERSON", own.join_requests_per_person)?,
    };
    // Leaked once a process, so that `Deployment` is `Copy`.
    let leaked = |name| setting(name).map(|value| &*value.leak());
    Ok(Deployment {
        self_service,
        max_pending,
        budgets,
        public_url: leaked("PUBLIC_URL"),
        endpoint_domain: leaked("ENDPOINT_DOMAIN"),
        trusted_proxy: trusted_proxy(setting)?.map(|proxy| &*Box::leak(Box::new(proxy))),
    })
}

/// Reads `VIEWER_ADDRESS_HEADER` and `PROXY_SECRET_HASHES`. Either both are set or neither is.
fn trusted_proxy(env: impl Fn(&str) -> Option<String>) -> Result<Option<TrustedProxy>, Error> {
    match (env("VIEWER_ADDRESS_HEADER"), env("PROXY_SECRET_HASHES")) {
        (None, None) => Ok(None),
        (Some(header), Some(hashes)) => {
            let proxy = TrustedProxy::new(&header, &hashes);
            let wrong =
                |wrong| format!("VIEWER_ADDRESS_HEADER or PROXY_SECRET_HASHES is invalid: {wrong}");
            Ok(Some(proxy.map_err(wrong)?))
        }
        _ => Err("VIEWER_ADDRESS_HEADER and PROXY_SECRET_HASHES must be set together".into()),
    }
}

/// Reads `BASE_PATH`, the path below which a custom domain serves the API.
///
/// # Errors
///
/// The variable is not a path.
pub fn base_path() -> Result<Option<BasePath>, Error> {
    let parse =
        |text: String| text.parse().map_err(|_| format!("BASE_PATH is not a base path: {text:?}"));
    Ok(setting("BASE_PATH").map(parse).transpose()?)
}

/// Reads the names of claims and scopes: `SCOPE_CLAIM`, `OPERATOR_SCOPE`, `DECISIONS_SCOPE`,
/// `EMAIL_CLAIM`, `EMAIL_VERIFIED_CLAIM`, `EMAILS_VERIFIED` (`claim` or `always`), `NAME_CLAIM`,
/// `AMR_CLAIM` and `AUTH_TIME_CLAIM`.
///
/// # Errors
///
/// A variable with an invalid value, or names that cannot be used together.
pub fn token_claims() -> Result<TokenClaims, Error> {
    token_claims_of(setting)
}

/// The same from other variables than those of the process.
///
/// # Errors
///
/// As above.
pub fn token_claims_of(env: impl Fn(&str) -> Option<String>) -> Result<TokenClaims, Error> {
    let own = TokenClaims::default();
    let name = |variable: &str, default: &'static str| -> Result<&'static str, Error> {
        match env(variable) {
            None => Ok(default),
            // Leaked once a process, so that `TokenClaims` is `Copy`.
            Some(name) if is_scope(&name) => Ok(name.leak()),
            Some(_) => Err(format!(
                "{variable} must be one name of printable ASCII characters without spaces, \" and \\"
            )
            .into()),
        }
    };
    let emails_verified = match env("EMAILS_VERIFIED").as_deref() {
        None => own.emails_verified,
        Some("claim") => EmailsVerified::Claim,
        Some("always") => EmailsVerified::Always,
        Some(_) => return Err("EMAILS_VERIFIED must be `claim` or `always`".into()),
    };
    let claims = TokenClaims {
        scope: name("SCOPE_CLAIM", own.scope)?,
        operator_scope: name("OPERATOR_SCOPE", own.operator_scope)?,
        decisions_scope: name("DECISIONS_SCOPE", own.decisions_scope)?,
        email: name("EMAIL_CLAIM", own.email)?,
        email_verified: name("EMAIL_VERIFIED_CLAIM", own.email_verified)?,
        emails_verified,
        name: name("NAME_CLAIM", own.name)?,
        amr: name("AMR_CLAIM", own.amr)?,
        auth_time: name("AUTH_TIME_CLAIM", own.auth_time)?,
    };
    Ok(claims.check()?)
}

/// A number from an environment variable, or its default.
fn number<T: FromStr>(name: &str, default: T) -> Result<T, Error> {
    let text = setting(name);
    let number =
        text.map(|text| text.parse().map_err(|_| format!("{name} must be a whole number")));
    Ok(number.transpose()?.unwrap_or(default))
}

/// The value of an environment variable. An empty one counts as not set.
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The value of an environment variable that the template sets.
///
/// # Errors
///
/// The variable is not set.
pub fn required(name: &str) -> Result<String, Error> {
    Ok(setting(name).ok_or_else(|| format!("{name} is not set: template.yaml sets it"))?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn base_path_differs_from_the_paths_of_the_api() {
        for text in ["team", "/team/", "a/b-c/D_1", "v2", "v1-api"] {
            assert!(text.parse::<BasePath>().is_ok(), "{text:?}");
        }
        for text in
            ["", "/", "v1", "/v1/x", "access", ".well-known", "a//b", "a b", "a/{b}", "\u{e4}"]
        {
            assert!(text.parse::<BasePath>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn trusted_proxy_needs_both_settings() {
        let hashes = "0".repeat(64);
        let read = |pairs| trusted_proxy(environment(pairs));
        assert_eq!(read(json!({})).unwrap(), None);
        let both = json!({ "VIEWER_ADDRESS_HEADER": "X-Real-IP", "PROXY_SECRET_HASHES": hashes });
        assert_eq!(read(both).unwrap(), TrustedProxy::new("X-Real-IP", &hashes).ok());
        for wrong in [
            json!({ "VIEWER_ADDRESS_HEADER": "X-Real-IP" }),
            json!({ "PROXY_SECRET_HASHES": hashes }),
            json!({ "VIEWER_ADDRESS_HEADER": "a b", "PROXY_SECRET_HASHES": hashes }),
            json!({ "VIEWER_ADDRESS_HEADER": "X-Real-IP", "PROXY_SECRET_HASHES": "secret" }),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }

    fn environment(pairs: Value) -> impl Fn(&str) -> Option<String> {
        move |name| pairs.get(name)?.as_str().map(str::to_owned)
    }

    #[test]
    fn claims_have_the_names_of_openid_connect_by_default() {
        assert_eq!(token_claims_of(environment(json!({}))).unwrap(), TokenClaims::default());
    }

    #[test]
    fn each_variable_names_a_claim_or_scope() {
        let variables = json!({
            "SCOPE_CLAIM": "permissions", "OPERATOR_SCOPE": "rolecall/operator",
            "DECISIONS_SCOPE": "rolecall/decisions", "EMAIL_CLAIM": "https://portal.example/email",
            "EMAIL_VERIFIED_CLAIM": "xms_edov", "EMAILS_VERIFIED": "always", "NAME_CLAIM": "nick",
            "AMR_CLAIM": "methods", "AUTH_TIME_CLAIM": "since",
        });
        let expected = TokenClaims {
            scope: "permissions",
            operator_scope: "rolecall/operator",
            decisions_scope: "rolecall/decisions",
            email: "https://portal.example/email",
            email_verified: "xms_edov",
            emails_verified: EmailsVerified::Always,
            name: "nick",
            amr: "methods",
            auth_time: "since",
        };
        assert_eq!(token_claims_of(environment(variables)).unwrap(), expected);
    }

    #[test]
    fn invalid_names_of_claims_stop_the_process() {
        let personal = "must not be `sub`, nor the claim of the address or of the name";
        let one_name = " must be one name of printable ASCII characters without spaces, \" and \\";
        for (variable, value, message) in [
            ("SCOPE_CLAIM", "scope scp", format!("SCOPE_CLAIM{one_name}")),
            ("EMAIL_CLAIM", "e\u{2d}\u{e4}", format!("EMAIL_CLAIM{one_name}")),
            ("OPERATOR_SCOPE", "a\tb", format!("OPERATOR_SCOPE{one_name}")),
            (
                "OPERATOR_SCOPE",
                "decisions",
                "the operator scope and the decisions scope must differ".into(),
            ),
            ("SCOPE_CLAIM", "name", format!("the claim of the scopes {personal}")),
            ("SCOPE_CLAIM", "sub", format!("the claim of the scopes {personal}")),
            (
                "EMAIL_VERIFIED_CLAIM",
                "name",
                format!("the claim that verifies the address {personal}"),
            ),
            ("EMAILS_VERIFIED", "true", "EMAILS_VERIFIED must be `claim` or `always`".into()),
        ] {
            let error = token_claims_of(environment(json!({ variable: value }))).unwrap_err();
            assert_eq!(error.to_string(), message, "{variable}={value:?}");
        }
    }
}
