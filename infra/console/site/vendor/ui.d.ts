// For tsc alone: the types of the packages, through the source of the bundle.
export * from '../../vendor/ui.js';
