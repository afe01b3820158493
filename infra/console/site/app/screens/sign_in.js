// The page for a person who is not signed in.
import { html, useState } from '../../vendor/ui.js';
import { Check, Field, Form, Notice, Page } from '../parts.js';
import { path } from '../router.js';
import { signInAtIssuer, signInLocally, signInProblem } from '../session.js';
import { useAction, useApp } from '../use.js';

/** @param {Props.SignIn} props */
export function SignIn({ problem }) {
  const { config } = useApp();
  return html`
    <div class="sign-in">
      <${Page} title="Sign in" intro="Manage who belongs to your organizations, and what each person may do.">
        ${config.sign_in === 'local' ? html`<${Local} />` : html`<${AtIssuer} settings=${config.sign_in} problem=${problem} />`}
      <//>
    </div>
  `;
}

/** @param {Props.SignIn & { settings: Types.SignIn }} props */
function AtIssuer({ settings, problem }) {
  const [begun, setBegun] = useState(false);
  const leave = useAction(() => {
    setBegun(true);
    return signInAtIssuer(settings, path() + location.search);
  });
  return html`
    <${Notice} problem=${begun ? leave.problem && signInProblem(leave.problem) : problem} />
    <button class="primary" onClick=${leave.run} aria-disabled=${leave.busy}>Sign in at ${new URL(settings.issuer).host}</button>
  `;
}

/** The local server issues a token for anybody, for development. */
function Local() {
  const { config } = useApp();
  const api = new URL(config.api || '/', document.baseURI);
  const [more, setMore] = useState(false);
  const submit = (/** @type {Types.FormValues} */ { email, name, operator, decisions, unverified, mfa }) => {
    const scope = [operator && 'operator', decisions && 'decisions'].filter(Boolean).join(' ');
    return signInLocally(config, {
      email,
      email_verified: !unverified,
      auth_time: Math.floor(Date.now() / 1000),
      ...(name && { name }),
      ...(scope && { scope }),
      ...(mfa && { amr: ['mfa'] }),
    });
  };
  return html`
    <${Form} submit="Sign in" onSubmit=${submit}>
      <p class="hint">This is the local server: choose any address. No password is asked.</p>
      <${Field} label="Email address" name="email" type="email" required autocomplete="email" placeholder="ada@example.com" />
      <${Field} label="Name (optional)" name="name" autocomplete="name" />
      <${Check} label="Platform operator" name="operator" hint="Gives the scope operator." />
      <button type="button" class="link" aria-expanded=${more} onClick=${() => setMore(!more)}>More about the token</button>
      <div hidden=${!more}>
        <${Check} label="Signed in with multi-factor" name="mfa" />
        <${Check} label="The address is not verified" name="unverified" />
        <${Check} label="May ask for decisions about others" name="decisions" hint="Gives the scope decisions." />
      </div>
    <//>
    <p class="hint">
      <a href=${new URL('docs', api).href}>API reference</a> ·${' '}
      <a href=${new URL('local/mailbox', api).href}>Mailbox</a>
    </p>
  `;
}
