// Requests to the API: the token, problems as exceptions, versions (ETag), idempotency keys, retries and pages.

/** A refusal of the API (RFC 9457), or a request that got no answer. */
export class Problem extends Error {
  /**
   * @param {Record<string, any>} body
   * @param {number} status
   * @param {string} [method]
   */
  constructor(body, status, method = 'GET') {
    super(body.detail ?? body.title);
    this.body = body;
    this.status = status;
    /** The last part of the problem type, such as `role-in-use`. */
    this.slug = /** @type {string} */ (body.type?.split('/').pop() ?? 'unknown');
    this.title = /** @type {string} */ (body.title);
    /** Whether the change may have been saved all the same. */
    this.isUnsure = (status === 0 || status >= 500) && method !== 'GET';
    /** Whether the same change can be sent again, and is then saved once: its key stays (`UnansweredKeys`). */
    this.isRepeatable = isRepeatable(method);
    this.detail = /** @type {string | undefined} */ (this.isUnsure ? (this.isRepeatable ? ONCE : UNSURE) : body.detail);
    this.errors = /** @type {{ pointer: string, detail: string }[]} */ (body.errors ?? []);
  }
}

const UNREACHABLE = {
  type: '/problems/unreachable',
  title: 'The service cannot be reached',
  detail: 'Check your connection, then try again.',
};
const UNSURE = 'The service did not confirm the change, which may have been saved. Look at the current state before you try again.';
const ONCE = 'The service did not confirm this, which may have been done. Try again in a moment: it is done only once.';
const NO_API = {
  title: 'The answer is not of the API',
  detail: 'Check `api` in config.json: it must be the URL of the API.',
};
/** A problem for an answer of another service, such as a page of a static host; otherwise null. */
export const notOfApi = (/** @type {Response} */ response) =>
  response.ok && response.headers.get('Content-Type')?.includes('text/html') ? new Problem(NO_API, -1) : null;
/**
 * What a refusal without a problem document means. API Gateway answers `{"message": …}` before a request reaches the service.
 *
 * @param {Record<string, any>} body
 * @param {Response} response
 */
function ofGateway(body, response) {
  const { status } = response;
  if (status === 429) {
    const seconds = Math.ceil(secondsOf(response));
    return { ...body, title: 'Too many requests at the moment', detail: `Try again in ${seconds > 1 ? `${seconds} seconds` : 'a moment'}.` };
  }
  if (status !== 403) return { detail: body.message, ...body };
  const detail = `The service answers “${body.message ?? status}”. Sign in again. If that does not help, ask your support.`;
  return { ...body, title: 'Your sign-in does not allow this', detail };
}
const MAX_REPEATS = 3;
const LONGEST_PAUSE = 5;
/**
 * Whether a repeat has no other effect: a POST has a key. After the first attempt at another change, `If-Match` would refuse the second.
 *
 * @param {string} method
 */
const isRepeatable = (method) => ['GET', 'POST'].includes(method);
let moduleHasFailed = false;
/**
 * The module that `load` imports. One that cannot be loaded is a problem that a later attempt solves. Some browsers remember that a
 * module failed, so where the second attempt fails too, the page is loaded again, if it can be.
 *
 * @template Module
 * @param {() => Promise<Module>} load
 * @returns {Promise<Module>}
 */
export const loadModule = (load) => load().catch(async () => {
  const isReachable = () => fetch(location.href, { method: 'HEAD', cache: 'no-store' }).then(({ ok }) => ok, () => false);
  if (moduleHasFailed && await isReachable()) {
    location.reload();
    return new Promise(() => {});
  }
  moduleHasFailed = true;
  throw new Problem(UNREACHABLE, 0);
});
/** 128 random bits as text. `crypto.randomUUID` needs HTTPS or localhost. */
export const randomId = () => crypto.getRandomValues(new Uint32Array(4)).join('-');

/**
 * The keys of POST requests that the API has not answered, by what was sent. A person who tries again sends the same key, and the API
 * does a request once for each key. Another body, and what is sent after an answer, has a key of its own. A key is kept for ten minutes:
 * later, an equal request is meant anew.
 */
class UnansweredKeys {
  /** @type {Map<string, { key: string, until: number }>} */
  #kept = new Map();

  /** @param {string} request */
  take(request) {
    const found = this.#kept.get(request);
    this.#kept.delete(request);
    return found && found.until > Date.now() ? found.key : randomId();
  }

  /**
   * @param {string} request
   * @param {string} key
   */
  keep(request, key) {
    this.#kept.set(request, { key, until: Date.now() + 600_000 });
  }
}

/**
 * Whether the API itself has refused a request, so that nothing is saved. What is in front of it gives the first three statuses; and while
 * the first request with a key runs, its outcome is open.
 *
 * @param {{ status?: number, slug?: string }} problem
 */
const isRefusal = ({ status = 0, slug }) => status >= 400 && status < 500 && ![401, 403, 429].includes(status) && slug !== 'idempotency-key-in-use';

/** @type {WeakMap<object, string | null>} */
const etags = new WeakMap();

/**
 * The version of a resource as it was read, for `ifMatch`.
 *
 * @param {object} [resource]
 */
export const etag = (resource) => resource && etags.get(resource);

/**
 * Sends a change of `seen`. Other resources can have the same version, as the settings of an organization do. So if the version is
 * refused, but what `read` resolves to is as it was seen, the change is sent again, with the present version.
 *
 * @template {object} Resource
 * @template Answer
 * @param {Resource} seen
 * @param {() => Promise<Resource>} read
 * @param {(ifMatch?: string | null) => Promise<Answer>} send
 */
export const sendChange = (seen, read, send) => send(etag(seen)).catch(async (problem) => {
  const now = problem.status === 412 && (await read().catch(() => null));
  if (!now || JSON.stringify(now) !== JSON.stringify(seen)) throw problem;
  return send(etag(now));
});

/**
 * The methods of the API, each as `api.GET('/v1/organizations/{org}', { path: { org }, query, body, ifMatch, signal })`.
 * They return the body of a success and throw a {@link Problem}.
 *
 * @param {string} url
 * @param {{ token: string | null }} session
 * @returns {Types.Api}
 */
export function createApi(url, session) {
  const keys = new UnansweredKeys();
  /** @type {(method: string, template: string, options?: Types.AnyOptions) => Promise<any>} */
  const call = async (method, template, options = {}) => {
    if (method !== 'POST') return exchange(method, template, options);
    const request = JSON.stringify([fill(template, options), options.body]);
    const key = keys.take(request);
    return exchange(method, template, options, key).catch((problem) => {
      if (!isRefusal(problem)) keys.keep(request, key);
      throw problem;
    });
  };
  /** @type {(method: string, template: string, options: Types.AnyOptions, key?: string) => Promise<any>} */
  const exchange = async (method, template, options, key) => {
    const response = await send(method, url + fill(template, options), options, session, key);
    if (response.status === 204) return null;
    const other = notOfApi(response);
    if (other) throw other;
    const type = response.headers.get('Content-Type') ?? '';
    if (response.ok && !type.includes('json')) return response;
    const body = await response.json().catch((error) => {
      if (error.name === 'AbortError') throw error;
      // The connection was lost within the answer, or something on the way answered.
      if (response.ok) throw new Problem(UNREACHABLE, 0, method);
      return { title: `Status ${response.status}` };
    });
    if (!response.ok) {
      if ([403, 404].includes(response.status) && isAffected(method, template, options)) dispatchEvent(new Event('refused'));
      throw new Problem({ instance: response.headers.get('x-request-id'), ...(body.type ? body : ofGateway(body, response)) }, response.status, method);
    }
    etags.set(body, response.headers.get('ETag'));
    return body;
  };
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
  const bound = methods.map((method) => [method, (/** @type {string} */ path, /** @type {Types.AnyOptions} */ options) => call(method, path, options)]);
  return Object.fromEntries(bound);
}

/**
 * Every item of a list, page after page, at most about `max`.
 *
 * @template Item
 * @param {(cursor?: string) => Promise<{ items: Item[], next_cursor: string | null }>} load
 */
export async function everyItem(load, max = 1000) {
  /** @type {Item[]} */
  const all = [];
  /** @type {string | undefined} */
  let cursor;
  do {
    const page = await load(cursor);
    all.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor && all.length < max);
  return all;
}

/**
 * Whether a refusal says that what the person may do in an organization can have changed. The requests that read this do not count:
 * they would be repeated without an end.
 *
 * @param {string} method
 * @param {string} template
 * @param {Types.AnyOptions} options
 */
const isAffected = (method, template, { query }) =>
  template.startsWith('/v1/organizations/{org}') && (method !== 'GET' || query !== undefined || !/\{org\}(\/permissions)?$/.test(template));

/**
 * @param {string} template
 * @param {Types.AnyOptions} values
 */
function fill(template, { path = {}, query = {} }) {
  const filled = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(path[name]));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value].flat()) {
      if (one !== undefined && one !== null && one !== '') search.append(name, String(one));
    }
  }
  return search.size ? `${filled}?${search}` : filled;
}

/**
 * The seconds of a `Retry-After`, which has a number or a date (RFC 9110, 10.2.3). NaN without either.
 *
 * @param {Response} response
 */
function secondsOf({ headers }) {
  const value = headers.get('Retry-After') ?? '';
  return Number(value) || (Date.parse(value) - Date.now()) / 1000;
}

/**
 * The seconds to wait before the next attempt, `growing` unless the service asks for others. NaN if this one is final.
 *
 * @param {Response | null} response
 * @param {string} method
 * @param {number} growing
 */
async function pauseAfter(response, method, growing) {
  if (response?.status === 429) return secondsOf(response);
  if (!isRepeatable(method)) return NaN;
  if (!response || response.status === 503) return (response && secondsOf(response)) || growing;
  // The first request with the key still runs.
  const isInUse = response.status === 409 && (await response.clone().json().catch(() => null))?.type === '/problems/idempotency-key-in-use';
  return isInUse ? growing : NaN;
}

/**
 * @param {string} method
 * @param {string} url
 * @param {Types.AnyOptions} options
 * @param {{ token: string | null }} session
 * @param {string} [key] One for all attempts: a request whose answer was lost is not done twice.
 */
async function send(method, url, { body, ifMatch, signal, contentType = 'application/json' }, session, key) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json', Authorization: `Bearer ${session.token}` };
  if (body !== undefined) headers['Content-Type'] = contentType;
  if (ifMatch) headers['If-Match'] = ifMatch;
  if (key) headers['Idempotency-Key'] = key;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  for (let repeat = 0; ; repeat++) {
    const response = await fetch(url, { method, headers, body: text, signal }).catch((error) => {
      if (error.name === 'AbortError') throw error;
      return null;
    });
    const pause = repeat < MAX_REPEATS ? await pauseAfter(response, method, 2 ** repeat / 2) : NaN;
    if (!(pause <= LONGEST_PAUSE)) {
      if (!response) throw new Problem(UNREACHABLE, 0, method);
      return response;
    }
    await new Promise((resolve) => setTimeout(resolve, pause * 1000));
  }
}
