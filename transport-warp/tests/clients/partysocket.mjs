// npm's `partysocket`, with its own defaults: the client library of the ecosystem in which
// the protocol originated.

import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import test from 'node:test';
import PartySocket from 'partysocket';
import WS from 'ws';
import { Phone, Server, assertExact, commonView, message, sleep, until } from './harness.mjs';

// partysocket makes its label with it, and Node.js 18 does not define it globally.
globalThis.crypto ??= webcrypto;

const PRICES = [69.99, 33.33, 299, 0.05, 100.1, 12.3];

test('four sockets come back by themselves after SIGKILL, and nothing acknowledged is lost', async (t) => {
  const server = await Server.start();
  t.after(() => server.end(t));
  const people = ['Asha', 'Ben', 'Chen', 'Dia'].map((name, index) => new Diner(server, name, index));
  t.after(() => people.forEach((person) => person.socket.close()));
  await until(() => people.every((person) => person.state?.participants.length === 4), 'all four at the table');
  const phones = new Map(people.map((person) => [person.id, person.phone]));

  for (const person of people) person.order(6);
  await until(() => people.every((person) => person.acknowledged.size === 6), 'the first dishes');

  // The second round: each dish is sent once the one before is acknowledged; the power fails
  // in the middle.
  for (const person of people) person.orderOneByOne(40);
  await until(() => people.some((person) => person.acknowledged.size > 12), 'some of the second round');
  await server.kill();
  await until(() => people.every((person) => !person.isOpen()), 'everybody noticing');
  const stored = people.reduce((sum, person) => sum + person.acknowledged.size, 0);
  assert.ok(stored < 4 * 46, `the kill came too late to prove anything: ${stored} were acknowledged`);
  // Sent while offline: partysocket queues it, and sends it before its `open` event, so
  // before the next join.
  for (const person of people) person.order(1);
  await server.run();

  await until(
    () => people.every((person) => person.opened === 2 && person.acknowledged.size === 47),
    'everybody back with everything acknowledged',
    120_000,
  );
  const wanted = people.flatMap((person) => person.dishes.map((dish) => dish.id)).sort();
  await until(() => people.every((person) => person.state.items.length === wanted.length), 'one state');
  await until(() => people.every((person) => person.state.seq === people[0].state.seq), 'one sequence number');

  for (const person of people) {
    assert.deepEqual(person.state.items.map((item) => item.id).sort(), wanted, 'each dish once, none lost');
    assert.deepEqual(commonView(person.state), commonView(people[0].state), 'all see the same order');
    assertExact(person.state);
    assert.equal(person.state.status, 'active');
    assert.ok(person.state.participants.every((other) => other.isOnline), 'all are online again');
    for (const other of person.state.participants) {
      assert.equal(other.phone, other.id === person.id ? phones.get(person.id) : '', 'a phone is its owner’s alone');
    }
    assert.equal(person.state.circleId, 'circle_abc123', 'joining with empty data keeps the circle');
    assert.equal(person.state.tenantId, 'restaurant_id', 'and the tenant');
    assert.deepEqual(person.errors, [], 'nothing is refused, what partysocket sent before the join included');
    assert.ok(person.answered.includes(`c-${person.name}-46`), 'which is carried out after the join');
    for (const [id, times] of person.added) assert.equal(times, 1, `${id} was announced once`);
  }
  assert.equal(people.filter((person) => person.state.ownerId === person.id).length, 1, 'one owner');
});

test('what was queued before the first join is carried out after it, in order', async (t) => {
  const server = await Server.start();
  t.after(() => server.end(t));
  const answers = [];
  const socket = new PartySocket({ host: server.host, party: 'collaborative_order', room: 'queued', WebSocket: WS });
  t.after(() => socket.close());
  const dishes = Array.from({ length: 60 }, (_, number) => `c${number}`);
  for (const id of dishes) {
    const data = { dishName: id, dishType: 'veg', quantity: 1, price: 10 };
    socket.send(JSON.stringify({ ...message('add_item', 'asha', 'Asha', data), id }));
  }
  socket.addEventListener('open', () => {
    socket.send(JSON.stringify({ ...message('join', 'asha', 'Asha', {}), id: 'join' }));
  });
  socket.addEventListener('message', ({ data }) => {
    const { type, id } = JSON.parse(data);
    if (type === 'ack' || type === 'error') answers.push([type, id]);
  });
  await until(() => answers.length > dishes.length, 'an answer to everything');
  assert.deepEqual(answers, ['join', ...dishes].map((id) => ['ack', id]));
});

test('without a party, and with a path and a query, a socket is in the room it asked for', async (t) => {
  const server = await Server.start();
  t.after(() => server.end(t));
  const options = { host: server.host, room: 'lunch', WebSocket: WS };
  const plain = new PartySocket(options);
  const labelled = new PartySocket({ ...options, path: 'extra/path', id: 'my-label', query: { token: 'x' } });
  t.after(() => [plain, labelled].forEach((socket) => socket.close()));
  const seen = [plain, labelled].map((socket, index) => {
    const messages = [];
    socket.addEventListener('message', ({ data }) => messages.push(JSON.parse(data)));
    socket.addEventListener('open', () => socket.send(JSON.stringify(message('join', `p${index}`, `P${index}`, {}))));
    return messages;
  });
  await until(() => seen.every((messages) => messages.some((one) => one.data?.participants?.length === 2)), 'one room');
  assert.match(labelled.url, /\/parties\/main\/lunch\/extra\/path\?_pk=my-label&token=x$/);

  const answer = await PartySocket.fetch(options);
  assert.equal(answer.status, 200);
  assert.equal((await answer.json()).sessionId, 'lunch');
  const neighbour = await Phone.open(server, '/parties/collaborative_order/lunch');
  neighbour.send(message('join', 'n', 'N', {}));
  assert.equal((await neighbour.next('sync')).data.participants.length, 1, 'another party has rooms of its own');
  await neighbour.close();
});

test('the same label on two sockets evicts nobody', async (t) => {
  const server = await Server.start();
  t.after(() => server.end(t));
  const options = { host: server.host, party: 'collaborative_order', room: 'r', id: 'same', WebSocket: WS };
  const sockets = [new PartySocket(options), new PartySocket(options)];
  t.after(() => sockets.forEach((socket) => socket.close()));
  let closes = 0;
  sockets.forEach((socket) => socket.addEventListener('close', () => { closes += 1; }));
  await until(() => sockets.every((socket) => socket.readyState === WS.OPEN), 'both open');
  await sleep(200);
  assert.equal(closes, 0);
});

/** A guest whose app uses `partysocket` and resends, with the same id, everything that was not acknowledged. */
class Diner {
  constructor(server, name, index) {
    this.name = name;
    this.id = `tenant_${name}`;
    this.phone = `98765432${index}0`;
    this.introduction = { circleId: 'circle_abc123', tenantId: 'restaurant_id', phone: this.phone };
    Object.assign(this, { dishes: [], acknowledged: new Set(), errors: [], added: new Map(), later: [], answered: [], opened: 0 });
    this.socket = new PartySocket({
      host: server.host,
      party: 'collaborative_order',
      room: 'session_xyz',
      id: `label-${index}`,
      WebSocket: WS,
    });
    this.socket.addEventListener('open', () => {
      this.opened += 1;
      this.send('join', this.introduction);
      this.introduction = {};
    });
    this.socket.addEventListener('message', ({ data }) => this.receive(JSON.parse(data)));
  }

  isOpen() {
    return this.socket.readyState === WS.OPEN;
  }

  send(type, data, id) {
    this.socket.send(JSON.stringify({ ...message(type, this.id, this.name, data), id }));
  }

  choose(count) {
    return Array.from({ length: count }, () => {
      const number = this.dishes.length;
      const dish = {
        id: `${this.name}-${number}`,
        dishName: `Dish ${number} of ${this.name}`,
        dishType: 'veg',
        quantity: 1 + (number % 3),
        price: PRICES[number % PRICES.length],
      };
      this.dishes.push(dish);
      return dish;
    });
  }

  order(count) {
    for (const dish of this.choose(count)) this.add(dish);
  }

  orderOneByOne(count) {
    this.later = this.choose(count);
    this.add(this.later.shift());
  }

  add(dish) {
    this.send('add_item', dish, `c-${dish.id}`);
  }

  receive(received) {
    const { type, data } = received;
    if (type === 'error') return this.errors.push(received);
    if (type === 'ack') return this.answered.push(received.id);
    this.state = data.orderState ?? data;
    if (type === 'sync') {
      // The full state settles it: what it contains needs no resending, and what it lacks was
      // never stored.
      for (const { id, addedBy } of this.state.items) if (addedBy === this.id) this.acknowledged.add(id);
      const stored = new Set(this.state.items.map((item) => item.id));
      for (const id of this.acknowledged) assert.ok(stored.has(id), `${id} was acknowledged, and is lost`);
      for (const dish of this.dishes) if (!stored.has(dish.id)) this.add(dish);
      this.later = [];
    }
    if (type === 'item_added') {
      const { id, addedBy } = data.item;
      this.added.set(id, (this.added.get(id) ?? 0) + 1);
      if (addedBy === this.id) {
        this.acknowledged.add(id);
        if (this.later.length > 0) this.add(this.later.shift());
      }
    }
    assertExact(this.state);
  }
}
