/** What the person chose, and what the page around the phone allows. */
import { setLanguage } from './i18n.js';
import { keep, readKept } from './keep.js';
import { getState, setState } from './store.js';

const DEFAULTS = {
    theme: 'system',
    language: 'auto',
    microphone: '',
    speaker: '',
    ringer: '',
    ringVolume: 0.6,
    processing: true, // echo cancelling, noise suppression, automatic gain
    doNotDisturb: false,
    autoAnswer: false,
    callWaiting: true,
    recordAll: false,
    notifications: false,
};

/** Options of ProvisionPhone that switch a part of the phone off; all are on unless told. */
const SWITCHES = [
    ['EnableDialPad'],
    ['EnableSettings', 'EnabledSettings'],
    ['EnableCallRecording'],
    ['EnableAutoAnswer'],
    ['EnableDoNotDisturb'],
    ['EnableCallWaiting'],
    ['EnableCallTransfer'],
    ['EnableCallHold'],
    ['EnableCallMute'],
    ['EnableDeviceSelector'],
    ['EnableDisplayCallDetailRecords'],
    ['EnableAvatar'],
    ['EnableAlphanumericDial'],
];

/** @param {any} value */
const isOff = (value) => value === false || value === 'false' || value === 0;

/** @param {any} given  of ProvisionPhone */
export function readOptions(given) {
    /** @type {any} */
    const options = {};
    for (const [name, other] of SWITCHES) options[name] = !isOff(given[name] ?? (other && given[other]) ?? true);
    options.MaxDidLength = Number(given.MaxDidLength) > 0 ? Number(given.MaxDidLength) : 64;
    options.UiMaxWidth = Number(given.UiMaxWidth) > 0 ? Number(given.UiMaxWidth) : 0;
    options.BuddySortBy = given.BuddySortBy === 'activity' ? 'activity' : 'alphabetical';
    for (const name of ['DisplayDateFormat', 'DisplayTimeFormat']) options[name] = typeof given[name] === 'string' ? given[name].slice(0, 64) : '';
    // strangers leave no row behind, or none that is shown
    for (const name of ['BuddyAutoDeleteAtEnd', 'HideAutoDeleteBuddies']) options[name] = given[name] === true || given[name] === 'true';
    return options;
}

/** Once, before anything is drawn. @param {any} [given]  options of ProvisionPhone */
export function loadSettings(given = {}) {
    const settings = { ...DEFAULTS, ...readKept('settings', {}) };
    const theme = given.UiThemeStyle;
    if (['system', 'light', 'dark'].includes(theme)) settings.theme = theme;
    const language = given.Language ?? given.language;
    if (language) settings.language = String(language);
    setState({ settings, options: readOptions(given) });
    apply();
}

/** @param {Partial<typeof DEFAULTS>} patch */
export function changeSettings(patch) {
    const settings = { ...getState().settings, ...patch };
    setState({ settings });
    keep('settings', settings);
    apply();
}

function apply() {
    const { settings, options } = getState();
    setLanguage(settings.language);
    const root = document.documentElement;
    if (settings.theme === 'system') delete root.dataset.theme;
    else root.dataset.theme = settings.theme;
    if (options.UiMaxWidth) root.style.setProperty('--max-width', `${options.UiMaxWidth}px`);
}
