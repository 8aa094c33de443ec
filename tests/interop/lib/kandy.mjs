/** A cloud of Kandy's kind and a tandem that has an account there. */
import { startSim } from '../../kandy-sim/lib/start.mjs';
import { startDaemon } from './daemon.mjs';
import { waitFor } from './process.mjs';

export const ACCOUNT = 'u@test.local';
export const SECRET = 'cloud-password-4711';
export const PBX_SECRET = 'wonderland-4711';
export const DID = '97143456789';
export const USERS = `users: {3cx_trunk: {password: '${PBX_SECRET}', pbx: true}}\n`;

/** @param {any} sim @param {Record<string, string>} [env] */
export const kandyVariables = (sim, env = {}) => ({
    KANDY_USERNAME: ACCOUNT,
    KANDY_PASSWORD: SECRET,
    KANDY_HOST: sim.ready.base.replace('https://', ''),
    KANDY_CA_FILE: sim.ready.ca,
    KANDY_ICE_SERVERS: sim.ready.ice_servers.join(',') || 'stun:127.0.0.1:9',
    KANDY_DEFAULT_DID: DID,
    ...env,
});

/**
 * @param {{dialects?: string, coturn?: boolean, relay?: boolean, env?: Record<string, string>, yaml?: string,
 *   before?: (sim: any) => Promise<any>, isConnected?: boolean}} config
 */
export async function startOffice({ dialects = 'link', coturn = false, relay = false, env = {}, yaml = '', before, isConnected = true }) {
    const sim = await startSim({ accounts: [`${ACCOUNT}:${SECRET}`], dialects, coturn, relay });
    if (before) await before(sim);
    const daemon = await startDaemon({ yaml: USERS + yaml, env: kandyVariables(sim, env) });
    const trunk = async () => (await daemon.command('trunks')).find((/** @type {any} */ row) => row.name === 'kandy');
    const isUp = async () => (await trunk()).state === 'connected';
    const waitUp = () =>
        waitFor('the trunk to be connected', isUp, 12000).catch((error) => {
            throw new Error(`${error.message}\n${daemon.log().slice(-5000)}`);
        });
    if (isConnected) await waitUp();
    /** The newest call that is in this state. @param {string} state @returns {Promise<any>} */
    const there = (state) =>
        waitFor(
            `a call that is ${state}`,
            async () => (await sim.get('/calls')).findLast((/** @type {any} */ row) => row.state === state),
            8000,
        ).catch((error) => {
            throw new Error(`${error.message}\n${daemon.log().slice(-6000)}`);
        });
    const stop = async () => {
        await daemon.stop();
        await sim.stop();
    };
    return { sim, daemon, trunk, waitUp, there, stop };
}

/** Digits of "sip:971…@domain". @param {string} address */
export const digitsOf = (address) => address.replace(/^sip:|@.*/g, '');
