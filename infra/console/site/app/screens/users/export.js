// The Excel file of the users that the filters show.
import { html } from '../../../vendor/ui.js';
import { Dialog, Notice } from '../../parts.js';
import { useAction, useApp, useOrg } from '../../use.js';

export function ExportButton({ filters }) {
  const { api, announce } = useApp();
  const { id } = useOrg();
  const save = useAction(async () => {
    const many = (value) => (value ? [value].flat() : undefined);
    const body = { ...filters, status: many(filters.status), role_id: many(filters.role_id), kind: many(filters.kind) };
    const answer = await api.POST('/v1/organizations/{org}/member-exports', { path: { org: id }, body });
    if (answer instanceof Response) download(URL.createObjectURL(await answer.blob()), fileName(answer));
    else download(answer.url, '');
    announce('The file is ready. Your browser saves it.');
  });
  return html`
    <button onClick=${save.run} disabled=${save.busy}>${save.busy ? 'Preparing the file…' : 'Export'}</button>
    ${save.problem && html`<${Dialog} title="The export" onClose=${save.clear}><${Notice} problem=${save.problem} reload=${save.run} /><//>`}
  `;
}

const fileName = (response) => /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1] ?? 'users.xlsx';

/** Saves the file at `url`. */
export function download(url, name) {
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  if (url.startsWith('blob:')) setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
