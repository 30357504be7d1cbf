import { describeChart } from '../support/chart.ts';
import { forwardingChecks } from './checks/forwarding.ts';

describeChart(forwardingChecks);
