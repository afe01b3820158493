// The view library: Preact renders, htm parses the templates of `html` in the browser, without a build step.
import htm from 'htm';
import { h } from 'preact';

export { Fragment, createContext, render } from 'preact';
export { useCallback, useContext, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
export const html = htm.bind(h);
