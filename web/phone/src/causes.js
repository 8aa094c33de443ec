/** Why a call ended, as a key of the texts. */

const BY_STATUS = {
    401: 'causeNotAllowed',
    403: 'causeNotAllowed',
    404: 'causeUnknown',
    407: 'causeNotAllowed',
    408: 'causeNoAnswer',
    410: 'causeUnknown',
    480: 'causeUnavailable',
    484: 'causeUnknown',
    486: 'causeBusy',
    487: 'causeCancelled',
    488: 'causeNoCodec',
    503: 'causeOverload',
    600: 'causeBusy',
    603: 'causeDeclined',
    604: 'causeUnknown',
};
const BY_NAME = {
    'User Denied Media Access': 'causeMicrophone',
    'Connection Error': 'causeConnection',
    'Request Timeout': 'causeNoAnswer',
    'No Answer': 'causeNoAnswer',
    'RTP Timeout': 'causeNoMedia',
    'Bad Media Description': 'causeNoCodec',
    'Incompatible SDP': 'causeNoCodec',
    'WebRTC Error': 'causeNoMedia',
    Canceled: 'causeCancelled',
    Busy: 'causeBusy',
    Rejected: 'causeDeclined',
    Unavailable: 'causeUnavailable',
    'Not Found': 'causeUnknown',
    Terminated: 'causeEnded',
};

/** @param {{cause: string, message?: any}} event  of JsSIP's "ended" and "failed" @returns {string} */
export function causeOf(event) {
    const status = event.message?.status_code;
    return /** @type {any} */ (BY_STATUS)[status] ?? /** @type {any} */ (BY_NAME)[event.cause] ?? (status >= 500 ? 'causeServer' : 'causeEnded');
}

/** What getUserMedia throws. @param {any} error @returns {string} */
export function microphoneCause(error) {
    if (error?.name === 'NotFoundError') return 'causeNoMicrophone';
    if (error?.name === 'NotSupportedError') return 'causeInsecure';
    return error?.name === 'NotReadableError' ? 'causeMicrophoneBusy' : 'causeMicrophone';
}
