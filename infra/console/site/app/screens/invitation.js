import { html } from '../../vendor/ui.js';
import { Page } from '../parts.js';

export const InvitationScreen = () => html`<${Page} title="InvitationScreen" />`;
