// For tsc alone: the types of the packages, through the source of the bundle.
export * from '../../vendor/ui.js';
import type { VNode } from 'preact';

/** Makes what a template says. A function within it takes an event, unless its parameters have a type of their own. */
export const html: (strings: TemplateStringsArray, ...values: (((event: Types.FieldEvent) => unknown) | {} | null | undefined)[]) => VNode | VNode[];
