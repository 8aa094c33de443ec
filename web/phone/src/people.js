/** Who was called and who is known: kept on this device, apart for each account. */
import { dropRecording, keep, readKept } from './keep.js';
import { getState, setState } from './store.js';

const MAX_HISTORY = 200;
const MAX_CONTACTS = 2000;

const key = (/** @type {string} */ what) => `${getState().account?.id ?? 'none'}.${what}`;

/** After the account is known. */
export function loadPeople() {
    setState({ history: readKept(key('history'), []), contacts: readKept(key('contacts'), []) });
}

/** @param {any} row */
const dropSounds = (row) => (row.recordings ?? []).forEach((/** @type {string} */ key) => dropRecording(key).catch(() => {}));

/** @param {any} call */
export function addHistory({ id, direction, number, name, startedAt, answeredAt, endedAt, cause, isMissed = false, recordings = [] }) {
    const row = { id, direction, number, name, startedAt, answeredAt, endedAt, cause, isMissed, recordings };
    if (getState().options.BuddyAutoDeleteAtEnd && !nameOf(number)) return dropSounds(row);
    const all = [row, ...getState().history];
    all.slice(MAX_HISTORY).forEach(dropSounds);
    saveHistory(all.slice(0, MAX_HISTORY));
}

/** @param {any[]} history */
function saveHistory(history) {
    setState({ history });
    keep(key('history'), history);
}

/** @param {string} id */
export function removeHistory(id) {
    getState().history.filter((/** @type {any} */ row) => row.id === id).forEach(dropSounds);
    saveHistory(getState().history.filter((/** @type {any} */ row) => row.id !== id));
}

export function clearHistory() {
    getState().history.forEach(dropSounds);
    saveHistory([]);
}

/** The missed calls were looked at. */
export function seeMissed() {
    if (getState().history.some((/** @type {any} */ row) => row.isMissed && !row.seen))
        saveHistory(getState().history.map((/** @type {any} */ row) => ({ ...row, seen: true })));
}

/** @param {{id?: string, name: string, number: string, company?: string}} contact */
export function saveContact(contact) {
    const id = contact.id ?? `p${Date.now().toString(36)}`;
    const others = getState().contacts.filter((/** @type {any} */ other) => other.id !== id);
    const contacts = [...others, { ...contact, id }].sort((a, b) => a.name.localeCompare(b.name)).slice(0, MAX_CONTACTS);
    setState({ contacts });
    keep(key('contacts'), contacts);
}

/** @param {string} id */
export function removeContact(id) {
    const contacts = getState().contacts.filter((/** @type {any} */ contact) => contact.id !== id);
    setState({ contacts });
    keep(key('contacts'), contacts);
}

const plain = (/** @type {string} */ number) => number.replace(/[\s().\-/]/g, '').toLowerCase();

/** The name of a number that is in the contacts, or ''. @param {string} number @returns {string} */
export const nameOf = (number) =>
    getState().contacts.find((/** @type {any} */ contact) => plain(contact.number) === plain(number))?.name ?? '';

/** Contacts first, then numbers called before. @param {string} text @returns {{name: string, number: string}[]} */
export function suggest(text) {
    const sought = plain(text);
    if (!sought) return [];
    const { contacts, history } = getState();
    const rows = [...contacts, ...history].filter(
        (row) => plain(row.number).includes(sought) || (row.name ?? '').toLowerCase().includes(text.trim().toLowerCase()),
    );
    const seen = new Set();
    return rows.filter((row) => !seen.has(plain(row.number)) && seen.add(plain(row.number))).slice(0, 4);
}
