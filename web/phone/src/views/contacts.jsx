/** People kept on this device. */
import { useState } from 'preact/hooks';
import { dial } from '../calls.js';
import { t } from '../i18n.js';
import { removeContact, saveContact } from '../people.js';
import { setState, useApp } from '../store.js';
import { Avatar, Dialog, Empty, Icon, IconButton } from './parts.jsx';

const edit = (/** @type {any} */ contact) => setState({ dialog: { kind: 'contact', contact } });

/** The one called last first, when the page around us wants it so. @param {any[]} contacts @param {any[]} history */
function byActivity(contacts, history) {
    const last = (/** @type {any} */ contact) => history.find((row) => row.number === contact.number)?.startedAt ?? 0;
    return [...contacts].sort((a, b) => last(b) - last(a));
}

export function Contacts() {
    const { contacts, history, options } = useApp();
    const [sought, setSought] = useState('');
    const words = sought.trim().toLowerCase();
    const sorted = options.BuddySortBy === 'activity' ? byActivity(contacts, history) : contacts;
    const rows = sorted.filter((/** @type {any} */ contact) => `${contact.name} ${contact.number} ${contact.company ?? ''}`.toLowerCase().includes(words));
    return (
        <section class="list" aria-label={t('contacts')}>
            <header>
                <h1>{t('contacts')}</h1>
                <IconButton icon="addPerson" label={t('addContact')} onClick={() => edit({ name: '', number: '' })} />
            </header>
            {contacts.length > 0 && (
                <label class="search">
                    <Icon name="search" />
                    <input type="search" placeholder={t('search')} aria-label={t('search')} value={sought} onInput={(event) => setSought(event.currentTarget.value)} />
                </label>
            )}
            {!contacts.length && (
                <Empty icon="contacts" title={t('noContacts')} text={t('noContactsText')}>
                    <button type="button" class="plain" onClick={() => edit({ name: '', number: '' })}>
                        <Icon name="plus" /> {t('addContact')}
                    </button>
                </Empty>
            )}
            {contacts.length > 0 && !rows.length && <Empty icon="search" title={t('noneFound')} />}
            <ul class="rows">
                {rows.map((/** @type {any} */ contact) => (
                    <li key={contact.id}>
                        <div class="row">
                            <button type="button" class="row-main" aria-label={`${t('editContact')}: ${contact.name}`} onClick={() => edit(contact)}>
                                {options.EnableAvatar && <Avatar name={contact.name} />}
                                <span>
                                    <b>
                                        <bdi>{contact.name}</bdi>
                                    </b>
                                    <small>
                                        <bdi>{contact.number}</bdi>
                                        {contact.company && ` · ${contact.company}`}
                                    </small>
                                </span>
                            </button>
                            <IconButton icon="phone" class="go" label={t('callWho', { who: contact.name })} onClick={() => dial(contact.number)} />
                        </div>
                    </li>
                ))}
            </ul>
        </section>
    );
}

/** @param {{contact: any, onClose: () => void}} props */
export function ContactDialog({ contact, onClose }) {
    const [fields, setFields] = useState({ name: '', number: '', company: '', ...contact });
    const field = (/** @type {string} */ name, /** @type {object} */ more = {}) => (
        <label class="field">
            {t(name)}
            <input name={name} dir="auto" autoComplete="off" value={fields[name]} onInput={(/** @type {any} */ event) => setFields({ ...fields, [name]: event.currentTarget.value })} {...more} />
        </label>
    );
    const save = (/** @type {Event} */ event) => {
        event.preventDefault();
        saveContact({ ...fields, name: fields.name.trim() || fields.number.trim(), number: fields.number.trim() });
        onClose();
    };
    return (
        <Dialog title={t(contact.id ? 'editContact' : 'addContact')} onClose={onClose}>
            <form onSubmit={save}>
                {field('name', { autoFocus: true })}
                {field('number', { required: true, inputMode: 'email' })}
                {field('company')}
                <div class="buttons">
                    {contact.id && (
                        <button type="button" class="plain bad" onClick={() => (removeContact(contact.id), onClose())}>
                            <Icon name="trash" /> {t('remove')}
                        </button>
                    )}
                    <span class="spacer" />
                    <button type="button" class="plain" onClick={onClose}>
                        {t('cancel')}
                    </button>
                    <button type="submit" class="primary">
                        {t('save')}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}
