// The page at `/`: one table, several phones. It keeps no order of its own: it shows the
// last state that the server
// sent. This file connects and starts the modules, which import each other in one direction
// only:
// dom, money, seat ← people, words, link, table ← seats, bill, charges, paying, asking ← happened
// ← rules ← view ← news, actions, billing, hosting, seating ← this.

import './actions.js';
import './billing.js';
import { $ } from './dom.js';
import './hosting.js';
import { listen, start } from './link.js';
import { currencyOptions } from './money.js';
import { receive } from './news.js';
import { me, room } from './seat.js';
import './seating.js';
import { forgetUnconfirmed } from './table.js';
import { render, renderAgain, renderUnreachable, renderWelcome } from './view.js';

listen({ heard: receive, dropped: forgetUnconfirmed, unreachable: renderUnreachable, changed: render });
setInterval(renderAgain, 1000);
$('room').addEventListener('input', renderWelcome);

$('currency').append(...currencyOptions());
$('room').value = room;
$('name').value = me.name;
$('seat-code').value = me.code ?? '';
if (me.seated) start();
render();
if (!me.seated) $(me.code ? 'join-button' : me.code === '' ? 'seat-code' : 'name').focus();
