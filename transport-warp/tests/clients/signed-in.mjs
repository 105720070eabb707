// Sign-in by clients that do not know of it: `partysocket` with a token in its URL, and
// sockets with a token among
// their subprotocols, which is the only place where a browser's script can put one.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import PartySocket from 'partysocket';
import WS from 'ws';
import { Phone, Server, message, until } from './harness.mjs';

// partysocket makes its label with it, and Node.js 18 does not define it globally.
globalThis.crypto ??= webcrypto;

const ROOM = '/parties/collaborative_order/table-7';
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stonepot-keys-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
const keys = path.join(folder, 'keys.json');
const stonepot = (...args) => execFileSync(process.env.STONEPOT_BIN, args, { stdio: ['ignore', 'pipe', 'ignore'] }).toString().trim();
stonepot('token', '--new-key', keys);
const tokenOf = (id, ...more) => stonepot('token', '--key', keys, '--room', 'table-7', '--participant', id, ...more);

async function start(t) {
  const server = await Server.start(['--auth', 'required', '--auth-keys', keys]);
  t.after(() => server.end(t));
  return server;
}

/** A guest with an old client, whose app was given a URL with a token in it. */
class OldClient {
  constructor(server, id, token) {
    Object.assign(this, { id, opened: 0, closes: [], heard: [] });
    this.socket = new PartySocket({
      host: server.host,
      party: 'collaborative_order',
      room: 'table-7',
      query: { token },
      WebSocket: WS,
      minReconnectionDelay: 100,
      maxReconnectionDelay: 300,
    });
    this.socket.addEventListener('open', () => {
      this.opened += 1;
      this.send('join', {});
    });
    this.socket.addEventListener('close', ({ code, reason }) => this.closes.push({ code, reason }));
    this.socket.addEventListener('message', ({ data }) => {
      const received = JSON.parse(data);
      this.heard.push(received);
      this.state = received.data.orderState ?? received.data;
    });
  }

  send(type, data) {
    this.socket.send(JSON.stringify(message(type, this.id, this.id, data)));
  }

  refusals() {
    return this.heard.filter(({ type }) => type === 'error').map(({ data }) => data.code);
  }
}

test('old clients with a token in their address come back to it after SIGKILL', async (t) => {
  const server = await start(t);
  const [asha, ben] = ['asha', 'ben'].map((id) => new OldClient(server, id, tokenOf(id)));
  t.after(() => [asha, ben].forEach((person) => person.socket.close()));
  await until(() => [asha, ben].every((person) => person.state?.participants?.length === 2), 'both at the table');
  asha.send('add_item', { dishName: 'Dosa', dishType: 'veg', quantity: 1, price: 90 });
  await until(() => ben.state.items.length === 1, 'the first dish');
  await server.kill();
  await until(() => [asha, ben].every((person) => person.socket.readyState !== WS.OPEN), 'both noticing');
  await server.run();
  await until(() => [asha, ben].every((person) => person.opened === 2 && person.socket.readyState === WS.OPEN), 'both back');
  ben.send('add_item', { dishName: 'Idli', dishType: 'veg', quantity: 1, price: 40 });
  await until(() => [asha, ben].every((person) => person.state.items?.length === 2), 'the second dish');
  assert.deepEqual(asha.state.items.map(({ addedBy }) => addedBy), ['asha', 'ben']);
  assert.deepEqual([...asha.refusals(), ...ben.refusals()], []);
});

test('an old client that names somebody else is told so, and the others are not', async (t) => {
  const server = await start(t);
  const asha = new OldClient(server, 'asha', tokenOf('asha'));
  const thief = new OldClient(server, 'asha', tokenOf('ben'));
  t.after(() => [asha, thief].forEach((person) => person.socket.close()));
  await until(() => asha.state?.participants?.length === 1, 'Asha at the table');
  await until(() => thief.refusals().length > 0, 'the thief being told');
  assert.deepEqual(thief.refusals(), ['not_you']);
  const heard = asha.heard.length;
  thief.send('leave');
  await until(() => thief.refusals().length > 1, 'the thief being told again');
  assert.deepEqual(thief.refusals(), ['not_you', 'not_you']);
  assert.equal(asha.heard.length, heard);
});

test('a token that ends ends the socket, and does not open another', async (t) => {
  const server = await start(t);
  const ben = new OldClient(server, 'ben', tokenOf('ben', '--ttl', '8s'));
  t.after(() => ben.socket.close());
  await until(() => ben.state?.participants?.length === 1, 'Ben at the table');
  await until(() => ben.closes.some(({ code }) => code === 1008), 'the end of the token');
  assert.equal(ben.refusals().at(-1), 'token_expired');
  await until(() => ben.closes.length > 2, 'tries to come back');
  assert.equal(ben.opened, 1);
  const asha = new OldClient(server, 'asha', tokenOf('asha'));
  t.after(() => asha.socket.close());
  await until(() => asha.state?.participants?.length === 2, 'everybody else being served');
});

test('a token among the subprotocols opens a socket and is not named in the answer', async (t) => {
  const server = await start(t);
  const token = tokenOf('asha', '--name', 'Asha Rao');
  const open = (protocols) => new Promise((resolve) => {
    const socket = new WS(`ws://${server.host}${ROOM}`, protocols);
    socket.on('open', () => resolve(socket));
    socket.on('unexpected-response', (_, { statusCode, headers }) => resolve({ statusCode, headers }));
    socket.on('error', (error) => resolve(error));
  });
  for (const spoken of ['stonepot.v2', 'stonepot.v1']) {
    for (const protocols of [[spoken, `stonepot.token.${token}`], [`stonepot.token.${token}`, spoken]]) {
      const socket = await open(protocols);
      assert.equal(socket.protocol, spoken);
      const [answer] = await new Promise((resolve) => {
        socket.on('message', (data) => resolve([JSON.parse(data)]));
        socket.send(JSON.stringify({ type: 'join', id: 'j', participantId: 'asha', data: {} }));
      });
      const people = (answer.state ?? answer.data).participants;
      assert.equal(people[0].name, 'Asha Rao');
      socket.close();
    }
  }
  const refused = await open(['stonepot.v2']);
  assert.equal(refused.statusCode, 401);
  assert.match(refused.headers['www-authenticate'], /^Bearer /);
  const forged = await open(['stonepot.v2', `stonepot.token.${token.slice(0, -4)}AAAA`]);
  assert.equal(forged.statusCode, 401);
});

test('a header does it too, for a socket and for a look', async (t) => {
  const server = await start(t);
  const headers = { authorization: `Bearer ${tokenOf('asha')}` };
  const phone = await Phone.open(server, ROOM, { headers });
  phone.send(message('join', 'asha', 'Asha', {}));
  await phone.next('sync');
  const look = (more) => fetch(`http://${server.host}${ROOM}`, { headers: more });
  assert.equal((await (await look(headers)).json()).participantCount, 1);
  const stranger = await look({});
  assert.equal(stranger.status, 401);
  assert.equal((await stranger.json()).code, 'token_missing');
  await phone.close();
});
