// The session: a token in the session storage of the browser tab, and how to get one.
import { loadModule, notOfApi, randomId } from './api.js';
import { href } from './router.js';

const TOKEN = 'rolecall.token';
const SIGN_IN = 'rolecall.sign_in';
const BESIDE = 'rolecall.beside';
const ANEW = 'rolecall.anew';
const listeners = new Set();
let answers = /** @type {BroadcastChannel | null} */ (null);

/** The token of the signed-in person. It is never in a URL. */
export const session = {
  get token() {
    return sessionStorage.getItem(TOKEN);
  },
  /** @param {string} token */
  begin(token) {
    sessionStorage.setItem(TOKEN, token);
    sessionStorage.removeItem(ANEW);
    const opener = sessionStorage.getItem(BESIDE);
    if (opener) {
      sessionStorage.removeItem(BESIDE);
      new BroadcastChannel(opener).postMessage(token);
      close();
    }
    listeners.forEach((listener) => listener());
  },
  /**
   * Ends the session here. The next sign-in is silent if the provider still knows the person; with `anew`, it asks who signs in.
   *
   * @param {boolean} [anew]
   */
  end(anew) {
    sessionStorage.removeItem(TOKEN);
    if (anew) sessionStorage.setItem(ANEW, 'login');
    listeners.forEach((listener) => listener());
  },
  /**
   * Calls `listener` when a person signs in or out. Returns a function that ends this.
   *
   * @param {() => void} listener
   */
  watch(listener) {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
};

/**
 * Opens the sign-in in a window of its own: the page keeps what a person has entered. Then uses the new token, and calls
 * `isSame`. If it is the token of another person, the page begins anew. The channel for the token has a random name, which
 * only this tab and its window know. `anew` is as in `session.end`.
 *
 * @param {() => Promise<boolean>} isSame
 * @param {boolean} [anew]
 */
export function signInBeside(isSame, anew) {
  const token = session.token ?? '';
  const name = randomId();
  // The window gets a copy of the session storage. Without a token it shows the sign-in, and then closes.
  sessionStorage.removeItem(TOKEN);
  sessionStorage.setItem(BESIDE, name);
  if (anew) sessionStorage.setItem(ANEW, 'login');
  open(href('/'));
  sessionStorage.removeItem(BESIDE);
  sessionStorage.removeItem(ANEW);
  sessionStorage.setItem(TOKEN, token);
  answers?.close();
  const channel = (answers = new BroadcastChannel(name));
  channel.onmessage = async ({ data }) => {
    channel.close();
    sessionStorage.setItem(TOKEN, data);
    if (!(await isSame())) session.begin(data);
  };
}

/**
 * Gets a token of the local server's own issuer, for anybody.
 *
 * @param {Types.Config} config
 * @param {Record<string, unknown>} person
 */
export async function signInLocally(config, person) {
  const response = await fetch(new URL('local/token', new URL(config.api || '/', document.baseURI)), {
    method: 'POST',
    body: JSON.stringify(person),
  });
  const other = notOfApi(response);
  if (other) throw other;
  const body = await response.json();
  if (!response.ok) throw new Error(body.detail ?? body.title);
  session.begin(body.access_token);
}

/**
 * Leaves for the sign-in page of the identity provider: authorization code flow with PKCE (RFC 7636).
 *
 * @param {Types.SignIn} settings
 * @param {string} returnTo
 */
export async function signInAtIssuer(settings, returnTo) {
  const { oauth, server, client } = await discover(settings);
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  sessionStorage.setItem(SIGN_IN, JSON.stringify({ verifier, state, nonce, returnTo }));
  const url = new URL(/** @type {string} */ (server.authorization_endpoint));
  const prompt = sessionStorage.getItem(ANEW);
  const parameters = {
    client_id: client.client_id,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    nonce,
    redirect_uri: redirectUri(),
    response_type: 'code',
    scope: settings.scope ?? 'openid email profile',
    state,
    ...(prompt && { prompt }),
    ...settings.parameters,
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  location.assign(url);
}

/**
 * Exchanges the code in the current URL for a token. Returns the path that the person came from, and the problem of a failure.
 *
 * @param {Types.SignIn} settings
 * @returns {Promise<{ to: string, problem: Partial<Types.Trouble> | null }>}
 */
export async function completeSignIn(settings) {
  const { returnTo = '/', ...begun } = JSON.parse(sessionStorage.getItem(SIGN_IN) ?? '{}');
  sessionStorage.removeItem(SIGN_IN);
  const problem = await exchange(settings, begun).then(() => null, signInProblem);
  return { to: returnTo, problem };
}

/**
 * @param {Types.SignIn} settings
 * @param {{ verifier?: string, state?: string, nonce?: string }} begun
 */
async function exchange(settings, { verifier, state, nonce }) {
  if (!verifier) throw { title: 'You are not signed in', detail: 'This browser tab has not begun a sign-in. Begin it here.' };
  const { oauth, server, client, options } = await discover(settings);
  const answer = oauth.validateAuthResponse(server, client, new URL(location.href), state);
  const secret = oauth.None();
  const response = await oauth.authorizationCodeGrantRequest(
    server, client, secret, answer, redirectUri(), verifier, options,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, { expectedNonce: nonce });
  session.begin(/** @type {string} */ (tokens[settings.token ?? 'access_token']));
}

/**
 * Why a sign-in at the identity provider fails, for `Notice`: what the provider says, where it refuses.
 *
 * @param {Error & { title?: string, code?: string, error?: string, error_description?: string }} failure
 * @returns {Partial<Types.Trouble>}
 */
export function signInProblem(failure) {
  const { title, code, error, error_description: said, message } = failure;
  if (title) return failure;
  if (error) return { title: 'You are not signed in', detail: `The identity provider refused: ${said ? `“${said}” (${error})` : error}.` };
  // A failed `fetch`; the errors of the library have a code.
  if (failure instanceof TypeError && !code) {
    return {
      title: 'The identity provider cannot be reached',
      detail: 'Check your connection, then try again. If it fails again, the provider may not accept requests from this address.',
    };
  }
  return { title: 'You are not signed in', detail: `The answer of the identity provider is not as expected: ${message}. Try again.` };
}

const redirectUri = () => location.origin + href('/signed-in');

/**
 * Reads the endpoints of the issuer. The library is loaded here: most pages need no sign-in.
 *
 * @param {Types.SignIn} settings
 */
async function discover(settings) {
  const oauth = await loadModule(() => import('../vendor/oauth.js'));
  const issuer = new URL(settings.issuer);
  // A provider on this machine, for development, may have no TLS.
  const options = issuer.protocol === 'http:' ? { [oauth.allowInsecureRequests]: true } : {};
  const response = await oauth.discoveryRequest(issuer, options);
  const server = await oauth.processDiscoveryResponse(issuer, response);
  return { oauth, server, client: { client_id: settings.client_id }, options };
}
