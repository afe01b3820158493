import { html } from '../../vendor/ui.js';
import { Page } from '../parts.js';

export const Why = () => html`<${Page} title="Why" />`;
