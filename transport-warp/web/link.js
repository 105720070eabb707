// The connection to the room, and its retries. It knows nothing of what is said over it, beyond the first `join`.

import { freshId, introduction, me, room } from './seat.js';

export let socket = null;
export let joined = false; // On this very socket.
/** The id of this socket's `join`. Another socket may say more or less of oneself, which is another command. */
export let joining = '';
export let failures = 0;
/** When the next try is; 0: there is none. */
export let retryAt = 0;
let retryTimer = 0;
let heardAt = 0;
let hooks = null;

/** `heard(message)`, `dropped()` with the socket, `unreachable()` before one was seated, `changed()` to be shown. */
export function listen(to) {
  hooks = to;
}

/** Makes objects that have nothing but what was sent: a guest may be called `constructor`. */
function plain(_, value) {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? Object.assign(Object.create(null), value) : value;
}

export function start() {
  failures = 0;
  connect();
}

function connect() {
  clearTimeout(retryTimer);
  if (socket) return;
  const secure = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const link = new WebSocket(`${secure}//${location.host}/parties/collaborative_order/${room}`);
  socket = link;
  const giveUp = setTimeout(() => lost(link), 8000);
  link.onopen = () => {
    clearTimeout(giveUp);
    heardAt = Date.now();
    joining = freshId('');
    send('join', introduction, joining);
  };
  link.onmessage = ({ data }) => {
    heardAt = Date.now();
    if (link === socket && typeof data === 'string' && data.startsWith('{')) hooks.heard(JSON.parse(data, plain));
  };
  link.onclose = ({ code }) => {
    clearTimeout(giveUp);
    lost(link, code === 1000);
  };
  hooks.changed();
}

/** The server has taken this socket's `join`. */
export function settled() {
  joined = true;
  failures = 0;
}

/** The connection is gone, or as good as gone. `ended` is the server's word not to come back by ourselves. */
function lost(link, ended = false) {
  if (link !== socket) return;
  drop();
  clearTimeout(retryTimer);
  if (me.seated && !ended) {
    const wait = Math.min(15000, 500 * 2 ** failures++) * (0.75 + Math.random() / 2);
    retryAt = Date.now() + wait;
    retryTimer = setTimeout(connect, wait);
  } else {
    retryAt = 0;
    if (!me.seated) hooks.unreachable();
  }
  hooks.changed();
}

/** Leaves a server in trouble, to come back in a while. */
export function backOff() {
  lost(socket);
}

export function drop() {
  const link = socket;
  socket = null;
  joined = false;
  hooks.dropped();
  if (!link) return;
  link.onclose = link.onmessage = link.onopen = null;
  link.close(1000);
}

/** A phone that slept may hold a dead socket that looks open: ask, and hear nothing, is to be offline. */
function probe() {
  const link = socket;
  if (link?.readyState !== WebSocket.OPEN) return;
  const since = Date.now();
  link.send('ping');
  setTimeout(() => { if (link === socket && heardAt < since) lost(link); }, 8000);
}

export function reconnectNow() {
  failures = 0;
  if (me.seated && !socket) connect();
  else probe();
}

export function send(type, data, id = freshId('')) {
  const message = { type, id, participantId: me.id, participantName: me.name, timestamp: Date.now(), data };
  socket?.send(JSON.stringify(message));
}

setInterval(probe, 20000);
addEventListener('online', reconnectNow);
addEventListener('offline', () => socket && lost(socket));
document.addEventListener('visibilitychange', () => document.hidden || reconnectNow());
