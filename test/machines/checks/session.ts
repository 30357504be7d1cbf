import { sessionMachine } from '../../../src/machines/session.ts';
import type { ChartChecks, ChartTable } from '../../support/chart.ts';

const table: ChartTable = {
  input: { id: 1 },
  start: { context: { id: 1 }, calls: [] },
  events: {
    resumed: { type: 'resumed' },
    'connection.closed, by the client': { type: 'connection.closed', by: 'client' },
    'connection.closed, by the server': { type: 'connection.closed', by: 'server' },
    'connection.closed, by the stop': { type: 'connection.closed', by: 'stop' },
    'end.asked': { type: 'end.asked' },
    'grace.elapsed': { type: 'grace.elapsed' },
  },
  states: {
    // P15, P15.2, P15.3, P15.4
    connected: {
      after: [],
      on: {
        resumed: ['connected', 'replaceConnection'],
        'connection.closed, by the client': ['disconnected', 'startGrace'],
        'connection.closed, by the server': ['ended', 'end'],
        'connection.closed, by the stop': ['disconnected', 'leaveRest', 'startGrace'],
        'end.asked': ['ending'],
      },
    },
    // P15.4
    ending: {
      after: ['end.asked'],
      on: {
        resumed: ['connected', 'replaceConnection'],
        'connection.closed, by the client': ['ended', 'end'],
        'connection.closed, by the server': ['ended', 'end'],
        'connection.closed, by the stop': ['ended', 'end'],
        'end.asked': ['ending'],
      },
    },
    // P15.2, P15.3
    disconnected: {
      after: ['connection.closed, by the client'],
      on: {
        resumed: ['connected', 'stopGrace'],
        'grace.elapsed': ['ended', 'stopGrace', 'end'],
      },
    },
  },
  finals: { ended: ['connection.closed, by the server'] },
};

export const sessionChecks: ChartChecks = { machine: sessionMachine, table, stories: {} };
