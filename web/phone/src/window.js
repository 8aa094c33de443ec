/** One window at a time is an account's phone: two would take the registration from each other, again and again. */

/** @type {AbortController | null} */
let mine = null;
let mineId = '';

/**
 * Become the window of that account, taking it from another one if `take`. `onLost`: another window took it from us.
 * @param {string} id @param {boolean} take @param {() => void} onLost @returns {Promise<boolean>} false: another has it
 */
export function claimWindow(id, take, onLost) {
    if (!navigator.locks || (mine && mineId === id)) return Promise.resolve(true);
    releaseWindow();
    const ours = (mine = new AbortController());
    mineId = id;
    return new Promise((done) => {
        const hold = (/** @type {any} */ lock) => {
            if (!lock) mine = null;
            done(!!lock);
            return lock ? new Promise((release) => ours.signal.addEventListener('abort', release)) : null;
        };
        navigator.locks.request(`tandem-phone ${id}`, take ? { steal: true } : { ifAvailable: true }, hold).catch(() => {
            done(false);
            if (ours !== mine) return;
            mine = null;
            onLost();
        });
    });
}

export function releaseWindow() {
    mine?.abort();
    mine = null;
}
