/** A call: who, how long, how well, and what can be done with it. */
import { useState } from 'preact/hooks';
import { activate, answer, hangUp, join, liveCalls, sendKeys, setHold, setMute, streamsOf, toggleRecording } from '../calls.js';
import { duration, t } from '../i18n.js';
import { findCall, setState, useApp } from '../store.js';
import { Keys } from './keypad.jsx';
import { Avatar, Clock, Icon, IconButton, Meter } from './parts.jsx';

/** A number worth a line of its own. @param {any} call */
const numberBeside = (call) => call.name && call.name.toLowerCase() !== call.number.toLowerCase();
const whoOf = (/** @type {any} */ call) => call?.name || call?.number || t('unknown');

/** @param {any} call */
const stateWord = (call) => {
    if (call.state === 'ended') return t(call.cause ?? 'causeEnded');
    if (call.transfer === 'trying' || call.transfer === 'ringing') return t('transferring');
    if (call.held) return t('state_held');
    return t(call.heldByFar ? 'state_heldByFar' : `state_${call.state}`);
};

/** @param {{quality: import('../quality.js').Quality}} props */
function Quality({ quality }) {
    const { bars, codec, lossPercent, jitterMs, rttMs } = quality;
    const word = t('quality', { word: t(`quality${bars}`) });
    const detail = t('qualityDetail', { codec, loss: lossPercent.toFixed(1), jitter: jitterMs.toFixed(0), rtt: rttMs.toFixed(0) });
    return (
        <details class="quality" data-bars={bars}>
            <summary title={`${word}. ${detail}`}>
                <span class="bars" role="img" aria-label={word}>
                    {[1, 2, 3, 4].map((n) => (
                        <i key={n} class={n <= bars ? 'on' : ''} />
                    ))}
                </span>
                {word}
            </summary>
            <bdi>{detail}</bdi>
        </details>
    );
}

/** @param {{icon: any, label: string, pressed?: boolean, [more: string]: any}} props */
function Tool({ icon, label, pressed, ...rest }) {
    return (
        <button type="button" class="tool" aria-pressed={pressed} {...rest}>
            <Icon name={icon} />
            <span>{label}</span>
        </button>
    );
}

/** @param {{call: any, onKeys: () => void, showsKeys: boolean}} props */
function Tools({ call, onKeys, showsKeys }) {
    const { options } = useApp();
    const isUp = call.state === 'up';
    const { id } = call;
    return (
        <div class="tools" role="group" aria-label={stateWord(call)}>
            {options.EnableCallMute && <Tool icon={call.muted ? 'micOff' : 'mic'} id="mute" label={t(call.muted ? 'unmute' : 'mute')} pressed={!!call.muted} disabled={!isUp} onClick={() => setMute(id, !call.muted)} />}
            <Tool icon="keypad" id="keys" label={t('keys')} pressed={showsKeys} disabled={!isUp} onClick={onKeys} />
            {options.EnableCallHold && <Tool icon={call.held ? 'play' : 'pause'} id="hold" label={t(call.held ? 'resume' : 'hold')} pressed={!!call.held} disabled={!isUp} onClick={() => (call.held ? activate(id) : setHold(id, true))} />}
            {options.EnableCallTransfer && <Tool icon="transfer" id="transfer" label={t('transfer')} disabled={!isUp} onClick={() => setState({ dialog: { kind: 'transfer', id } })} />}
            {options.EnableCallRecording && <Tool icon="record" id="record" label={t(call.recording ? 'stopShort' : 'record')} title={t(call.recording ? 'stopRecording' : 'record')} pressed={!!call.recording} disabled={!isUp} onClick={() => toggleRecording(id)} />}
            {options.EnableDeviceSelector && <Tool icon="speaker" id="audio" label={t('devices')} onClick={() => setState({ dialog: { kind: 'devices' } })} />}
            {options.EnableDialPad && <Tool icon="plus" id="addCall" label={t('addCall')} disabled={!isUp} onClick={() => setState({ adding: true })} />}
        </div>
    );
}

/** The calls that wait. @param {{active: any}} props */
function Others({ active }) {
    const others = liveCalls().filter((/** @type {any} */ call) => call.id !== active.id && call.state !== 'incoming');
    if (!others.length) return null;
    return (
        <ul class="others" aria-label={t('otherCalls')}>
            {others.map((/** @type {any} */ call) => (
                <li key={call.id}>
                    <Avatar name={whoOf(call)} size="small" />
                    <span>
                        <b>{whoOf(call)}</b>
                        <small>{stateWord(call)}</small>
                    </span>
                    <button type="button" class="plain" onClick={() => activate(call.id)}>
                        <Icon name="swap" /> {t('swap')}
                    </button>
                    <IconButton icon="phoneDown" label={`${t('hangUp')}: ${whoOf(call)}`} class="bad" onClick={() => hangUp(call.id)} />
                </li>
            ))}
        </ul>
    );
}

/** @param {{call: any}} props */
export function CallView({ call }) {
    const [showsKeys, setShowsKeys] = useState(false);
    const { own, far } = streamsOf(call.id);
    const consulted = call.consultFor && findCall(call.consultFor);
    const canJoin = consulted && consulted.state === 'up' && call.state === 'up';
    return (
        <section class="call" data-state={call.held ? 'held' : call.state} data-keys={showsKeys ? '' : undefined} aria-label={whoOf(call)}>
            <Others active={call} />
            <div class="who">
                {!showsKeys && <Avatar name={whoOf(call)} size="large" />}
                <h1>
                    <bdi>{whoOf(call)}</bdi>
                </h1>
                {numberBeside(call) && <bdi class="number">{call.number}</bdi>}
                <p class="call-state" id="callState">
                    {stateWord(call)}
                </p>
                {call.answeredAt && call.state === 'up' && <Clock since={call.answeredAt} format={duration} />}
                {call.recording && (
                    <p class="recording">
                        <i /> {t('recordingNow')}
                    </p>
                )}
                {call.quality && call.state === 'up' && !call.held && <Quality quality={call.quality} />}
            </div>
            {call.state === 'up' && !showsKeys && (
                <div class="meters">
                    <Meter stream={call.muted ? undefined : own} label={t(call.muted ? 'muted' : 'you')} key={call.muted ? 'muted' : own?.id} />
                    <Meter stream={far} label={t('them')} key={far?.id} />
                </div>
            )}
            {showsKeys && call.state === 'up' && (
                <div class="keypad">
                    <output class="sent" dir="ltr">
                        {call.keys || ' '}
                    </output>
                    <Keys onKey={(key) => sendKeys(call.id, key)} />
                </div>
            )}
            {consulted && (
                <div class="consult">
                    <p>{t('consultFor', { who: whoOf(consulted) })}</p>
                    <button type="button" class="primary" id="complete" disabled={!canJoin} onClick={() => join(consulted.id, call.id)}>
                        <Icon name="join" /> {t('completeTransfer')}
                    </button>
                </div>
            )}
            {call.state !== 'ended' && <Tools call={call} showsKeys={showsKeys} onKeys={() => setShowsKeys(!showsKeys)} />}
            <button type="button" class="call-button stop" id="hangUp" disabled={call.state === 'ended'} aria-label={t('hangUp')} title={t('hangUp')} onClick={() => hangUp(call.id)}>
                <Icon name="phoneDown" />
            </button>
        </section>
    );
}

/** Calls that ring here: over everything else. */
export function Incoming() {
    const { calls } = useApp();
    const ringing = calls.filter((/** @type {any} */ call) => call.state === 'incoming');
    const isAlone = ringing.length === liveCalls().length;
    if (!ringing.length) return null;
    return (
        <div class={`incoming ${isAlone ? 'alone' : ''}`}>
            {ringing.map((/** @type {any} */ call) => (
                <section key={call.id} role="alertdialog" aria-label={t('incomingFrom', { who: whoOf(call) })}>
                    <Avatar name={whoOf(call)} size="large" />
                    <p class="call-state">{t('state_incoming')}</p>
                    <h2>
                        <bdi>{whoOf(call)}</bdi>
                    </h2>
                    {numberBeside(call) && <bdi class="number">{call.number}</bdi>}
                    <div class="pair">
                        <button type="button" class="call-button stop" onClick={() => hangUp(call.id)} aria-label={t('decline')} title={t('decline')}>
                            <Icon name="phoneDown" />
                            <span>{t('decline')}</span>
                        </button>
                        <button type="button" class="call-button go" onClick={() => answer(call.id)} aria-label={t(isAlone ? 'answer' : 'answerHold')} title={t(isAlone ? 'answer' : 'answerHold')}>
                            <Icon name="phone" />
                            <span>{t(isAlone ? 'answer' : 'answerHold')}</span>
                        </button>
                    </div>
                </section>
            ))}
        </div>
    );
}

export { whoOf };
