import { connectionMachine } from '../../../src/machines/connection.ts';
import { type ChartChecks, type ChartTable, type Row } from '../../support/chart.ts';

/** During the handshake, and after it. */
const closing = (...calls: string[]): Row => ['closing', ...calls, 'close'];

const open = (...exits: string[]): Record<string, Row> => ({
  malformed: closing(...exits, 'depart', 'logMalformed'),
  fault: closing(...exits, 'depart'),
  'server.stopping': closing(...exits, 'depart'),
  'session.replaced': closing(...exits, 'depart'),
  'peer.gone': ['closed', ...exits, 'depart'],
});

const handshaking: Record<string, Row> = {
  ...open('stopHandshakeTimer'),
  'handshake.elapsed': closing('stopHandshakeTimer', 'depart', 'logTooSlow'),
};

const receiving: Record<string, Row> = {
  ...open('stopRequestTimer'),
  'request.elapsed, little has come': closing('stopRequestTimer', 'depart', 'logStalled'),
  'request.elapsed, enough has come': ['open.ready.receiving', 'startRequestTimer'],
};

const table: ChartTable = {
  input: { id: 1 },
  start: { context: { id: 1 }, calls: ['startHandshakeTimer'] },
  events: {
    'greeted.new': { type: 'greeted.new' },
    'greeted.old': { type: 'greeted.old' },
    'options.accepted': { type: 'options.accepted', secure: false },
    'options.accepted, TLS': { type: 'options.accepted', secure: true },
    'options.denied': { type: 'options.denied', option: 'SSL' },
    secured: { type: 'secured' },
    'handshake.elapsed': { type: 'handshake.elapsed' },
    malformed: { type: 'malformed' },
    'request.begun': { type: 'request.begun' },
    'request.complete': { type: 'request.complete' },
    'request.elapsed, little has come': { type: 'request.elapsed', bytes: 9, required: 10 },
    'request.elapsed, enough has come': { type: 'request.elapsed', bytes: 10, required: 10 },
    'request.empty': { type: 'request.empty' },
    'request.blocked': { type: 'request.blocked' },
    'request.answered': { type: 'request.answered' },
    'request.overran': { type: 'request.overran' },
    'session.left': { type: 'session.left' },
    fault: { type: 'fault' },
    'server.stopping': { type: 'server.stopping' },
    'session.replaced': { type: 'session.replaced' },
    'peer.gone': { type: 'peer.gone' },
  },
  states: {
    'open.handshaking.greeting': {
      after: [],
      tags: ['readsGreeting'],
      on: {
        ...handshaking,
        'greeted.new': ['open.handshaking.negotiating', 'sendOffer'],
        'greeted.old': ['open.ready.silent', 'stopHandshakeTimer', 'sendOldAnswer'],
        'options.denied': closing('stopHandshakeTimer', 'depart', 'sendDenied'),
      },
    },
    'open.handshaking.negotiating': {
      after: ['greeted.new'],
      tags: ['readsOptions'],
      on: {
        ...handshaking,
        'options.accepted': ['open.ready.silent', 'stopHandshakeTimer', 'sendAccepted'],
        'options.accepted, TLS': ['open.handshaking.securing', 'sendAccepted', 'startTls'],
        'options.denied': closing('stopHandshakeTimer', 'depart', 'sendDenied'),
      },
    },
    'open.handshaking.securing': {
      after: ['greeted.new', 'options.accepted, TLS'],
      on: { ...handshaking, secured: ['open.ready.silent', 'stopHandshakeTimer'] },
    },
    'open.ready.silent': {
      after: ['greeted.old'],
      tags: ['readsRequests'],
      on: {
        ...open(),
        'request.begun': ['open.ready.receiving', 'startRequestTimer'],
        'request.blocked': ['open.blocked.silent'],
        'request.empty': closing('depart', 'refuseEmpty'),
      },
    },
    'open.ready.receiving': {
      after: ['greeted.old', 'request.begun'],
      tags: ['readsRequests', 'midRequest'],
      on: { ...receiving, 'request.complete': ['open.ready.silent', 'stopRequestTimer'] },
    },
    'open.blocked.silent': {
      after: ['greeted.old', 'request.blocked'],
      tags: ['readsRequests'],
      on: {
        ...open(),
        'request.begun': ['open.blocked.receiving', 'startRequestTimer'],
        'request.answered': ['open.ready.silent'],
        'request.overran': closing('depart', 'refuseOverrun'),
        'session.left': closing('depart'),
      },
    },
    'open.blocked.receiving': {
      after: ['greeted.old', 'request.blocked', 'request.begun'],
      tags: ['readsRequests', 'midRequest'],
      on: {
        ...receiving,
        'request.elapsed, enough has come': ['open.blocked.receiving', 'startRequestTimer'],
        'request.complete': ['open.blocked.silent', 'stopRequestTimer'],
        'request.answered': ['open.ready.receiving', 'stopRequestTimer', 'startRequestTimer'],
      },
    },
    closing: {
      after: ['fault'],
      on: {
        'peer.gone': ['closed'],
        secured: ['closing'],
        fault: ['closing'],
        'server.stopping': ['closing'],
      },
    },
  },
  finals: { closed: ['peer.gone'] },
};

export const connectionChecks: ChartChecks = { machine: connectionMachine, table, stories: {} };
