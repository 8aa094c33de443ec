/** Child processes of tests: output collected, ended by pid, nothing left behind. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** Options of a test that only ./check --full runs. */
export const onlyFull = { skip: process.env.TANDEM_FULL ? false : 'with --full' };

/** @param {number} ms */
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * The first true value of `probe` (asked every 20 ms), or an error that says what was awaited.
 * @template T @param {string} what @param {() => T | Promise<T>} probe @param {number} [timeoutMs]
 * @returns {Promise<NonNullable<T>>}
 */
export async function waitFor(what, probe, timeoutMs = 10000) {
    const end = Date.now() + timeoutMs;
    for (;;) {
        const value = await probe();
        if (value) return value;
        if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}`);
        await sleep(20);
    }
}

/** A folder that is gone when the test's process is. @param {string} name */
export function makeFolder(name) {
    const folder = mkdtempSync(join(tmpdir(), `tandem-${name}-`));
    folders.push(folder);
    return folder;
}
/** @type {string[]} */
const folders = [];
process.on('exit', () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** What a failed test left running ends with its file; `stop` may be called twice. */
const stops = [];
export const atEnd = (/** @type {() => Promise<any>} */ stop) => stops.push(stop);
after(async () => {
    const results = await Promise.allSettled(stops.reverse().map((stop) => stop()));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
});
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/**
 * Start a program. `text()` is all it printed so far; `stop()` asks it to end (SIGTERM, then SIGKILL) and
 * resolves to its exit code, or the signal's name.
 * @param {string} program @param {string[]} args @param {import('node:child_process').SpawnOptions} [options]
 */
export function startProcess(program, args, options = {}) {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    let exit = /** @type {number | string | null} */ (null);
    running.add(child);
    child.stdout?.on('data', (data) => (output += data));
    child.stderr?.on('data', (data) => (output += data));
    const ended = new Promise((done) => {
        child.on('error', (error) => ((output += error.message), done((exit = error.message))));
        child.on('close', (code, signal) => (running.delete(child), done((exit = code ?? signal))));
    });
    const stop = async (graceMs = 20000) => {
        if (exit !== null) return exit;
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
        await ended;
        clearTimeout(timer);
        return exit;
    };
    atEnd(stop);
    return { child, pid: child.pid, ended, stop, text: () => output, exit: () => exit };
}

/** Run a program to its end. @param {string} program @param {string[]} args */
export async function runProcess(program, args, options = {}) {
    const started = startProcess(program, args, options);
    const code = await started.ended;
    return { code, text: started.text() };
}

/** Ports are asked for below the range that the system itself hands out, so that no one else gets them in between. */
let nextPort = 20000 + (process.pid % 100) * 100;

/** Neither UDP nor TCP has it on 127.0.0.1. @param {number} port @returns {Promise<boolean>} */
export function isFree(port) {
    const udp = new Promise((done) => {
        const socket = createSocket('udp4');
        socket.once('error', () => done(false));
        socket.bind(port, '127.0.0.1', () => socket.close(() => done(true)));
    });
    const tcp = new Promise((done) => {
        const server = createServer();
        server.once('error', () => done(false));
        server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
    });
    return Promise.all([udp, tcp]).then((both) => both.every(Boolean));
}

/** `count` ports in a row that are free for UDP and TCP on 127.0.0.1; the first one's number. */
export async function findPorts(count = 1) {
    for (;;) {
        const first = nextPort;
        nextPort = nextPort + count > 32000 ? 20000 : nextPort + count;
        const all = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
        if (all.every(Boolean)) return first;
    }
}
