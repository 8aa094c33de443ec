/** The admin API as the dashboard uses it. The token lives in this tab's session and travels as a header only. */

const KEY = 'tandem.admin.token';

export const token = {
    read: () => sessionStorage.getItem(KEY) ?? '',
    set: (/** @type {string} */ value) => sessionStorage.setItem(KEY, value),
    clear: () => sessionStorage.removeItem(KEY),
};

/** What the API refused, with its status. */
export class ApiError extends Error {
    /** @param {number} status @param {string} message */
    constructor(status, message) {
        super(message);
        this.status = status;
    }
}

/** @param {string} path behind /admin/api/ @param {string} [method] @returns {Promise<any>} */
export async function ask(path, method = 'GET') {
    const headers = { Authorization: `Bearer ${token.read()}` };
    const response = await fetch(`/admin/api/${path}`, { method, headers, cache: 'no-store', credentials: 'omit' });
    const body = await response.json().catch(() => null);
    if (!response.ok) throw new ApiError(response.status, body?.error?.message ?? `The server answered ${response.status}.`);
    return body;
}
