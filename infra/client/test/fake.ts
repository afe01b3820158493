import { createClient, type Client, type ClientOptions } from "@rolecall/client";

/** What a test saw of a request. */
export interface Seen {
  method: string;
  url: URL;
  headers: Headers;
  body: string;
}

/** A response of JSON. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  const type = status < 400 ? "application/json" : "application/problem+json";
  return new Response(JSON.stringify(body), { status, headers: { "content-type": type, ...headers } });
}

/** A problem document. */
export function problem(
  status: number,
  slug: string,
  more: object = {},
  headers: Record<string, string> = {},
): Response {
  const body = { type: `/problems/${slug}`, title: slug, status, detail: `It is ${slug}.`, instance: "r1", ...more };
  return json(status, body, headers);
}

/** A client whose requests get `answers` in turn: a response, or a failure of the network. */
export function clientWith(answers: (Response | Error)[], options: Partial<ClientOptions> = {}) {
  const seen: Seen[] = [];
  const slept: number[] = [];
  const client: Client = createClient({
    url: "https://api.test/base/",
    token: () => "t",
    sleep: async (milliseconds) => void slept.push(milliseconds),
    fetch: async (request) => {
      const { method, url, headers } = request;
      seen.push({ method, url: new URL(url), headers, body: await request.text() });
      const answer = answers.shift();
      if (answer === undefined) throw new Error("a request too many");
      if (answer instanceof Error) throw answer;
      return answer;
    },
    ...options,
  });
  return { client, seen, slept };
}
