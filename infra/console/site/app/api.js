// Requests to the API: the token, problems as exceptions, versions (ETag), idempotency keys, retries and pages.

/** A refusal of the API (RFC 9457), or a request that got no answer. */
export class Problem extends Error {
  /**
   * @param {Record<string, any>} body
   * @param {number} status
   */
  constructor(body, status) {
    super(body.detail ?? body.title);
    this.body = body;
    this.status = status;
    /** The last part of the problem type, such as `role-in-use`. */
    this.slug = /** @type {string} */ (body.type?.split('/').pop() ?? 'unknown');
    this.title = /** @type {string} */ (body.title);
    this.detail = /** @type {string | undefined} */ (body.detail);
    this.errors = /** @type {{ pointer: string, detail: string }[]} */ (body.errors ?? []);
  }
}

const UNREACHABLE = {
  type: '/problems/unreachable',
  title: 'The service cannot be reached',
  detail: 'Check your connection, then try again.',
};
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
function ofGateway(body, { status, headers }) {
  if (status === 429) {
    const seconds = Math.ceil(secondsOf(headers.get('Retry-After') ?? ''));
    return { ...body, title: 'Too many requests at the moment', detail: `Try again in ${seconds > 1 ? `${seconds} seconds` : 'a moment'}.` };
  }
  if (status !== 403) return { detail: body.message, ...body };
  const detail = `The service answers “${body.message ?? status}”. Sign in again. If that does not help, ask your support.`;
  return { ...body, title: 'Your sign-in does not allow this', detail };
}
const MAX_RETRIES = 2;
/**
 * The module that `load` imports. One that cannot be loaded is a problem that a later attempt solves.
 *
 * @template Module
 * @param {() => Promise<Module>} load
 */
export const loadModule = (load) => load().catch(() => {
  throw new Problem(UNREACHABLE, 0);
});
/** 128 random bits as text. `crypto.randomUUID` needs HTTPS or localhost. */
export const randomId = () => crypto.getRandomValues(new Uint32Array(4)).join('-');

/** @type {WeakMap<object, string | null>} */
const etags = new WeakMap();

/**
 * The version of a resource as it was read, for `ifMatch`.
 *
 * @param {object} [resource]
 */
export const etag = (resource) => resource && etags.get(resource);

/**
 * The methods of the API, each as `api.GET('/v1/organizations/{org}', { path: { org }, query, body, ifMatch, signal })`.
 * They return the body of a success and throw a {@link Problem}.
 *
 * @param {string} url
 * @param {{ token: string | null }} session
 * @returns {Types.Api}
 */
export function createApi(url, session) {
  /** @type {(method: string, template: string, options?: Types.AnyOptions) => Promise<any>} */
  const call = async (method, template, options = {}) => {
    const response = await send(method, url + fill(template, options), options, session);
    if (response.status === 204) return null;
    const other = notOfApi(response);
    if (other) throw other;
    const type = response.headers.get('Content-Type') ?? '';
    if (response.ok && !type.includes('json')) return response;
    const body = await response.json().catch((error) => {
      if (error.name === 'AbortError') throw error;
      // The connection was lost within the answer, or something on the way answered.
      if (response.ok) throw new Problem(UNREACHABLE, 0);
      return { title: `Status ${response.status}` };
    });
    if (!response.ok) {
      if ([403, 404].includes(response.status) && isAffected(method, template, options)) dispatchEvent(new Event('refused'));
      throw new Problem({ instance: response.headers.get('x-request-id'), ...(body.type ? body : ofGateway(body, response)) }, response.status);
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
 * The seconds of a `Retry-After`, which has a number or a date (RFC 9110, 10.2.3).
 *
 * @param {string} value
 */
const secondsOf = (value) => Number(value) || (Date.parse(value) - Date.now()) / 1000 || 1;

/**
 * @param {string} method
 * @param {string} url
 * @param {Types.AnyOptions} options
 * @param {{ token: string | null }} session
 */
async function send(method, url, { body, ifMatch, signal, contentType = 'application/json' }, session) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json', Authorization: `Bearer ${session.token}` };
  if (body !== undefined) headers['Content-Type'] = contentType;
  if (ifMatch) headers['If-Match'] = ifMatch;
  // One key for all attempts: a request whose answer was lost is not done twice.
  if (method === 'POST') headers['Idempotency-Key'] = randomId();
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(url, { method, headers, body: text, signal }).catch((error) => {
      if (error.name === 'AbortError') throw error;
      return null;
    });
    const wait = secondsOf(response?.headers.get('Retry-After') ?? '1');
    const failed = !response || response.status === 503;
    if (!failed || attempt === MAX_RETRIES || wait > 5) {
      if (!response) throw new Problem(UNREACHABLE, 0);
      return response;
    }
    await new Promise((resolve) => setTimeout(resolve, wait * 1000));
  }
}
