// People, found by an address or by the id of an account.
import { html, useEffect, useState } from '../../../vendor/ui.js';
import { Empty, Field, Form, Notice, Page } from '../../parts.js';
import { query, replace } from '../../router.js';
import { useApp, useLoad } from '../../use.js';
import { FoundPerson } from './person.js';

export function People() {
  const { api } = useApp();
  const email = query().get('email');
  const userId = query().get('user_id');
  const search = (email || userId) && { email, user_id: userId };
  const load = useLoad((signal) => (search ? api.GET('/v1/operator/people', { query: search, signal }) : null), [api, email, userId]);
  const people = load.data?.items;
  return html`
    <${Page} title="People" intro="What all organizations know about a person: memberships, invitations and requests.">
      <div class="panel"><${Search} email=${email} userId=${userId} /></div>
      <${Notice} problem=${load.problem} />
      <div role="status">
        ${people?.length === 1 && html`<span class="sr-only">One person found</span>`}
        ${people && people.length > 1 && html`<p>${people.length} accounts have this address, each in other organizations. They can belong to one person.</p>`}
        ${people?.length === 0 && html`<${Empty} title="No organization knows this person">
          Check the spelling. A membership that began moments ago can be missing: try again in a moment.
          ${email && ' A former member is found by the id of the account.'}<//>`}
      </div>
      ${people?.map((person) => html`<${FoundPerson} key=${person.id} person=${person} reload=${load.reload} />`)}
    <//>
  `;
}

/** @param {Props.OperatorPeople} props */
function Search({ email, userId }) {
  const [by, setBy] = useState(userId ? 'user_id' : 'email');
  useEffect(() => setBy(userId ? 'user_id' : 'email'), [userId]);
  const submit = (/** @type {Types.FormValues} */ { value }) => replace(`/operator/people?${by}=${encodeURIComponent(value.trim())}`);
  return html`<${Form} submit="Find" onSubmit=${submit}><div class="row">
    <${Field} label="Find by" value=${by} options=${[['email', 'Address'], ['user_id', 'Id of the account (sub)']]}
      onChange=${(event) => setBy(event.target.value)} />
    <${Field} key=${by} label=${by === 'email' ? 'Address' : 'Id of the account'} name="value" type=${by === 'email' ? 'email' : 'text'}
      value=${by === 'email' ? email : userId} required maxlength="255" autocomplete="off" />
  </div><//>`;
}
