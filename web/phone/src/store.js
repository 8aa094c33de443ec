/** The phone's state: one object, replaced by each change, and who wants to know. */
import { useEffect, useReducer } from 'preact/hooks';

/**
 * @typedef {object} Call
 * @property {string} id
 * @property {'in' | 'out'} direction
 * @property {string} number @property {string} name  who is at the far end
 * @property {'calling' | 'ringing' | 'incoming' | 'up' | 'ended'} state
 * @property {number} startedAt @property {number} [answeredAt] @property {number} [endedAt]
 * @property {boolean} [held] @property {boolean} [heldByFar] @property {boolean} [muted] @property {boolean} [recording]
 * @property {string} [keys]  pressed during the call
 * @property {import('./quality.js').Quality} [quality]
 * @property {string} [consultFor]  the call that is to be transferred to this one
 * @property {string} [transfer]  where a transfer of this call has got to
 * @property {string} [cause]  why it ended: a key of the texts
 */

/** @type {any} */
let state = {
    phase: 'boot', // boot, login, phone
    link: 'offline', // offline, connecting, registered, refused
    linkText: '',
    tab: 'keypad',
    dialled: '',
    account: null,
    calls: [],
    activeId: null,
    history: [],
    contacts: [],
    toasts: [],
    dialog: null,
    devices: { inputs: [], outputs: [] },
    options: {},
    settings: {},
};
/** @type {Set<(state: any) => void>} */
const watchers = new Set();

export const getState = () => state;

/** @param {object} patch */
export function setState(patch) {
    state = { ...state, ...patch };
    watchers.forEach((watch) => watch(state));
}

/** @param {(state: any) => void} watch @returns {() => void} stops it */
export function watchState(watch) {
    watchers.add(watch);
    return () => watchers.delete(watch);
}

/** The state in a component, which is drawn again when it changes. */
export function useApp() {
    const [, redraw] = useReducer((n) => n + 1, 0);
    useEffect(() => watchState(() => redraw(undefined)), []);
    return state;
}

/** @param {string} id @returns {Call | undefined} */
export const findCall = (id) => state.calls.find((/** @type {Call} */ call) => call.id === id);

/** @param {string} id @param {Partial<Call>} patch */
export function patchCall(id, patch) {
    setState({ calls: state.calls.map((/** @type {Call} */ call) => (call.id === id ? { ...call, ...patch } : call)) });
}

let nextToast = 1;
/** A sentence that goes away by itself. @param {string} text @param {'info' | 'bad'} [kind] */
export function showToast(text, kind = 'info') {
    const toast = { id: nextToast++, text, kind };
    setState({ toasts: [...state.toasts.slice(-2), toast] });
    setTimeout(() => setState({ toasts: state.toasts.filter((/** @type {any} */ other) => other !== toast) }), 5000);
}
