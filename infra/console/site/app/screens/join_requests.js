import { html } from '../../vendor/ui.js';
import { Page } from '../parts.js';

export const JoinRequests = () => html`<${Page} title="JoinRequests" />`;
