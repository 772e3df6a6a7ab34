// A certificate that nobody has signed but itself, as people make one for their own network.

import { execFile } from 'node:child_process';
import { X509Certificate, createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Certificate {
  /** The files, as PEM. */
  certificate: string;
  key: string;
  /** The hash of its public key, as browsers know it: SHA-256 in base64. */
  spki: string;
}

/** Makes a certificate for an IP address. */
export async function makeCertificate(folder: string, address: string): Promise<Certificate> {
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '7'];
  const named = ['-subj', '/CN=companion', '-addext', `subjectAltName=IP:${address}`];
  await promisify(execFile)('openssl', [...made, ...named, '-keyout', key, '-out', certificate]);
  const { publicKey } = new X509Certificate(await readFile(certificate));
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { certificate, key, spki: createHash('sha256').update(der).digest('base64') };
}
