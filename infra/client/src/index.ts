import createFetchClient, { type Client as FetchClient } from "openapi-fetch";
import {
  itemsOf,
  pagesOf,
  resultsOf,
  type Item,
  type ListOptions,
  type ListPath,
  type Page,
  type Result,
  type Search,
  type SearchPath,
  type SearchValue,
  type Send,
} from "./pages.js";
import { asProblem, type UnknownProblem } from "./problem.js";
import { repeating, withKey, type RepeatOptions } from "./repeat.js";
import type { components, paths } from "./schema.js";

export { ProblemError, orThrow } from "./problem.js";
export type { DocumentedProblem, Problem, ProblemOf, UnknownProblem } from "./problem.js";
export type { Item, ListPath, Page, Result, SearchPath } from "./pages.js";
export type { RepeatOptions } from "./repeat.js";
export type { components, operations, paths } from "./schema.js";

/** The types of requests and responses, by their names in the OpenAPI document. */
export type Schemas = components["schemas"];

export interface ClientOptions extends RepeatOptions {
  /** The URL of the API, with its base path. */
  url: string;
  /** The bearer token. Called before each request and each repeat, so that it can renew the token. */
  token: () => string | Promise<string>;
  /** Instead of the global `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}

/** The paths of the document, whose operations can also be refused with an unknown problem. */
export type Paths = {
  [Path in keyof paths]: { [Method in keyof paths[Path]]: WithUnknownProblem<paths[Path][Method]> };
};

type WithUnknownProblem<Operation> = Operation extends { responses: infer Responses }
  ? Omit<Operation, "responses"> & {
      responses: Responses & { default: { content: { "application/problem+json": UnknownProblem } } };
    }
  : Operation;

type Methods = Pick<FetchClient<Paths>, "GET" | "PUT" | "POST" | "PATCH" | "DELETE">;

/** A client of the API. The methods are those of openapi-fetch. */
export interface Client extends Methods {
  /** The pages of a list. */
  pages<Path extends ListPath>(path: Path, ...options: ListOptions<Path>): AsyncGenerator<Page<Path>>;
  /** The items of all pages of a list. */
  items<Path extends ListPath>(path: Path, ...options: ListOptions<Path>): AsyncGenerator<Item<Path>>;
  /** The results of all pages of a search for what decisions allow. */
  results<Path extends SearchPath>(path: Path, search: Search<Path>): AsyncGenerator<Result<Path>>;
}

/** Creates a client. */
export function createClient({ url, token, fetch, ...repeat }: ClientOptions): Client {
  const authorize = async (request: Request) => {
    request.headers.set("Authorization", `Bearer ${await token()}`);
    return request;
  };
  const send = repeating(authorize, fetch ?? ((request) => globalThis.fetch(request)), repeat);
  const client = createFetchClient<Paths>({ baseUrl: url, fetch: (request) => send(withKey(request)) });
  const get = answering(client.GET as Send);
  const post = answering(client.POST as Send);
  return {
    GET: get as Client["GET"],
    PUT: answering(client.PUT as Send) as Client["PUT"],
    POST: post as Client["POST"],
    PATCH: answering(client.PATCH as Send) as Client["PATCH"],
    DELETE: answering(client.DELETE as Send) as Client["DELETE"],
    pages: ((path, options) => pagesOf(get, path, options)) as Client["pages"],
    items: ((path, options) => itemsOf(get, path, options)) as Client["items"],
    results: ((path, search) => resultsOf(post, path, search as SearchValue)) as Client["results"],
  };
}

/** Makes every refusal a problem, also one without a problem document. */
function answering(send: Send): Send {
  return async (path, options) => {
    const answer = await send(path, options);
    const { response } = answer;
    return response.ok ? answer : { error: asProblem(answer.error, response), response };
  };
}

/**
 * The header for a change of the resource that `response` showed. The change is refused with 412 if another
 * request changed the resource meanwhile.
 */
export function ifMatch(response: Response): { "If-Match": string } {
  const tag = response.headers.get("etag");
  if (tag === null) throw new TypeError("The response has no ETag.");
  return { "If-Match": tag };
}
