import { html } from '../../vendor/ui.js';
import { Page } from '../parts.js';

export const Settings = () => html`<${Page} title="Settings" />`;
