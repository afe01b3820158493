import type { FetchOptions } from "openapi-fetch";
import type { FilterKeys, RequiredKeysOf, SuccessResponse, ResponseObjectMap } from "openapi-typescript-helpers";
import { orThrow, type Problem } from "./problem.js";
import type { components, paths } from "./schema.js";

type Data<Operation> = Operation extends { responses: Record<string | number, unknown> }
  ? SuccessResponse<ResponseObjectMap<Operation>, "application/json">
  : never;

/** The paths of lists. */
export type ListPath = {
  [Path in keyof paths]: paths[Path] extends { get: infer Operation }
    ? Data<Operation> extends { next_cursor: string | null }
      ? Path
      : never
    : never;
}[keyof paths];

/** A page of a list. */
export type Page<Path extends ListPath> = paths[Path] extends { get: infer Operation } ? Data<Operation> : never;

/** An item of a list. */
export type Item<Path extends ListPath> =
  Page<Path> extends { items: readonly (infer Item)[] }
    ? Item
    : Page<Path> extends { organizations: readonly (infer Item)[] }
      ? Item
      : never;

type Options<Path extends ListPath> = FetchOptions<FilterKeys<paths[Path], "get">>;

/** The options of a list. They can be left out if none is required. */
export type ListOptions<Path extends ListPath> =
  RequiredKeysOf<Options<Path>> extends never ? [options?: Options<Path>] : [options: Options<Path>];

/** The paths of searches for what a decision allows. */
export type SearchPath = Extract<keyof paths, `/access/v1/search/${string}`>;

/** A question of a search. */
export type Search<Path extends SearchPath> = FetchOptions<FilterKeys<paths[Path], "post">>;

/** A result of a search. */
export type Result<Path extends SearchPath> =
  Data<paths[Path]["post"]> extends { results: readonly (infer Result)[] } ? Result : never;

/** A method of the client, without its types. */
export type Send = (
  path: string,
  options?: object,
) => Promise<
  { data: unknown; error?: never; response: Response } | { data?: never; error: Problem; response: Response }
>;

interface ListOptionsValue {
  params?: { query?: object };
}

/** Reads pages one after the other, until there is no next one. */
export async function* pagesOf(get: Send, path: string, options: ListOptionsValue = {}): AsyncGenerator<unknown> {
  let query = options.params?.query ?? {};
  for (;;) {
    const page = (await orThrow(get(path, { ...options, params: { ...options.params, query } }))) as {
      next_cursor: string | null;
    };
    yield page;
    if (page.next_cursor === null) return;
    query = { ...query, cursor: page.next_cursor };
  }
}

/** Reads the items of all pages. */
export async function* itemsOf(get: Send, path: string, options?: ListOptionsValue): AsyncGenerator<unknown> {
  for await (const page of pagesOf(get, path, options)) {
    const { items, organizations } = page as { items?: unknown[]; organizations?: unknown[] };
    yield* items ?? organizations ?? [];
  }
}

/** A question of a search, without its types. */
export interface SearchValue {
  body: { page?: components["schemas"]["AccessPage"] };
}

/** Reads the results of all pages of a search. */
export async function* resultsOf(post: Send, path: string, options: SearchValue): AsyncGenerator<unknown> {
  let body = options.body;
  for (;;) {
    const { results, page } = (await orThrow(post(path, { ...options, body }))) as {
      results: unknown[];
      page: components["schemas"]["NextPage"];
    };
    yield* results;
    if (page.next_token === "") return;
    body = { ...body, page: { ...body.page, token: page.next_token } };
  }
}
