/** Start: settings, then the account that was kept, or signing in. */
import { render } from 'preact';
import { resume } from './account.js';
import * as calls from './calls.js';
import { startFrame } from './frame.js';
import { t } from './i18n.js';
import { startKeyboard } from './keyboard.js';
import { retryLine } from './line.js';
import { loadSettings } from './settings.js';
import { audioContext, playPattern } from './sound.js';
import { getState, setState, watchState } from './store.js';
import './style.css';
import { App } from './views/app.jsx';

const isFramed = window.parent !== window;

/** What rings, from what the calls are. */
function ring(/** @type {any} */ state) {
    const live = state.calls.filter((/** @type {any} */ call) => call.state !== 'ended');
    const isTalking = live.some((/** @type {any} */ call) => call.state === 'up' && !call.held);
    const waits = live.some((/** @type {any} */ call) => call.id === state.activeId && call.state === 'ringing' && !call.earlyMedia);
    const ringing = live.find((/** @type {any} */ call) => call.state === 'incoming');
    const title = ringing ? t('incomingFrom', { who: ringing.name || ringing.number }) : t('title');
    if (document.title !== title) document.title = title;
    playPattern(ringing ? (isTalking ? 'waiting' : 'ring') : waits ? 'ringback' : null);
}

/** "Connecting" is worth a sentence only when it takes long. */
function watchLink() {
    /** @type {any} */
    let timer;
    let { link } = getState();
    watchState((state) => {
        if (state.link === link) return;
        link = state.link;
        clearTimeout(timer);
        if (link === 'connecting') timer = setTimeout(() => setState({ isLong: true }), 4000);
        else if (state.isLong) setState({ isLong: false });
    });
}

/** The browser's word on the microphone, before a call fails by it. */
async function watchMicrophone() {
    const status = await navigator.permissions?.query({ name: /** @type {any} */ ('microphone') }).catch(() => null);
    if (!status) return;
    const look = () => setState({ microphone: status.state });
    status.addEventListener('change', look);
    look();
}

/** ?dial=… and ?tab=… of links and of the installed app; nothing is called before a person presses. */
function readAddress() {
    const query = new URLSearchParams(location.search);
    const dialled = query.get('dial')?.replace(/^(tel|sips?):/i, '');
    const tab = query.get('tab');
    if (dialled) setState({ dialled, tab: 'keypad' });
    else if (tab === 'recents' || tab === 'contacts') setState({ tab });
}

function keepGoing() {
    // browsers let a page ring only after it was touched once
    for (const touch of ['pointerdown', 'keydown']) addEventListener(touch, () => audioContext(), { once: true });
    addEventListener('beforeunload', (event) => calls.liveCalls().length && event.preventDefault());
    addEventListener('pagehide', () => calls.hangUpAll());
    addEventListener('online', retryLine);
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && retryLine());
    addEventListener('beforeinstallprompt', (event) => (event.preventDefault(), setState({ installer: event })));
    addEventListener('appinstalled', () => setState({ installer: null }));
}

function start() {
    loadSettings();
    setState({ isFramed });
    watchState(ring);
    watchLink();
    watchMicrophone();
    keepGoing();
    startKeyboard();
    Object.assign(window, { phone: { Dial: calls.dial, HangUp: calls.hangUp } });
    if (isFramed) startFrame();
    else {
        if (!resume()) setState({ phase: 'login' });
        readAddress();
        navigator.serviceWorker?.register('/phone/sw.js', { scope: '/phone/' }).catch(() => {});
    }
    render(<App />, /** @type {HTMLElement} */ (document.getElementById('app')));
}

// the service worker's scope ends with the slash
if (location.pathname === '/phone') location.replace(`/phone/${location.search}${location.hash}`);
else start();
