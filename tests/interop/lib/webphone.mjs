/** The browser phone, driven as a person would: signed in against the test's provisioning server and a real daemon. */
import { openPage } from './chromium.mjs';
import { settingsOf, startProvisioning } from './provisioning.mjs';

/** Tones survive only without the browser's own ideas about noise. */
const PLAIN = { processing: false, ringVolume: 0 };

/**
 * A provisioning server with one account (and device) for each name, all users of that daemon.
 * @param {any} daemon @param {string[]} names
 */
export async function startOffice(daemon, names) {
    const accounts = [];
    for (const name of names) {
        await daemon.command('user', 'add', name).catch(() => {});
        const device = await daemon.addDevice(name);
        const token = `tdevice-${name}`;
        accounts.push({
            token: `PT${name}`,
            userId: `u-${name}`,
            sessionToken: `s,${name}`,
            devices: [{ DeviceToken: token, Platform: 'webpage', Description: `${name}'s browser`, Enabled: true }],
            settings: { [token]: settingsOf(device, name[0].toUpperCase() + name.slice(1)) },
        });
    }
    return startProvisioning({ accounts, sip: daemon.ready.http[0] });
}

/**
 * Sign in as that account. @param {any} browser @param {{url: string}} office @param {string} name
 * @param {{context?: object, settings?: object}} [config]
 */
export async function openWebPhone(browser, office, name, { context = {}, settings = {} } = {}) {
    const page = await openPage(browser, context);
    page.on('dialog', (/** @type {any} */ dialog) => dialog.accept()); // "leave this page?"
    await page.addInitScript((/** @type {any} */ kept) => {
        if (window.top === window && !localStorage.getItem('tandem.phone.settings')) localStorage.setItem('tandem.phone.settings', JSON.stringify(kept));
    }, { ...PLAIN, ...settings });
    await page.goto(`${office.url}/phone/`);
    await page.fill('#token', `PT${name}`);
    await page.click('#signIn');
    const phone = webPhoneOf(page);
    await phone.waitLink('registered');
    return phone;
}

/** @param {any} page  or a frame with the phone in it */
export function webPhoneOf(page) {
    /** What is shown of the call on the stage. */
    const state = () => page.getAttribute('.call', 'data-state', { timeout: 500 }).catch(() => null);
    return {
        page,
        waitLink: (/** @type {string} */ link) => page.waitForSelector(`#link[data-link="${link}"]`, { timeout: 15000 }),
        state,
        waitState: (/** @type {string} */ wanted, timeout = 15000) => page.waitForSelector(`.call[data-state="${wanted}"]`, { timeout }),
        waitNoCall: () => page.waitForSelector('.call', { state: 'detached', timeout: 15000 }),
        statusText: () => page.textContent('#callState'),
        async dial(/** @type {string} */ number) {
            if (await page.isVisible('.tabs [data-tab="keypad"]')) await page.click('.tabs [data-tab="keypad"]');
            await page.fill('#number', number);
            await page.press('#number', 'Enter');
        },
        answer: async () => {
            await page.waitForSelector('.incoming', { timeout: 15000 });
            await page.click('.incoming .go');
        },
        decline: () => page.click('.incoming .stop'),
        hangUp: () => page.click('#hangUp'),
        press: async (/** @type {string} */ keys) => {
            if (!(await page.isVisible('.call .keys'))) await page.click('#keys');
            for (const key of keys) await page.click(`.call .keys [data-key="${key}"]`);
        },
        close: () => page.context().close(),
    };
}
