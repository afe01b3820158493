/** Reads what requests return. Compiled as the code of a user, never run. */
import { createClient, orThrow, type Schemas } from "@rolecall/client";

const rolecall = createClient({ url: "https://api.example.com", token: () => "…" });

/** The names of the caller's organizations. */
export async function names(): Promise<string[]> {
  const me = await orThrow(rolecall.GET("/v1/me", {}));
  return me.organizations.map(({ name }) => name);
}

/** Creates a role, and returns its id. */
export async function createRole(org: string, name: string): Promise<string> {
  const role = await orThrow(rolecall.POST("/v1/organizations/{org}/roles", { params: { path: { org } }, body: { name } }));
  return role.id;
}

/** Removes a member. The answer has no body. */
export async function remove(org: string, member: string): Promise<undefined> {
  return orThrow(rolecall.DELETE("/v1/organizations/{org}/members/{member}", { params: { path: { org, member } } }));
}

/** A result is of the type of the document, and of no other. */
export async function member(org: string, member: string): Promise<Schemas["Member"]> {
  const read = await orThrow(rolecall.GET("/v1/organizations/{org}/members/{member}", { params: { path: { org, member } } }));
  // @ts-expect-error: a member has no such field.
  void read.no_such_field;
  return read;
}
