import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ProblemError,
  orThrow,
  type DocumentedProblem,
  type Item,
  type ProblemOf,
  type Schemas,
} from "@rolecall/client";
import { clientWith, json, problem } from "./fake.js";

const params = { path: { org: "org_01KAK5QX3T7Y9ZB2C4D6E8F0GH" } };

/** Compiles only if the two types are equal. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(value: T) => value;

test("a problem narrows by its type to its own members", async () => {
  const { client } = clientWith([problem(409, "already-invited", { invitation_id: "inv_1" })]);
  const { data, error } = await client.POST("/v1/organizations/{org}/invitations", {
    params,
    body: { email: "bob@example.com", role_id: "user" },
  });
  assert.equal(data, undefined);
  assert.ok(error?.type === "/problems/already-invited");
  const id: string = error.invitation_id;
  assert.equal(id, "inv_1");
});

test("the problems of an operation are those of the document, and an unknown one", async () => {
  const { client } = clientWith([problem(503, "unavailable")], { repeats: 0 });
  const { error } = await client.GET("/v1/me");
  type Type = NonNullable<typeof error>["type"];
  type Documented =
    | "bad-cursor"
    | "unreadable-request"
    | "unauthenticated"
    | "invalid-request"
    | "internal"
    | "unavailable";
  holds<Equal<Type, `/problems/${Documented}` | "unknown">>(true);
  holds<Equal<ProblemOf<"role-in-use">["holders"], Schemas["UserCount"]>>(true);
  holds<Equal<string extends DocumentedProblem["type"] ? true : false, false>>(true);
});

test("a refusal without a problem document is an unknown problem", async () => {
  const throttled = json(429, { message: "Too Many Requests" }, { "x-request-id": "r2" });
  const html = new Response("<h1>Bad gateway</h1>", { status: 502, statusText: "Bad Gateway" });
  const empty = new Response(null, { status: 504, headers: { "content-length": "0" } });
  const { client } = clientWith([throttled, html, empty]);
  const errors = [];
  for (let nth = 0; nth < 3; nth++) errors.push((await client.GET("/v1/me")).error);
  assert.deepEqual(
    errors.map((error) => error && [error.type, error.status, error.detail, error.instance]),
    [
      ["unknown", 429, "Too Many Requests", "r2"],
      ["unknown", 502, "Bad Gateway", undefined],
      ["unknown", 504, "Status 504", undefined],
    ],
  );
});

test("a resource that did not change is no data", async () => {
  const { client } = clientWith([new Response(null, { status: 304 })]);
  const header = { "If-None-Match": '"7"' };
  const { data, error } = await client.GET("/v1/organizations/{org}", { params: { ...params, header } });
  assert.deepEqual([data, error?.status], [undefined, 304]);
});

test("`orThrow` gives the data, or throws the problem", async () => {
  const { client } = clientWith([json(200, { user_id: "ada" }), problem(401, "unauthenticated")]);
  assert.equal((await orThrow(client.GET("/v1/me"))).user_id, "ada");
  await assert.rejects(orThrow(client.GET("/v1/me")), (error) => {
    assert.ok(error instanceof ProblemError);
    assert.deepEqual([error.message, error.response.status], ["It is unauthenticated.", 401]);
    return error.problem.type === "/problems/unauthenticated";
  });
});

test("users, outcomes of a batch and events narrow", () => {
  const keyOf = (user: Item<"/v1/organizations/{org}/members">) =>
    user.status === "active" ? user.user_id : user.expires_at;
  const why = (outcome: Schemas["BatchInviteResult"]["outcomes"][number]) => {
    if (outcome.status === 201) return outcome.invitation.id;
    return outcome.problem.type === "/problems/budget-spent" ? outcome.problem.retry_after : outcome.problem.detail;
  };
  const sentence = (event: Item<"/v1/organizations/{org}/events">) => {
    switch (event.action) {
      case "member.role_changed":
        return `${event.target.name}: ${event.old.role_name} to ${event.new.role_name}`;
      case "role.deleted":
        return event.new ? `${event.new.members} members have another role` : "deleted";
      default:
        return event.action;
    }
  };
  type Event = Item<"/v1/organizations/{org}/events">;
  holds<Equal<Event["action"], Schemas["EventAction"]>>(true);
  holds<Equal<Extract<Event, { action: "role.created" }>["old"], null>>(true);
  assert.ok([keyOf, why, sentence].every((it) => typeof it === "function"));
});
