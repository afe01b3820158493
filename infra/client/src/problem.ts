import type { components } from "./schema.js";

type Schemas = components["schemas"];

/**
 * A problem that the API documents. `type` tells which, and with it which members it has. A server that is newer than
 * this client can return another one, with these members at least: `title`, `status`, `detail` and `instance`.
 */
export type DocumentedProblem = {
  [Name in keyof Schemas]: Schemas[Name] extends { type: `/problems/${Name & string}` } ? Schemas[Name] : never;
}[keyof Schemas];

/** A refusal that is no problem document, such as one of a proxy. */
export interface UnknownProblem {
  type: "unknown";
  title: string;
  status: number;
  detail: string;
  /** The request id, if the response has one. */
  instance: string | undefined;
  /** The response as it was read: JSON or text. */
  body: unknown;
}

/** Why a request was refused. */
export type Problem = DocumentedProblem | UnknownProblem;

/** The documented problem with the type `/problems/` and `Slug`. */
export type ProblemOf<Slug extends string> = Extract<DocumentedProblem, { type: `/problems/${Slug}` }>;

/** What `orThrow`, `pages`, `items` and `results` throw for a refused request. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  constructor(
    readonly problem: Problem,
    readonly response: Response,
  ) {
    super(problem.detail);
  }
}

/**
 * The data of a request that succeeded.
 *
 * @throws {ProblemError} if the request was refused.
 */
export async function orThrow<Answer extends { data?: unknown; error?: unknown; response: Response }>(
  request: Promise<Answer>,
): Promise<Succeeded<Answer>["data"]> {
  const { data, error, response } = await request;
  if (error) throw new ProblemError(error as Problem, response);
  return data as Succeeded<Answer>["data"];
}

/**
 * The answer of a success. It is chosen from the union: without `exactOptionalPropertyTypes`, the data of an answer of
 * either kind can be undefined.
 */
type Succeeded<Answer> = Extract<Answer, { error?: undefined }>;

/** The body of a refusal as a problem. */
export function asProblem(body: unknown, response: Response): Problem {
  if (typeof body === "object" && body !== null && "type" in body) {
    if (typeof body.type === "string" && body.type.startsWith("/problems/")) return body as DocumentedProblem;
  }
  const title = response.statusText || `Status ${response.status}`;
  return {
    type: "unknown",
    title,
    status: response.status,
    detail: messageOf(body) ?? title,
    instance: response.headers.get("x-request-id") ?? undefined,
    body,
  };
}

/** API Gateway answers `{"message": …}`. */
function messageOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("message" in body)) return undefined;
  return typeof body.message === "string" ? body.message : undefined;
}
