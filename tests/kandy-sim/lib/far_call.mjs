/** One call as the far side sees it: its state, its media, what it does by itself. Knows no dialect. */
import { Endpoint, SilentEndpoint } from './endpoint.mjs';
import { Refusal } from './faults.mjs';
import { checkSdp, parseSdp } from './sdp.mjs';

const STATUS_BUSY = 486;

export class FarCall {
    state = 'trying';
    audits = 0;
    headers = /** @type {any[]} */ ([]);
    transferred = /** @type {any} */ (null);
    end = /** @type {{by: string, status?: number, reason?: string} | null} */ (null);
    sdp = { local: '', remote: '' };
    /** A re-offer of ours that was not answered yet: '', 'offer', 'slow'. */
    pending = '';
    /** Who takes over once the pending offer is answered. */
    #next = /** @type {Endpoint | SilentEndpoint | null} */ (null);
    #timers = new Set();
    #answer = /** @type {Promise<string> | null} */ (null);

    /**
     * @param {import('./cloud.mjs').Cloud} cloud
     * @param {{id: string, direction: 'in' | 'out', user: string, protocol: string, from: string, to: string, name?: string,
     *     behaviour: any, makeId?: string, canEarly?: boolean, canRing?: boolean, customParameters?: any[]}} config
     */
    constructor(cloud, config) {
        this.cloud = cloud;
        Object.assign(this, config);
        this.endpoint = this.makeEndpoint(config.behaviour.tone);
        cloud.calls.set(config.id, this);
    }
    makeEndpoint(tone) {
        const { media, codecs, setup } = this.behaviour;
        const Kind = media === 'none' ? SilentEndpoint : Endpoint;
        const { turn, relay } = this.cloud;
        return new Kind({ codecs, setup, tone, relay: relay && turn ? turn.tls : null });
    }
    get events() {
        return this.cloud.protocols[this.protocol].events;
    }
    get isLive() {
        return this.state !== 'ended';
    }
    get isAnswered() {
        return this.state === 'connected' || this.state === 'held';
    }

    /** @param {number | null} ms @param {() => any} action */
    #after(ms, action) {
        if (ms === null || ms === undefined) return;
        const timer = setTimeout(() => {
            this.#timers.delete(timer);
            if (this.isLive) this.#run(action);
        }, ms);
        this.#timers.add(timer);
    }
    async #run(action) {
        try {
            await action();
        } catch (error) {
            this.cloud.violate(`call ${this.id}`, error.message);
            this.finish('far', 488, error.message);
        }
    }

    /** A call of the client begins: what the far end does by itself. @param {string} offer */
    begin(offer) {
        this.sdp.remote = offer;
        const { trying, ring, early, answer, reject } = this.behaviour;
        this.#after(trying, () => this.events.trying(this));
        this.#after(ring, () => this.ring());
        this.#after(early, () => this.early());
        if (reject) this.#after(reject.after ?? 0, () => this.finish('far', reject.status ?? STATUS_BUSY, reject.reason));
        else this.#after(answer, () => this.answer());
    }
    #makeAnswer() {
        this.#answer ??= this.endpoint.answer(this.sdp.remote).then((sdp) => (this.sdp.local = sdp));
        return this.#answer;
    }
    ring() {
        if (this.isAnswered) return;
        if (this.state !== 'early') this.state = 'ringing';
        this.events.ringing(this);
    }
    async early() {
        if (!this.canEarly) return this.ring();
        const sdp = await this.#makeAnswer();
        if (!this.isLive || this.isAnswered) return;
        this.state = 'early';
        this.events.early(this, sdp);
    }
    async answer() {
        if (this.isAnswered) return;
        const sdp = await this.#makeAnswer();
        if (!this.isLive || this.isAnswered) return;
        this.#connect();
        this.events.answered(this, sdp);
    }
    #connect() {
        this.state = 'connected';
        this.#after(this.behaviour.hangup, () => this.finish('far'));
    }

    /** A call to the client begins. @param {boolean} hasOffer */
    async invite(hasOffer) {
        if (hasOffer) this.sdp.local = await this.endpoint.offer();
        if (!this.isLive) return;
        this.events.incoming(this, hasOffer ? this.sdp.local : null);
        this.#after(this.behaviour.hangup, () => this.finish('far'));
    }
    /** The client takes it; without an offer of ours `sdp` is theirs and ours goes back. @returns {Promise<string | null>} */
    async accept(sdp) {
        if (this.direction !== 'in' || this.isAnswered) throw new Refusal(400, 1004, 'this call is not to be answered');
        this.check(sdp, !this.sdp.local);
        this.sdp.remote = sdp;
        const isSlow = !this.sdp.local;
        if (isSlow) this.sdp.local = await this.endpoint.answer(sdp);
        else await this.endpoint.accept(sdp);
        this.#connect();
        return isSlow ? this.sdp.local : null;
    }

    /** @param {string} sdp @param {boolean} isOffer */
    check(sdp, isOffer) {
        const [first] = checkSdp(sdp, isOffer, { strictCodecs: this.behaviour.codecsStrict });
        if (first) throw new Refusal(400, 37, first);
    }

    /** The client re-offers. @returns {Promise<string>} the answer */
    async update(sdp) {
        if (!this.isAnswered) throw new Refusal(400, 1004, 'this call is not answered yet');
        this.check(sdp, true);
        const answer = await this.endpoint.answer(sdp);
        this.sdp = { local: answer, remote: sdp };
        this.#follow();
        return answer;
    }
    /** Held while either side does not send to the other. */
    #follow() {
        const { local, remote } = this.endpoint.directions;
        this.state = local === 'sendrecv' && remote === 'sendrecv' ? 'connected' : 'held';
    }
    /** We re-offer. @param {{direction?: string, slow?: boolean, codecs?: string[]}} config */
    async reoffer({ direction = 'sendrecv', slow = false, codecs } = {}) {
        if (!this.isAnswered) throw new Error('this call is not answered');
        if (this.pending) throw new Error('an offer is pending');
        this.pending = slow ? 'slow' : 'offer';
        this.wanted = direction;
        if (!slow) this.sdp.local = await (this.#next ?? this.endpoint).offer(direction, codecs ?? this.behaviour.codecs);
        if (this.isLive) this.events.reoffer(this, slow ? null : this.sdp.local);
    }
    /** Somebody else takes over at the far end. @param {{name?: string, number?: string, tone?: any}} config */
    async handOver({ name = '', number = '', tone = this.behaviour.tone }) {
        if (!this.isAnswered || this.pending) throw new Error('this call is not answered, or an offer is pending');
        this.#next = this.makeEndpoint(tone);
        Object.assign(this, { name, ...(this.direction === 'in' ? { from: number || this.from } : { to: number || this.to }) });
        await this.reoffer({});
    }
    /** The client answers our re-offer. @returns {Promise<string | null>} ours, if theirs was an offer */
    async respond(sdp) {
        if (!this.pending) throw new Refusal(400, 1004, 'there is no offer to answer');
        const isSlow = this.pending === 'slow';
        this.check(sdp, isSlow);
        this.sdp.remote = sdp;
        if (this.#next) {
            await this.endpoint.close();
            this.endpoint = this.#next;
            this.#next = null;
        }
        if (isSlow) this.sdp.local = await this.endpoint.answer(sdp, parseSdp(sdp).direction === 'sendrecv' ? this.wanted : undefined);
        else await this.endpoint.accept(sdp);
        this.pending = '';
        this.#follow();
        return isSlow ? this.sdp.local : null;
    }

    /** It is over; the client is told unless it was its doing. @param {'far' | 'client'} by */
    finish(by, status, reason) {
        if (!this.isLive) return;
        this.state = 'ended';
        this.end = { by, ...(status ? { status } : {}), ...(reason ? { reason } : {}) };
        this.endedAt = Date.now();
        if (by === 'far') this.events.ended(this);
        this.release();
    }
    async release() {
        this.#timers.forEach((timer) => clearTimeout(timer));
        this.#timers.clear();
        this.lastMedia ??= this.endpoint.measure(1000);
        await Promise.all([this.endpoint.close(), this.#next?.close()]);
    }

    /** What the control API shows. */
    view() {
        const { id, direction, state, from, to, name, user, protocol, audits, headers, transferred, end, sdp, pending } = this;
        return { id, direction, state, from, to, name, user, protocol, audits, headers, transferred, end, pending, sdp };
    }
}
