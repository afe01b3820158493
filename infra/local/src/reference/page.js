// Shows the API with Swagger UI. The local issuer gives a token for any address, which the browser keeps.
const ui = window.SwaggerUIBundle({
  url: '/openapi.yaml',
  dom_id: '#swagger-ui',
  deepLinking: true,
  filter: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  plugins: [() => ({ statePlugins: { spec: { wrapActions: {
    updateJsonSpec: (update) => (document) => update(withoutPrefilled(document)),
  } } } })],
});

// Swagger UI sends the example of each parameter. Those of optional ones, as a cursor or a tag, would fail the first request.
function withoutPrefilled(document) {
  const { paths = {}, components = {} } = document ?? {};
  const operations = Object.values(paths).flatMap((path) => [path, ...Object.values(path)]);
  const parameters = [components.parameters, ...operations.map((operation) => operation?.parameters)];
  for (const parameter of parameters.flatMap((some) => Object.values(some ?? {}))) {
    if (parameter.required || parameter.example === undefined) continue;
    const text = [parameter.example].flat().join(', ');
    parameter.description = [parameter.description, `Example: \`${text}\``].filter(Boolean).join('\n\n');
    delete parameter.example;
  }
  return document;
}

const form = document.getElementById('sign-in');
const say = (text) => (form.querySelector('output').textContent = text);
const { sign_in: signIn } = await (await fetch('/config.json')).json();
form.hidden = signIn !== 'local';
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const values = new FormData(form);
  const scope = ['operator', 'decisions'].filter((name) => values.has(name)).join(' ');
  const body = JSON.stringify({ email: values.get('email'), ...(scope && { scope }) });
  const answer = await (await fetch('/local/token', { method: 'POST', body })).json();
  if (!answer.access_token) return say(answer.detail);
  const schema = { type: 'http', scheme: 'bearer' };
  ui.authActions.authorizeWithPersistOption({ bearer: { name: 'bearer', schema, value: answer.access_token } });
  await sayWho(answer.access_token);
});

async function sayWho(token) {
  const answer = await fetch('/v1/me?limit=1', { headers: { Authorization: `Bearer ${token}` } });
  if (answer.status === 401) return say('Your sign-in has ended. Sign in again.');
  const { email, operator } = await answer.json();
  say(`Signed in${email ? ` as ${email}` : ''}${operator ? ', as an operator' : ''}. Requests send the token.`);
}

// The key under which Swagger UI keeps the token.
const kept = JSON.parse(localStorage.getItem('authorized') ?? '{}').bearer?.value;
if (kept) await sayWho(kept);
