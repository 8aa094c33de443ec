/** The phone's sentences. A language is a file like en.js and one line here; what it lacks is said in English. */
import ar from './texts/ar.js';
import en from './texts/en.js';

export const LANGUAGES = { en: { name: 'English', texts: en, dir: 'ltr' }, ar: { name: 'العربية', texts: ar, dir: 'rtl' } };

let code = /** @type {keyof typeof LANGUAGES} */ ('en');

/** @param {string} wanted  "en", "ar-EG"; "auto": the browser's */
export function setLanguage(wanted) {
    const wishes = wanted === 'auto' ? navigator.languages : [wanted];
    const found = wishes.map((wish) => wish.toLowerCase().split(/[-_]/)[0]).find((wish) => wish in LANGUAGES);
    code = /** @type {keyof typeof LANGUAGES} */ (found ?? 'en');
    document.documentElement.lang = code;
    document.documentElement.dir = LANGUAGES[code].dir;
    document.title = t('title');
}

/** @param {string} key @param {Record<string, any>} [values]  for {name} in the sentence */
export function t(key, values = {}) {
    const text = /** @type {any} */ (LANGUAGES[code].texts)[key] ?? /** @type {any} */ (en)[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (/** @type {string} */ _, /** @type {string} */ name) => values[name] ?? '');
}

/** @param {number} at @returns {string} today: the hour; else the day too */
export function when(at) {
    const date = new Date(at);
    const isToday = date.toDateString() === new Date().toDateString();
    const time = date.toLocaleTimeString(code, { hour: 'numeric', minute: '2-digit' });
    return isToday ? time : `${date.toLocaleDateString(code, { day: 'numeric', month: 'short' })}, ${time}`;
}

/** @param {number} ms @returns {string} "1:05" */
export function duration(ms) {
    const s = Math.max(0, Math.floor(ms / 1000));
    const parts = s >= 3600 ? [Math.floor(s / 3600), Math.floor(s / 60) % 60, s % 60] : [Math.floor(s / 60), s % 60];
    return parts.map((part, i) => (i ? String(part).padStart(2, '0') : part)).join(':');
}
