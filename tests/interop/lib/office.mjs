/** A tandem with a phone that is registered and a page that can be called: what most tests begin with. */
import { startBaresip } from './baresip.mjs';
import { openPage, phoneOf } from './chromium.mjs';
import { startDaemon } from './daemon.mjs';

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
