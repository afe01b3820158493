// Name, website, address, contact and the language of mails.
import { html } from '../../../vendor/ui.js';
import { sendChange } from '../../api.js';
import { Badge, Field, Form, When } from '../../parts.js';
import { useApp, useOrg } from '../../use.js';
import { LANGUAGES } from '../../words.js';
import { useDraft } from './draft.js';

const ROUTE = '/v1/organizations/{org}';

export function GeneralInformation() {
  const { org, can } = useOrg();
  const editable = can('organization_general_information', 'full_access');
  return html`<div class="panel">${editable ? html`<${Edit} />` : html`<${Facts} org=${org} />`}</div>`;
}

/** @param {Props.SettingsGeneral} props */
const Facts = ({ org }) => html`
  <dl class="facts">
    <dt>Name</dt><dd>${org.name}</dd>
    <dt>Website</dt><dd>${org.website || '–'}</dd>
    <dt>Address</dt><dd class="lines">${org.address || '–'}</dd>
    <dt>Contact</dt><dd>${org.contact || '–'}</dd>
    <dt>Language of mails</dt><dd>${org.language && (LANGUAGES[org.language] ?? org.language)}</dd>
    <dt>Kind</dt><dd>${org.kind === 'partner' ? html`<${Badge} tone="info">Partner<//>` : 'Standard'}</dd>
    <dt>Created</dt><dd><${When} at=${org.created_at} /></dd>
  </dl>
`;

function Edit() {
  const { api, announce, reloadMe } = useApp();
  const { org, id, reload } = useOrg();
  const draft = useDraft(org);
  const { shown, field } = draft;
  // The header and the list of organizations show the name, too.
  const refresh = async () => {
    await reload();
    await reloadMe();
  };
  const submit = async (/** @type {Types.FormValues} */ values) => {
    const body = draft.changes(values);
    if (Object.keys(body).length === 0) return announce('There is nothing to save.');
    const path = { org: id };
    draft.saved(await sendChange(org, () => api.GET(ROUTE, { path }), (ifMatch) => api.PATCH(ROUTE, { path, body, ifMatch })), body);
    announce('The general information is saved.');
    await (body.name ? refresh() : reload());
  };
  return html`<${Form} onSubmit=${submit} changes=${draft.changes} reload=${refresh}><div class="fields" ref=${draft.fields}>
    <${Field} ...${field('name')} label="Name" value=${shown.name} required maxlength="100"
      hint=${draft.hint('name', String, 'Members and invitees see it, also in mails.')} />
    <${Field} ...${field('website')} label="Website" value=${shown.website} maxlength="200" hint=${draft.hint('website')} autocomplete="off" />
    <${Field} ...${field('address')} label="Address" value=${shown.address} rows="3" maxlength="500" hint=${draft.hint('address')} />
    <${Field} ...${field('contact')} label="Contact" value=${shown.contact} maxlength="200"
      hint=${draft.hint('contact', String, 'Who answers questions, for example an address or a telephone number.')} />
    <${Field} ...${field('language')} label="Language of mails" value=${shown.language} options=${Object.entries(LANGUAGES)}
      hint=${draft.hint('language', (key) => LANGUAGES[/** @type {keyof typeof LANGUAGES} */ (key)], 'An invitation can have another one.')} />
  </div><//>`;
}
