/** Elements without markup: every text becomes a text node, whoever chose it. */

const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {Node | string | number | null | undefined | false} Child */

/** @param {Element} element @param {Record<string, any>} attributes @param {Child[]} children */
function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
        else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
    }
    for (const child of children)
        if (child !== null && child !== undefined && child !== false)
            element.append(child instanceof Node ? child : document.createTextNode(String(child)));
    return element;
}

/** @param {string} tag @param {Record<string, any>} [attributes] @param {...Child} children */
export const el = (tag, attributes = {}, ...children) => /** @type {HTMLElement} */ (fill(document.createElement(tag), attributes, children));
/** @param {string} tag @param {Record<string, any>} [attributes] @param {...Child} children */
export const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** "1:02:03", "02:03" @param {number} ms */
export function span(ms) {
    const s = Math.max(0, Math.floor(ms / 1000));
    const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
    return `${s >= 3600 ? `${Math.floor(s / 3600)}:` : ''}${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}
/** @param {number | null} ms */
export const clock = (ms) => (ms ? new Date(ms).toLocaleString([], { dateStyle: 'short', timeStyle: 'medium' }) : '');

/** A word with its colour. @param {string} state */
export function badge(state) {
    const tones = {
        good: ['up', 'alive', 'connected', 'registered', 'hangup'],
        busy: ['new', 'dialing', 'ringing', 'early', 'trying', 'unknown', 'registering'],
        bad: ['unreachable', 'failed', 'refused', 'error'],
        warn: ['warn'],
    };
    const tone = Object.entries(tones).find(([, words]) => words.includes(state))?.[0] ?? 'quiet';
    return el('span', { class: `badge ${tone}` }, state);
}

/**
 * A table that becomes cards on a phone.
 * @param {{title: string, cell: (row: any) => Child}[]} columns @param {any[]} rows
 * @param {{empty: string, onrow?: (row: any) => void}} options
 */
export function table(columns, rows, { empty, onrow }) {
    if (!rows.length) return el('p', { class: 'empty' }, empty);
    const body = rows.map((row) => {
        const cells = columns.map(({ title, cell }) => el('td', { 'data-title': title }, cell(row)));
        const open = onrow && (() => onrow(row));
        const key = (/** @type {KeyboardEvent} */ e) => e.key === 'Enter' && open?.();
        return open ? el('tr', { tabindex: 0, class: 'open', onclick: open, onkeydown: key }, ...cells) : el('tr', {}, ...cells);
    });
    const head = el('tr', {}, ...columns.map(({ title }) => el('th', { scope: 'col' }, title)));
    return el('div', { class: 'card flat' }, el('table', {}, el('thead', {}, head), el('tbody', {}, ...body)));
}
