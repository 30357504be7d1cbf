import { describeChart } from '../support/chart.ts';
import { sessionChecks } from './checks/session.ts';

describeChart(sessionChecks);
