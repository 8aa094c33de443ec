/** The browser phone, driven as a person would: signed in at a real daemon. */
import { openPage } from './chromium.mjs';

/** Tones survive only without the browser's own ideas about noise. */
const PLAIN = { processing: false, ringVolume: 0 };

/**
 * Users of that daemon, each with a device and an access token: tokens by name.
 * @param {any} daemon @param {string[]} names
 */
export async function startOffice(daemon, names) {
    /** @type {Record<string, string>} */
    const tokens = {};
    for (const name of names) {
        tokens[name] = await daemon.addUser(name);
        await daemon.command('device', 'add', '--user', name, '--description', name[0].toUpperCase() + name.slice(1));
    }
    return { url: daemon.url, tokens };
}

/** What the first sign-in of each account left in the browser: the later ones are that browser again. @type {Map<string, any>} */
const signedIn = new Map();

/**
 * Sign in as that account, or come back to it. @param {any} browser @param {{url: string, tokens: Record<string, string>}} office
 * @param {string} name @param {{context?: object, settings?: object}} [config]
 */
export async function openWebPhone(browser, office, name, { context = {}, settings = {} } = {}) {
    const key = `${office.url} ${name}`;
    const page = await openPage(browser, { ...context, storageState: signedIn.get(key) });
    page.on('dialog', (/** @type {any} */ dialog) => dialog.accept()); // "leave this page?"
    await page.addInitScript((/** @type {any} */ kept) => {
        if (window.top === window && !localStorage.getItem('tandem.phone.settings')) localStorage.setItem('tandem.phone.settings', JSON.stringify(kept));
    }, { ...PLAIN, ...settings });
    await page.goto(`${office.url}/phone/`);
    if (!signedIn.has(key)) {
        await page.fill('#token', office.tokens[name]);
        await page.click('#signIn');
    }
    const phone = webPhoneOf(page);
    await phone.waitLink('registered');
    if (!signedIn.has(key)) {
        const state = await page.context().storageState();
        for (const origin of state.origins) origin.localStorage = origin.localStorage.filter((/** @type {any} */ item) => item.name === 'tandem.phone.account');
        signedIn.set(key, state);
    }
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
