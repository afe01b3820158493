// Shows the API with Swagger UI. The local issuer gives a token for any address, which the browser keeps.
const ui = window.SwaggerUIBundle({
  url: '/openapi.yaml',
  dom_id: '#swagger-ui',
  deepLinking: true,
  filter: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
});

const form = document.getElementById('sign-in');
const { sign_in: signIn } = await (await fetch('/config.json')).json();
form.hidden = signIn !== 'local';
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const values = new FormData(form);
  const scope = ['operator', 'decisions'].filter((name) => values.has(name)).join(' ');
  const body = JSON.stringify({ email: values.get('email'), ...(scope && { scope }) });
  const answer = await (await fetch('/local/token', { method: 'POST', body })).json();
  form.querySelector('output').textContent = answer.access_token ? 'Signed in. Requests send the token.' : answer.detail;
  if (!answer.access_token) return;
  const schema = { type: 'http', scheme: 'bearer' };
  ui.authActions.authorizeWithPersistOption({ bearer: { name: 'bearer', schema, value: answer.access_token } });
});
