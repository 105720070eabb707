// `stonepot.v2` with npm's `partysocket`: applying events, answers, and resuming with
// queued commands after a power cut.

import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import test from 'node:test';
import PartySocket from 'partysocket';
import WS from 'ws';
import { Phone, Server, assertExact, message, until } from './harness.mjs';

// partysocket makes its label with it, and Node.js 18 does not define it globally.
globalThis.crypto ??= webcrypto;

test('phones come back by their tokens after SIGKILL, and each command counts once', async (t) => {
  const server = await Server.start();
  t.after(() => server.end(t));
  const people = ['asha', 'ben', 'chen'].map((id) => new Diner(server, id));
  t.after(() => people.forEach((person) => person.socket.close()));
  await until(() => people.every((person) => person.state?.participants.length === 3), 'all three at the table');

  for (const person of people) person.order(30);
  await until(() => people.some((person) => person.answers.size > 12), 'some of the answers');
  await server.kill();
  await until(() => people.every((person) => person.socket.readyState !== WS.OPEN), 'everybody noticing');
  // partysocket sends this before its `open` event: the token in the URL identifies the
  // guest.
  for (const person of people) person.order(2);
  await server.run();

  await until(() => people.every((person) => person.answers.size === 32), 'every command answered', 120_000);
  await until(() => people.every((person) => person.state.seq === people[0].state.seq), 'one sequence number');
  const wanted = people.flatMap((person) => person.commands.map(({ data }) => data.id)).sort();
  for (const person of people) {
    assert.deepEqual(person.state.items.map(({ id }) => id).sort(), wanted, 'each dish once, none lost');
    assert.equal(JSON.stringify(person.state), JSON.stringify(people[0].state), 'byte for byte the same');
    assert.equal(person.joins, 1, 'it joined once, and came back by its token');
    assert.deepEqual([...person.answers.values()].filter(({ type }) => type !== 'ack'), [], 'nothing was refused');
    await person.compares();
  }

  // An earlier answer is repeated unchanged.
  const [asha] = people;
  const first = asha.answers.get(asha.commands[0].id);
  asha.socket.send(JSON.stringify(asha.commands[0]));
  await until(() => asha.answers.get(asha.commands[0].id).repeated, 'the same answer again');
  assert.equal(asha.answers.get(asha.commands[0].id).seq, first.seq);
  assert.equal(asha.state.items.length, wanted.length);

  const bill = await asha.asks('get_bill');
  const old = await Phone.open(server, '/parties/collaborative_order/session_v2');
  old.send(message('join', 'old', 'Old client', {}));
  const { data: state } = await old.next('sync');
  assertExact(state);
  assert.equal(state.total, bill.total, 'an old client at the same table sees the same');
  await old.close();
});

test('a connection that drops gets exactly what it missed', async (t) => {
  const server = await Server.start();
  t.after(() => server.end(t));
  const [asha, ben] = ['asha', 'ben'].map((id) => new Diner(server, id));
  t.after(() => [asha, ben].forEach((person) => person.socket.close()));
  await until(() => [asha, ben].every((person) => person.state?.participants.length === 2), 'both at the table');
  for (let round = 1; round <= 5; round += 1) {
    ben.socket.reconnect();
    asha.order(10);
    await until(() => asha.answers.size === round * 10, 'the dishes of this round');
    await until(() => ben.state.seq === asha.state.seq && ben.welcomes === round + 1, 'ben being back');
    assert.equal(ben.resumed, round, 'with events, never with the whole state');
    assert.equal(JSON.stringify(ben.state), JSON.stringify(asha.state));
  }
  await ben.compares();
});

test('the subprotocol is named in the answer, and only when it is offered', async (t) => {
  const server = await Server.start();
  t.after(() => server.end(t));
  const address = `ws://${server.host}/party/lunch`;
  const open = (protocols) => new Promise((resolve, reject) => {
    const socket = new WS(address, protocols);
    socket.on('open', () => { socket.close(); resolve(socket.protocol); });
    socket.on('error', reject);
  });
  assert.equal(await open(['stonepot.v2']), 'stonepot.v2');
  assert.equal(await open(['graphql-ws', 'stonepot.v2']), 'stonepot.v2');
  assert.equal(await open([]), '');
  await assert.rejects(open(['stonepot.v9']), /subprotocol/, 'a client that insists on another one learns so');
});

/** Somebody whose app speaks `stonepot.v2` as PROTOCOL.md describes it. */
class Diner {
  constructor(server, id) {
    Object.assign(this, { id, commands: [], answers: new Map(), questions: new Map(), joins: 0, welcomes: 0, resumed: 0 });
    this.socket = new PartySocket({
      host: server.host,
      party: 'collaborative_order',
      room: 'session_v2',
      protocols: ['stonepot.v2'],
      query: () => (this.token ? { resume: this.token, since: this.cursor } : {}),
      WebSocket: WS,
    });
    this.socket.addEventListener('open', () => {
      if (this.token) return;
      this.joins += 1;
      this.send({ type: 'join', id: `join-${id}`, participantId: id, participantName: id, data: {} });
    });
    this.socket.addEventListener('message', ({ data }) => this.receive(JSON.parse(data)));
  }

  send(command) {
    this.socket.send(JSON.stringify(command));
  }

  order(count) {
    for (let end = this.commands.length + count; this.commands.length < end;) {
      const id = `${this.id}-${this.commands.length}`;
      const data = { id, dishName: `Dish ${id}`, dishType: 'veg', quantity: 1, price: 69.99 };
      this.commands.push({ type: 'add_item', id: `c-${id}`, data });
      this.send(this.commands.at(-1));
    }
  }

  async asks(type) {
    const id = `${type}-${this.questions.size}`;
    this.questions.set(id, null);
    this.send({ type, id });
    return until(() => this.questions.get(id), `an answer to ${type}`);
  }

  /** Asserts that the server's checksum is that of the state held here. */
  async compares() {
    const { checksum, seq } = await this.asks('get_checksum');
    assert.equal(seq, this.state.seq);
    assert.equal(checksum, crc32(JSON.stringify(this.state)));
  }

  receive(received) {
    switch (received.type) {
      case 'welcome':
        this.welcomes += 1;
        this.resumed += received.resumed ? 1 : 0;
        this.token = received.resumeToken;
        if (received.resumed) received.events.forEach((event) => this.fold(event));
        else this.take(received);
        // Everything unanswered is sent again; it counts once.
        for (const command of this.commands) if (!this.answers.has(command.id)) this.send(command);
        break;
      case 'state':
        this.take(received);
        break;
      case 'event':
        this.fold(received);
        break;
      case 'ack':
      case 'reject':
        if (this.commands.some(({ id }) => id === received.id)) this.answers.set(received.id, received);
        break;
      case 'presence':
        break;
      default:
        this.questions.set(received.id, received);
    }
  }

  take({ state, checksum, cursor }) {
    this.state = state;
    this.cursor = cursor;
    assert.equal(checksum, crc32(JSON.stringify(state)));
  }

  fold(event) {
    const { state } = this;
    assert.equal(event.seq, state.seq + 1, 'no gap, and none twice');
    for (const [field, value] of Object.entries(event.set ?? {})) state[field] = value;
    for (const [list, entry] of Object.entries(event.put ?? {})) {
      const place = state[list].findIndex(({ id }) => id === entry.id);
      if (place < 0) state[list].push(entry);
      else state[list][place] = entry;
    }
    for (const [list, id] of Object.entries(event.remove ?? {})) {
      state[list] = state[list].filter((entry) => entry.id !== id);
    }
    state.seq = event.seq;
    state.updatedAt = event.at;
    this.cursor = event.cursor;
  }
}

/** CRC-32 (IEEE 802.3), bit by bit. */
function crc32(text) {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (~crc >>> 0).toString(16).padStart(8, '0');
}
