/**
 * Answers kept for the next visit, each bound to the user and device it was given to:
 * {v: 1, user, device, savedAt, data}. What cannot be read or written is as if it were not there.
 */
import { page } from './base.js';

const MAX_AGE_MS = 24 * 3600 * 1000;
const ours = /^{"v":1,"user":/;

/** @type {Map<string, string>} */
const memory = new Map();
const memoryStore = {
    getItem: (/** @type {string} */ key) => memory.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ text) => memory.set(key, text),
    removeItem: (/** @type {string} */ key) => memory.delete(key),
};

/** ClearCache() counts it up: an answer still under way then is no longer written. */
let epoch = 0;

/** Private windows and sandboxed frames throw at the mere mention. @returns {Storage | undefined} */
function localStore() {
    try {
        return page()?.localStorage;
    } catch {
        return undefined;
    }
}

/**
 * The place for one answer, or null when it is not to be kept.
 * @param {any} options @param {string} keyName  the option that names the key
 */
export function openEntry(options, keyName) {
    const key = options[keyName];
    if (options.EnableCache !== true) return null;
    if (typeof key !== 'string' || !key) {
        console.warn(`Siperb: EnableCache needs ${keyName}; not cached`);
        return null;
    }
    const { Storage } = options;
    const store = Storage === 'memory' ? memoryStore : (Storage?.getItem && Storage) || localStore();
    if (!store) return null;
    const user = String(options.UserId);
    const device = String(options.DeviceToken ?? '');
    const maxAgeMs = options.MaxAge >= 0 ? Number(options.MaxAge) : MAX_AGE_MS;
    const began = epoch;

    const drop = () => {
        try {
            store.removeItem(key);
        } catch {}
    };
    /** @returns {any} undefined: nothing usable */
    const read = () => {
        try {
            const text = store.getItem(key);
            if (!text) return undefined;
            const entry = JSON.parse(text);
            if (!ours.test(text)) {
                drop(); // the original library's: no owner, no age, so it is believed once
                return entry && typeof entry === 'object' ? entry : undefined;
            }
            if (entry.user !== user || entry.device !== device) return undefined;
            const ageMs = Date.now() - entry.savedAt;
            return ageMs <= maxAgeMs && ageMs > -MAX_AGE_MS && entry.data ? entry.data : undefined;
        } catch {
            console.warn(`Siperb: the cache entry ${key} is not readable; asking the server`);
            drop();
            return undefined;
        }
    };
    const write = (/** @type {any} */ data) => {
        if (began !== epoch) return;
        try {
            store.setItem(key, JSON.stringify({ v: 1, user, device, savedAt: Date.now(), data }));
        } catch {} // full or forbidden: the answer itself is good
    };
    return { read, write, drop };
}

/** Forget every answer that was kept, in memory and in localStorage. @param {...string} keys  more keys to remove */
export function ClearCache(...keys) {
    epoch++;
    memory.clear();
    const store = localStore();
    try {
        for (const key of Object.keys(store ?? {}))
            if (keys.includes(key) || ours.test(store?.getItem(key) ?? '')) store?.removeItem(key);
    } catch {}
}
