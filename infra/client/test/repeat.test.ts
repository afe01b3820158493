import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, ifMatch } from "@rolecall/client";
import { clientWith, json, problem } from "./fake.js";

const network = () => new TypeError("fetch failed");
const unavailable = () => problem(503, "unavailable", {}, { "retry-after": "2" });
const org = "org_01KAK5QX3T7Y9ZB2C4D6E8F0GH";
const params = { path: { org } };

test("a POST is repeated with its key and body after a network failure and after 503", async () => {
  const { client, seen, slept } = clientWith([network(), unavailable(), json(201, { id: org })]);
  const { data } = await client.POST("/v1/organizations", { body: { name: "Acme" } });
  assert.equal(data?.id, org);
  const keys = new Set(seen.map((request) => request.headers.get("idempotency-key")));
  assert.equal(keys.size, 1);
  assert.match([...keys][0] ?? "", /^[!-~]{8,64}$/);
  assert.deepEqual([...new Set(seen.map((request) => request.body))], ['{"name":"Acme"}']);
  assert.deepEqual(slept, [500, 2000]);
});

test("each POST has another key, and a given key stays", async () => {
  const { client, seen } = clientWith([json(201, {}), json(201, {}), json(201, {})]);
  const body = { name: "Acme" };
  await client.POST("/v1/organizations", { body });
  await client.POST("/v1/organizations", { body });
  await client.POST("/v1/organizations", { body, params: { header: { "Idempotency-Key": "form-1" } } });
  const [first, second, third] = seen.map((request) => request.headers.get("idempotency-key"));
  assert.notEqual(first, second);
  assert.equal(third, "form-1");
});

test("a POST without `randomUUID` has a key", async () => {
  const crypto = Object.getOwnPropertyDescriptor(globalThis, "crypto");
  Object.defineProperty(globalThis, "crypto", { value: undefined, configurable: true });
  try {
    const { client, seen } = clientWith([json(201, {})]);
    await client.POST("/v1/organizations", { body: { name: "Acme" } });
    assert.match(seen[0]?.headers.get("idempotency-key") ?? "", /^[!-~]{16,64}$/);
  } finally {
    if (crypto) Object.defineProperty(globalThis, "crypto", crypto);
  }
});

test("a decision is repeated without a key", async () => {
  const { client, seen } = clientWith([unavailable(), json(200, { decision: true })]);
  const { data } = await client.POST("/access/v1/evaluation", {
    body: {
      subject: { type: "user", id: "ada" },
      action: { name: "user_management.invite" },
      resource: { type: "organization", id: org },
    },
  });
  assert.equal(data?.decision, true);
  assert.deepEqual(
    seen.map((request) => request.headers.get("idempotency-key")),
    [null, null],
  );
});

test("the last failure is final", async () => {
  const refused = clientWith([unavailable(), unavailable(), unavailable(), unavailable()]);
  const { error } = await refused.client.GET("/v1/me");
  assert.equal(error?.type, "/problems/unavailable");
  const lost = clientWith([network(), network()], { repeats: 1 });
  await assert.rejects(lost.client.GET("/v1/me"), TypeError);
  assert.deepEqual([refused.seen.length, lost.seen.length], [4, 2]);
});

test("429 is repeated after a short `Retry-After` alone", async () => {
  const spent = (seconds: string) => problem(429, "budget-spent", { retry_after: 1 }, { "retry-after": seconds });
  const short = clientWith([spent("1"), json(200, {})]);
  await short.client.POST("/v1/organizations/{org}/leave", { params });
  assert.deepEqual(short.slept, [1000]);
  const long = clientWith([spent("3600")]);
  const { error } = await long.client.POST("/v1/organizations", { body: { name: "Acme" } });
  assert.equal(error?.type, "/problems/budget-spent");
  const without = clientWith([problem(429, "pending-invitation-limit", { limit: 1 })]);
  await without.client.POST("/v1/organizations", { body: { name: "Acme" } });
  assert.deepEqual([...long.slept, ...without.slept], []);
});

test("a `Retry-After` can be a date", async () => {
  const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();
  const spent = (seconds: number) => problem(429, "budget-spent", { retry_after: 1 }, { "retry-after": at(seconds) });
  const soon = clientWith([spent(5), json(200, {})]);
  await soon.client.GET("/v1/me");
  assert.ok(soon.slept[0] !== undefined && soon.slept[0] > 3000 && soon.slept[0] <= 5000, `${soon.slept}`);
  const past = clientWith([spent(-60), json(200, {})]);
  await past.client.GET("/v1/me");
  assert.deepEqual(past.slept, [0]);
  const late = clientWith([spent(3600)]);
  await late.client.GET("/v1/me");
  assert.deepEqual(late.slept, []);
});

test("a repeat waits until the first request with the key has ended", async () => {
  const { client, slept } = clientWith([
    network(),
    problem(409, "idempotency-key-in-use"),
    problem(409, "changed-concurrently"),
  ]);
  const { error } = await client.POST("/v1/organizations", { body: { name: "Acme" } });
  assert.equal(error?.type, "/problems/changed-concurrently");
  assert.deepEqual(slept, [500, 1000]);
});

test("a change that may have happened is not repeated without a key", async () => {
  const lost = clientWith([network()]);
  await assert.rejects(lost.client.PATCH("/v1/organizations/{org}", { params, body: { name: "Acme" } }), TypeError);
  const refused = clientWith([unavailable()]);
  await refused.client.DELETE("/v1/organizations/{org}", { params, body: { name: "Acme" } });
  assert.deepEqual([lost.seen.length, refused.seen.length], [1, 1]);
});

test("each attempt asks for the token, whose failure is final", async () => {
  let tokens = 0;
  const { client, seen } = clientWith([unavailable(), json(200, {})], { token: async () => `t${++tokens}` });
  await client.GET("/v1/me");
  assert.deepEqual(
    seen.map((request) => request.headers.get("authorization")),
    ["Bearer t1", "Bearer t2"],
  );
  const expired = clientWith([], { token: () => Promise.reject(new Error("sign in again")) });
  await assert.rejects(expired.client.GET("/v1/me"), /sign in again/);
  assert.deepEqual(expired.slept, []);
});

test("an aborted request is not repeated", async () => {
  const controller = new AbortController();
  const client = createClient({
    url: "https://api.test",
    token: () => "t",
    fetch: async () => {
      setTimeout(() => controller.abort(), 10);
      return unavailable();
    },
  });
  const start = Date.now();
  await assert.rejects(client.GET("/v1/me", { signal: controller.signal }), { name: "AbortError" });
  assert.ok(Date.now() - start < 1000);
});

test("the base path of the URL stays, and lists in queries are repeated", async () => {
  const { client, seen } = clientWith([json(200, { items: [] })]);
  const query = { status: ["active" as const, "pending" as const] };
  await client.GET("/v1/organizations/{org}/members", { params: { ...params, query } });
  const { pathname, search } = seen[0]?.url ?? new URL("https://api.test");
  assert.equal(pathname + search, `/base/v1/organizations/${org}/members?status=active&status=pending`);
});

test("`ifMatch` names the version that a response showed", async () => {
  const { client, seen } = clientWith([json(200, {}, { etag: '"7"' }), json(200, {})]);
  const { response } = await client.GET("/v1/organizations/{org}", { params });
  await client.PATCH("/v1/organizations/{org}", { params: { ...params, header: ifMatch(response) }, body: {} });
  assert.equal(seen[1]?.headers.get("if-match"), '"7"');
  assert.throws(() => ifMatch(json(200, {})), TypeError);
});

test("a CSV file is sent as it is", async () => {
  const { client, seen } = clientWith([json(200, { outcomes: [] })]);
  await client.POST("/v1/organizations/{org}/invitations/batch", {
    params,
    body: "email\nbob@example.com\n",
    bodySerializer: (body) => body,
    headers: { "Content-Type": "text/csv" },
  });
  assert.equal(seen[0]?.body, "email\nbob@example.com\n");
  assert.equal(seen[0]?.headers.get("content-type"), "text/csv");
});
