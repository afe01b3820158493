// "Why can’t they?": whether a person may do an action in an organization, and why.
import { html } from '../../vendor/ui.js';
import { Page } from '../parts.js';
import { useOrg } from '../use.js';
import { Question } from './why/question.js';

export function Why() {
  const { org } = useOrg();
  return html`
    <${Page} title="Why can’t they?" intro="Choose a person and an action. The answer shows each way to the action, and where it ends.">
      <${Question} org=${org} />
    <//>
  `;
}
