//! Fills an empty server with a portal worth looking at (`--demo`): three organizations, a tree, a partner, forty people
//! and their history. It sends requests through the gateway, as people would, so every rule of the API holds.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request, header::AUTHORIZATION, header::CONTENT_TYPE},
};
use lambda_http::Error;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::issuer;

/// Who to sign in as, to look around.
pub const PEOPLE: &str =
    "ada@acme.example, a Super Admin, or operator@rolecall.example, a platform operator";

const OPERATOR: &str = "Operator Olga";
/// The people of Acme Instruments: the name, from which the address is made, and the role.
const ACME: [(&str, &str); 20] = [
    ("Bob Miller", "admin"),
    ("Carla Weiss", "admin"),
    ("Dmitri Okafor", "Support Desk"),
    ("Elena Rossi", "Support Desk"),
    ("Farid Haddad", "Support Desk"),
    ("Greta Lindqvist", "Licence Manager"),
    ("Hiro Tanaka", "Licence Manager"),
    ("Ines Carvalho", "Auditor"),
    ("Jonas Keller", "user"),
    ("Keiko Sato", "user"),
    ("Liam O'Brien", "user"),
    ("Mei Chen", "user"),
    ("Nadia Petrova", "user"),
    ("Omar Farouk", "user"),
    ("Priya Nair", "user"),
    ("Quentin Dubois", "user"),
    ("Rosa Jimenez", "user"),
    ("Sven Eriksson", "user"),
    ("Tara Singh", "user"),
    ("Umberto Bianchi", "user"),
];
const PARTNER: [(&str, &str); 8] = [
    ("Vera Novak", "admin"),
    ("Wang Wei", "mdf_admin"),
    ("Xenia Papas", "partner_user"),
    ("Yusuf Demir", "partner_user"),
    ("Zoe Martin", "partner_user"),
    ("Anton Berg", "partner_user"),
    ("Bianca Costa", "user"),
    ("Cem Aydin", "user"),
];
const GLOBEX: [(&str, &str); 7] = [
    ("Dora Vogel", "admin"),
    ("Emil Strand", "user"),
    ("Fiona Walsh", "user"),
    ("Goran Ilic", "user"),
    ("Hanna Virtanen", "user"),
    ("Ivan Horvat", "user"),
    ("Julia Meyer", "user"),
];
/// Invited to Acme Instruments, and not there yet.
const INVITED: [(&str, &str); 3] =
    [("Karl Neumann", "user"), ("Lucia Romano", "Support Desk"), ("Marta Kowalska", "admin")];

/// A custom role: its levels by role object; the others get their defaults.
struct DemoRole {
    name: &'static str,
    description: &'static str,
    levels: &'static [(&'static str, &'static str)],
}

/// The custom roles of Acme Instruments.
const ROLES: [DemoRole; 3] = [
    DemoRole {
        name: "Support Desk",
        description: "Answers cases, and sees who works here.",
        levels: &[("support_service", "full_access"), ("user_management", "view_only")],
    },
    DemoRole {
        name: "Licence Manager",
        description: "Keeps licences and their notes.",
        levels: &[
            ("license_management", "full_access"),
            ("license_management_sub_organizations", "view_only"),
        ],
    },
    DemoRole {
        name: "Auditor",
        description: "Reads everything, changes nothing.",
        levels: &[
            ("event_history", "view_only"),
            ("organization_general_information", "view_only"),
            ("role_management", "view_only"),
            ("security_management", "view_only"),
            ("user_management", "view_only"),
        ],
    },
];

/// Fills the server behind `router`, unless it has an organization already.
///
/// # Errors
///
/// The API refuses a request.
pub(crate) async fn fill(router: &Router) -> Result<(), Error> {
    let operator = sign_in(router, OPERATOR, "rolecall.example", "operator").await?;
    let existing = operator.get("/v1/operator/organizations").await?;
    if existing.pointer("/items/0").is_some() {
        return Ok(());
    }
    let acme = found(&operator, "Acme Instruments", "standard", "Ada Lovelace").await?;
    let globex = found(&operator, "Globex Retail", "standard", "Grace Hopper").await?;
    let partner = found(&operator, "Initech Partners", "partner", "Alan Turing").await?;
    let settings = json!({ "manage_sub_organizations": true });
    operator.patch(&format!("/v1/operator/organizations/{}", acme.id), settings).await?;
    let settings = json!({ "mdf_program": true });
    operator.patch(&format!("/v1/operator/organizations/{}", partner.id), settings).await?;
    for (customer, preferred) in [(&acme, true), (&globex, false)] {
        let link = format!("/v1/operator/organizations/{}/customers/{}", partner.id, customer.id);
        operator.send(Method::PUT, &link, json!({ "preferred": preferred })).await?;
    }
    fill_acme(&acme).await?;
    partner.add_people(&PARTNER).await?;
    globex.add_people(&GLOBEX).await
}

/// An organization whose first Admin has accepted the invitation.
async fn found(
    operator: &DemoPerson,
    name: &str,
    kind: &str,
    first_admin: &str,
) -> Result<DemoOrganization, Error> {
    let domain = domain(name);
    let super_admin = sign_in(&operator.router, first_admin, &domain, "").await?;
    let body = json!({ "name": name, "kind": kind, "first_admin_email": super_admin.email });
    let id = id(&operator.post("/v1/operator/organizations", body).await?)?;
    super_admin.accept_invitation().await?;
    Ok(DemoOrganization { id, domain, super_admin, roles: Vec::new() })
}

async fn fill_acme(acme: &DemoOrganization) -> Result<(), Error> {
    let mut acme = acme.clone();
    let ada = acme.super_admin.clone();
    let path = format!("/v1/organizations/{}", acme.id);
    let about = json!({ "website": "https://acme.example", "contact": "office@acme.example" });
    ada.patch(&path, about).await?;
    for DemoRole { name, description, levels } in ROLES {
        let permissions: Value = levels.iter().map(|(object, level)| (*object, *level)).collect();
        let role = json!({ "name": name, "description": description, "permissions": permissions });
        acme.roles.push((name, id(&ada.post(&format!("{path}/roles"), role).await?)?));
    }
    acme.add_people(&ACME).await?;
    for (name, role) in INVITED {
        let body = json!({ "email": address(name, &acme.domain), "role_id": acme.role(role) });
        ada.post(&format!("{path}/invitations"), body).await?;
    }
    ada.send(Method::PUT, &format!("{path}/domains/{}", acme.domain), Value::Null).await?;
    let newcomer = sign_in(&ada.router, "Nils Holm", &acme.domain, "").await?;
    let comment = json!({ "comment": "I start in the Malmö office on Monday." });
    newcomer.post(&format!("{path}/join-requests"), comment).await?;
    let alerts = json!({ "email": address("Bob Miller", &acme.domain) });
    ada.post(&format!("{path}/critical-alert-users"), alerts).await?;
    let service =
        json!({ "user_id": "client|nightly-sync", "name": "Nightly sync", "role_id": "user" });
    ada.post(&format!("{path}/service-members"), service).await?;
    grow_tree(&ada, &acme).await?;
    change_people(&ada, &path, &acme).await
}

/// Two regions below Acme Instruments, and a country below one of them.
async fn grow_tree(ada: &DemoPerson, acme: &DemoOrganization) -> Result<(), Error> {
    let mut parent = acme.id.clone();
    for (name, below_last) in
        [("Acme Americas", false), ("Acme Europe", false), ("Acme Germany", true)]
    {
        let above = if below_last { &parent } else { &acme.id };
        let path = format!("/v1/organizations/{above}/sub-organizations");
        parent = id(&ada.post(&path, json!({ "name": name })).await?)?;
    }
    Ok(())
}

/// A promotion, a name, an end of access and a removal, so that the history has something to tell.
async fn change_people(ada: &DemoPerson, path: &str, acme: &DemoOrganization) -> Result<(), Error> {
    let changes = [
        ("Mei Chen", Some(json!({ "role_id": acme.role("Support Desk") }))),
        ("Liam O'Brien", Some(json!({ "display_name": "Liam O'Brien (Dublin)" }))),
        ("Tara Singh", Some(json!({ "access_expires_at": in_two_weeks() }))),
        ("Umberto Bianchi", None),
    ];
    for (name, change) in changes {
        let search = format!("{path}/members?q={}", address(name, &acme.domain));
        let list = ada.get(&search).await?;
        let member = format!("{path}/members/{}", id(first(&list)?)?);
        match change {
            Some(change) => ada.patch(&member, change).await?,
            None => ada.send(Method::DELETE, &member, Value::Null).await?,
        };
    }
    Ok(())
}

fn in_two_weeks() -> String {
    (crate::gateway::now() + jiff::SignedDuration::from_hours(14 * 24)).to_string()
}

/// An organization, and what is needed to add people to it.
#[derive(Clone)]
struct DemoOrganization {
    id: String,
    domain: String,
    super_admin: DemoPerson,
    /// The names and ids of the custom roles.
    roles: Vec<(&'static str, String)>,
}

impl DemoOrganization {
    /// The id of a role by its name, or of a built-in role by its id.
    fn role<'a>(&'a self, name: &'a str) -> &'a str {
        self.roles.iter().find(|(role, _)| *role == name).map_or(name, |(_, id)| id)
    }

    /// Invites each person, who accepts.
    async fn add_people(&self, people: &[(&str, &str)]) -> Result<(), Error> {
        let super_admin = &self.super_admin;
        for (name, role) in people {
            let person = sign_in(&super_admin.router, name, &self.domain, "").await?;
            let body = json!({ "email": person.email, "role_id": self.role(role) });
            super_admin.post(&format!("/v1/organizations/{}/invitations", self.id), body).await?;
            person.accept_invitation().await?;
        }
        Ok(())
    }
}

/// A person with a token, who sends requests.
#[derive(Clone)]
struct DemoPerson {
    router: Router,
    email: String,
    token: String,
}

/// Gets a token for the person with this name, whose address is made of it.
async fn sign_in(
    router: &Router,
    name: &str,
    domain: &str,
    scope: &str,
) -> Result<DemoPerson, Error> {
    let email = address(name, domain);
    let body = json!({ "email": email, "name": name, "scope": scope });
    let stranger = DemoPerson { router: router.clone(), email, token: String::new() };
    let answer = stranger.post(issuer::TOKEN, body).await?;
    let token = answer.get("access_token").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(DemoPerson { token, ..stranger })
}

impl DemoPerson {
    async fn accept_invitation(&self) -> Result<(), Error> {
        let list = self.get("/v1/me/invitations").await?;
        let invitation = first(&list)?;
        let organization =
            invitation.get("organization_id").and_then(Value::as_str).unwrap_or_default();
        let path =
            format!("/v1/organizations/{organization}/invitations/{}/accept", id(invitation)?);
        self.post(&path, Value::Null).await.map(drop)
    }

    async fn get(&self, path: &str) -> Result<Value, Error> {
        self.send(Method::GET, path, Value::Null).await
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value, Error> {
        self.send(Method::POST, path, body).await
    }

    async fn patch(&self, path: &str, body: Value) -> Result<Value, Error> {
        self.send(Method::PATCH, path, body).await
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Result<Value, Error> {
        let content = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(content))?;
        let response = self.router.clone().oneshot(request).await?;
        let (status, body) = (response.status(), to_bytes(response.into_body(), usize::MAX).await?);
        if !status.is_success() {
            return Err(format!("--demo: {path}: {}", String::from_utf8_lossy(&body)).into());
        }
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }
}

fn id(resource: &Value) -> Result<String, Error> {
    let id = resource.get("id").and_then(Value::as_str);
    Ok(id.ok_or("--demo: an answer has no id")?.to_owned())
}

/// The first item of a page.
fn first(page: &Value) -> Result<&Value, Error> {
    Ok(page.pointer("/items/0").ok_or("--demo: a list is empty")?)
}

/// "Acme Instruments" is at acme.example.
fn domain(organization: &str) -> String {
    let first = organization.split(' ').next().unwrap_or_default();
    format!("{}.example", first.to_lowercase())
}

/// "Ada Lovelace" at acme.example is ada@acme.example.
fn address(name: &str, domain: &str) -> String {
    let first = name.split(' ').next().unwrap_or_default();
    format!("{}@{domain}", first.to_lowercase())
}
