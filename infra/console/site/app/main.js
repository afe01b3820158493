// Starts the console: reads the configuration, completes a sign-in that is under way, and renders.
import { html, render } from '../vendor/ui.js';
import { App } from './app.js';
import { createApi } from './api.js';
import { path, replace } from './router.js';
import { completeSignIn, session } from './session.js';

const root = /** @type {HTMLElement} */ (document.getElementById('app'));

/** @returns {Promise<Types.Config>} */
async function configuration() {
  const response = await fetch(new URL('config.json', document.baseURI), { cache: 'no-cache' });
  if (!response.ok) throw new Error(`config.json: ${response.status}`);
  return response.json();
}

try {
  const config = await configuration();
  let problem = /** @type {Partial<Types.Trouble> | null} */ (null);
  if (path() === '/signed-in') {
    const { to, ...result } = config.sign_in === 'local' ? { to: '/', problem } : await completeSignIn(config.sign_in);
    problem = result.problem;
    replace(to);
  }
  const api = createApi(new URL(config.api || '/', document.baseURI).href.replace(/\/$/, ''), session);
  root.textContent = '';
  render(html`<${App} config=${config} api=${api} signInProblem=${problem} />`, root);
} catch (error) {
  console.error(error);
  root.textContent = 'The console cannot read its configuration (config.json). Reload the page to try again.';
}
