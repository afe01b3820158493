// Critical alert users: addresses that receive critical alerts.
import { html, useState } from '../../../vendor/ui.js';
import { Confirm, Empty, Field, Form, More, Person, When, table } from '../../parts.js';
import { useApp, useOrg, usePages } from '../../use.js';

export function CriticalAlertUsers() {
  const { api } = useApp();
  const { id, can } = useOrg();
  const [removing, setRemoving] = useState(/** @type {Types.Schemas['CriticalAlertUser'] | null} */ (null));
  const list = usePages((cursor, signal) => api.GET('/v1/organizations/{org}/critical-alert-users', { path: { org: id }, query: { cursor }, signal }), [api, id]);
  const editable = can('critical_alert_users', 'full_access');
  return html`
    ${list.items.length > 0 && table({ label: 'Critical alert users', rows: list.items, columns: [
      { label: 'Address', head: true, cell: (row) => row.email },
      { label: 'Added by', cell: (row) => html`<${Person} person=${row.added_by} />` },
      { label: 'Added', cell: (row) => html`<${When} at=${row.added_at} />` },
      editable && { label: 'Actions', hidden: true, cell: (row) => html`
        <button onClick=${() => setRemoving(row)}>Remove<span class="sr-only"> ${row.email}</span></button>` },
    ] })}
    ${list.loaded && list.items.length === 0 && html`<${Empty} title="No address receives critical alerts">
      ${editable ? 'Add the address of a person or a team that can act on an alert.' : 'A person with full access to critical alert users can add one.'}<//>`}
    <${More} list=${list} noun="addresses" />
    ${editable && html`<${Add} reload=${list.reload} />`}
    ${removing && html`<${Remove} alert=${removing} onClose=${() => setRemoving(null)} reload=${list.reload} />`}
  `;
}

/** @param {Props.SettingsAlerts} props */
function Add({ reload }) {
  const { api, announce } = useApp();
  const { id } = useOrg();
  const submit = async (/** @type {Types.FormValues} */ { email }, /** @type {Types.FormEvent} */ event) => {
    const added = await api.POST('/v1/organizations/{org}/critical-alert-users', { path: { org: id }, body: { email } });
    announce(`${added.email} receives critical alerts from now on.`);
    // The next address may be there already.
    if (event.target.email.value === email) event.target.reset();
    await reload();
  };
  return html`<div class="panel"><${Form} submit="Add" onSubmit=${submit} reload=${reload}>
    <${Field} label="Address to add" name="email" type="email" required autocomplete="off" hint="It gets a mail that says so." />
  <//></div>`;
}

/** @param {Props.SettingsAlerts} props */
function Remove({ alert, onClose, reload }) {
  const { api, announce } = useApp();
  const { id } = useOrg();
  const remove = async () => {
    await api.DELETE('/v1/organizations/{org}/critical-alert-users/{alert}', { path: { org: id, alert: alert.id } });
    announce(`${alert.email} is removed.`);
    reload();
  };
  return html`<${Confirm} title="Remove ${alert.email}" submit="Remove" onConfirm=${remove} onClose=${onClose} reload=${reload}>
    <p>The address no longer receives critical alerts. You can add it again at any time.</p>
  <//>`;
}
