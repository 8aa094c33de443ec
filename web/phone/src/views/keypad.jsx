/** Dialling: a field, twelve keys, people that fit. */
import { useRef } from 'preact/hooks';
import { dial } from '../calls.js';
import { t } from '../i18n.js';
import { suggest } from '../people.js';
import { playKey } from '../sound.js';
import { setState, useApp } from '../store.js';
import { Avatar, Icon, IconButton } from './parts.jsx';

const LETTERS = ['', 'ABC', 'DEF', 'GHI', 'JKL', 'MNO', 'PQRS', 'TUV', 'WXYZ', '', '+', ''];

/** @param {{onKey: (key: string) => void, onLong?: (key: string) => void}} props */
export function Keys({ onKey, onLong }) {
    const held = useRef(/** @type {any} */ (null));
    const press = (/** @type {string} */ key) => {
        held.current = onLong && setTimeout(() => ((held.current = 'long'), onLong(key)), 550);
    };
    const release = (/** @type {string} */ key) => {
        if (held.current === 'long') return;
        clearTimeout(held.current);
        playKey(key);
        onKey(key);
    };
    return (
        <div class="keys" dir="ltr">
            {[...'123456789*0#'].map((key, i) => (
                <button type="button" key={key} data-key={key} aria-label={key} onPointerDown={() => press(key)} onPointerLeave={() => held.current !== 'long' && clearTimeout(held.current)} onClick={() => release(key)}>
                    <span>{key === '*' ? '∗' : key}</span>
                    <small aria-hidden="true">{LETTERS[i]}</small>
                </button>
            ))}
        </div>
    );
}

/** @param {{onDone?: () => void}} props  onDone: there is a call to go back to */
export function Keypad({ onDone }) {
    const { dialled, options, lastDialled } = useApp();
    const field = useRef(/** @type {HTMLInputElement | null} */ (null));
    const set = (/** @type {string} */ text) => setState({ dialled: (options.EnableAlphanumericDial ? text : text.replace(/[^\d*#+\s().-]/g, '')).slice(0, options.MaxDidLength) });
    const call = async (/** @type {string} */ text) => {
        if (!text.trim()) return lastDialled && set(lastDialled);
        onDone?.();
        await dial(text);
    };
    const long = (/** @type {string} */ key) => set(`${dialled}${key === '0' ? '+' : key}`);
    const found = suggest(dialled);
    return (
        <form class="keypad" aria-label={t('keypad')} onSubmit={(event) => (event.preventDefault(), call(dialled))}>
            <div class="dial-line">
                <span class="spacer" />
                <input id="number" ref={field} dir="auto" type="text" inputMode={options.EnableAlphanumericDial ? 'text' : 'tel'} autoComplete="off" autoCapitalize="off" spellcheck={false} enterKeyHint="go"
                    aria-label={t('enterNumber')} placeholder={t('enterNumber')} value={dialled} onInput={(event) => set(event.currentTarget.value)} />
                <IconButton icon="erase" flips label={t('erase')} class={dialled ? '' : 'unseen'} onClick={() => set(dialled.slice(0, -1))} />
            </div>
            <ul class="suggestions">
                {found.map(({ name, number }) => (
                    <li key={number}>
                        <button type="button" onClick={() => call(number)} aria-label={t('callWho', { who: name || number })}>
                            <Avatar name={name || number} size="small" />
                            <span>
                                <b>{name || number}</b>
                                {name && <bdi>{number}</bdi>}
                            </span>
                        </button>
                    </li>
                ))}
            </ul>
            <Keys onKey={(key) => set(dialled + key)} onLong={long} />
            <button type="submit" class="call-button go" id="call" disabled={!dialled.trim() && !lastDialled} aria-label={dialled ? t('callWho', { who: dialled }) : t('call')} title={!dialled && lastDialled ? t('redial', { who: lastDialled }) : t('call')}>
                <Icon name="phone" />
            </button>
        </form>
    );
}
