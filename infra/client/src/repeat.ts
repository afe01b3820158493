/** How requests are repeated. */
export interface RepeatOptions {
  /** The most repeats of a request. 3 by default; 0 for none. */
  repeats?: number;
  /** The longest pause before a repeat, in seconds. An answer that asks for a longer one is final. 10 by default. */
  longestPause?: number;
  /** Waits for some milliseconds. Rejects when the signal aborts. */
  sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

type Fetch = (request: Request) => Promise<Response>;

/**
 * Repeats requests that can be repeated without another effect:
 *
 * - GET, POST with an `Idempotency-Key`, and decisions: after a network failure, 503, 429 with `Retry-After`, and 409
 *   `idempotency-key-in-use`.
 * - PUT, PATCH and DELETE: after 429 with `Retry-After`. After the other failures the change may have happened, and a
 *   repeat with `If-Match` would fail.
 *
 * `prepare` is called before each attempt. Its failures are final.
 */
export function repeating(
  prepare: (request: Request) => Promise<Request>,
  fetch: Fetch,
  options: RepeatOptions,
): Fetch {
  const { repeats = 3, longestPause = 10, sleep = pause } = options;
  return async (request) => {
    for (let repeat = 0; ; repeat++) {
      const answer = await attempt(fetch, await prepare(request.clone()));
      const seconds = repeat < repeats ? await pauseAfter(answer, request, repeat) : undefined;
      if (seconds === undefined || seconds > longestPause) {
        if ("failure" in answer) throw answer.failure;
        return answer.response;
      }
      if ("response" in answer) await answer.response.body?.cancel();
      await sleep(seconds * 1000, request.signal);
    }
  };
}

type Attempt = { response: Response } | { failure: unknown };

async function attempt(fetch: Fetch, request: Request): Promise<Attempt> {
  try {
    return { response: await fetch(request) };
  } catch (failure) {
    return { failure };
  }
}

/** The seconds to wait before the next attempt; none if this one is final. */
async function pauseAfter(attempt: Attempt, request: Request, repeat: number): Promise<number | undefined> {
  const growing = 2 ** repeat / 2;
  if ("failure" in attempt) {
    return isRepeatable(request) && !request.signal.aborted ? growing : undefined;
  }
  const { response } = attempt;
  const asked = secondsOf(response.headers.get("retry-after") ?? "");
  if (response.status === 429) return Number.isNaN(asked) ? undefined : asked;
  if (!isRepeatable(request)) return undefined;
  if (response.status === 503) return Number.isNaN(asked) ? growing : asked;
  if (response.status === 409 && (await isKeyInUse(response))) return growing;
  return undefined;
}

/** The seconds of a `Retry-After`, which has a number or a date (RFC 9110, 10.2.3). NaN without either. */
function secondsOf(value: string): number {
  const seconds = Number.parseInt(value, 10);
  return Number.isNaN(seconds) ? Math.max(0, (Date.parse(value) - Date.now()) / 1000) : seconds;
}

function isRepeatable(request: Request): boolean {
  return request.method === "GET" || (request.method === "POST" && (request.headers.has(KEY) || isDecision(request)));
}

/** Whether the first request with the key is still running. */
async function isKeyInUse(response: Response): Promise<boolean> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  return (body as { type?: unknown } | undefined)?.type === "/problems/idempotency-key-in-use";
}

const KEY = "idempotency-key";

/** Gives a POST an `Idempotency-Key`, unless it has one. Decisions change nothing and take none. */
export function withKey(request: Request): Request {
  if (request.method === "POST" && !request.headers.has(KEY) && !isDecision(request)) {
    request.headers.set(KEY, newKey());
  }
  return request;
}

function isDecision(request: Request): boolean {
  return new URL(request.url).pathname.includes("/access/v1/");
}

/** A key must be unique, not secret. Node.js 18 and pages without TLS have no `randomUUID`. */
function newKey(): string {
  const part = () => Math.random().toString(36).slice(2);
  return globalThis.crypto?.randomUUID?.() ?? `${Date.now().toString(36)}-${part()}-${part()}`;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}
