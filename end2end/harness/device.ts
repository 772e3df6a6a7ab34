// Another device: a network namespace of its own with a cable to this machine, and a browser in it. Nothing of
// this machine can be reached from there but what listens on the address of the cable.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type Browser, chromium } from '@playwright/test';

import * as programs from './programs.ts';

const run = promisify(execFile);
/** Of iproute2. Not every account has its folder on the PATH. */
const IP = existsSync('/usr/sbin/ip') ? '/usr/sbin/ip' : 'ip';

/** The network of the cables, of which each has four addresses. It is a private one (RFC 1918). */
const NETWORK = '10.77';

export class Device {
  private constructor(
    private readonly namespace: string,
    /** This machine's address on the cable. */
    readonly machine: string,
    /** The device's own address. */
    readonly address: string,
  ) {}

  /** Makes a device. Fails with the words of `ip` where that is not allowed: it needs root. */
  static async plug(): Promise<Device> {
    // One cable for each process of the tests.
    const number = process.pid % (1 << 14);
    const [third, fourth] = [number >> 6, (number & 63) << 2];
    const [machine, address] = [1, 2].map((last) => `${NETWORK}.${third}.${fourth + last}`) as [string, string];
    // The name of an interface has 15 characters at most.
    const name = `companion${number}`;
    const device = new Device(name, machine, address);
    await ip('netns', 'add', name);
    try {
      await ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
      await ip('addr', 'add', `${machine}/30`, 'dev', name);
      await ip('link', 'set', name, 'up');
      await ip('-n', name, 'addr', 'add', `${address}/30`, 'dev', 'eth0');
      await ip('-n', name, 'link', 'set', 'lo', 'up');
      await ip('-n', name, 'link', 'set', 'eth0', 'up');
    } catch (error) {
      await device.unplug();
      throw error;
    }
    return device;
  }

  /** Starts a browser on the device. Certificates with the key `spki` are trusted there, and no others. */
  async browser(folder: string, spki: string): Promise<Browser> {
    const program = join(folder, 'browser-of-the-device');
    await writeFile(program, `#!/bin/sh\nexec ${IP} netns exec ${this.namespace} ${programs.chromium} "$@"\n`);
    await chmod(program, 0o755);
    return chromium.launch({
      executablePath: program,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        `--ignore-certificate-errors-spki-list=${spki}`,
      ],
    });
  }

  /** Removes the device. The cable goes with it. */
  async unplug(): Promise<void> {
    await ip('netns', 'del', this.namespace);
  }
}

async function ip(...args: string[]): Promise<void> {
  await run(IP, args);
}
