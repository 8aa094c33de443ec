/** A tandem with a phone that is registered and a page that can be called: what most tests begin with. */
import { startBaresip } from './baresip.mjs';
import { assertPageHears, assertRecorded } from './checks.mjs';
import { openPage, phoneOf } from './chromium.mjs';
import { startDaemon } from './daemon.mjs';
import { sleep } from './process.mjs';

/** @typedef {Awaited<ReturnType<typeof startDaemon>>} Daemon */

/** A user's phone, registered by digest. @param {Daemon} daemon @param {string} user @param {object} [config] */
export async function startPhone(daemon, user, config = {}) {
    await daemon.command('user', 'add', user).catch((error) => {
        if (!/exists/.test(error.message)) throw error;
    });
    const device = await daemon.addDevice(user);
    return startBaresip({
        user: device.sip_username,
        domain: device.sip_domain,
        password: device.sip_password,
        outbound: daemon.sip,
        ...config,
    });
}

/** The page, ready to call. @param {import('playwright-core').Browser} browser @param {Daemon} daemon @param {string} [query] */
export async function openPhonePage(browser, daemon, query = '') {
    const page = await openPage(browser);
    const phone = phoneOf(page);
    await phone.open(daemon.url, query);
    return { page, phone, close: () => page.context().close() };
}

/** A provider's phone calls in and the page answers: it hears the tone of the other side. @param {import('playwright-core').Browser} browser @param {Daemon} daemon @param {any} peer a baresip @param {string} target @param {{hz: number, levelDb: number}} tone */
export async function answerAtPage(browser, daemon, peer, target, tone) {
    const token = await daemon.addUser('alice');
    await daemon.command('number', 'add', 'gateway', '--to', 'user:alice');
    const open = await openPhonePage(browser, daemon);
    await open.phone.register(token);
    await peer.dial(target);
    await open.phone.waitState('incoming');
    await open.page.click('text=Answer');
    await open.phone.waitState('up');
    await open.page.waitForTimeout(1200);
    await assertPageHears(open.page, tone.hz, tone.levelDb);
    return open;
}

/** The call is over for the phone, and it heard the tone. @param {any} peer a baresip @param {{hz: number, levelDb: number}} tone */
export async function assertPeerHeard(peer, tone) {
    await peer.waitEvent('CALL_CLOSED');
    await sleep(300); // the file is written after the event
    assertRecorded(peer.heard(), tone.hz, tone.levelDb);
}
