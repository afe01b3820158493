/** Each operation of the API once, as the examples of the document show it. Compiled, never run. */
import { createClient, orThrow } from "@rolecall/client";

const api = createClient({ url: "https://api.example.com", token: () => "…" });

const organization = "org_01KAK5QX3T7Y9ZB2C4D6E8F0GH";
const invitation = "inv_01KAK5S9A1B3C5D7E9F0G2H4J6";
const member = "mem_5Q3R7S9T1V3W5X7Y9Z0A2B4C6D";
const role = "role_01KAK5V2K4M6N8P0Q1R3S5T7V9";
const event = "evt_01KAK5WB0C2D4E6F8G1H3J5K7M";
const person = "person_3M5P7R9T1W3Y5A7C9E1G3J5K7M";
const domain = "example.com";
const alert = "alert_5Q3R7S9T1V3W5X7Y9Z0A2B4C6D";
const request = "req_01KAK5Y1Q3R5S7T9V0W2X4Y6Z8";

export async function access() {
  await orThrow(api.GET("/v1/me", { params: { query: { limit: 100 } } }));
  await orThrow(api.GET("/v1/me/join-requests", { params: { query: { limit: 100 } } }));
  await orThrow(api.GET("/v1/organizations/{org}/permissions", { params: { path: { org: organization } } }));
  await orThrow(
    api.GET("/v1/organizations/{org}/explanations", {
      params: {
        path: { org: organization },
        query: { action: "license_management.edit_license_notes", email: "bob@example.com" },
      },
    }),
  );
  await orThrow(
    api.POST("/access/v1/evaluation", {
      body: {
        subject: { type: "user", id: "auth0|ada" },
        action: { name: "license_management.edit_license_notes" },
        resource: { type: "organization", id: "org_01KAK5QX3T7Y9ZB2C4D6E8F0GH" },
      },
    }),
  );
  await orThrow(
    api.POST("/access/v1/evaluations", {
      body: {
        subject: { type: "user", id: "auth0|ada" },
        resource: { type: "organization", id: "org_01KAK5QX3T7Y9ZB2C4D6E8F0GH" },
        evaluations: [
          { action: { name: "license_management.edit_license_notes" } },
          { action: { name: "user_management.invite" } },
        ],
      },
    }),
  );
  await orThrow(
    api.POST("/access/v1/search/subject", {
      body: {
        subject: { type: "user" },
        action: { name: "license_management.edit_license_notes" },
        resource: { type: "organization", id: "org_01KAK5QX3T7Y9ZB2C4D6E8F0GH" },
      },
    }),
  );
  await orThrow(
    api.POST("/access/v1/search/resource", {
      body: {
        subject: { type: "user", id: "auth0|ada" },
        action: { name: "license_management.edit_license_notes" },
        resource: { type: "organization" },
      },
    }),
  );
  await orThrow(
    api.POST("/access/v1/search/action", {
      body: {
        subject: { type: "user", id: "auth0|ada" },
        resource: { type: "organization", id: "org_01KAK5QX3T7Y9ZB2C4D6E8F0GH" },
      },
    }),
  );
  await orThrow(api.GET("/.well-known/authzen-configuration"));
}

export async function organizations() {
  await orThrow(api.GET("/v1/me/joinable-organizations", { params: { query: { limit: 100 } } }));
  await orThrow(api.POST("/v1/organizations", { body: { name: "Acme" } }));
  await orThrow(api.GET("/v1/organizations/{org}", { params: { path: { org: organization } } }));
  await orThrow(
    api.PATCH("/v1/organizations/{org}", {
      params: { path: { org: organization }, header: { "If-Match": '"1795262401512"' } },
      body: { website: "https://acme.example", contact: "" },
    }),
  );
  await orThrow(
    api.DELETE("/v1/organizations/{org}", {
      params: { path: { org: organization }, header: { "If-Match": '"1795262401512"' } },
      body: { name: "Acme" },
    }),
  );
  await orThrow(
    api.GET("/v1/organizations/{org}/domains", { params: { path: { org: organization }, query: { limit: 100 } } }),
  );
  await orThrow(
    api.PUT("/v1/organizations/{org}/domains/{domain}", {
      params: { path: { org: organization, domain }, header: { "If-Match": '"1795262401512"' } },
    }),
  );
  await orThrow(
    api.DELETE("/v1/organizations/{org}/domains/{domain}", {
      params: { path: { org: organization, domain }, header: { "If-Match": '"1795262401512"' } },
    }),
  );
  await orThrow(
    api.GET("/v1/organizations/{org}/join-requests", {
      params: { path: { org: organization }, query: { limit: 100 } },
    }),
  );
  await orThrow(
    api.POST("/v1/organizations/{org}/join-requests", {
      params: { path: { org: organization } },
      body: { comment: "I work in Berlin." },
    }),
  );
  await orThrow(api.GET("/v1/organizations/{org}/join-requests/mine", { params: { path: { org: organization } } }));
  await orThrow(
    api.DELETE("/v1/organizations/{org}/join-requests/mine", {
      params: { path: { org: organization }, header: { "If-Match": '"1795262401512"' } },
    }),
  );
  await orThrow(
    api.POST("/v1/organizations/{org}/join-requests/{req}/approve", {
      params: { path: { org: organization, req: request } },
      body: { role_id: "user" },
    }),
  );
  await orThrow(
    api.POST("/v1/organizations/{org}/join-requests/{req}/decline", {
      params: { path: { org: organization, req: request } },
    }),
  );
  await orThrow(api.GET("/v1/organizations/{org}/security", { params: { path: { org: organization } } }));
  await orThrow(
    api.PUT("/v1/organizations/{org}/security", {
      params: { path: { org: organization }, header: { "If-Match": '"1795262401512"' } },
      body: {
        require_mfa: true,
        max_session_minutes: 480,
        allowed_networks: ["192.0.2.0/24"],
        event_retention_days: 365,
      },
    }),
  );
  await orThrow(
    api.GET("/v1/organizations/{org}/critical-alert-users", {
      params: { path: { org: organization }, query: { limit: 100 } },
    }),
  );
  await orThrow(
    api.POST("/v1/organizations/{org}/critical-alert-users", {
      params: { path: { org: organization } },
      body: { email: "alerts@example.com" },
    }),
  );
  await orThrow(
    api.DELETE("/v1/organizations/{org}/critical-alert-users/{alert}", {
      params: { path: { org: organization, alert }, header: { "If-Match": '"1795262401512"' } },
    }),
  );
  await orThrow(
    api.GET("/v1/organizations/{org}/customers", { params: { path: { org: organization }, query: { limit: 100 } } }),
  );
  await orThrow(
    api.GET("/v1/organizations/{org}/partners", { params: { path: { org: organization }, query: { limit: 100 } } }),
  );
  await orThrow(
    api.PUT("/v1/organizations/{org}/partners/{partner}/suspension", {
      params: { path: { org: organization, partner: organization }, header: { "If-Match": '"1795262401512"' } },
    }),
  );
  await orThrow(
    api.DELETE("/v1/organizations/{org}/partners/{partner}/suspension", {
      params: { path: { org: organization, partner: organization }, header: { "If-Match": '"1795262401512"' } },
    }),
  );
}

export async function invitations() {
  await orThrow(
    api.POST("/v1/organizations/{org}/invitations", {
      params: { path: { org: organization } },
      body: { email: "Bob@Example.com", role_id: "admin", language: "de" },
    }),
  );
  await orThrow(
    api.GET("/v1/organizations/{org}/invitations", { params: { path: { org: organization }, query: { limit: 100 } } }),
  );
  await orThrow(
    api.GET("/v1/organizations/{org}/invitations/{inv}", { params: { path: { org: organization, inv: invitation } } }),
  );
  await orThrow(
    api.PATCH("/v1/organizations/{org}/invitations/{inv}", {
      params: { path: { org: organization, inv: invitation }, header: { "If-Match": '"1795262401512"' } },
      body: { role_id: "user" },
    }),
  );
  await orThrow(
    api.DELETE("/v1/organizations/{org}/invitations/{inv}", {
      params: { path: { org: organization, inv: invitation }, header: { "If-Match": '"1795262401512"' } },
    }),
  );
  await orThrow(
    api.POST("/v1/organizations/{org}/invitations/{inv}/resend", {
      params: { path: { org: organization, inv: invitation } },
    }),
  );
  await orThrow(
    api.POST("/v1/organizations/{org}/invitations/batch", {
      params: { path: { org: organization } },
      body: {
        invitations: [
          { email: "bob@example.com", role_id: "user" },
          { email: "cy@example.com", role_id: "user", expires_in_days: 14 },
        ],
      },
    }),
  );
}

export async function acceptance() {
  await orThrow(api.GET("/v1/me/invitations", { params: { query: { limit: 100 } } }));
  await orThrow(
    api.GET("/v1/organizations/{org}/invitations/{inv}/mine", {
      params: { path: { org: organization, inv: invitation } },
    }),
  );
  await orThrow(
    api.POST("/v1/organizations/{org}/invitations/{inv}/accept", {
      params: { path: { org: organization, inv: invitation } },
    }),
  );
  await orThrow(
    api.POST("/v1/organizations/{org}/invitations/{inv}/decline", {
      params: { path: { org: organization, inv: invitation } },
    }),
  );
}

export async function members() {
  await orThrow(
    api.GET("/v1/organizations/{org}/members", {
      params: {
        path: { org: organization },
        query: {
          organization_id: ["org_01KAK5R0M2P4Q6R8S0T1V3W5X7"],
          status: ["active"],
          role_id: ["admin", "user"],
          q: "ada@",
          match: "contains",
          scope: "subtree",
          user_id: "auth0|ada",
          sort: "-joined_at",
          limit: 100,
        },
      },
    }),
  );
  await orThrow(
    api.GET("/v1/organizations/{org}/members/{member}", { params: { path: { org: organization, member } } }),
  );
  await orThrow(
    api.PATCH("/v1/organizations/{org}/members/{member}", {
      params: { path: { org: organization, member }, header: { "If-Match": '"1795262401512"' } },
      body: { role_id: "admin" },
    }),
  );
  await orThrow(
    api.DELETE("/v1/organizations/{org}/members/{member}", {
      params: { path: { org: organization, member }, header: { "If-Match": '"1795262401512"' } },
    }),
  );
  await orThrow(
    api.POST("/v1/organizations/{org}/service-members", {
      params: { path: { org: organization } },
      body: { user_id: "client|nightly-sync", name: "Nightly sync", role_id: "user" },
    }),
  );
  await orThrow(api.POST("/v1/organizations/{org}/leave", { params: { path: { org: organization } } }));
  await orThrow(
    api.POST("/v1/organizations/{org}/member-exports", {
      params: { path: { org: organization } },
      body: { status: ["active"], role_id: ["admin", "user"], scope: "subtree", sort: "-joined_at" },
      parseAs: "blob",
    }),
  );
}

export async function roles() {
  await orThrow(api.GET("/v1/organizations/{org}/role-objects", { params: { path: { org: organization } } }));
  await orThrow(
    api.GET("/v1/organizations/{org}/roles", {
      params: {
        path: { org: organization },
        query: {
          organization_id: ["org_01KAK5R0M2P4Q6R8S0T1V3W5X7"],
          status: ["active", "pending"],
          role_id: ["role_01KAK5V2K4M6N8P0Q1R3S5T7V9"],
          q: "support",
          match: "contains",
          scope: "subtree",
          limit: 100,
        },
      },
    }),
  );
  await orThrow(
    api.POST("/v1/organizations/{org}/roles", {
      params: { path: { org: organization } },
      body: { name: "Support Desk", description: "Answers cases.", permissions: { support_service: "full_access" } },
    }),
  );
  await orThrow(api.GET("/v1/organizations/{org}/roles/{role}", { params: { path: { org: organization, role } } }));
  await orThrow(
    api.PATCH("/v1/organizations/{org}/roles/{role}", {
      params: { path: { org: organization, role }, header: { "If-Match": '"1795262401512"' } },
      body: { permissions: { event_history: "view_only" } },
    }),
  );
  await orThrow(
    api.DELETE("/v1/organizations/{org}/roles/{role}", {
      params: {
        path: { org: organization, role },
        query: { reassign_to: "user" },
        header: { "If-Match": '"1795262401512"' },
      },
    }),
  );
}

export async function transfer() {
  await orThrow(
    api.POST("/v1/organizations/{org}/transfer", {
      params: { path: { org: organization } },
      body: { member_id: "mem_5Q3R7S9T1V3W5X7Y9Z0A2B4C6D" },
    }),
  );
}

export async function subOrganizations() {
  await orThrow(
    api.GET("/v1/organizations/{org}/sub-organizations", {
      params: { path: { org: organization }, query: { depth: "all", limit: 100 } },
    }),
  );
  await orThrow(
    api.POST("/v1/organizations/{org}/sub-organizations", {
      params: { path: { org: organization } },
      body: { name: "Acme" },
    }),
  );
  await orThrow(api.POST("/v1/organizations/{org}/join", { params: { path: { org: organization } } }));
}

export async function history() {
  await orThrow(
    api.GET("/v1/organizations/{org}/events", {
      params: {
        path: { org: organization },
        query: {
          from: "2026-11-01T00:00:00Z",
          to: "2026-12-01T00:00:00Z",
          actor: "mem_5Q3R7S9T1V3W5X7Y9Z0A2B4C6D",
          action: ["member.role_changed", "member.removed"],
          target: "role_01KAK5V2K4M6N8P0Q1R3S5T7V9",
          member_id: "mem_5Q3R7S9T1V3W5X7Y9Z0A2B4C6D",
          organization_id: ["org_01KAK5R0M2P4Q6R8S0T1V3W5X7"],
          scope: "subtree",
          limit: 100,
        },
      },
    }),
  );
  await orThrow(
    api.GET("/v1/organizations/{org}/events/{evt}", { params: { path: { org: organization, evt: event } } }),
  );
}

export async function operators() {
  await orThrow(api.GET("/v1/operator/organizations", { params: { query: { q: "acm", limit: 100 } } }));
  await orThrow(
    api.POST("/v1/operator/organizations", {
      body: { name: "Partner GmbH", kind: "partner", first_admin_email: "ada@example.com" },
    }),
  );
  await orThrow(api.GET("/v1/operator/organizations/{org}", { params: { path: { org: organization } } }));
  await orThrow(
    api.PATCH("/v1/operator/organizations/{org}", {
      params: { path: { org: organization }, header: { "If-Match": '"1795262401512"' } },
      body: { manage_sub_organizations: true },
    }),
  );
  await orThrow(
    api.DELETE("/v1/operator/organizations/{org}", {
      params: { path: { org: organization }, header: { "If-Match": '"1795262401512"' } },
      body: { name: "Acme", reason: "The contract has ended." },
    }),
  );
  await orThrow(
    api.POST("/v1/operator/organizations/{org}/first-admin", {
      params: { path: { org: organization } },
      body: { email: "ada@example.com" },
    }),
  );
  await orThrow(
    api.DELETE("/v1/operator/organizations/{org}/invitations/{inv}", {
      params: { path: { org: organization, inv: invitation }, header: { "If-Match": '"1795262401512"' } },
    }),
  );
  await orThrow(
    api.POST("/v1/operator/organizations/{org}/super-admin", {
      params: { path: { org: organization } },
      body: {
        member_id: "mem_5Q3R7S9T1V3W5X7Y9Z0A2B4C6D",
        former: "removed",
        reason: "The Super Admin left the company.",
      },
    }),
  );
  await orThrow(
    api.PUT("/v1/operator/organizations/{org}/suspension", {
      params: { path: { org: organization }, header: { "If-Match": '"1795262401512"' } },
      body: { reason: "The administrators left their allowed network." },
    }),
  );
  await orThrow(
    api.DELETE("/v1/operator/organizations/{org}/suspension", {
      params: { path: { org: organization }, header: { "If-Match": '"1795262401512"' } },
      body: { reason: "The administrators left their allowed network." },
    }),
  );
  await orThrow(
    api.DELETE("/v1/operator/organizations/{org}/security", {
      params: { path: { org: organization }, header: { "If-Match": '"1795262401512"' } },
      body: { reason: "The administrators left their allowed network." },
    }),
  );
  await orThrow(
    api.POST("/v1/operator/organizations/{org}/members/{member}/account", {
      params: { path: { org: organization, member } },
      body: { user_id: "auth0|bob2", reason: "The identity provider confirmed the new account." },
    }),
  );
  await orThrow(
    api.GET("/v1/operator/organizations/{org}/customers", {
      params: { path: { org: organization }, query: { limit: 100 } },
    }),
  );
  await orThrow(
    api.PUT("/v1/operator/organizations/{org}/customers/{customer}", {
      params: { path: { org: organization, customer: organization }, header: { "If-Match": '"1795262401512"' } },
      body: { preferred: true },
    }),
  );
  await orThrow(
    api.DELETE("/v1/operator/organizations/{org}/customers/{customer}", {
      params: { path: { org: organization, customer: organization }, header: { "If-Match": '"1795262401512"' } },
    }),
  );
  await orThrow(
    api.GET("/v1/operator/people", { params: { query: { email: "bob@example.com", user_id: "auth0|bob" } } }),
  );
  await orThrow(api.GET("/v1/operator/people/{person}/data", { params: { path: { person } } }));
  await orThrow(api.POST("/v1/operator/people/{person}/offboard", { params: { path: { person } } }));
  await orThrow(
    api.DELETE("/v1/operator/people/{person}", {
      params: { path: { person }, header: { "If-Match": '"1795262401512"' } },
    }),
  );
}
