/** A certificate authority of the test's own, and a certificate of it for 127.0.0.1 and localhost. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** @param {string} dir @returns {{ca: string, cert: string, key: string}} files */
export function makeCertificates(dir) {
    const file = (name) => join(dir, name);
    const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const ca = [
        '-subj',
        '/CN=kandy-sim CA',
        '-addext',
        'basicConstraints=critical,CA:TRUE',
        '-addext',
        'keyUsage=critical,keyCertSign,cRLSign',
    ];
    openssl('req', '-x509', ...KEY, '-days', '30', '-keyout', file('ca.key'), '-out', file('ca.pem'), ...ca);
    openssl('req', ...KEY, '-keyout', file('key.pem'), '-out', file('cert.csr'), '-subj', '/CN=localhost');
    writeFileSync(file('cert.ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n');
    const issuer = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial'];
    openssl('x509', '-req', '-in', file('cert.csr'), ...issuer, '-days', '30', '-extfile', file('cert.ext'), '-out', file('cert.pem'));
    return { ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') };
}
