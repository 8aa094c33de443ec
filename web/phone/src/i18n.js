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

const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
const word = (/** @type {Date} */ d, /** @type {Intl.DateTimeFormatOptions} */ options) => d.toLocaleDateString(code, options);
/** The letters of a pattern such as YYYY-MM-DD h:mm:ss A, as pages that embed phones write them. @type {Record<string, (d: Date) => any>} */
const PARTS = {
    YYYY: (d) => d.getFullYear(),
    YY: (d) => two(d.getFullYear() % 100),
    MMMM: (d) => word(d, { month: 'long' }),
    MMM: (d) => word(d, { month: 'short' }),
    MM: (d) => two(d.getMonth() + 1),
    M: (d) => d.getMonth() + 1,
    DD: (d) => two(d.getDate()),
    D: (d) => d.getDate(),
    dddd: (d) => word(d, { weekday: 'long' }),
    ddd: (d) => word(d, { weekday: 'short' }),
    HH: (d) => two(d.getHours()),
    H: (d) => d.getHours(),
    hh: (d) => two(d.getHours() % 12 || 12),
    h: (d) => d.getHours() % 12 || 12,
    mm: (d) => two(d.getMinutes()),
    ss: (d) => two(d.getSeconds()),
    A: (d) => (d.getHours() < 12 ? 'AM' : 'PM'),
    a: (d) => (d.getHours() < 12 ? 'am' : 'pm'),
};
const LETTERS = new RegExp(`\\[([^\\]]*)\\]|${Object.keys(PARTS).join('|')}`, 'g');
const print = (/** @type {Date} */ date, /** @type {string} */ pattern) => pattern.replace(LETTERS, (letters, plain) => plain ?? String(PARTS[letters](date)));

/**
 * Today: the hour; else the day too. @param {number} at
 * @param {{DisplayDateFormat?: string, DisplayTimeFormat?: string}} [formats]  as the page around us wants them
 */
export function when(at, { DisplayDateFormat, DisplayTimeFormat } = {}) {
    const date = new Date(at);
    const isToday = date.toDateString() === new Date().toDateString();
    const time = DisplayTimeFormat ? print(date, DisplayTimeFormat) : date.toLocaleTimeString(code, { hour: 'numeric', minute: '2-digit' });
    if (isToday) return time;
    return `${DisplayDateFormat ? print(date, DisplayDateFormat) : word(date, { day: 'numeric', month: 'short' })}, ${time}`;
}

/** @param {number} ms @returns {string} "1:05" */
export function duration(ms) {
    const s = Math.max(0, Math.floor(ms / 1000));
    const parts = s >= 3600 ? [Math.floor(s / 3600), Math.floor(s / 60) % 60, s % 60] : [Math.floor(s / 60), s % 60];
    return parts.map((part, i) => (i ? String(part).padStart(2, '0') : part)).join(':');
}
