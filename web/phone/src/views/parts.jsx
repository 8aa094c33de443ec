/** Small things that every view uses. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../i18n.js';
import { watchLevel } from '../sound.js';

/** 24 by 24; drawn with the pen unless marked as filled. */
const ICONS = {
    phone: ['M6.4 3.6 8.9 3l2.2 5-2 1.7a12 12 0 0 0 5.2 5.2l1.7-2 5 2.2-.6 2.5a2.6 2.6 0 0 1-2.7 2A15.3 15.3 0 0 1 4.4 6.3a2.6 2.6 0 0 1 2-2.7Z'],
    phoneDown: ['M2.6 14.6c5.2-5.6 13.6-5.6 18.8 0 .8.8.8 2 0 2.8l-1.3 1.2c-.6.6-1.5.7-2.2.2L15.6 17a1.5 1.5 0 0 1-.6-1.5l.3-1.6a11 11 0 0 0-6.6 0l.3 1.6a1.5 1.5 0 0 1-.6 1.5l-2.3 1.8c-.7.5-1.6.4-2.2-.2l-1.3-1.2c-.8-.8-.8-2 0-2.8Z', 'fill'],
    keypad: ['M6 5h.01M12 5h.01M18 5h.01M6 11h.01M12 11h.01M18 11h.01M6 17h.01M12 17h.01M18 17h.01', 'dots'],
    recents: ['M12 7v5l3.2 2M20.5 12a8.5 8.5 0 1 1-2.6-6.1M20.5 3.5v4h-4'],
    contacts: ['M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20.5c.8-4 3.8-6 7.5-6s6.700 2 7.500 6'],
    settings: ['M4 7h9M19 7h1M4 17h1M11 17h9M16 9.200a2.200 2.200 0 1 0 0-4.400 2.200 2.200 0 0 0 0 4.400ZM8 19.200a2.200 2.200 0 1 0 0-4.400 2.200 2.200 0 0 0 0 4.400Z'],
    mic: ['M12 15a3.500 3.500 0 0 0 3.500-3.500v-5a3.500 3.500 0 0 0-7 0v5A3.500 3.500 0 0 0 12 15ZM5.500 11.500a6.500 6.500 0 0 0 13 0M12 18v3.500'],
    micOff: ['M15.500 9V6.500a3.500 3.500 0 0 0-6.600-1.600M8.500 9.500v2a3.500 3.500 0 0 0 5 3.200M5.500 11.500a6.500 6.500 0 0 0 10.300 5.300M18.500 11.500c0 .7-.1 1.400-.3 2M12 18v3.500M3.500 3.500l17 17'],
    pause: ['M8.500 5v14M15.500 5v14'],
    play: ['M7.500 4.800v14.400L19 12Z'],
    transfer: ['M14 4.500h6v6M20 4.500 12.500 12M10 5.500H6.500a2 2 0 0 0-2 2v10a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V14'],
    record: ['M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16Z', 'M12 15.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7Z'],
    speaker: ['M4 9.500v5h3.500L12 18.500v-13L7.500 9.500ZM15.500 9a4.200 4.200 0 0 1 0 6M18 6.500a7.800 7.800 0 0 1 0 11'],
    plus: ['M12 5v14M5 12h14'],
    join: ['M7 4v4a4 4 0 0 0 4 4h2a4 4 0 0 1 4 4v4M17 4v4a4 4 0 0 1-4 4M7 20v-4a4 4 0 0 1 4-4'],
    swap: ['M7 4 3.500 7.500 7 11M3.500 7.500h13M17 13l3.500 3.500L17 20M20.500 16.500h-13'],
    back: ['M10.500 5.500 4 12l6.500 6.500M4 12h16'],
    erase: ['M9 5.500h9.500a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H9L3 12ZM11.500 9.500l5 5M16.500 9.500l-5 5'],
    close: ['M6 6l12 12M18 6 6 18'],
    moon: ['M20 14.200A8.500 8.500 0 0 1 9.800 4a8.500 8.500 0 1 0 10.200 10.200Z'],
    out: ['M7 17 17 7M9.500 7H17v7.500'],
    in: ['M17 7 7 17M14.500 17H7V9.500'],
    trash: ['M4.500 6.500h15M9.500 6.500v-2h5v2M6.500 6.500l.8 13h9.400l.8-13M10 10.500v5M14 10.500v5'],
    edit: ['M4.500 19.500h4L19.300 8.700a2 2 0 0 0 0-2.800l-1.200-1.200a2 2 0 0 0-2.800 0L4.500 15.500Z'],
    download: ['M12 4v11M7.500 11l4.500 4.500L16.500 11M5 19.500h14'],
    search: ['M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13ZM15.500 15.500l5 5'],
    addPerson: ['M10 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM3 20.500c.7-4 3.500-6 7-6 1.500 0 2.900.4 4 1.100M18 13.500v7M14.500 17h7'],
};

/** @param {{name: keyof typeof ICONS, flips?: boolean}} props  flips: it points somewhere, and RTL is the other way */
export function Icon({ name, flips }) {
    const [path, more] = ICONS[name];
    const kind = more === 'fill' || more === 'dots' ? more : '';
    return (
        <svg class={`icon ${kind} ${flips ? 'flips' : ''}`} viewBox="0 0 24 24" aria-hidden="true">
            <path d={path} />
            {more && !kind && <path class="solid" d={more} />}
        </svg>
    );
}

const HUES = [168, 205, 262, 322, 14, 42, 95];
/** Initials on a colour that stays theirs. @param {{name: string, size?: string}} props */
export function Avatar({ name, size = '' }) {
    const letters = /^\p{L}/u.test(name) ? name.split(/[\s.@_-]+/).filter((word) => /^\p{L}/u.test(word)).slice(0, 2).map((word) => [...word][0].toUpperCase()) : [];
    const hue = HUES[[...name].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) >>> 0, 7) % HUES.length];
    return (
        <span class={`avatar ${size}`} aria-hidden="true" style={{ '--hue': hue }}>
            {letters.length ? letters.join('') : <Icon name="contacts" />}
        </span>
    );
}

/** @param {{icon: any, label: string, onClick: (event: any) => void, [more: string]: any}} props */
export function IconButton({ icon, label, flips, class: extra = '', ...rest }) {
    return (
        <button type="button" class={`icon-button ${extra}`} aria-label={label} title={label} {...rest}>
            <Icon name={icon} flips={flips} />
        </button>
    );
}

/** How loud a stream is. @param {{stream?: MediaStream, label: string}} props */
export function Meter({ stream, label }) {
    const bar = useRef(/** @type {HTMLElement | null} */ (null));
    useEffect(() => {
        if (!stream) return undefined;
        const stop = watchLevel(stream, (level) => {
            if (!bar.current) return;
            bar.current.style.setProperty('--level', level.toFixed(3));
            bar.current.setAttribute('aria-valuenow', String(Math.round(level * 100)));
        });
        return stop;
    }, [stream]);
    return (
        <div class="meter">
            <span>{label}</span>
            <div class="meter-bar" ref={bar} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={0} />
        </div>
    );
}

/** A dialog that keeps the keyboard inside while it is open. @param {{title: string, onClose: () => void, children: any}} props */
export function Dialog({ title, onClose, children }) {
    const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
    useEffect(() => {
        element.current?.showModal();
        return () => element.current?.close();
    }, []);
    return (
        <dialog ref={element} aria-label={title} onCancel={(event) => (event.preventDefault(), onClose())} onClick={(event) => event.target === element.current && onClose()}>
            <div class="dialog">
                <header>
                    <h2>{title}</h2>
                    <IconButton icon="close" label={t('close')} onClick={onClose} />
                </header>
                {children}
            </div>
        </dialog>
    );
}

/** @param {{label: string, help?: string, checked: boolean, onChange: (on: boolean) => void}} props */
export function Switch({ label, help, checked, onChange, ...rest }) {
    return (
        <label class="switch-row">
            <span>
                <b>{label}</b>
                {help && <small>{help}</small>}
            </span>
            <input type="checkbox" role="switch" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} {...rest} />
        </label>
    );
}

/** Time that passes. @param {{since: number, format: (ms: number) => string}} props */
export function Clock({ since, format }) {
    const [, tick] = useState(0);
    useEffect(() => {
        const timer = setInterval(() => tick((n) => n + 1), 1000);
        return () => clearInterval(timer);
    }, []);
    return <time class="clock">{format(Date.now() - since)}</time>;
}

/** @param {{icon: any, title: string, text?: string, children?: any}} props */
export function Empty({ icon, title, text, children }) {
    return (
        <div class="empty">
            <Icon name={icon} />
            <p>
                <b>{title}</b>
            </p>
            {text && <p>{text}</p>}
            {children}
        </div>
    );
}
