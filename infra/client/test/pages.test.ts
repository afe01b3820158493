import assert from "node:assert/strict";
import { test } from "node:test";
import { ProblemError } from "@rolecall/client";
import { clientWith, json, problem } from "./fake.js";

const params = { path: { org: "org_01KAK5QX3T7Y9ZB2C4D6E8F0GH" } };

test("items are read from all pages, also after an empty one", async () => {
  const { client, seen } = clientWith([
    json(200, { items: [{ id: "a" }], next_cursor: "c1" }),
    json(200, { items: [], next_cursor: "c2" }),
    json(200, { items: [{ id: "b" }], next_cursor: null }),
  ]);
  const query = { limit: 1, status: ["active" as const] };
  const found = [];
  for await (const { id } of client.items("/v1/organizations/{org}/members", { params: { ...params, query } })) {
    found.push(id);
  }
  assert.deepEqual(found, ["a", "b"]);
  const queries = seen.map(({ url }) => url.search);
  assert.deepEqual(queries, [
    "?limit=1&status=active",
    ...["c1", "c2"].map((it) => `?limit=1&status=active&cursor=${it}`),
  ]);
  assert.deepEqual(query, { limit: 1, status: ["active"] });
});

test("the caller's organizations are items, too", async () => {
  const { client } = clientWith([json(200, { organizations: [{ name: "Acme" }], next_cursor: null })]);
  const names: string[] = [];
  for await (const { name } of client.items("/v1/me")) names.push(name);
  assert.deepEqual(names, ["Acme"]);
});

test("a page has its other members, and no further page is read than needed", async () => {
  const { client, seen } = clientWith([json(200, { items: [], next_cursor: "c1", total: 7 })]);
  for await (const page of client.pages("/v1/organizations/{org}/members", { params })) {
    assert.equal(page.total, 7);
    break;
  }
  assert.equal(seen.length, 1);
});

test("a refused page is thrown as a problem", async () => {
  const { client } = clientWith([problem(400, "bad-cursor")]);
  const read = async () => {
    for await (const _ of client.items("/v1/organizations/{org}/roles", { params })) assert.fail();
  };
  await assert.rejects(read, (error) => error instanceof ProblemError && error.problem.type === "/problems/bad-cursor");
});

test("the results of a search are read from all pages", async () => {
  const { client, seen } = clientWith([
    json(200, { results: [{ type: "user", id: "ada" }], page: { next_token: "t1" } }),
    json(200, { results: [], page: { next_token: "" } }),
  ]);
  const body = {
    subject: { type: "user" },
    action: { name: "user_management.invite" },
    resource: { type: "organization", id: params.path.org },
    page: { limit: 1 },
  };
  const ids: string[] = [];
  for await (const { id } of client.results("/access/v1/search/subject", { body })) ids.push(id);
  assert.deepEqual(ids, ["ada"]);
  assert.deepEqual(
    seen.map((request) => JSON.parse(request.body).page),
    [{ limit: 1 }, { limit: 1, token: "t1" }],
  );
});
