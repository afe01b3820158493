import { createClient, ifMatch, orThrow } from "@rolecall/client";

const token = async () => sessionStorage.getItem("token") ?? "";
const rolecall = createClient({ url: "https://api.example.com", token });

/** Invites a person. Returns what to show if that fails. */
export async function invite(org: string, email: string): Promise<string | undefined> {
  const { data, error } = await rolecall.POST("/v1/organizations/{org}/invitations", {
    params: { path: { org } },
    body: { email, role_id: "user" },
  });
  if (data) return undefined;
  switch (error.type) {
    case "/problems/already-invited":
      return `Invited already, as ${error.invitation_id}.`;
    case "/problems/missing-permission":
      return `You need ${error.level_needed} of ${error.role_object}.`;
    default:
      return error.detail;
  }
}

/** The addresses of all users, page by page. */
export async function addresses(org: string, signal: AbortSignal): Promise<(string | null)[]> {
  const params = { path: { org }, query: { status: ["active" as const] } };
  const found = [];
  for await (const user of rolecall.items("/v1/organizations/{org}/members", { params, signal }))
    found.push(user.email);
  return found;
}

/** Renames an organization, unless another request changed it meanwhile. Throws a `ProblemError`. */
export async function rename(org: string, name: string): Promise<void> {
  const path = { org };
  const { response } = await rolecall.GET("/v1/organizations/{org}", { params: { path } });
  const params = { path, header: ifMatch(response) };
  await orThrow(rolecall.PATCH("/v1/organizations/{org}", { params, body: { name } }));
}
