/** The whole: signing in, or the phone with its places around the stage. */
import { retryLine } from '../line.js';
import { t } from '../i18n.js';
import { changeSettings } from '../settings.js';
import { setState, useApp } from '../store.js';
import { CallView, Incoming, whoOf } from './call.jsx';
import { Contacts } from './contacts.jsx';
import { Dialogs, Toasts } from './dialogs.jsx';
import { Keypad } from './keypad.jsx';
import { Login } from './login.jsx';
import { Avatar, Empty, Icon, IconButton } from './parts.jsx';
import { Recents } from './recents.jsx';
import { Settings } from './settings.jsx';

const TABS = /** @type {const} */ (['keypad', 'recents', 'contacts', 'settings']);

/** @param {string} tab @param {any} options */
const isOffered = (tab, options) =>
    !(tab === 'settings' && !options.EnableSettings) && !(tab === 'recents' && !options.EnableDisplayCallDetailRecords) && !(tab === 'keypad' && !options.EnableDialPad);

function Tabs() {
    const { tab, history, options } = useApp();
    const missed = history.filter((/** @type {any} */ row) => row.isMissed && !row.seen).length;
    return (
        <nav class="tabs">
            {TABS.filter((name) => isOffered(name, options)).map((name) => (
                <button type="button" key={name} data-tab={name} aria-current={tab === name ? 'page' : undefined} onClick={() => setState({ tab: name })}>
                    <Icon name={name} />
                    <span>{t(name)}</span>
                    {name === 'recents' && missed > 0 && (
                        <em>
                            {missed}
                            <span class="sr"> {t('missed')}</span>
                        </em>
                    )}
                </button>
            ))}
        </nav>
    );
}

function Bar() {
    const { account, link, settings, options } = useApp();
    return (
        <header class="bar">
            {options.EnableAvatar && <Avatar name={account.name} />}
            <span class="bar-who">
                <b>{account.name}</b>
                <small class={`link ${settings.doNotDisturb && link === 'registered' ? 'dnd' : link}`} role="status" id="link" data-link={link}>
                    {settings.doNotDisturb && link === 'registered' ? t('doNotDisturb') : t(`link_${link}`)}
                </small>
            </span>
            {options.EnableDoNotDisturb && <IconButton icon="moon" id="dnd" label={t('doNotDisturb')} aria-pressed={settings.doNotDisturb} onClick={() => changeSettings({ doNotDisturb: !settings.doNotDisturb })} />}
        </header>
    );
}

function Banner() {
    const { link, linkText, isLong, microphone } = useApp();
    if (microphone === 'denied') return <p class="banner">{t('micBanner')}</p>;
    if (link === 'refused') return <p class="banner bad">{t('refusedBanner', { why: linkText })}</p>;
    if (link !== 'offline' && !(link === 'connecting' && isLong)) return null;
    return (
        <p class="banner">
            {t('offlineBanner')}{' '}
            <button type="button" class="textual" onClick={retryLine}>
                {t('retry')}
            </button>
        </p>
    );
}

/** What a screen reader says by itself. */
function Announcer() {
    const { calls, activeId } = useApp();
    const call = calls.find((/** @type {any} */ each) => each.state === 'incoming') ?? calls.find((/** @type {any} */ each) => each.id === activeId);
    const text = !call ? '' : call.state === 'ended' ? t(call.cause ?? 'causeEnded') : call.state === 'incoming' ? t('incomingFrom', { who: whoOf(call) }) : `${whoOf(call)}: ${t(call.held ? 'state_held' : `state_${call.state}`)}`;
    return (
        <p class="sr" aria-live="assertive">
            {text}
        </p>
    );
}

function Phone() {
    const { tab, calls, activeId, adding, options } = useApp();
    const active = calls.find((/** @type {any} */ call) => call.id === activeId && call.state !== 'incoming');
    const showsCall = active && !adding;
    const side = { recents: <Recents />, contacts: <Contacts />, settings: <Settings />, keypad: options.EnableDisplayCallDetailRecords ? <Recents /> : <Contacts /> }[/** @type {'keypad'} */ (tab)];
    return (
        <div class="phone" data-tab={tab} data-call={showsCall ? active.state : undefined} data-adding={adding && active ? '' : undefined}>
            <Bar />
            <Banner />
            {active && (tab !== 'keypad' || adding) && (
                <button type="button" class="to-call" onClick={() => setState({ tab: 'keypad', adding: false })}>
                    <Icon name="back" flips /> {whoOf(active)} · {t(active.held ? 'state_held' : `state_${active.state}`)}
                </button>
            )}
            <main class="stage">{showsCall ? <CallView call={active} key={active.id} /> : options.EnableDialPad ? <Keypad onDone={() => setState({ adding: false })} /> : null}</main>
            <aside class="side">{side}</aside>
            <Tabs />
            <Incoming />
            <Dialogs />
            <Announcer />
        </div>
    );
}

export function App() {
    const { phase, takeOver } = useApp();
    return (
        <>
            {phase === 'login' && <Login />}
            {phase === 'waiting' && (
                <main class="waiting">
                    <p>{t('waiting')}</p>
                </main>
            )}
            {phase === 'elsewhere' && (
                <main class="waiting">
                    <Empty icon="swap" title={t('elsewhere')} text={t('elsewhereText')}>
                        <button type="button" class="primary" id="takeOver" onClick={takeOver}>
                            {t('takeOver')}
                        </button>
                    </Empty>
                </main>
            )}
            {phase === 'phone' && <Phone />}
            <Toasts />
        </>
    );
}
