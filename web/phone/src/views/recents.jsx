/** The calls there were, with their recordings. */
import { useEffect, useState } from 'preact/hooks';
import { dial } from '../calls.js';
import { duration, t, when } from '../i18n.js';
import { findRecording } from '../keep.js';
import { clearHistory, nameOf, removeHistory, seeMissed } from '../people.js';
import { setState, showToast, useApp } from '../store.js';
import { Avatar, Empty, Icon, IconButton } from './parts.jsx';

/** @param {{recording: string, name: string}} props */
function Recording({ recording, name }) {
    const [url, setUrl] = useState(/** @type {{href: string, type: string} | null} */ (null));
    useEffect(() => () => (url ? URL.revokeObjectURL(url.href) : undefined), [url]);
    const load = async () => {
        const sound = await findRecording(recording).catch(() => undefined);
        if (!sound) return showToast(t('recordingGone'), 'bad');
        setUrl({ href: URL.createObjectURL(sound), type: sound.type });
    };
    if (!url)
        return (
            <button type="button" class="plain" onClick={load}>
                <Icon name="play" /> {t('play')}
            </button>
        );
    return (
        <div class="player">
            <audio controls autoPlay src={url.href} />
            <a class="icon-button" href={url.href} download={`${name}.${url.type.includes('mp4') ? 'm4a' : 'webm'}`} aria-label={t('download')} title={t('download')}>
                <Icon name="download" />
            </a>
        </div>
    );
}

/** @param {{row: any}} props */
function Row({ row }) {
    const [isOpen, setOpen] = useState(false);
    const { options } = useApp();
    const who = nameOf(row.number) || row.name || row.number || t('unknown');
    const kind = row.isMissed ? 'missed' : row.direction;
    const talked = row.answeredAt ? duration(row.endedAt - row.answeredAt) : row.isMissed ? '' : t(row.cause ?? 'causeEnded');
    return (
        <li class={kind}>
            <div class="row">
                <button type="button" class="row-main" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
                    {options.EnableAvatar && <Avatar name={who} />}
                    <span>
                        <b>
                            <bdi>{who}</bdi>
                        </b>
                        <small>
                            <Icon name={row.direction === 'in' ? 'in' : 'out'} flips />
                            <span class="sr">{t(row.isMissed ? 'missed' : row.direction === 'in' ? 'incoming' : 'outgoing')}, </span>
                            {when(row.startedAt, options)}
                            {talked && ` · ${talked}`}
                            {row.recordings?.length > 0 && <Icon name="record" />}
                        </small>
                    </span>
                </button>
                <IconButton icon="phone" class="go" label={t('callWho', { who })} onClick={() => dial(row.number)} />
            </div>
            {isOpen && (
                <div class="row-more">
                    {who !== row.number && <bdi>{row.number}</bdi>}
                    {row.recordings?.map((/** @type {string} */ key) => <Recording key={key} recording={key} name={`${who} ${new Date(row.startedAt).toISOString().slice(0, 16).replace(':', '-')}`} />)}
                    {!nameOf(row.number) && (
                        <button type="button" class="plain" onClick={() => setState({ dialog: { kind: 'contact', contact: { name: row.name ?? '', number: row.number } } })}>
                            <Icon name="addPerson" /> {t('addToContacts')}
                        </button>
                    )}
                    <button type="button" class="plain bad" onClick={() => removeHistory(row.id)}>
                        <Icon name="trash" /> {t('remove')}
                    </button>
                </div>
            )}
        </li>
    );
}

export function Recents() {
    const { history: all, options } = useApp();
    const history = options.HideAutoDeleteBuddies ? all.filter((/** @type {any} */ row) => nameOf(row.number)) : all;
    const [onlyMissed, setOnlyMissed] = useState(false);
    useEffect(() => seeMissed(), [history.length]);
    const rows = onlyMissed ? history.filter((/** @type {any} */ row) => row.isMissed) : history;
    return (
        <section class="list" aria-label={t('recents')}>
            <header>
                <h1>{t('recents')}</h1>
                {history.length > 0 && <IconButton icon="trash" label={t('clearAll')} onClick={() => setState({ dialog: { kind: 'confirm', text: t('clearAsk'), action: t('clearAll'), onYes: clearHistory } })} />}
            </header>
            {history.length > 0 && (
                <div class="segments" role="group">
                    <button type="button" aria-pressed={!onlyMissed} onClick={() => setOnlyMissed(false)}>
                        {t('all')}
                    </button>
                    <button type="button" aria-pressed={onlyMissed} onClick={() => setOnlyMissed(true)}>
                        {t('missed')}
                    </button>
                </div>
            )}
            {rows.length ? (
                <ul class="rows">
                    {rows.map((/** @type {any} */ row) => (
                        <Row key={row.id} row={row} />
                    ))}
                </ul>
            ) : onlyMissed ? (
                <Empty icon="recents" title={t('noMissed')} />
            ) : (
                <Empty icon="recents" title={t('noRecents')} text={t('noRecentsText')} />
            )}
        </section>
    );
}
