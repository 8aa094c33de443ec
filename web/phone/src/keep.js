/** What stays on this device: settings, and for each account its calls, contacts and recordings. */

const PREFIX = 'tandem.phone.';

/** Storage may be forbidden, full or broken by hand: then the phone works without. @param {string} key @param {any} fallback */
export function readKept(key, fallback, store = 'localStorage') {
    try {
        const text = /** @type {any} */ (globalThis)[store].getItem(PREFIX + key);
        const value = text ? JSON.parse(text) : fallback;
        return value === null || typeof value !== typeof fallback || Array.isArray(value) !== Array.isArray(fallback) ? fallback : value;
    } catch {
        return fallback;
    }
}

/** @param {string} key @param {any} value  null forgets it */
export function keep(key, value, store = 'localStorage') {
    try {
        const place = /** @type {any} */ (globalThis)[store];
        if (value === null) place.removeItem(PREFIX + key);
        else place.setItem(PREFIX + key, JSON.stringify(value));
        return true;
    } catch {
        return false;
    }
}

/** @returns {Promise<IDBDatabase>} */
const openDatabase = () =>
    new Promise((done, fail) => {
        const request = indexedDB.open('tandem-phone', 1);
        request.onupgradeneeded = () => request.result.createObjectStore('recordings');
        request.onsuccess = () => done(request.result);
        request.onerror = () => fail(request.error);
    });

/** @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest} body @returns {Promise<any>} */
async function withRecordings(mode, body) {
    const database = await openDatabase();
    try {
        return await new Promise((done, fail) => {
            const request = body(database.transaction('recordings', mode).objectStore('recordings'));
            request.onsuccess = () => done(request.result);
            request.onerror = () => fail(request.error);
        });
    } finally {
        database.close();
    }
}

/** @param {string} id @param {Blob} sound */
export const keepRecording = (id, sound) => withRecordings('readwrite', (store) => store.put(sound, id));
/** @param {string} id @returns {Promise<Blob | undefined>} */
export const findRecording = (id) => withRecordings('readonly', (store) => store.get(id));
/** @param {string} id */
export const dropRecording = (id) => withRecordings('readwrite', (store) => store.delete(id));
