// A provider of identities: the package `oidc-provider`, which is a certified OpenID Connect provider,
// with a page on which a person only says who they are.

import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import Provider from 'oidc-provider';

import type { Settings } from './companion.ts';

/** What the provider knows of a person, by their identifier there. */
export type Person = Record<string, unknown>;

const CLIENT = { client_id: 'companion', client_secret: 'a secret: 100% of it' };

export class IdentityProvider {
  private provider: Provider | undefined;

  private constructor(
    private readonly server: Server,
    private readonly people: Record<string, Person>,
  ) {}

  /** Listens, without knowing yet whom it serves. */
  static async start(people: Record<string, Person>): Promise<IdentityProvider> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return new IdentityProvider(server, people);
  }

  /** Its address, which is the issuer. */
  get issuer(): string {
    return `http://${this.host}`;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The settings of a server that lets its people in. */
  get settings(): Settings {
    return {
      OIDC_ISSUER: this.issuer,
      OIDC_CLIENT_ID: CLIENT.client_id,
      OIDC_CLIENT_SECRET: CLIENT.client_secret,
      OIDC_NAME: 'Home',
      OIDC_SCOPES: 'openid,profile,groups',
      OIDC_ALLOW: 'groups=chat',
    };
  }

  /** Registers a server by its address. */
  serve(url: string): void {
    const provider = new Provider(this.issuer, {
      clients: [{ ...CLIENT, redirect_uris: [`${url}/login/callback`] }],
      claims: { openid: ['sub'], profile: ['preferred_username', 'name'], groups: ['groups'] },
      pkce: { required: () => true },
      features: { devInteractions: { enabled: false } },
      cookies: { keys: ['a key of the test'] },
      ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
      interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
      findAccount: (_: unknown, id: string) =>
        id in this.people
          ? { accountId: id, claims: () => ({ sub: id, ...this.people[id] }) }
          : undefined,
      // Nobody is asked whether this server may know who they are.
      loadExistingGrant: async (context: GrantContext) => {
        const { client, session, provider } = context.oidc;
        const grant = new provider.Grant({
          clientId: client.clientId,
          accountId: session.accountId,
        });
        grant.addOIDCScope('openid profile groups');
        await grant.save();
        return grant;
      },
    });
    this.provider = provider;
    const answer = provider.callback();
    this.server.removeAllListeners('request');
    this.server.on('request', (request, response) => {
      if (request.url?.startsWith('/interaction/')) void this.interact(request, response);
      else answer(request, response);
    });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private async interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(PAGE);
      return;
    }
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const accountId = new URLSearchParams(body).get('who') ?? '';
    const result =
      accountId === ''
        ? { error: 'access_denied', error_description: 'the person went back' }
        : { login: { accountId } };
    await this.provider?.interactionFinished(request, response, result);
  }
}

interface GrantContext {
  oidc: {
    client: { clientId: string };
    session: { accountId: string };
    provider: { Grant: new (of: object) => { addOIDCScope(scope: string): void; save(): Promise<string> } };
  };
}

const PAGE = `<!DOCTYPE html><html lang="en"><title>Home</title><link rel="icon" href="data:,">
<main><h1>Who are you?</h1><form method="post">
<label>Who <input name="who"></label> <button>Continue</button></form></main>`;
