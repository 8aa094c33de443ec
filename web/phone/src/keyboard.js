/** Keys that work anywhere outside of fields. */
import { activate, answer, hangUp, liveCalls, sendKeys, setHold, setMute } from './calls.js';
import { playKey } from './sound.js';
import { getState, setState } from './store.js';

/** @param {EventTarget | null} target */
const isField = (target) => target instanceof HTMLElement && (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || target.isContentEditable);

/** What a letter does to the call on the stage. */
const ON_CALL = {
    m: (/** @type {any} */ call) => getState().options.EnableCallMute && setMute(call.id, !call.muted),
    h: (/** @type {any} */ call) => getState().options.EnableCallHold && (call.held ? activate(call.id) : setHold(call.id, true)),
};

/** @param {KeyboardEvent} event */
function onKey(event) {
    const { phase, dialog, dialled, activeId, options } = getState();
    if (phase !== 'phone' || dialog || event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
    const calls = liveCalls();
    const incoming = calls.find((call) => call.state === 'incoming');
    const active = calls.find((call) => call.id === activeId && call.state !== 'incoming');
    const { key } = event;
    const isButton = event.target instanceof HTMLButtonElement;
    if (key === 'Enter' && incoming && !isButton) answer(incoming.id);
    else if (key === 'Escape' && (incoming ?? active)) hangUp((incoming ?? active).id);
    else if (/^[0-9*#+]$/.test(key) && active?.state === 'up') {
        playKey(key);
        sendKeys(active.id, key);
    } else if (active?.state === 'up' && key.toLowerCase() in ON_CALL) /** @type {any} */ (ON_CALL)[key.toLowerCase()](active);
    else if (/^[0-9*#+]$/.test(key) && !active && options.EnableDialPad) {
        setState({ tab: 'keypad', dialled: dialled + key });
        document.getElementById('number')?.focus();
    } else return;
    event.preventDefault();
}

export const startKeyboard = () => addEventListener('keydown', onKey);
