/** Uses a server of `rolecall --memory`, whose URL is the argument. */
import assert from "node:assert/strict";
import { createClient, ifMatch, orThrow, type Client } from "@rolecall/client";

const url = process.argv[2] ?? "";

async function signedIn(name: string, scope?: string): Promise<Client> {
  const body = JSON.stringify({ email: `${name}@example.com`, ...(scope ? { scope } : {}) });
  const response = await fetch(`${url}/local/token`, { method: "POST", body });
  const { access_token } = (await response.json()) as { access_token: string };
  return createClient({ url, token: () => access_token });
}

const [ada, bob] = [await signedIn("ada"), await signedIn("bob")];

// An organization, and an invitation that is accepted.
const { id: org } = await orThrow(ada.POST("/v1/organizations", { body: { name: "Acme" } }));
const path = { org };
const invitation = await orThrow(
  ada.POST("/v1/organizations/{org}/invitations", {
    params: { path },
    body: { email: "bob@example.com", role_id: "admin" },
  }),
);
const accept = { params: { path: { org, inv: invitation.id } } };
const member = await orThrow(bob.POST("/v1/organizations/{org}/invitations/{inv}/accept", accept));
assert.equal(member.role_id, "admin");

// Outcomes of a batch narrow, and a key makes a repeat return the first ones.
const people = Array.from({ length: 7 }, (_, nth) => ({ email: `p${nth}@example.com`, role_id: "user" as const }));
const batch = {
  params: { path, header: { "Idempotency-Key": "people" } },
  body: { invitations: [...people, { email: "bob@example.com", role_id: "user" as const }] },
};
for (let nth = 0; nth < 2; nth++) {
  const { outcomes } = await orThrow(ada.POST("/v1/organizations/{org}/invitations/batch", batch));
  const refused = outcomes.flatMap((outcome) => (outcome.status === 201 ? [] : [outcome.problem.type]));
  assert.deepEqual(refused, ["/problems/already-member"]);
}

// All pages of each list of the organization, in small pages.
const seen = new Set<string>();
const query = { limit: 2 };
for await (const user of ada.items("/v1/organizations/{org}/members", { params: { path, query } })) {
  seen.add(user.status === "active" ? user.user_id : user.id);
}
assert.equal(seen.size, 9);
for await (const { allows } of ada.items("/v1/organizations/{org}/partners", { params: { path } })) assert.ok(allows);
const actions: string[] = [];
for await (const event of ada.items("/v1/organizations/{org}/events", { params: { path, query } })) {
  actions.push(event.action);
  if (event.action === "invitation.accepted") assert.equal(event.new.member.email, "bob@example.com");
}
assert.ok(actions.length >= 10 && actions.at(-1) === "organization.created");
const organizations: string[] = [];
for await (const { name } of bob.items("/v1/me")) organizations.push(name);
assert.deepEqual(organizations, ["Acme"]);

// Problems narrow.
const again = await ada.POST("/v1/organizations/{org}/invitations", {
  params: { path },
  body: { email: "p0@example.com", role_id: "user" },
});
assert.ok(again.error?.type === "/problems/already-invited");
assert.match(again.error.invitation_id, /^inv_/);
const missing = await bob.DELETE("/v1/organizations/{org}", { params: { path }, body: { name: "Acme" } });
assert.equal(missing.error?.type, "/problems/super-admin-required");

// An edit of a state that is gone is refused.
const { response } = await ada.GET("/v1/organizations/{org}", { params: { path } });
const edit = { params: { path, header: ifMatch(response) }, body: { website: "https://acme.example" } };
await orThrow(ada.PATCH("/v1/organizations/{org}", edit));
const stale = await ada.PATCH("/v1/organizations/{org}", edit);
assert.equal(stale.error?.type, "/problems/precondition-failed");

// Decisions, their reasons and searches.
const question = {
  subject: { type: "user", id: member.user_id },
  action: { name: "user_management.invite" },
  resource: { type: "organization", id: org },
};
const backend = await signedIn("backend", "decisions");
const decided = await orThrow(
  backend.POST("/access/v1/evaluation", { body: { ...question, context: { explain: true } } }),
);
assert.deepEqual([decided.decision, decided.context?.code], [true, "granted"]);
const subjects: string[] = [];
const body = { ...question, subject: { type: "user" }, page: { limit: 1 } };
for await (const { id } of backend.results("/access/v1/search/subject", { body })) subjects.push(id);
assert.equal(subjects.length, 2);

console.log(`a real server: ${actions.length} events, ${seen.size} users`);
